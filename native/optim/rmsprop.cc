#include "optim/rmsprop.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_neg.h>
#include <ATen/ops/_foreach_sqrt.h>

namespace ltn {

using at::Tensor;

const std::vector<OptionRow<RmspropOptions>>& Rmsprop::options() {
  using O = RmspropOptions;
  static const std::vector<OptionRow<O>> rows = {
      lr_row<O>(),
      {"momentum", [](O& o) -> OptionPlace { return &o.momentum; }},
      {"alpha", [](O& o) -> OptionPlace { return &o.alpha; }},
      {"eps", [](O& o) -> OptionPlace { return &o.eps; }},
      {"centered", [](O& o) -> OptionPlace { return &o.centered; }},
      weight_decay_row<O>(),
      capturable_row<O>(),
      foreach_row<O>(),
      maximize_row<O>(),
      differentiable_row<O>(),
  };
  return rows;
}

const std::vector<StateRow<KeptState>>& Rmsprop::state_rows() {
  static const std::vector<StateRow<KeptState>> rows = {
      {"step", kept_count, true},
      {"square_avg", kept<0>, true},
      {"momentum_buffer", kept<1>, false},
      {"grad_avg", kept<2>, false},
  };
  return rows;
}

void Rmsprop::check(const RmspropOptions& o) {
  check_range("learning rate", o.lr);
  check_range("epsilon value", o.eps);
  check_range("momentum value", o.momentum);
  check_range("weight_decay value", o.weight_decay);
  check_range("alpha value", o.alpha);
}

void Rmsprop::prepare(KeptState& state, const Tensor& param, const RmspropOptions& o) {
  fill_if_missing(state.kept[0], param);
  if (o.momentum > 0) fill_if_missing(state.kept[1], param);
  if (o.centered) fill_if_missing(state.kept[2], param);
}

// Python's `_single_tensor_rmsprop`.
void Rmsprop::step_single(Lists& b, const RmspropOptions& o) {
  if (o.capturable) check_capturable(b.params, b.counts);
  for (size_t i = 0; i < b.params.size(); ++i) {
    if (o.maximize) b.grads[i] = b.grads[i].neg();
    increment(b.counts[i]);
    if (o.weight_decay != 0) b.grads[i] = b.grads[i].add(b.params[i], o.weight_decay);
    b.view_complex_as_real(i);
    Tensor &param = b.params[i], &grad = b.grads[i], &square_avg = b.kept[0][i];
    square_avg.mul_(o.alpha).addcmul_(grad, grad, 1 - o.alpha);
    Tensor avg;
    if (o.centered) {
      Tensor& grad_avg = b.kept[2][i];
      grad_avg.lerp_(grad, 1 - o.alpha);
      avg = square_avg.addcmul(grad_avg, grad_avg, -1).sqrt_();
    } else {
      avg = square_avg.sqrt();
    }
    avg = o.differentiable ? avg.add(o.eps) : avg.add_(o.eps);
    if (o.momentum > 0) {
      Tensor& buffer = b.kept[1][i];
      buffer.mul_(o.momentum).addcdiv_(grad, avg);
      param.add_(buffer, -o.lr);
    } else {
      param.addcdiv_(grad, avg, -o.lr);
    }
  }
}

// Python's `_multi_tensor_rmsprop`.
void Rmsprop::step_foreach(Lists& b, const RmspropOptions& o) {
  if (o.capturable) check_capturable(b.params, b.counts);
  b.view_complex_as_real();
  if (o.maximize) b.grads = at::_foreach_neg(b.grads);
  increment(b.counts);
  decay_gradients(b.grads, b.params, o.weight_decay, o.maximize);
  auto& [square_avgs, buffers, grad_avgs] = b.kept;
  at::_foreach_mul_(square_avgs, o.alpha);
  at::_foreach_addcmul_(square_avgs, b.grads, b.grads, 1 - o.alpha);
  std::vector<Tensor> avgs;
  if (o.centered) {
    at::_foreach_lerp_(grad_avgs, b.grads, 1 - o.alpha);
    avgs = at::_foreach_addcmul(square_avgs, grad_avgs, grad_avgs, -1);
    at::_foreach_sqrt_(avgs);
  } else {
    avgs = at::_foreach_sqrt(square_avgs);
  }
  at::_foreach_add_(avgs, o.eps);
  if (o.momentum > 0) {
    at::_foreach_mul_(buffers, o.momentum);
    at::_foreach_addcdiv_(buffers, b.grads, avgs, 1);
    at::_foreach_add_(b.params, buffers, -o.lr);
  } else {
    at::_foreach_addcdiv_(b.params, b.grads, avgs, -o.lr);
  }
}

}  // namespace ltn
