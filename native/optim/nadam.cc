#include "optim/nadam.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_neg.h>
#include <ATen/ops/_foreach_pow.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/pow.h>

namespace ltn {

using at::Tensor;

namespace {

// Where the product of the momenta is kept: a number as the count of steps is, not a tensor of the parameter's size.
constexpr size_t kExpAvg = 0, kExpAvgSq = 1, kMuProduct = 2;

constexpr const char* kCapturableSingle = "params, mu_products and state_steps";
constexpr const char* kCapturableForeach = "params, mu_products, and state_steps";

double momentum(double beta1, double step, const NadamOptions& o) {
  return beta1 * (1.0 - 0.5 * power(0.96, step * o.momentum_decay));
}

Tensor momentum(double beta1, const Tensor& step, const NadamOptions& o) {
  return beta1 * (1.0 - 0.5 * at::pow(0.96, step * o.momentum_decay));
}

}  // namespace

const std::vector<OptionRow<NadamOptions>>& Nadam::options() {
  using O = NadamOptions;
  static const std::vector<OptionRow<O>> rows = {
      lr_row<O>(),
      {"betas", [](O& o) -> OptionPlace { return &o.betas; }},
      {"eps", [](O& o) -> OptionPlace { return &o.eps; }},
      weight_decay_row<O>(),
      {"momentumDecay", [](O& o) -> OptionPlace { return &o.momentum_decay; }},
      {"decoupledWeightDecay", [](O& o) -> OptionPlace { return &o.decoupled_weight_decay; }},
      maximize_row<O>(),
      foreach_row<O>(),
      capturable_row<O>(),
      differentiable_row<O>(),
  };
  return rows;
}

const std::vector<StateRow<KeptState>>& Nadam::state_rows() {
  static const std::vector<StateRow<KeptState>> rows = {
      {"step", kept_count, true},
      {"mu_product", kept<kMuProduct>, true},
      {"exp_avg", kept<kExpAvg>, true},
      {"exp_avg_sq", kept<kExpAvgSq>, true},
  };
  return rows;
}

void Nadam::check(const NadamOptions& o) {
  check_range("learning rate", o.lr);
  check_range("epsilon value", o.eps);
  check_betas(o.betas);
  check_range("weight_decay value", o.weight_decay);
  check_range("momentum_decay value", o.momentum_decay);
}

void Nadam::prepare(KeptState& state, const Tensor& param, const NadamOptions& o) {
  fill_if_missing(state.kept[kExpAvg], param);
  fill_if_missing(state.kept[kExpAvgSq], param);
  Tensor& product = state.kept[kMuProduct];
  if (!product.defined()) {
    product = new_count(o.capturable ? std::optional(param.device()) : std::nullopt, false).fill_(1);
  }
}

// Python's `_single_tensor_nadam`.
void Nadam::step_single(Lists& b, const NadamOptions& o) {
  const auto [beta1, beta2] = o.betas;
  const double lr = o.lr;
  if (o.capturable) {
    check_capturable(b.params, b.counts, true, kCapturableSingle);
    check_capturable(b.params, b.kept[kMuProduct], true, kCapturableSingle);
  }
  for (size_t i = 0; i < b.params.size(); ++i) {
    if (o.maximize) b.grads[i] = b.grads[i].neg();
    b.view_complex_as_real(i);
    Tensor &param = b.params[i], &grad = b.grads[i], &exp_avg = b.kept[kExpAvg][i];
    Tensor &exp_avg_sq = b.kept[kExpAvgSq][i], &mu_product = b.kept[kMuProduct][i], &count = b.counts[i];
    increment(count);
    if (o.weight_decay != 0) {
      if (o.decoupled_weight_decay) {
        param.mul_(1 - lr * o.weight_decay);
      } else {
        grad = grad.add(param, o.weight_decay);
      }
    }
    if (o.capturable) {
      const Tensor bias_correction2 = 1 - at::pow(beta2, count);
      const Tensor mu = momentum(beta1, count, o), mu_next = momentum(beta1, count + 1, o);
      mu_product.mul_(mu);
      exp_avg.lerp_(grad, 1 - beta1);
      exp_avg_sq.mul_(beta2).addcmul_(grad, grad, 1 - beta2);
      const Tensor denominator = exp_avg_sq.div(bias_correction2).sqrt().add(o.eps);
      const Tensor product_next = mu_product * mu_next;
      param.addcdiv_(grad * (-lr * (1.0 - mu) / (1.0 - mu_product)), denominator);
      param.addcdiv_(exp_avg * (-lr * mu_next / (1.0 - product_next)), denominator);
      continue;
    }
    const double step = count.item<double>();
    const double bias_correction2 = 1 - power(beta2, step);
    const double mu = momentum(beta1, step, o), mu_next = momentum(beta1, step + 1, o);
    mu_product.mul_(mu);
    exp_avg.lerp_(grad, 1 - beta1);
    exp_avg_sq.mul_(beta2).addcmul_(grad, grad, 1 - beta2);
    Tensor denominator = exp_avg_sq.div(bias_correction2).sqrt();
    if (o.differentiable) {
      denominator = denominator.add(o.eps);
      const Tensor product_next = mu_product * mu_next;
      param.addcdiv_(grad * ((1.0 - mu_product).reciprocal() * (-lr * (1.0 - mu))), denominator);
      param.addcdiv_(exp_avg * ((1.0 - product_next).reciprocal() * (-lr * mu_next)), denominator);
      continue;
    }
    const double product = mu_product.item<double>();
    denominator.add_(o.eps);
    param.addcdiv_(grad, denominator, -lr * (1.0 - mu) / (1.0 - product));
    param.addcdiv_(exp_avg, denominator, (-lr * mu_next) / (1.0 - product * mu_next));
  }
}

namespace {

// The capturable half of `_multi_tensor_nadam`: all numbers are tensors on the device.
void finish_capturable(Lists& b, const NadamOptions& o, std::vector<Tensor>& denominators) {
  const auto [beta1, beta2] = o.betas;
  auto& mu_products = b.kept[kMuProduct];
  const auto momenta = [beta1 = beta1](const std::vector<Tensor>& exponents) {
    std::vector<Tensor> mus = at::_foreach_pow(0.96, exponents);
    at::_foreach_mul_(mus, -0.5);
    at::_foreach_add_(mus, 1.0);
    at::_foreach_mul_(mus, beta1);
    return mus;
  };
  std::vector<Tensor> exponents = at::_foreach_mul(b.counts, o.momentum_decay);
  std::vector<Tensor> mus = momenta(exponents);
  at::_foreach_add_(exponents, o.momentum_decay);
  std::vector<Tensor> mu_nexts = momenta(exponents);
  std::vector<Tensor> corrections = at::_foreach_pow(beta2, b.counts);
  at::_foreach_sub_(corrections, 1.0);
  at::_foreach_neg_(corrections);
  at::_foreach_sqrt_(corrections);

  at::_foreach_mul_(mu_products, mus);
  at::_foreach_div_(denominators, corrections);
  at::_foreach_add_(denominators, o.eps);

  at::_foreach_sub_(mus, 1.0);
  at::_foreach_mul_(mus, o.lr);
  std::vector<Tensor> divisors = at::_foreach_sub(mu_products, 1.0);
  at::_foreach_neg_(divisors);
  at::_foreach_div_(mus, divisors);
  divisors = at::_foreach_mul(mu_products, mu_nexts);
  at::_foreach_mul_(mu_nexts, o.lr);
  at::_foreach_sub_(divisors, 1.0);
  at::_foreach_div_(mu_nexts, divisors);
  std::vector<Tensor> numerators = at::_foreach_mul(mus, b.grads);
  at::_foreach_addcmul_(numerators, mu_nexts, b.kept[kExpAvg], 1);
  at::_foreach_addcdiv_(b.params, numerators, denominators, 1);
}

}  // namespace

// Python's `_multi_tensor_nadam`.
void Nadam::step_foreach(Lists& b, const NadamOptions& o) {
  const auto [beta1, beta2] = o.betas;
  if (o.capturable) {
    check_capturable(b.params, b.counts, false, kCapturableForeach);
    check_capturable(b.params, b.kept[kMuProduct], false, kCapturableForeach);
  }
  b.view_complex_as_real();
  if (o.maximize) b.grads = at::_foreach_neg(b.grads);
  increment(b.counts);
  if (o.decoupled_weight_decay) {
    if (o.weight_decay != 0) at::_foreach_mul_(b.params, 1 - o.lr * o.weight_decay);
  } else {
    decay_gradients(b.grads, b.params, o.weight_decay, o.maximize);
  }
  auto &exp_avgs = b.kept[kExpAvg], &exp_avg_sqs = b.kept[kExpAvgSq], &mu_products = b.kept[kMuProduct];
  at::_foreach_lerp_(exp_avgs, b.grads, 1 - beta1);
  at::_foreach_mul_(exp_avg_sqs, beta2);
  at::_foreach_addcmul_(exp_avg_sqs, b.grads, b.grads, 1 - beta2);
  std::vector<Tensor> denominators = at::_foreach_sqrt(exp_avg_sqs);
  if (o.capturable) {
    finish_capturable(b, o, denominators);
    return;
  }
  std::vector<at::Scalar> corrections, mus, sizes_grad, sizes_avg;
  for (const Tensor& count : b.counts) {
    const double step = count.item<double>();
    corrections.emplace_back(power(1 - power(beta2, step), 0.5));
    mus.emplace_back(momentum(beta1, step, o));
  }
  at::_foreach_mul_(mu_products, mus);
  at::_foreach_div_(denominators, corrections);
  at::_foreach_add_(denominators, o.eps);
  for (size_t i = 0; i < b.counts.size(); ++i) {
    const double product = mu_products[i].item<double>();
    const double mu_next = momentum(beta1, b.counts[i].item<double>() + 1, o);
    sizes_grad.emplace_back((o.lr * (1.0 - mus[i].toDouble()) / (1.0 - product)) * -1);
    sizes_avg.emplace_back((o.lr * mu_next / (1.0 - product * mu_next)) * -1);
  }
  at::_foreach_addcdiv_(b.params, b.grads, denominators, sizes_grad);
  at::_foreach_addcdiv_(b.params, exp_avgs, denominators, sizes_avg);
}

}  // namespace ltn
