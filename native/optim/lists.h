// The optimizers that libtorch lacks, or whose steps there have other bits than Python's: each is a table of options,
// what it keeps for a parameter, and the step of one group in Python's ways.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/view_as_real.h>
#include <torch/optim/optimizer.h>

#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "optim/hosted.h"
#include "optim/step.h"

namespace ltn {

struct ListsOptions : torch::optim::OptimizerOptions {
  double lr = 1e-2;
  double weight_decay = 0;
  bool maximize = false;
  std::optional<bool> foreach;
  std::optional<bool> fused = std::nullopt;
  bool capturable = false;
  bool differentiable = false;
};

// Options whose copy is of the class that they are.
template <typename Self>
struct CloneableOptions : ListsOptions {
  std::unique_ptr<torch::optim::OptimizerOptions> clone() const override {
    return std::make_unique<Self>(static_cast<const Self&>(*this));
  }
};

// What is kept for a parameter: a count of steps, and up to three tensors that the optimizer numbers.
constexpr size_t kKept = 3;
struct KeptState : torch::optim::OptimizerParamState {
  at::Tensor count;
  std::array<at::Tensor, kKept> kept;

  std::unique_ptr<torch::optim::OptimizerParamState> clone() const override {
    return std::make_unique<KeptState>(*this);
  }
};

template <size_t index>
at::Tensor& kept(KeptState& state) {
  return state.kept[index];
}
inline at::Tensor& kept_count(KeptState& state) { return state.count; }

// What one step of one group works on: the parameters that have a gradient, and all that belongs to them. Tensors that
// an optimizer does not keep are undefined.
struct Lists {
  std::vector<at::Tensor> params, grads, counts;
  std::array<std::vector<at::Tensor>, kKept> kept;

  Lists at(const std::vector<size_t>& indices) const {
    Lists out{pick(params, indices), pick(grads, indices), pick(counts, indices), {}};
    for (size_t k = 0; k < kKept; ++k) out.kept[k] = pick(kept[k], indices);
    return out;
  }

  void view_complex_as_real(size_t i) {
    const auto view = [](at::Tensor& tensor) {
      if (tensor.defined() && tensor.is_complex()) tensor = at::view_as_real(tensor);
    };
    view(params[i]);
    view(grads[i]);
    for (auto& tensors : kept) view(tensors[i]);
  }

  void view_complex_as_real() {
    for (size_t i = 0; i < params.size(); ++i) view_complex_as_real(i);
  }
};

// `Self` has `kKind`, `options()`, `state_rows()` and `check(options)` as `Hosted` wants them; `prepare(state, param,
// options)` makes what is still undefined of a parameter's state; `step_single`, `step_foreach` and `step_fused` are
// Python's ways through the lists of a group, the last two on tensors of one device and dtype.
template <typename Self, typename OptionsType>
class ListsOptimizer : public torch::optim::Optimizer {
 public:
  using Options = OptionsType;
  using State = KeptState;

  explicit ListsOptimizer(const Options& defaults)
      : Optimizer(std::vector<torch::optim::OptimizerParamGroup>{}, std::make_unique<Options>(defaults)) {}

  at::Tensor step(LossClosure closure = nullptr) override {
    at::Tensor loss;
    if (closure) {
      at::AutoGradMode grad(true);
      loss = closure();
    }
    at::AutoGradMode grad(static_cast<const Options&>(*defaults_).differentiable);
    for (auto& group : param_groups_) {
      const auto& o = static_cast<const Options&>(group.options());
      Lists lists = collect(group.params(), o);
      if (lists.params.empty()) continue;
      const Way way = choose_way(lists.params, o.foreach, o.fused, o.differentiable);
      if (way == Way::Single) {
        Self::step_single(lists, o);
        continue;
      }
      if (way == Way::Foreach && o.differentiable) fail(code::kArgValue, "_foreach ops don't support autograd");
      for (const auto& indices : by_device_and_dtype(lists.params)) {
        Lists part = lists.at(indices);
        way == Way::Foreach ? Self::step_foreach(part, o) : Self::step_fused(part, o);
      }
    }
    return loss;
  }

  // For those that have no fused kernel and no option that asks for one.
  static void step_fused(Lists& lists, const Options& o) { Self::step_foreach(lists, o); }

  // Whether a step takes sparse gradients.
  static constexpr bool kSparse = false;

 protected:
  KeptState& state_of(const at::Tensor& param, const Options& o) {
    auto& entry = state_[param.unsafeGetTensorImpl()];
    if (!entry) {
      const bool fused = o.fused.value_or(false);
      if (fused) check_fused(param);
      auto fresh = std::make_unique<KeptState>();
      fresh->count = new_count(o.capturable || fused ? std::optional(param.device()) : std::nullopt, fused);
      entry = std::move(fresh);
    }
    auto& state = static_cast<KeptState&>(*entry);
    Self::prepare(state, param, o);
    return state;
  }

 private:
  Lists collect(const std::vector<at::Tensor>& params, const Options& o) {
    Lists lists;
    for (const at::Tensor& param : params) {
      const at::Tensor& grad = param.grad();
      if (!grad.defined()) continue;
      if (!Self::kSparse && grad.is_sparse()) fail(code::kArgValue, Self::kKind, " does not support sparse gradients");
      const KeptState& state = state_of(param, o);
      lists.params.push_back(param);
      lists.grads.push_back(grad);
      lists.counts.push_back(state.count);
      for (size_t k = 0; k < kKept; ++k) lists.kept[k].push_back(state.kept[k]);
    }
    return lists;
  }
};

// Rows that many have.
template <typename O>
OptionRow<O> lr_row() {
  return {"lr", [](O& o) -> OptionPlace { return &o.lr; }};
}
template <typename O>
OptionRow<O> weight_decay_row() {
  return {"weightDecay", [](O& o) -> OptionPlace { return &o.weight_decay; }};
}
template <typename O>
OptionRow<O> maximize_row() {
  return {"maximize", [](O& o) -> OptionPlace { return &o.maximize; }};
}
template <typename O>
OptionRow<O> foreach_row() {
  return {"foreach", [](O& o) -> OptionPlace { return &o.foreach; }};
}
template <typename O>
OptionRow<O> capturable_row() {
  return {"capturable", [](O& o) -> OptionPlace { return &o.capturable; }};
}
template <typename O>
OptionRow<O> differentiable_row() {
  return {"differentiable", [](O& o) -> OptionPlace { return &o.differentiable; }};
}

}  // namespace ltn
