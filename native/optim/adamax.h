#pragma once

#include <tuple>

#include "optim/lists.h"

namespace ltn {

struct AdamaxOptions : CloneableOptions<AdamaxOptions> {
  AdamaxOptions() { lr = 2e-3; }
  std::tuple<double, double> betas{0.9, 0.999};
  double eps = 1e-8;
};

// torch.optim.Adamax, bit for bit.
class Adamax final : public ListsOptimizer<Adamax, AdamaxOptions> {
 public:
  static constexpr const char* kKind = "Adamax";
  static const std::vector<OptionRow<Options>>& options();
  static const std::vector<StateRow<State>>& state_rows();
  static void check(const Options& o);
  static void prepare(State& state, const at::Tensor& param, const Options& o);
  static void step_single(Lists& lists, const Options& o);
  static void step_foreach(Lists& lists, const Options& o);

  using ListsOptimizer::ListsOptimizer;
};

}  // namespace ltn
