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
    with_count<kMaxOutputs>(linear_block(a.out_features), [&](auto r) { linear_with<act, r>(a); });
  }
};

void linear(const LinearPass& a) { with_activation<LinearRun>(a.activation, a); }

// dw[R][F vectors] += sum over images of d[image][R] * in[image][F vectors].
template <int R, int F>
LTN_INLINE void linear_weights_block(const float* in, long stride, const float* d, long outputs, float* dw) {
  V acc[R][F];
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int f = 0; f < F; ++f) acc[r][f] = load(dw + r * stride + f * L);
  for (int i = 0; i < L; ++i, in += stride, d += outputs) {
    V x[F];
#pragma GCC unroll 2
    for (int f = 0; f < F; ++f) x[f] = load(in + f * L);
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      const V v = all(d[r]);
#pragma GCC unroll 2
      for (int f = 0; f < F; ++f) acc[r][f] += x[f] * v;
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int f = 0; f < F; ++f) store(dw + r * stride + f * L, acc[r][f]);
}

template <int R>
__attribute__((noinline)) void linear_weights_rows(const float* in, long stride, const float* d, long outputs,
                                                   float* dw) {
  long f = 0;
  for (; f + 2 * L <= stride; f += 2 * L) linear_weights_block<R, 2>(in + f, stride, d, outputs, dw + f);
  if (f < stride) linear_weights_block<R, 1>(in + f, stride, d, outputs, dw + f);
}

// [features][lanes] to [lanes][features rounded up to lanes].
LTN_INLINE void transpose_features(const float* in, int features, float* out) {
  const long stride = (features + L - 1) / L * L;
  for (int f = 0; f < features; f += L) {
    V rows[L];
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) rows[i] = f + i < features ? load(in + static_cast<long>(f + i) * L) : V{};
    transpose(rows);
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) store(out + i * stride + f, rows[i]);
  }
}

void linear_weights(const LinearWeights& a) {
  const long outputs = (a.out_features + L - 1) / L * L;
  const long stride = (a.in_features + L - 1) / L * L;
  float *d = a.scratch, *in = d + L * outputs;
  transpose_features(a.d, a.out_features, d);
  transpose_features(a.in, a.in_features, in);
  const int blocks = (a.out_features + kWeightsOutputs - 1) / kWeightsOutputs,
            block = (a.out_features + blocks - 1) / blocks;
  for (int o = 0; o < a.out_features; o += block) {
    const int here = a.out_features - o < block ? a.out_features - o : block;
    with_count<kWeightsOutputs>(here,
                                [&](auto r) { linear_weights_rows<r>(in, stride, d + o, outputs, a.dw + o * stride); });
  }
}

}  // namespace
