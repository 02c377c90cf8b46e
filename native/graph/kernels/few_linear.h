// Linear layers of few images: outputs are the lanes, each vector of weights is used for up to four images at once.
// What few images and outputs leave of the registers sums over every other input.
#pragma once

#include "graph/kernels/few.h"

namespace {

// I images by N vectors of outputs, in U sums each.
template <int I, int N, int U>
LTN_INLINE void few_linear_block(const FewLinear& a, const float* in, const float* w, const float* bias, float* out) {
  V acc[U][I][N] = {};
  const long block = static_cast<long>(a.in_features) * L;
  const auto add = [&](int f, int u) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      const V ww = load(w + n * block + static_cast<long>(f) * L);
#pragma GCC unroll 4
      for (int i = 0; i < I; ++i) acc[u][i][n] += all(in[i * a.in_row + f]) * ww;
    }
  };
  int f = 0;
  for (; f + U <= a.in_features; f += U) {
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) add(f + u, u);
  }
  for (; f < a.in_features; ++f) add(f, 0);
#pragma GCC unroll 4
  for (int i = 0; i < I; ++i) {
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
#pragma GCC unroll 3
      for (int half = U / 2; half > 0; half /= 2) {
#pragma GCC unroll 4
        for (int u = 0; u < half; ++u) acc[u][i][n] += acc[u + half][i][n];
      }
      store(out + i * a.out_row + n * L, acc[0][i][n] + load(bias + n * L));
    }
  }
}

template <int I>
__attribute__((noinline)) void few_linear_of(const FewLinear& a, const float* in, float* out) {
  constexpr int N = I == 4 && kMaxPositions < 6 ? 2 : 4;
  const long block = static_cast<long>(a.in_features) * L;
  int n = a.first;
  for (; n + N <= a.last; n += N) {
    few_linear_block<I, N, (I == 1 ? 2 : 1)>(a, in, a.weights + n * block, a.bias + n * L, out + n * L);
  }
  for (; n < a.last; ++n) {
    few_linear_block<I, 1, 8 / I>(a, in, a.weights + n * block, a.bias + n * L, out + n * L);
  }
}

void few_linear(const FewLinear& a) {
  int i = 0;
  for (; i + 4 <= a.images; i += 4) few_linear_of<4>(a, a.in + i * a.in_row, a.out + i * a.out_row);
  for (; i + 2 <= a.images; i += 2) few_linear_of<2>(a, a.in + i * a.in_row, a.out + i * a.out_row);
  if (i < a.images) few_linear_of<1>(a, a.in + i * a.in_row, a.out + i * a.out_row);
}

}  // namespace
