#pragma once

#include <tuple>

#include "optim/lists.h"

namespace ltn {

struct NadamOptions : CloneableOptions<NadamOptions> {
  NadamOptions() { lr = 2e-3; }
  std::tuple<double, double> betas{0.9, 0.999};
  double eps = 1e-8;
  double momentum_decay = 4e-3;
  bool decoupled_weight_decay = false;
};

// torch.optim.NAdam, bit for bit.
class Nadam final : public ListsOptimizer<Nadam, NadamOptions> {
 public:
  static constexpr const char* kKind = "NAdam";
  static const std::vector<OptionRow<Options>>& options();
  static const std::vector<StateRow<State>>& state_rows();
  static void check(const Options& o);
  static void prepare(State& state, const at::Tensor& param, const Options& o);
  static void step_single(Lists& lists, const Options& o);
  static void step_foreach(Lists& lists, const Options& o);

  using ListsOptimizer::ListsOptimizer;
};

}  // namespace ltn
