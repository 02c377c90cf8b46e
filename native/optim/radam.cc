#include "optim/radam.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_neg.h>
#include <ATen/ops/_foreach_pow.h>
#include <ATen/ops/_foreach_reciprocal.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/where.h>

namespace ltn {

using at::Tensor;

const std::vector<OptionRow<RadamOptions>>& Radam::options() {
  using O = RadamOptions;
  static const std::vector<OptionRow<O>> rows = {
      lr_row<O>(),
      {"betas", [](O& o) -> OptionPlace { return &o.betas; }},
      {"eps", [](O& o) -> OptionPlace { return &o.eps; }},
      weight_decay_row<O>(),
      maximize_row<O>(),
      foreach_row<O>(),
      capturable_row<O>(),
      {"decoupledWeightDecay", [](O& o) -> OptionPlace { return &o.decoupled_weight_decay; }},
      differentiable_row<O>(),
  };
  return rows;
}

const std::vector<StateRow<KeptState>>& Radam::state_rows() {
  static const std::vector<StateRow<KeptState>> rows = {
      {"step", kept_count, true},
      {"exp_avg", kept<0>, true},
      {"exp_avg_sq", kept<1>, true},
  };
  return rows;
}

void Radam::check(const RadamOptions& o) {
  check_range("learning rate", o.lr);
  check_range("epsilon value", o.eps);
  check_betas(o.betas);
  check_range("weight_decay value", o.weight_decay);
}

void Radam::prepare(KeptState& state, const Tensor& param, const RadamOptions&) {
  fill_if_missing(state.kept[0], param);
  fill_if_missing(state.kept[1], param);
}

namespace {

// The longest simple moving average that the second moment amounts to, and how long it is after `step` steps.
double longest(double beta2) { return 2 / (1 - beta2) - 1; }

double length_after(double step, double beta2) {
  const double decayed = power(beta2, step);
  return longest(beta2) - 2 * step * decayed / (1 - decayed);
}

// The rectification of the variance.
double rectification(double rho, double rho_inf) {
  return power((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho), 0.5);
}

void single_capturable(Tensor& param, const Tensor& exp_avg, const Tensor& exp_avg_sq, const Tensor& step,
                       const RadamOptions& o) {
  const auto [beta1, beta2] = o.betas;
  const Tensor bias_correction1 = 1 - at::pow(beta1, step), bias_correction2 = 1 - at::pow(beta2, step);
  const Tensor corrected = exp_avg / bias_correction1;
  const double rho_inf = longest(beta2);
  const Tensor rho = rho_inf - 2 * step * at::pow(beta2, step) / bias_correction2;
  const Tensor rectified = ((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)).pow(0.5);
  const Tensor root = exp_avg_sq.sqrt();
  const Tensor adaptive = bias_correction2.pow(0.5) / (o.differentiable ? root.add(o.eps) : root.add_(o.eps));
  param.add_(corrected * o.lr * at::where(rho > 5.0, rectified * adaptive, 1.0), -1.0);
}

}  // namespace

// Python's `_single_tensor_radam`.
void Radam::step_single(Lists& b, const RadamOptions& o) {
  const auto [beta1, beta2] = o.betas;
  if (o.capturable) check_capturable(b.params, b.counts);
  for (size_t i = 0; i < b.params.size(); ++i) {
    if (o.maximize) b.grads[i] = b.grads[i].neg();
    b.view_complex_as_real(i);
    Tensor &param = b.params[i], &grad = b.grads[i], &exp_avg = b.kept[0][i], &exp_avg_sq = b.kept[1][i];
    increment(b.counts[i]);
    if (o.weight_decay != 0) {
      if (o.decoupled_weight_decay) {
        param.mul_(1 - o.lr * o.weight_decay);
      } else {
        grad = grad.add(param, o.weight_decay);
      }
    }
    exp_avg.lerp_(grad, 1 - beta1);
    exp_avg_sq.mul_(beta2).addcmul_(grad, grad, 1 - beta2);
    if (o.capturable) {
      single_capturable(param, exp_avg, exp_avg_sq, b.counts[i], o);
      continue;
    }
    const double step = b.counts[i].item<double>();
    const double bias_correction2 = 1 - power(beta2, step);
    const double rho = length_after(step, beta2);
    const Tensor update = exp_avg / (1 - power(beta1, step)) * o.lr;
    if (rho > 5.0) {
      const Tensor root = exp_avg_sq.sqrt();
      // Python's number over a tensor; C++'s own division has other last bits
      const Tensor adaptive =
          (o.differentiable ? root.add(o.eps) : root.add_(o.eps)).reciprocal() * power(bias_correction2, 0.5);
      param.add_(update * adaptive * rectification(rho, longest(beta2)), -1.0);
    } else {
      param.add_(update, -1.0);
    }
  }
}

namespace {

// The factors of the rectified and of the plain step, negative, as tensors on the device.
std::pair<std::vector<Tensor>, std::vector<Tensor>> capturable_sizes(const Lists& b, const RadamOptions& o) {
  const auto [beta1, beta2] = o.betas;
  const double rho_inf = longest(beta2);
  const auto correction = [&b](double beta) {
    std::vector<Tensor> out = at::_foreach_pow(beta, b.counts);
    at::_foreach_neg_(out);
    at::_foreach_add_(out, 1);
    return out;
  };
  std::vector<Tensor> rhos = at::_foreach_pow(beta2, b.counts);
  at::_foreach_mul_(rhos, b.counts);
  at::_foreach_mul_(rhos, 2);
  at::_foreach_div_(rhos, correction(beta2));
  at::_foreach_neg_(rhos);
  at::_foreach_add_(rhos, rho_inf);

  std::vector<Tensor> rects = at::_foreach_sub(rhos, 4);
  at::_foreach_mul_(rects, at::_foreach_sub(rhos, 2));
  at::_foreach_mul_(rects, rho_inf);
  at::_foreach_div_(rects, at::_foreach_mul(rhos, (rho_inf - 4) * (rho_inf - 2)));
  at::_foreach_sqrt_(rects);
  std::vector<Tensor> plain;
  for (size_t i = 0; i < rects.size(); ++i) {
    rects[i] = at::where(rhos[i] > 5.0, rects[i], 0.0);
    plain.push_back(at::where(rects[i] > 0, rects[i].new_zeros({}), rects[i].new_ones({})));
  }
  at::_foreach_mul_(plain, o.lr);
  const std::vector<Tensor> corrections1 = correction(beta1);
  at::_foreach_div_(plain, corrections1);
  at::_foreach_neg_(plain);

  std::vector<Tensor> rectified = correction(beta2);
  at::_foreach_sqrt_(rectified);
  at::_foreach_mul_(rectified, o.lr);
  at::_foreach_mul_(rectified, rects);
  at::_foreach_neg_(rectified);
  at::_foreach_div_(rectified, corrections1);
  return {std::move(rectified), std::move(plain)};
}

}  // namespace

// Python's `_multi_tensor_radam`.
void Radam::step_foreach(Lists& b, const RadamOptions& o) {
  const auto [beta1, beta2] = o.betas;
  if (o.capturable) check_capturable(b.params, b.counts, false);
  increment(b.counts);
  b.view_complex_as_real();
  if (o.maximize) b.grads = at::_foreach_neg(b.grads);
  if (o.decoupled_weight_decay) {
    if (o.weight_decay != 0) at::_foreach_mul_(b.params, 1 - o.lr * o.weight_decay);
  } else {
    decay_gradients(b.grads, b.params, o.weight_decay, o.maximize);
  }
  auto &exp_avgs = b.kept[0], &exp_avg_sqs = b.kept[1];
  at::_foreach_lerp_(exp_avgs, b.grads, 1 - beta1);
  at::_foreach_mul_(exp_avg_sqs, beta2);
  at::_foreach_addcmul_(exp_avg_sqs, b.grads, b.grads, 1 - beta2);
  b.grads.clear();

  std::vector<Tensor> buffers = at::_foreach_sqrt(exp_avg_sqs);
  at::_foreach_add_(buffers, o.eps);
  if (o.capturable) {
    const auto [rectified, plain] = capturable_sizes(b, o);
    at::_foreach_div_(buffers, rectified);
    at::_foreach_reciprocal_(buffers);
    at::_foreach_add_(buffers, plain);
  } else {
    std::vector<at::Scalar> rectified, plain;
    for (const Tensor& count : b.counts) {
      const double step = count.item<double>();
      const double rho = length_after(step, beta2);
      const double rect = rho > 5 ? rectification(rho, longest(beta2)) : 0;
      const double bias_correction1 = 1 - power(beta1, step);
      plain.emplace_back((o.lr * (rect > 0 ? 0 : 1.0) / bias_correction1) * -1);
      rectified.emplace_back(power(1 - power(beta2, step), 0.5) * (o.lr * rect / bias_correction1) * -1);
    }
    at::_foreach_div_(buffers, rectified);
    at::_foreach_reciprocal_(buffers);
    at::_foreach_add_(buffers, plain);
  }
  at::_foreach_addcmul_(b.params, exp_avgs, buffers, 1);
}

}  // namespace ltn
