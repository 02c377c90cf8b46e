#pragma once

#include <optional>
#include <string>
#include <vector>

#include "optim/lists.h"

namespace ltn {

struct LbfgsOptions : torch::optim::OptimizerOptions {
  double lr = 1;
  int64_t max_iter = 20;
  int64_t max_eval = 25;
  double tolerance_grad = 1e-7;
  double tolerance_change = 1e-9;
  int64_t history_size = 100;
  std::optional<std::string> line_search_fn;

  std::unique_ptr<torch::optim::OptimizerOptions> clone() const override {
    return std::make_unique<LbfgsOptions>(*this);
  }
};

// The options and the parameters of torch.optim.LBFGS. Its step calls JavaScript again and again, and stands there.
class Lbfgs final : public torch::optim::Optimizer {
 public:
  using Options = LbfgsOptions;
  using State = KeptState;
  static constexpr const char* kKind = "LBFGS";

  static const std::vector<OptionRow<Options>>& options() {
    using O = LbfgsOptions;
    static const std::vector<OptionRow<O>> rows = {
        lr_row<O>(),
        {"maxIter", [](O& o) -> OptionPlace { return &o.max_iter; }},
        {"maxEval", [](O& o) -> OptionPlace { return &o.max_eval; }},
        {"toleranceGrad", [](O& o) -> OptionPlace { return &o.tolerance_grad; }},
        {"toleranceChange", [](O& o) -> OptionPlace { return &o.tolerance_change; }},
        {"historySize", [](O& o) -> OptionPlace { return &o.history_size; }},
        {"lineSearchFn", [](O& o) -> OptionPlace { return &o.line_search_fn; }},
    };
    return rows;
  }
  static const std::vector<StateRow<State>>& state_rows() {
    static const std::vector<StateRow<State>> rows;
    return rows;
  }
  static void check(const Options& o) {
    check_range("learning rate", o.lr);
    if (o.line_search_fn && *o.line_search_fn != "strong_wolfe") {
      fail(code::kArgValue, "only 'strong_wolfe' is supported");
    }
  }

  explicit Lbfgs(const Options& defaults)
      : Optimizer(std::vector<torch::optim::OptimizerParamGroup>{}, std::make_unique<Options>(defaults)) {}
  at::Tensor step(LossClosure = nullptr) override { fail(code::kArgType, "LBFGS steps with a closure"); }
};

}  // namespace ltn
