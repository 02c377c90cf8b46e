#include "optim/sgd.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_neg.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>

#include "optim/step.h"

namespace ltn {

using at::Tensor;

const std::vector<OptionRow<SgdOptions>>& Sgd::options() {
  using O = SgdOptions;
  static const std::vector<OptionRow<O>> rows = {
      {"lr", [](O& o) -> OptionPlace { return &o.lr(); }},
      {"momentum", [](O& o) -> OptionPlace { return &o.momentum(); }},
      {"dampening", [](O& o) -> OptionPlace { return &o.dampening(); }},
      {"weightDecay", [](O& o) -> OptionPlace { return &o.weight_decay(); }},
      {"nesterov", [](O& o) -> OptionPlace { return &o.nesterov(); }},
      {"maximize", [](O& o) -> OptionPlace { return &o.maximize; }},
      {"foreach", [](O& o) -> OptionPlace { return &o.foreach; }},
      {"differentiable", [](O& o) -> OptionPlace { return &o.differentiable; }},
      {"fused", [](O& o) -> OptionPlace { return &o.fused; }},
  };
  return rows;
}

const std::vector<StateRow<Sgd::State>>& Sgd::state_rows() {
  static const std::vector<StateRow<State>> rows = {
      {"momentum_buffer", [](State& s) -> Tensor& { return s.momentum_buffer(); }, false},
  };
  return rows;
}

void Sgd::check(const SgdOptions& o) {
  if (o.lr() < 0.0) fail(code::kArgValue, "Invalid learning rate: ", python_text(o.lr()));
  if (o.momentum() < 0.0) fail(code::kArgValue, "Invalid momentum value: ", python_text(o.momentum()));
  if (o.weight_decay() < 0.0) fail(code::kArgValue, "Invalid weight_decay value: ", python_text(o.weight_decay()));
  if (o.nesterov() && (o.momentum() <= 0 || o.dampening() != 0)) {
    fail(code::kArgValue, "Nesterov momentum requires a momentum and zero dampening");
  }
  if (!o.fused.value_or(false)) return;
  if (o.differentiable) fail(code::kArgValue, "`fused` does not support `differentiable`");
  if (o.foreach.value_or(false)) fail(code::kArgValue, "`fused` and `foreach` cannot be `True` together.");
}

Sgd::Sgd(const SgdOptions& defaults)
    : torch::optim::SGD(std::vector<torch::optim::OptimizerParamGroup>{}, torch::optim::SGDOptions(0.)) {
  defaults_ = defaults.clone();
}

namespace {

// What one step of one group works on; a buffer is undefined before its parameter's first step.
struct Batch {
  std::vector<Tensor> params, grads, buffers;
};

// Python's `_single_tensor_sgd`.
void step_single(Batch& b, const SgdOptions& o) {
  for (size_t i = 0; i < b.params.size(); ++i) {
    Tensor grad = o.maximize ? b.grads[i].neg() : b.grads[i];
    if (o.weight_decay() != 0) grad = grad.add(b.params[i], o.weight_decay());
    if (o.momentum() != 0) {
      Tensor& buffer = b.buffers[i];
      if (!buffer.defined()) {
        buffer = grad.detach().clone();
      } else {
        buffer.mul_(o.momentum()).add_(grad, 1 - o.dampening());
      }
      grad = o.nesterov() ? grad.add(buffer, o.momentum()) : buffer;
    }
    b.params[i].add_(grad, -o.lr());
  }
}

// Python's `_multi_tensor_sgd`, on tensors of one device and dtype.
void step_foreach(Batch& b, const SgdOptions& o) {
  const bool sparse = std::any_of(b.grads.begin(), b.grads.end(), [](const Tensor& g) { return g.is_sparse(); });
  if (o.maximize) b.grads = at::_foreach_neg(b.grads);
  decay_gradients(b.grads, b.params, o.weight_decay(), o.maximize);
  if (o.momentum() != 0) {
    const bool all =
        std::all_of(b.buffers.begin(), b.buffers.end(), [](const Tensor& buffer) { return buffer.defined(); });
    if (all) {
      at::_foreach_mul_(b.buffers, o.momentum());
      at::_foreach_add_(b.buffers, b.grads, 1 - o.dampening());
    } else {
      for (size_t i = 0; i < b.buffers.size(); ++i) {
        if (!b.buffers[i].defined()) {
          b.buffers[i] = b.grads[i].detach().clone();
        } else {
          b.buffers[i].mul_(o.momentum()).add_(b.grads[i], 1 - o.dampening());
        }
      }
    }
    if (o.nesterov()) {
      // Python adds into the gradients themselves; where those are the parameters' own `.grad`, so does this.
      at::_foreach_add_(b.grads, b.buffers, o.momentum());
    } else {
      b.grads = b.buffers;
    }
  }
  if (sparse) {
    for (size_t i = 0; i < b.params.size(); ++i) b.params[i].add_(b.grads[i], -o.lr());
  } else {
    at::_foreach_add_(b.params, b.grads, -o.lr());
  }
}

// Python's `_fused_sgd`, on tensors of one device and dtype; `lr` is a number or a tensor.
template <typename Rate>
void step_fused(Batch& b, const SgdOptions& o, const Rate& lr, bool first) {
  at::_fused_sgd_(b.params, b.grads, o.momentum() == 0 ? std::vector<Tensor>{} : b.buffers, o.weight_decay(),
                  o.momentum(), lr, o.dampening(), o.nesterov(), o.maximize, first);
}

}  // namespace

Tensor Sgd::step(LossClosure closure) {
  Tensor loss;
  if (closure) {
    at::AutoGradMode grad(true);
    loss = closure();
  }
  at::AutoGradMode grad(static_cast<const SgdOptions&>(*defaults_).differentiable);
  for (size_t number = 0; number < param_groups_.size(); ++number) {
    auto& group = param_groups_[number];
    const auto& o = static_cast<const SgdOptions&>(group.options());
    const bool fused = o.fused.value_or(false) || captured.on;
    const bool keeps = o.momentum() != 0;
    Batch all;
    for (const Tensor& param : group.params()) {
      const Tensor& gradient = param.grad();
      if (!gradient.defined()) continue;
      if (fused) check_fused(param);
      if (fused && gradient.is_sparse()) fail(code::kArgValue, "`_fused_sgd` does not support sparse gradients");
      all.params.push_back(param);
      all.grads.push_back(gradient);
      const auto found = state_.find(param.unsafeGetTensorImpl());
      all.buffers.push_back(keeps && found != state_.end() ? static_cast<State&>(*found->second).momentum_buffer()
                                                           : Tensor());
    }
    if (all.params.empty()) continue;

    const Way way = fused ? Way::Fused : choose_way(all.params, o.foreach, o.fused, false);
    if (way == Way::Single) {
      step_single(all, o);
    } else {
      const bool first =
          way == Way::Fused && keeps &&
          std::none_of(all.buffers.begin(), all.buffers.end(), [](const Tensor& b) { return b.defined(); });
      if (first) {
        for (size_t i = 0; i < all.grads.size(); ++i) all.buffers[i] = at::empty_like(all.grads[i]);
      }
      for (const auto& indices : by_device_and_dtype(all.params)) {
        Batch part{pick(all.params, indices), pick(all.grads, indices), pick(all.buffers, indices)};
        if (way == Way::Foreach) {
          step_foreach(part, o);
        } else if (captured.on) {
          step_fused(part, o, captured.rate(number, part.params.front().device(), o.lr()), first);
        } else {
          step_fused(part, o, o.lr(), first);
        }
        for (size_t i = 0; i < indices.size(); ++i) all.buffers[indices[i]] = part.buffers[i];
      }
    }
    if (!keeps) continue;
    for (size_t i = 0; i < all.params.size(); ++i) {
      auto& entry = state_[all.params[i].unsafeGetTensorImpl()];
      if (!entry) entry = std::make_unique<State>();
      static_cast<State&>(*entry).momentum_buffer(all.buffers[i]);
    }
  }
  return loss;
}

}  // namespace ltn
