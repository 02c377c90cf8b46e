#pragma once

#include <torch/optim/adam.h>

#include <memory>
#include <optional>
#include <vector>

#include "optim/hosted.h"

namespace ltn {

struct AdamOptions : torch::optim::AdamOptions {
  bool maximize = false;
  std::optional<bool> foreach;
  bool capturable = false;
  bool differentiable = false;
  std::optional<bool> fused;
  bool decoupled_weight_decay = false;

  std::unique_ptr<torch::optim::OptimizerOptions> clone() const override {
    return std::make_unique<AdamOptions>(*this);
  }
};

struct AdamState : torch::optim::AdamParamState {
  // libtorch counts steps in an int64; Python in a tensor, which its state dicts hold and fused kernels take.
  at::Tensor count;

  std::unique_ptr<torch::optim::OptimizerParamState> clone() const override {
    return std::make_unique<AdamState>(*this);
  }
};

// torch.optim.Adam, bit for bit; libtorch's own `Adam::step` leaves Python's curve at the second step, because it adds
// the first moment up in another order.
class Adam : public torch::optim::Adam {
 public:
  using Options = AdamOptions;
  using State = AdamState;
  static constexpr const char* kKind = "Adam";
  static const std::vector<OptionRow<Options>>& options();
  static const std::vector<StateRow<State>>& state_rows();
  // ERR_INVALID_ARG_VALUE in Python's words.
  static void check(const Options& options);

  explicit Adam(const Options& defaults);
  at::Tensor step(LossClosure closure = nullptr) override;

  // What is kept for a parameter: zeros before its first step.
  AdamState& state_of(const at::Tensor& param, const AdamOptions& options);

  Captured captured;
  void end_captures();

 private:
  struct Batch;
  void collect(torch::optim::OptimizerParamGroup& group, Batch& batch);
};

struct AdamWOptions : AdamOptions {
  AdamWOptions() {
    weight_decay(1e-2);
    decoupled_weight_decay = true;
  }

  std::unique_ptr<torch::optim::OptimizerOptions> clone() const override {
    return std::make_unique<AdamWOptions>(*this);
  }
};

// torch.optim.AdamW: Adam with other defaults.
class AdamW final : public Adam {
 public:
  using Options = AdamWOptions;
  static constexpr const char* kKind = "AdamW";
  static const std::vector<OptionRow<Options>>& options();

  explicit AdamW(const Options& defaults) : Adam(defaults) {}
};

}  // namespace ltn
