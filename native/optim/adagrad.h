#pragma once

#include "optim/lists.h"

namespace ltn {

struct AdagradOptions : CloneableOptions<AdagradOptions> {
  double lr_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;
};

// torch.optim.Adagrad, bit for bit.
class Adagrad final : public ListsOptimizer<Adagrad, AdagradOptions> {
 public:
  static constexpr const char* kKind = "Adagrad";
  static constexpr bool kSparse = true;
  static const std::vector<OptionRow<Options>>& options();
  static const std::vector<StateRow<State>>& state_rows();
  static void check(const Options& o);
  static void prepare(State& state, const at::Tensor& param, const Options& o);
  static void step_single(Lists& lists, const Options& o);
  static void step_foreach(Lists& lists, const Options& o);
  static void step_fused(Lists& lists, const Options& o);

  using ListsOptimizer::ListsOptimizer;
  // Python fills the state when the optimizer is made.
  void begin(const std::vector<at::Tensor>& params, const Options& o);
};

}  // namespace ltn
