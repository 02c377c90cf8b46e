// Linear layers of a tile: the images are the lanes, each weight is used for all of them at once.
#pragma once

#include "graph/kernels/forward.h"

namespace {

using ltn::graph::LinearPass;
using ltn::graph::LinearWeights;

// Blocks of equal size, as few as registers allow.
int linear_block(int out_features) {
  const int blocks = (out_features + kMaxOutputs - 1) / kMaxOutputs;
  return (out_features + blocks - 1) / blocks;
}

template <Activation act, int R>
LTN_INLINE void linear_block_of(const LinearPass& a, const float* w, int first) {
  V acc[R];
  const int valid = a.out_features - first < R ? a.out_features - first : R;
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) acc[r] = a.bias != nullptr && r < valid ? all(a.bias[first + r]) : V{};
  for (int f = 0; f < a.in_features; ++f, w += R) {
    const V x = load(a.in + static_cast<long>(f) * L);
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) acc[r] += x * all(w[r]);
  }
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) {
    if (r < valid) store(a.out + static_cast<long>(first + r) * L, activate<act>(acc[r]));
  }
}

template <Activation act, int R>
__attribute__((noinline)) void linear_with(const LinearPass& a) {
  const float* w = a.weights;
  for (int first = 0; first < a.out_features; first += R, w += static_cast<long>(a.in_features) * R) {
    linear_block_of<act, R>(a, w, first);
  }
}

template <Activation act>
struct LinearRun {
  static void run(const LinearPass& a) {
    switch (linear_block(a.out_features)) {
      case 1:
        return linear_with<act, 1>(a);
      case 2:
        return linear_with<act, 2>(a);
      case 3:
        return linear_with<act, 3>(a);
      case 4:
        return linear_with<act, 4>(a);
      case 5:
        return linear_with<act, 5>(a);
      case 6:
        return linear_with<act, 6>(a);
      case 7:
        return linear_with<act, 7>(a);
      case 8:
        return linear_with<act, 8>(a);
#if defined(__AVX512F__)
      case 9:
        return linear_with<act, 9>(a);
      case 10:
        return linear_with<act, 10>(a);
      case 11:
        return linear_with<act, 11>(a);
      default:
        return linear_with<act, 12>(a);
#endif
    }
  }
};

void linear(const LinearPass& a) { with_activation<LinearRun>(a.activation, a); }

template <int R>
LTN_INLINE void linear_weights_block(const V* x, const float* d, long outputs, float* dw, long stride) {
  V acc[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) acc[r] = load(dw + r * stride);
#pragma GCC unroll 16
  for (int i = 0; i < L; ++i) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) acc[r] += x[i] * all(d[i * outputs + r]);
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) store(dw + r * stride, acc[r]);
}

void linear_weights(const LinearWeights& a) {
  const long outputs = (a.out_features + L - 1) / L * L;
  const long stride = (a.in_features + L - 1) / L * L;
  V rows[L];
  for (int o = 0; o < outputs; o += L) {
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) rows[i] = o + i < a.out_features ? load(a.d + (o + i) * L) : V{};
    transpose(rows);
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) store(a.scratch + i * outputs + o, rows[i]);
  }
  for (int f = 0; f < a.in_features; f += L) {
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) rows[i] = f + i < a.in_features ? load(a.in + static_cast<long>(f + i) * L) : V{};
    transpose(rows);
    int o = 0;
    for (; o + 8 <= a.out_features; o += 8)
      linear_weights_block<8>(rows, a.scratch + o, outputs, a.dw + o * stride + f, stride);
    for (; o + 2 <= a.out_features; o += 2)
      linear_weights_block<2>(rows, a.scratch + o, outputs, a.dw + o * stride + f, stride);
    for (; o < a.out_features; ++o)
      linear_weights_block<1>(rows, a.scratch + o, outputs, a.dw + o * stride + f, stride);
  }
}

}  // namespace
