#include "optim/adadelta.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_neg.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/view_as_complex.h>

namespace ltn {

using at::Tensor;

const std::vector<OptionRow<AdadeltaOptions>>& Adadelta::options() {
  using O = AdadeltaOptions;
  static const std::vector<OptionRow<O>> rows = {
      lr_row<O>(),
      {"rho", [](O& o) -> OptionPlace { return &o.rho; }},
      {"eps", [](O& o) -> OptionPlace { return &o.eps; }},
      weight_decay_row<O>(),
      maximize_row<O>(),
      capturable_row<O>(),
      foreach_row<O>(),
      differentiable_row<O>(),
  };
  return rows;
}

const std::vector<StateRow<KeptState>>& Adadelta::state_rows() {
  static const std::vector<StateRow<KeptState>> rows = {
      {"step", kept_count, true},
      {"square_avg", kept<0>, true},
      {"acc_delta", kept<1>, true},
  };
  return rows;
}

void Adadelta::check(const AdadeltaOptions& o) {
  check_range("learning rate", o.lr);
  if (!(0.0 <= o.rho && o.rho <= 1.0)) fail(code::kArgValue, "Invalid rho value: ", python_text(o.rho));
  check_range("epsilon value", o.eps);
  check_range("weight_decay value", o.weight_decay);
}

void Adadelta::prepare(KeptState& state, const Tensor& param, const AdadeltaOptions&) {
  fill_if_missing(state.kept[0], param);
  fill_if_missing(state.kept[1], param);
}

// Python's `_single_tensor_adadelta`.
void Adadelta::step_single(Lists& b, const AdadeltaOptions& o) {
  if (o.capturable) check_capturable(b.params, b.counts, false);
  for (size_t i = 0; i < b.params.size(); ++i) {
    increment(b.counts[i]);
    if (o.maximize) b.grads[i] = b.grads[i].neg();
    if (o.weight_decay != 0) b.grads[i] = b.grads[i].add(b.params[i], o.weight_decay);
    const Tensor param = b.params[i];
    b.view_complex_as_real(i);
    Tensor &grad = b.grads[i], &square_avg = b.kept[0][i], &acc_delta = b.kept[1][i];
    square_avg.mul_(o.rho).addcmul_(grad, grad, 1 - o.rho);
    const Tensor std = square_avg.add(o.eps).sqrt_();
    Tensor delta = acc_delta.add(o.eps).sqrt_();
    if (o.differentiable) delta = delta.clone();
    delta.div_(std).mul_(grad);
    acc_delta.mul_(o.rho).addcmul_(delta, delta, 1 - o.rho);
    param.add_(param.is_complex() ? at::view_as_complex(delta) : delta, -o.lr);
  }
}

// Python's `_multi_tensor_adadelta`.
void Adadelta::step_foreach(Lists& b, const AdadeltaOptions& o) {
  if (o.capturable) check_capturable(b.params, b.counts, false);
  b.view_complex_as_real();
  increment(b.counts);
  if (o.maximize) b.grads = at::_foreach_neg(b.grads);
  decay_gradients(b.grads, b.params, o.weight_decay, o.maximize);
  auto &square_avgs = b.kept[0], &acc_deltas = b.kept[1];
  at::_foreach_mul_(square_avgs, o.rho);
  at::_foreach_addcmul_(square_avgs, b.grads, b.grads, 1 - o.rho);
  std::vector<Tensor> stds = at::_foreach_add(square_avgs, o.eps);
  at::_foreach_sqrt_(stds);
  std::vector<Tensor> deltas = at::_foreach_add(acc_deltas, o.eps);
  at::_foreach_sqrt_(deltas);
  at::_foreach_div_(deltas, stds);
  at::_foreach_mul_(deltas, b.grads);
  at::_foreach_mul_(acc_deltas, o.rho);
  at::_foreach_addcmul_(acc_deltas, deltas, deltas, 1 - o.rho);
  at::_foreach_add_(b.params, deltas, -o.lr);
}

}  // namespace ltn
