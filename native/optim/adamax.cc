#include "optim/adamax.h"

#include <ATen/ops/_foreach_abs.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_maximum.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_neg.h>
#include <ATen/ops/_foreach_pow.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/pow.h>

namespace ltn {

using at::Tensor;

const std::vector<OptionRow<AdamaxOptions>>& Adamax::options() {
  using O = AdamaxOptions;
  static const std::vector<OptionRow<O>> rows = {
      lr_row<O>(),
      {"betas", [](O& o) -> OptionPlace { return &o.betas; }},
      {"eps", [](O& o) -> OptionPlace { return &o.eps; }},
      weight_decay_row<O>(),
      foreach_row<O>(),
      maximize_row<O>(),
      differentiable_row<O>(),
      capturable_row<O>(),
  };
  return rows;
}

const std::vector<StateRow<KeptState>>& Adamax::state_rows() {
  static const std::vector<StateRow<KeptState>> rows = {
      {"step", kept_count, true},
      {"exp_avg", kept<0>, true},
      {"exp_inf", kept<1>, true},
  };
  return rows;
}

void Adamax::check(const AdamaxOptions& o) {
  check_range("learning rate", o.lr);
  check_range("epsilon value", o.eps);
  check_betas(o.betas);
  check_range("weight_decay value", o.weight_decay);
}

void Adamax::prepare(KeptState& state, const Tensor& param, const AdamaxOptions&) {
  fill_if_missing(state.kept[0], param);
  fill_if_missing(state.kept[1], param);
}

// Python's `_single_tensor_adamax`.
void Adamax::step_single(Lists& b, const AdamaxOptions& o) {
  const auto [beta1, beta2] = o.betas;
  if (o.capturable) check_capturable(b.params, b.counts);
  for (size_t i = 0; i < b.params.size(); ++i) {
    if (o.maximize) b.grads[i] = b.grads[i].neg();
    increment(b.counts[i]);
    if (o.weight_decay != 0) b.grads[i] = b.grads[i].add(b.params[i], o.weight_decay);
    b.view_complex_as_real(i);
    Tensor &param = b.params[i], &grad = b.grads[i], &exp_avg = b.kept[0][i], &exp_inf = b.kept[1][i];
    exp_avg.lerp_(grad, 1 - beta1);
    exp_inf.mul_(beta2);
    const Tensor norm = grad.abs().add_(o.eps);
    if (o.differentiable) {
      exp_inf.copy_(at::amax(at::cat({exp_inf.unsqueeze(0), norm.unsqueeze(0)}, 0), 0, false));
    } else {
      at::maximum_out(exp_inf, exp_inf, norm);
    }
    if (o.capturable) {
      const Tensor negative = at::pow(beta1, b.counts[i]).sub(1).div_(o.lr);
      param.addcdiv_(exp_avg, exp_inf * negative);
    } else {
      const double bias_correction = 1 - power(beta1, b.counts[i].item<double>());
      param.addcdiv_(exp_avg, exp_inf, -(o.lr / bias_correction));
    }
  }
}

// Python's `_multi_tensor_adamax`.
void Adamax::step_foreach(Lists& b, const AdamaxOptions& o) {
  const auto [beta1, beta2] = o.betas;
  if (o.capturable) check_capturable(b.params, b.counts, false);
  b.view_complex_as_real();
  if (o.maximize) b.grads = at::_foreach_neg(b.grads);
  increment(b.counts);
  decay_gradients(b.grads, b.params, o.weight_decay, o.maximize);
  auto &exp_avgs = b.kept[0], &exp_infs = b.kept[1];
  at::_foreach_lerp_(exp_avgs, b.grads, 1 - beta1);
  at::_foreach_mul_(exp_infs, beta2);
  if (!o.maximize && o.weight_decay == 0) {
    b.grads = at::_foreach_abs(b.grads);
  } else {
    at::_foreach_abs_(b.grads);
  }
  at::_foreach_add_(b.grads, o.eps);
  at::_foreach_maximum_(exp_infs, b.grads);
  if (o.capturable) {
    std::vector<Tensor> bias_corrections = at::_foreach_pow(beta1, b.counts);
    at::_foreach_sub_(bias_corrections, 1);
    at::_foreach_div_(bias_corrections, o.lr);
    at::_foreach_addcdiv_(b.params, exp_avgs, at::_foreach_mul(exp_infs, bias_corrections), 1);
    return;
  }
  std::vector<at::Scalar> step_sizes;
  for (const Tensor& count : b.counts) {
    step_sizes.emplace_back((o.lr / (1 - power(beta1, count.item<double>()))) * -1);
  }
  at::_foreach_addcdiv_(b.params, exp_avgs, exp_infs, step_sizes);
}

}  // namespace ltn
