#pragma once

#include "optim/lists.h"

namespace ltn {

struct AdadeltaOptions : CloneableOptions<AdadeltaOptions> {
  AdadeltaOptions() { lr = 1.0; }
  double rho = 0.9;
  double eps = 1e-6;
};

// torch.optim.Adadelta, bit for bit.
class Adadelta final : public ListsOptimizer<Adadelta, AdadeltaOptions> {
 public:
  static constexpr const char* kKind = "Adadelta";
  static const std::vector<OptionRow<Options>>& options();
  static const std::vector<StateRow<State>>& state_rows();
  static void check(const Options& o);
  static void prepare(State& state, const at::Tensor& param, const Options& o);
  static void step_single(Lists& lists, const Options& o);
  static void step_foreach(Lists& lists, const Options& o);

  using ListsOptimizer::ListsOptimizer;
};

}  // namespace ltn
