#include "optim/adam.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_maximum.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_neg.h>
#include <ATen/ops/_foreach_pow.h>
#include <ATen/ops/_foreach_reciprocal.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/view_as_real.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "optim/step.h"

namespace ltn {

using at::Tensor;

// What one step of one group works on: the parameters that have a gradient, and all that belongs to them.
struct Adam::Batch {
  std::vector<Tensor> params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, counts;

  Batch at(const std::vector<size_t>& indices) const {
    Batch out;
    out.params = pick(params, indices);
    out.grads = pick(grads, indices);
    out.exp_avgs = pick(exp_avgs, indices);
    out.exp_avg_sqs = pick(exp_avg_sqs, indices);
    if (!max_exp_avg_sqs.empty()) out.max_exp_avg_sqs = pick(max_exp_avg_sqs, indices);
    out.counts = pick(counts, indices);
    return out;
  }

  void view_complex_as_real(size_t i) {
    if (!params[i].is_complex()) return;
    for (auto* tensors : {&params, &grads, &exp_avgs, &exp_avg_sqs, &max_exp_avg_sqs}) {
      if (!tensors->empty()) (*tensors)[i] = at::view_as_real((*tensors)[i]);
    }
  }
};

template <typename O>
static std::vector<OptionRow<O>> adam_rows() {
  return {
      {"lr", [](O& o) -> OptionPlace { return &o.lr(); }},
      {"betas", [](O& o) -> OptionPlace { return &o.betas(); }},
      {"eps", [](O& o) -> OptionPlace { return &o.eps(); }},
      {"weightDecay", [](O& o) -> OptionPlace { return &o.weight_decay(); }},
      {"amsgrad", [](O& o) -> OptionPlace { return &o.amsgrad(); }},
      {"maximize", [](O& o) -> OptionPlace { return &o.maximize; }},
      {"foreach", [](O& o) -> OptionPlace { return &o.foreach; }},
      {"capturable", [](O& o) -> OptionPlace { return &o.capturable; }},
      {"differentiable", [](O& o) -> OptionPlace { return &o.differentiable; }},
      {"fused", [](O& o) -> OptionPlace { return &o.fused; }},
      {"decoupledWeightDecay", [](O& o) -> OptionPlace { return &o.decoupled_weight_decay; }},
  };
}

const std::vector<OptionRow<AdamOptions>>& Adam::options() {
  static const std::vector<OptionRow<AdamOptions>> rows = adam_rows<AdamOptions>();
  return rows;
}

const std::vector<OptionRow<AdamWOptions>>& AdamW::options() {
  using O = AdamWOptions;
  static const std::vector<OptionRow<O>> rows = adam_rows<O>();
  return rows;
}

const std::vector<StateRow<AdamState>>& Adam::state_rows() {
  static const std::vector<StateRow<AdamState>> rows = {
      {"step", [](AdamState& s) -> Tensor& { return s.count; }, true},
      {"exp_avg", [](AdamState& s) -> Tensor& { return s.exp_avg(); }, true},
      {"exp_avg_sq", [](AdamState& s) -> Tensor& { return s.exp_avg_sq(); }, true},
      {"max_exp_avg_sq", [](AdamState& s) -> Tensor& { return s.max_exp_avg_sq(); }, false},
  };
  return rows;
}

void Adam::check(const AdamOptions& o) {
  check_range("learning rate", o.lr());
  check_range("epsilon value", o.eps());
  check_betas(o.betas());
  check_range("weight_decay value", o.weight_decay());
  if (!o.fused.value_or(false)) return;
  if (o.differentiable) fail(code::kArgValue, "`fused` does not support `differentiable`");
  if (o.foreach.value_or(false)) fail(code::kArgValue, "`fused` and `foreach` cannot be `True` together.");
}

Adam::Adam(const AdamOptions& defaults)
    : torch::optim::Adam(std::vector<torch::optim::OptimizerParamGroup>{}, defaults) {
  defaults_ = defaults.clone();
}

AdamState& Adam::state_of(const Tensor& param, const AdamOptions& o) {
  auto& entry = state_[param.unsafeGetTensorImpl()];
  if (!entry) {
    const bool fused = o.fused.value_or(false) || captured.on;
    if (fused) check_fused(param);
    auto fresh = std::make_unique<AdamState>();
    fresh->count = new_count(o.capturable || fused ? std::optional(param.device()) : std::nullopt, fused);
    fresh->exp_avg(at::zeros_like(param, {}, at::MemoryFormat::Preserve));
    fresh->exp_avg_sq(at::zeros_like(param, {}, at::MemoryFormat::Preserve));
    entry = std::move(fresh);
  }
  return static_cast<AdamState&>(*entry);
}

void Adam::collect(torch::optim::OptimizerParamGroup& group, Batch& batch) {
  const auto& o = static_cast<const AdamOptions&>(group.options());
  for (const Tensor& param : group.params()) {
    const Tensor& grad = param.grad();
    if (!grad.defined()) continue;
    if (grad.is_sparse()) {
      fail(code::kArgValue, "Adam does not support sparse gradients, please consider SparseAdam instead");
    }
    auto& state = state_of(param, o);
    if (captured.on && state.count.device() != param.device()) {
      state.count = state.count.to(param.device(), at::kFloat);
    }
    if (o.amsgrad() && !state.max_exp_avg_sq().defined()) {
      state.max_exp_avg_sq(at::zeros_like(param, {}, at::MemoryFormat::Preserve));
    }
    if (o.differentiable && state.count.requires_grad()) {
      fail(code::kArgValue, "`requires_grad` is not supported for `step` in differentiable mode");
    }
    batch.params.push_back(param);
    batch.grads.push_back(grad);
    batch.exp_avgs.push_back(state.exp_avg());
    batch.exp_avg_sqs.push_back(state.exp_avg_sq());
    if (o.amsgrad()) batch.max_exp_avg_sqs.push_back(state.max_exp_avg_sq());
    batch.counts.push_back(state.count);
  }
}

namespace {

// Python's `_single_tensor_adam`.
template <typename Batch>
void step_single(Batch& b, const AdamOptions& o) {
  const auto [beta1, beta2] = o.betas();
  const double lr = o.lr(), eps = o.eps(), weight_decay = o.weight_decay();
  if (o.capturable) check_capturable(b.params, b.counts);
  for (size_t i = 0; i < b.params.size(); ++i) {
    if (o.maximize) b.grads[i] = b.grads[i].neg();
    increment(b.counts[i]);
    if (weight_decay != 0) {
      if (o.decoupled_weight_decay) {
        b.params[i].mul_(1 - lr * weight_decay);
      } else {
        b.grads[i] = b.grads[i].add(b.params[i], weight_decay);
      }
    }
    b.view_complex_as_real(i);
    const Tensor grad = std::move(b.grads[i]);  // one temporary at a time
    Tensor &param = b.params[i], &exp_avg = b.exp_avgs[i], &exp_avg_sq = b.exp_avg_sqs[i];
    exp_avg.lerp_(grad, 1 - beta1);
    exp_avg_sq.mul_(beta2).addcmul_(grad, grad, 1 - beta2);
    if (o.capturable || o.differentiable) {
      const Tensor& step = b.counts[i];
      const Tensor bias_correction1 = 1 - at::pow(beta1, step);
      const Tensor bias_correction2 = 1 - at::pow(beta2, step);
      const Tensor step_size_neg = (lr * bias_correction1.reciprocal()).neg();
      const Tensor bias_correction2_sqrt = bias_correction2.sqrt();
      if (o.amsgrad()) {
        Tensor& max = b.max_exp_avg_sqs[i];
        max.copy_(at::maximum(o.differentiable ? max.clone() : max, exp_avg_sq));
      }
      const Tensor& second = o.amsgrad() ? b.max_exp_avg_sqs[i] : exp_avg_sq;
      const Tensor denominator =
          (second.sqrt() / (bias_correction2_sqrt * step_size_neg)).add_(eps * step_size_neg.reciprocal());
      param.addcdiv_(o.differentiable ? exp_avg.clone() : exp_avg, denominator);
      continue;
    }
    const double step = b.counts[i].template item<double>();
    const double step_size = lr / (1 - power(beta1, step));
    const double bias_correction2_sqrt = power(1 - power(beta2, step), 0.5);
    if (o.amsgrad()) {
      Tensor& max = b.max_exp_avg_sqs[i];
      at::maximum_out(max, max, exp_avg_sq);
    }
    const Tensor& second = o.amsgrad() ? b.max_exp_avg_sqs[i] : exp_avg_sq;
    const Tensor denominator = (second.sqrt() / bias_correction2_sqrt).add_(eps);
    param.addcdiv_(exp_avg, denominator, -step_size);
  }
}

// Python's `_multi_tensor_adam`, on tensors of one device and dtype.
template <typename Batch>
void step_foreach(Batch& b, const AdamOptions& o) {
  const auto [beta1, beta2] = o.betas();
  const double lr = o.lr(), weight_decay = o.weight_decay();
  if (o.differentiable) fail(code::kArgValue, "_foreach ops don't support autograd");
  if (o.capturable) check_capturable(b.params, b.counts, false);
  for (size_t i = 0; i < b.params.size(); ++i) b.view_complex_as_real(i);
  if (o.maximize) b.grads = at::_foreach_neg(b.grads);
  increment(b.counts);
  if (weight_decay != 0) {
    if (o.decoupled_weight_decay) {
      at::_foreach_mul_(b.params, 1 - lr * weight_decay);
    } else {
      decay_gradients(b.grads, b.params, weight_decay, o.maximize);
    }
  }
  at::_foreach_lerp_(b.exp_avgs, b.grads, 1 - beta1);
  at::_foreach_mul_(b.exp_avg_sqs, beta2);
  at::_foreach_addcmul_(b.exp_avg_sqs, b.grads, b.grads, 1 - beta2);
  b.grads.clear();

  if (o.amsgrad()) at::_foreach_maximum_(b.max_exp_avg_sqs, b.exp_avg_sqs);
  std::vector<Tensor> denominators = at::_foreach_sqrt(o.amsgrad() ? b.max_exp_avg_sqs : b.exp_avg_sqs);
  if (o.capturable) {
    std::vector<Tensor> step_sizes = at::_foreach_pow(beta1, b.counts);
    std::vector<Tensor> bias_corrections2_sqrt = at::_foreach_pow(beta2, b.counts);
    at::_foreach_sub_(step_sizes, 1);
    at::_foreach_sub_(bias_corrections2_sqrt, 1);
    at::_foreach_neg_(bias_corrections2_sqrt);
    at::_foreach_div_(step_sizes, lr);
    at::_foreach_reciprocal_(step_sizes);
    at::_foreach_sqrt_(bias_corrections2_sqrt);
    at::_foreach_div_(denominators, bias_corrections2_sqrt);
    at::_foreach_add_(denominators, o.eps());
    at::_foreach_div_(denominators, step_sizes);
    at::_foreach_addcdiv_(b.params, b.exp_avgs, denominators, 1);
    return;
  }
  std::vector<at::Scalar> step_sizes, bias_corrections2_sqrt;
  for (const Tensor& count : b.counts) {
    const double step = count.item<double>();
    step_sizes.emplace_back((lr / (1 - power(beta1, step))) * -1);
    bias_corrections2_sqrt.emplace_back(power(1 - power(beta2, step), 0.5));
  }
  at::_foreach_div_(denominators, bias_corrections2_sqrt);
  at::_foreach_add_(denominators, o.eps());
  at::_foreach_addcdiv_(b.params, b.exp_avgs, denominators, step_sizes);
}

// Python's `_fused_adam`, on tensors of one device and dtype; `lr` is a number or a tensor.
template <typename Batch, typename Rate>
void step_fused(Batch& b, const AdamOptions& o, const Rate& lr) {
  const auto [beta1, beta2] = o.betas();
  increment(b.counts);
  if (o.decoupled_weight_decay) {
    at::_fused_adamw_(b.params, b.grads, b.exp_avgs, b.exp_avg_sqs, b.max_exp_avg_sqs, b.counts, lr, beta1, beta2,
                      o.weight_decay(), o.eps(), o.amsgrad(), o.maximize);
  } else {
    at::_fused_adam_(b.params, b.grads, b.exp_avgs, b.exp_avg_sqs, b.max_exp_avg_sqs, b.counts, lr, beta1, beta2,
                     o.weight_decay(), o.eps(), o.amsgrad(), o.maximize);
  }
}

}  // namespace

Tensor Adam::step(LossClosure closure) {
  Tensor loss;
  if (closure) {
    at::AutoGradMode grad(true);
    loss = closure();
  }
  at::AutoGradMode grad(static_cast<const AdamOptions&>(*defaults_).differentiable);
  for (size_t number = 0; number < param_groups_.size(); ++number) {
    auto& group = param_groups_[number];
    const auto& o = static_cast<const AdamOptions&>(group.options());
    Batch batch;
    collect(group, batch);
    if (batch.params.empty()) continue;
    const Way way = captured.on ? Way::Fused : choose_way(batch.params, o.foreach, o.fused, o.differentiable);
    if (way == Way::Single) {
      step_single(batch, o);
      continue;
    }
    if (way == Way::Fused && o.differentiable) {
      fail(code::kArgValue, "Adam with fused=True does not support differentiable=True");
    }
    for (const auto& indices : by_device_and_dtype(batch.params)) {
      Batch part = batch.at(indices);
      if (way == Way::Foreach) {
        step_foreach(part, o);
      } else if (captured.on) {
        step_fused(part, o, captured.rate(number, part.params.front().device(), o.lr()));
      } else {
        step_fused(part, o, o.lr());
      }
    }
  }
  return loss;
}

void Adam::end_captures() {
  for (auto& group : param_groups_) {
    const auto& o = static_cast<const AdamOptions&>(group.options());
    if (o.capturable || o.fused.value_or(false)) continue;
    for (const Tensor& param : group.params()) {
      const auto found = state_.find(param.unsafeGetTensorImpl());
      if (found == state_.end()) continue;
      auto& state = static_cast<AdamState&>(*found->second);
      state.count = state.count.cpu();
    }
  }
}

}  // namespace ltn
