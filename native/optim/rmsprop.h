#pragma once

#include "optim/lists.h"

namespace ltn {

struct RmspropOptions : CloneableOptions<RmspropOptions> {
  double alpha = 0.99;
  double eps = 1e-8;
  double momentum = 0;
  bool centered = false;
};

// torch.optim.RMSprop, bit for bit.
class Rmsprop final : public ListsOptimizer<Rmsprop, RmspropOptions> {
 public:
  static constexpr const char* kKind = "RMSprop";
  static const std::vector<OptionRow<Options>>& options();
  static const std::vector<StateRow<State>>& state_rows();
  static void check(const Options& o);
  static void prepare(State& state, const at::Tensor& param, const Options& o);
  static void step_single(Lists& lists, const Options& o);
  static void step_foreach(Lists& lists, const Options& o);

  using ListsOptimizer::ListsOptimizer;
};

}  // namespace ltn
