#pragma once

#include <torch/optim/sgd.h>

#include <memory>
#include <optional>
#include <vector>

#include "optim/hosted.h"

namespace ltn {

struct SgdOptions : torch::optim::SGDOptions {
  SgdOptions() : torch::optim::SGDOptions(1e-3) {}
  bool maximize = false;
  std::optional<bool> foreach;
  bool differentiable = false;
  std::optional<bool> fused;

  std::unique_ptr<torch::optim::OptimizerOptions> clone() const override { return std::make_unique<SgdOptions>(*this); }
};

// torch.optim.SGD, bit for bit.
class Sgd final : public torch::optim::SGD {
 public:
  using Options = SgdOptions;
  using State = torch::optim::SGDParamState;
  static constexpr const char* kKind = "SGD";
  static const std::vector<OptionRow<Options>>& options();
  static const std::vector<StateRow<State>>& state_rows();
  static void check(const Options& options);

  explicit Sgd(const Options& defaults);
  at::Tensor step(LossClosure closure = nullptr) override;

  Captured captured;
  void end_captures() {}
};

}  // namespace ltn
