#pragma once

#include <tuple>

#include "optim/lists.h"

namespace ltn {

struct RadamOptions : CloneableOptions<RadamOptions> {
  RadamOptions() { lr = 1e-3; }
  std::tuple<double, double> betas{0.9, 0.999};
  double eps = 1e-8;
  bool decoupled_weight_decay = false;
};

// torch.optim.RAdam, bit for bit.
class Radam final : public ListsOptimizer<Radam, RadamOptions> {
 public:
  static constexpr const char* kKind = "RAdam";
  static const std::vector<OptionRow<Options>>& options();
  static const std::vector<StateRow<State>>& state_rows();
  static void check(const Options& o);
  static void prepare(State& state, const at::Tensor& param, const Options& o);
  static void step_single(Lists& lists, const Options& o);
  static void step_foreach(Lists& lists, const Options& o);

  using ListsOptimizer::ListsOptimizer;
};

}  // namespace ltn
