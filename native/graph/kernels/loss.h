// Losses of a tile, with their gradients, in one pass.
#pragma once

#include "graph/kernels/kernels.h"
#include "graph/kernels/vector.h"

namespace {

using ltn::graph::CrossEntropy;
using ltn::graph::SquaredError;

// loss = log(sum of exp(logit - m)) - (target's logit - m); gradient = softmax - one-hot.
void cross_entropy(const CrossEntropy& a) {
  VI targets;
  std::memcpy(&targets, a.targets, sizeof targets);
  const auto counts = targets >= 0;
  V m = load(a.logits);
  for (int o = 1; o < a.classes; ++o) {
    const V l = load(a.logits + static_cast<long>(o) * L);
    m = (l > m) | (l != l) ? l : m;
  }
  V sum{}, picked{};
  for (int o = 0; o < a.classes; ++o) {
    const V d = load(a.logits + static_cast<long>(o) * L) - m;
    const V e = exp_of(d);
    if (a.gradient != nullptr) store(a.gradient + static_cast<long>(o) * L, e);
    sum += e;
    picked = targets == all_int(o) ? d : picked;
  }
  for (int i = 0; i < L; ++i) {
    if (targets[i] >= 0) *a.loss += std::log(static_cast<double>(sum[i])) - static_cast<double>(picked[i]);
  }
  if (a.gradient == nullptr) return;
  const V inverse = 1.0f / sum;
  for (int o = 0; o < a.classes; ++o) {
    float* g = a.gradient + static_cast<long>(o) * L;
    const V p = load(g) * inverse;
    const V d = targets == all_int(o) ? p - 1.0f : p;
    store(g, counts ? d : V{});
  }
}

// loss = sum over features of (out - target)^2; gradient = 2 (out - target).
void squared_error(const SquaredError& a) {
  const V valid = a.valid != nullptr ? load(a.valid) : all(1.0f);
  V total{};
  for (int f = 0; f < a.features; ++f) {
    const V d = (load(a.out + static_cast<long>(f) * L) - load(a.target + static_cast<long>(f) * L)) * valid;
    total += d * d;
    if (a.gradient != nullptr) store(a.gradient + static_cast<long>(f) * L, d + d);
  }
  for (int i = 0; i < L; ++i) *a.loss += static_cast<double>(total[i]);
}

}  // namespace
