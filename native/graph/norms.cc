#include "graph/norms.h"

#include <cmath>

namespace ltn::graph {

namespace {

void merge_one(double& mean, double& deviations, double count, double other_mean, double other_deviations,
               double other_count) {
  const double total = count + other_count;
  const double delta = other_mean - mean;
  mean += delta * (other_count / total);
  deviations += other_deviations + delta * delta * (count * other_count / total);
}

}  // namespace

void add_sums(const Moments& to, int channels, int lanes, int lanes_used, double each, const float* pivot,
              const float* sum, const float* square) {
  const double inverse = 1 / each;
  for (int c = 0; c < channels; ++c) {
    const float *p = pivot + c * lanes, *s = sum + c * lanes, *q = square + c * lanes;
    double means[16], mean = 0, deviations = 0;
    for (int i = 0; i < lanes_used; ++i) {
      const double total = s[i];
      means[i] = p[i] + total * inverse;
      mean += means[i];
      deviations += q[i] - total * total * inverse;
    }
    mean /= lanes_used;
    for (int i = 0; i < lanes_used; ++i) deviations += each * (means[i] - mean) * (means[i] - mean);
    merge_one(to.mean[c], to.deviations[c], *to.count, mean, deviations, each * lanes_used);
  }
  *to.count += each * lanes_used;
}

void merge(const Moments& to, const Moments& from, int channels) {
  if (*from.count == 0) return;
  for (int c = 0; c < channels; ++c) {
    merge_one(to.mean[c], to.deviations[c], *to.count, from.mean[c], from.deviations[c], *from.count);
  }
  *to.count += *from.count;
}

void finish_statistics(const Stage& norm, const float* bias, int channels, NormState& state, std::vector<float>& scale,
                       std::vector<float>& shift) {
  state.inverse.resize(channels);
  scale.assign(round_up(channels, kChannelBlock), 0.0f);
  shift.assign(round_up(channels, kChannelBlock), 0.0f);
  const float* gamma = norm.weight.defined() ? norm.weight.const_data_ptr<float>() : nullptr;
  const float* beta = norm.bias.defined() ? norm.bias.const_data_ptr<float>() : nullptr;
  double share = norm.momentum;
  if (norm.batches.defined()) {
    int64_t* batches = norm.batches.mutable_data_ptr<int64_t>();
    ++*batches;
    norm.batches.unsafeGetTensorImpl()->bump_version();
    if (norm.cumulative) share = 1.0 / static_cast<double>(*batches);
  }
  const bool tracked = norm.running_mean.defined() && norm.running_var.defined();
  float* running_mean = tracked ? norm.running_mean.mutable_data_ptr<float>() : nullptr;
  float* running_var = tracked ? norm.running_var.mutable_data_ptr<float>() : nullptr;
  for (int c = 0; c < channels; ++c) {
    const double mean = state.mean[c], variance = state.variance[c];
    state.inverse[c] = 1 / std::sqrt(variance + norm.eps);
    const double k = (gamma != nullptr ? gamma[c] : 1.0) * state.inverse[c];
    scale[c] = static_cast<float>(k);
    shift[c] = static_cast<float>((beta != nullptr ? beta[c] : 0.0) - mean * k);
    const double seen = mean + (bias != nullptr ? bias[c] : 0.0);
    const double unbiased = variance * state.count / (state.count - 1);
    if (!tracked) continue;
    running_mean[c] = static_cast<float>((1 - share) * running_mean[c] + share * seen);
    running_var[c] = static_cast<float>((1 - share) * running_var[c] + share * unbiased);
  }
  if (!tracked) return;
  norm.running_mean.unsafeGetTensorImpl()->bump_version();
  norm.running_var.unsafeGetTensorImpl()->bump_version();
}

void finish_backward(const Stage& norm, const double* sum, const double* product, int channels, NormState& state,
                     double* weight_gradient, double* bias_gradient) {
  for (std::vector<float>* values : {&state.kappa, &state.c0, &state.c1, &state.rest}) {
    values->assign(round_up(channels, kChannelBlock), 0.0f);
  }
  const float* gamma = norm.weight.defined() ? norm.weight.const_data_ptr<float>() : nullptr;
  for (int c = 0; c < channels; ++c) {
    const double inverse = state.inverse[c], mean = state.mean[c];
    const double along = inverse * (product[c] - mean * sum[c]);  // sum of g * x-hat
    const double k = (gamma != nullptr ? gamma[c] : 1.0) * inverse;
    const double c1 = -k * inverse * along / state.count;
    int exponent = 0;
    double rest = c1 == 0 || !std::isfinite(c1) ? 1 : std::frexp(c1, &exponent);
    const double power = c1 == 0 || !std::isfinite(c1) ? c1 : std::ldexp(1.0, exponent);
    state.rest[c] = static_cast<float>(rest);
    rest = state.rest[c];
    state.kappa[c] = static_cast<float>(k / rest);
    state.c1[c] = static_cast<float>(power);
    state.c0[c] = static_cast<float>(-static_cast<double>(state.kappa[c]) * sum[c] / state.count - power * mean);
    weight_gradient[c] = along;
    bias_gradient[c] = sum[c];
  }
}

}  // namespace ltn::graph
