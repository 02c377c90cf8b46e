// Linear layers of few images: outputs are the lanes, each vector of weights is used for some images at once. What few
// images and outputs leave of the registers sums over every other input.
//
// A convolution of small images with many channels is the same, with its places as the images: each place of the kernel
// is a fixed distance there (few_types.h).
#pragma once

#include "graph/kernels/few.h"

namespace {

constexpr int kMostRows = kMaxPositions >= 6 ? 8 : 4;  // images at once
// Vectors of outputs that share a row's inputs: R rows' sums and these must fit into the registers.
constexpr int most_vectors(int rows) { return rows <= 2 ? 4 : (kMaxPositions >= 6 && rows == 4 ? 4 : 2); }

template <bool gather>
LTN_INLINE const float* row_at(const FewLinear& a, int i) {
  return gather ? a.in + a.rows[i] : a.in + i * a.in_row;
}

// Inputs of one float sum; longer sums are sums of these.
constexpr int kMostSummed = 512;

// R rows by N vectors of outputs, in U sums each.
template <bool gather, int R, int N, int U>
LTN_INLINE void few_linear_block(const FewLinear& a, int row, int vector) {
  V acc[U][R][N];
  const float* in[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) in[r] = row_at<gather>(a, row + r);
  const long block = static_cast<long>(a.in_features) * L;
  const float* w = a.weights + vector * block;
  const auto add = [&](int f, int u) __attribute__((always_inline)) {
    const long at = gather ? a.offsets[f] : f;
    V ww[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) ww[n] = load(w + n * block + static_cast<long>(f) * L);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const V x = all(in[r][at]);
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) acc[u][r][n] += x * ww[n];
    }
  };
  float* out = a.out + row * a.out_row + vector * L;
  for (int first = 0; first < a.in_features; first += kMostSummed) {
    const int end = first + kMostSummed < a.in_features ? first + kMostSummed : a.in_features;
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) {
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) acc[u][r][n] = V{};
      }
    }
    int f = first;
    for (; f + U <= end; f += U) {
#pragma GCC unroll 8
      for (int u = 0; u < U; ++u) add(f + u, u);
    }
    for (; f < end; ++f) add(f, 0);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) {
#pragma GCC unroll 3
        for (int half = U / 2; half > 0; half /= 2) {
#pragma GCC unroll 4
          for (int u = 0; u < half; ++u) acc[u][r][n] += acc[u + half][r][n];
        }
        float* to = out + r * a.out_row + n * L;
        store(to, acc[0][r][n] + (first == 0 ? load(a.bias + (vector + n) * L) : load(to)));
      }
    }
  }
}

template <bool gather, int R>
__attribute__((noinline)) void few_linear_rows(const FewLinear& a, int row, int first, int last) {
  constexpr int N = most_vectors(R);
  int n = first;
  for (; n + N <= last; n += N) few_linear_block<gather, R, N, (R == 1 ? 2 : 1)>(a, row, n);
  for (; n < last; ++n) few_linear_block<gather, R, 1, (R < 8 ? 8 / R : 1)>(a, row, n);
}

// The weights of some vectors of outputs stay in the cache for all rows.
template <bool gather>
void few_linear_of(const FewLinear& a) {
  for (int n = a.first; n < a.last; n += ltn::graph::kFewVectors) {
    const int end = n + ltn::graph::kFewVectors < a.last ? n + ltn::graph::kFewVectors : a.last;
    int i = 0;
    for (; i + kMostRows <= a.images; i += kMostRows) few_linear_rows<gather, kMostRows>(a, i, n, end);
    if (i + 4 <= a.images) {
      few_linear_rows<gather, 4>(a, i, n, end);
      i += 4;
    }
    if (i + 2 <= a.images) {
      few_linear_rows<gather, 2>(a, i, n, end);
      i += 2;
    }
    if (i < a.images) few_linear_rows<gather, 1>(a, i, n, end);
  }
}

void few_linear(const FewLinear& a) { a.offsets != nullptr ? few_linear_of<true>(a) : few_linear_of<false>(a); }

// out[c][i] = in[i][c]; both have whole vectors of rows.
void few_transpose(const float* in, int rows, long row, int channels, float* out, long channel) {
  V r[L];
  for (int c = 0; c < channels; c += L) {
    for (int i = 0; i < rows; i += L) {
#pragma GCC unroll 16
      for (int k = 0; k < L; ++k) r[k] = load(in + (i + k) * row + c);
      transpose(r);
#pragma GCC unroll 16
      for (int k = 0; k < L; ++k) store(out + (c + k) * channel + i, r[k]);
    }
  }
}

}  // namespace
