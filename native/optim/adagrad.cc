#include "optim/adagrad.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_neg.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_fused_adagrad.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/sparse_coo_tensor.h>

#include <algorithm>

namespace ltn {

using at::Tensor;

const std::vector<OptionRow<AdagradOptions>>& Adagrad::options() {
  using O = AdagradOptions;
  static const std::vector<OptionRow<O>> rows = {
      lr_row<O>(),
      {"lrDecay", [](O& o) -> OptionPlace { return &o.lr_decay; }},
      {"eps", [](O& o) -> OptionPlace { return &o.eps; }},
      weight_decay_row<O>(),
      {"initialAccumulatorValue", [](O& o) -> OptionPlace { return &o.initial_accumulator_value; }},
      foreach_row<O>(),
      maximize_row<O>(),
      differentiable_row<O>(),
      {"fused", [](O& o) -> OptionPlace { return &o.fused; }},
  };
  return rows;
}

const std::vector<StateRow<KeptState>>& Adagrad::state_rows() {
  static const std::vector<StateRow<KeptState>> rows = {{"step", kept_count, true}, {"sum", kept<0>, true}};
  return rows;
}

void Adagrad::check(const AdagradOptions& o) {
  check_range("learning rate", o.lr);
  check_range("lr_decay value", o.lr_decay);
  check_range("weight_decay value", o.weight_decay);
  check_range("initial_accumulator_value value", o.initial_accumulator_value);
  check_range("epsilon value", o.eps);
  if (!o.fused.value_or(false)) return;
  if (o.differentiable) fail(code::kArgValue, "`fused` does not support `differentiable`");
  if (o.foreach.value_or(false)) fail(code::kArgValue, "`fused` and `foreach` cannot be `True` together.");
}

void Adagrad::prepare(KeptState& state, const Tensor& param, const AdagradOptions& o) {
  if (state.kept[0].defined()) return;
  const double value = o.initial_accumulator_value;
  const at::Scalar fill = param.is_complex() ? at::Scalar(c10::complex<double>(value, value)) : at::Scalar(value);
  state.kept[0] = at::full_like(param, fill, {}, at::MemoryFormat::Preserve);
}

void Adagrad::begin(const std::vector<Tensor>& params, const AdagradOptions& o) {
  at::NoGradGuard no_grad;
  for (const Tensor& param : params) state_of(param, o);
}

namespace {

double decayed_lr(const Tensor& count, double lr, const AdagradOptions& o) {
  return lr / (1 + (count.item<double>() - 1) * o.lr_decay);
}

void step_sparse(const Tensor& param, const Tensor& gradient, const Tensor& sum, double lr, double eps) {
  const Tensor grad = gradient.coalesce();  // the step is not linear in the gradient: no index may come twice
  const Tensor indices = grad._indices(), values = grad._values();
  sum.add_(at::sparse_coo_tensor(indices, values.pow(2), grad.sizes()));
  const Tensor std = sum.sparse_mask(grad)._values().sqrt_().add_(eps);
  param.add_(at::sparse_coo_tensor(indices, values / std, grad.sizes()), -lr);
}

}  // namespace

// Python's `_single_tensor_adagrad`.
void Adagrad::step_single(Lists& b, const AdagradOptions& o) {
  for (size_t i = 0; i < b.params.size(); ++i) {
    increment(b.counts[i]);
    const double lr = decayed_lr(b.counts[i], o.lr, o);
    if (o.maximize) b.grads[i] = b.grads[i].neg();
    if (o.weight_decay != 0) {
      if (b.grads[i].is_sparse()) {
        fail(code::kArgValue, "weight_decay option is not compatible with sparse gradients");
      }
      b.grads[i] = b.grads[i].add(b.params[i], o.weight_decay);
    }
    if (b.grads[i].is_sparse()) {
      step_sparse(b.params[i], b.grads[i], b.kept[0][i], lr, o.eps);
      continue;
    }
    b.view_complex_as_real(i);
    Tensor &grad = b.grads[i], &sum = b.kept[0][i];
    sum.addcmul_(grad, grad, 1);
    const Tensor std = o.differentiable ? sum.sqrt() + o.eps : sum.sqrt().add_(o.eps);
    b.params[i].addcdiv_(grad, std, -lr);
  }
}

// Python's `_multi_tensor_adagrad`.
void Adagrad::step_foreach(Lists& b, const AdagradOptions& o) {
  if (std::any_of(b.grads.begin(), b.grads.end(), [](const Tensor& grad) { return grad.is_sparse(); })) {
    step_single(b, o);
    return;
  }
  b.view_complex_as_real();
  if (o.maximize) b.grads = at::_foreach_neg(b.grads);
  increment(b.counts);
  decay_gradients(b.grads, b.params, o.weight_decay, o.maximize);
  std::vector<at::Scalar> minus_lrs;
  for (const Tensor& count : b.counts) minus_lrs.emplace_back(decayed_lr(count, -o.lr, o));
  at::_foreach_addcmul_(b.kept[0], b.grads, b.grads, 1);
  std::vector<Tensor> stds = at::_foreach_sqrt(b.kept[0]);
  at::_foreach_add_(stds, o.eps);
  if (o.weight_decay != 0 || o.maximize) {
    at::_foreach_mul_(b.grads, minus_lrs);
  } else {
    b.grads = at::_foreach_mul(b.grads, minus_lrs);
  }
  at::_foreach_addcdiv_(b.params, b.grads, stds, 1);
}

// Python's `_fused_adagrad`.
void Adagrad::step_fused(Lists& b, const AdagradOptions& o) {
  for (size_t i = 0; i < b.params.size(); ++i) {
    if (b.grads[i].is_sparse() || b.params[i].is_complex()) {
      fail(code::kArgValue, "`fused` does not support sparse grad or complex param");
    }
    check_fused(b.params[i]);
  }
  if (o.differentiable) fail(code::kArgValue, "adagrad with fused=True does not support differentiable=True");
  increment(b.counts);
  at::_fused_adagrad_(b.params, b.grads, b.kept[0], b.counts, o.lr, o.lr_decay, o.weight_decay, o.eps, o.maximize);
}

}  // namespace ltn
