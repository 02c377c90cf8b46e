// What one thread of a fused kernel does. The same functions are compiled for a GPU by nvcc (fused.cu) and for the
// processor by any compiler, where tests call them thread by thread (test/stand-in/kernels.h).
#pragma once

#include <cmath>

#include "cuda/kernels/arguments.h"

#ifdef __CUDACC__
#define LTN_BODY __host__ __device__ __forceinline__
#define LTN_CALLED __host__ __device__ __noinline__
#else
#define LTN_BODY inline
#define LTN_CALLED inline
#endif

namespace ltn::fused {

LTN_BODY float apply(const Pointwise& f, float x) {
  const float* p = f.p;
  switch (f.map) {  // NaN stays NaN in all of them
    case Map::None:
      return x;
    case Map::Relu:
      return x <= 0 ? 0.0f : x;
    case Map::Tanh:
      return tanhf(x);
    case Map::Sigmoid:
      return 1 / (1 + expf(-x));
    case Map::LeakyRelu:
      return x > 0 ? x : x * p[0];
    case Map::Hardtanh:
      return x < p[0] ? p[0] : x > p[1] ? p[1] : x;
    case Map::Elu:
      return x > 0 ? x * p[1] : expm1f(x * p[2]) * p[0];
    case Map::Softplus:
      return x * p[0] > p[1] ? x : log1pf(expf(x * p[0])) / p[0];
    case Map::Gelu:
      return x * 0.5f * (1 + erff(x * 0.70710678118654752f));
    case Map::GeluTanh:
      return x * 0.5f * (1 + tanhf(0.79788456080286536f * (x + 0.044715f * x * x * x)));
    case Map::Silu:
      return x / (1 + expf(-x));
    case Map::Hardswish:
      return x * (x < -3 ? 0 : x > 3 ? 6 : x + 3) / 6;
    case Map::Hardsigmoid:
      return (x < -3 ? 0 : x > 3 ? 6 : x + 3) / 6;
    case Map::Mish:
      return x * tanhf(log1pf(expf(x)));
  }
  return x;
}

// Called, and so there once for all kernels: these functions are long.
LTN_CALLED void apply_all(const Pointwise& f, float* values, int count) {
  for (int i = 0; i < count; ++i) values[i] = apply(f, values[i]);
}

template <int N>
LTN_BODY void apply_each(const Pointwise& f, float (&values)[N]) {
  if (f.map == Map::None) return;
  if (f.map == Map::Relu) {
#pragma unroll
    for (int i = 0; i < N; ++i) values[i] = values[i] <= 0 ? 0.0f : values[i];
    return;
  }
  float addressed[N];  // registers have no addresses
#pragma unroll
  for (int i = 0; i < N; ++i) addressed[i] = values[i];
  apply_all(f, addressed, N);
#pragma unroll
  for (int i = 0; i < N; ++i) values[i] = addressed[i];
}

LTN_BODY void affine_of(const Affine& a, int channel, float& scale, float& shift) {
  scale = 1;
  shift = a.bias != nullptr ? a.bias[channel] : 0;
  if (a.mean == nullptr) return;
  scale = (a.weight != nullptr ? a.weight[channel] : 1) / sqrtf(a.variance[channel] + a.eps);
  shift = (shift - a.mean[channel]) * scale + (a.shift != nullptr ? a.shift[channel] : 0);
}

// As PyTorch has it: NaN is larger than anything.
LTN_BODY float larger(float a, float b) { return b > a || b != b ? b : a; }

// As PyTorch counts: padding counts where it is asked for, what lies beyond it never does.
LTN_BODY float divisor_of(const Pool& p, int y, int x, int h, int w) {
  if (p.divisor != 0) return static_cast<float>(p.divisor);
  int top = y * p.stride_h - p.pad_h, left = x * p.stride_w - p.pad_w;
  int bottom = top + p.kernel_h, right = left + p.kernel_w;
  const int pad_h = p.count_padding ? p.pad_h : 0, pad_w = p.count_padding ? p.pad_w : 0;
  top = top < -pad_h ? -pad_h : top;
  left = left < -pad_w ? -pad_w : left;
  bottom = bottom > h + pad_h ? h + pad_h : bottom;
  right = right > w + pad_w ? w + pad_w : right;
  return static_cast<float>((bottom - top) * (right - left));
}

// --- convolutions: a thread computes a tile of 2x2 of their places, for C channels

struct Tile {
  int image, row, column;  // of tiles
  int y, x;                // where it begins in the convolution's output; may lie outside
  bool inside;
};

LTN_BODY Tile tile_of(const Convolution& a, int thread) {
  const Pool& pool = a.tail.pool;
  const bool pooled = pool.kind != Pool::Kind::None;
  const int tiles = a.tiles_h * a.tiles_w;
  Tile t;
  t.image = thread / tiles;
  t.row = thread % tiles / a.tiles_w;
  t.column = thread % a.tiles_w;
  t.y = pooled ? t.row * pool.stride_h - pool.pad_h : t.row * 2;
  t.x = pooled ? t.column * pool.stride_w - pool.pad_w : t.column * 2;
  t.inside = t.image < a.images;
  return t;
}

// Weights of the group's channels, and of `count` input channels from `first` on, as [input channel][row][column][C].
template <int C>
LTN_BODY void stage_weights(const Convolution& a, int group, int first, int count, int thread, int threads,
                            float* staged) {
  const int kernel = a.kernel_h * a.kernel_w, taps = count * kernel;
  const long long channel = static_cast<long long>(a.in_c) * kernel;
  for (int i = thread; i < taps * C; i += threads) {
    const int tap = i % taps, j = i / taps, o = group * C + j;  // neighbours read neighbours
    staged[tap * C + j] = o < a.out_c ? a.weight[o * channel + first * kernel + tap] : 0;
  }
}

// The scales of the group's channels, and behind them the shifts.
template <int C>
LTN_BODY void stage_affine(const Convolution& a, int group, int thread, float* staged) {
  const int o = group * C + thread;
  if (thread < C && o < a.out_c) affine_of(a.tail.affine, o, staged[thread], staged[C + thread]);
}

template <int C>
LTN_BODY void load_channels(const float* from, float (&to)[C]) {
#ifdef __CUDA_ARCH__
  static_assert(C % 4 == 0);
#pragma unroll
  for (int j = 0; j < C; j += 4) {
    const float4 four = *reinterpret_cast<const float4*>(from + j);
    to[j] = four.x, to[j + 1] = four.y, to[j + 2] = four.z, to[j + 3] = four.w;
  }
#else
  for (int j = 0; j < C; ++j) to[j] = from[j];
#endif
}

// Adds what `count` input channels from `first` on give, of which `weights` are staged. The four places of the tile
// share what they read: (K + 1)^2 inputs in registers.
template <int K, int C>
LTN_BODY void accumulate_square(const Convolution& a, const Tile& t, int first, int count, const float* weights,
                                float (&sums)[4 * C]) {
  const int plane = a.in_h * a.in_w, top = t.y - a.pad_h, left = t.x - a.pad_w;
  unsigned rows = 0, columns = 0;  // those that are inside
#pragma unroll
  for (int i = 0; i <= K; ++i) {
    rows |= static_cast<unsigned>(top + i >= 0 && top + i < a.in_h) << i;
    columns |= static_cast<unsigned>(left + i >= 0 && left + i < a.in_w) << i;
  }
  const float* const x = a.x + (static_cast<long long>(t.image) * a.in_c + first) * plane;
#pragma unroll 1
  for (int c = 0; c < count; ++c) {
    const long long corner = static_cast<long long>(c) * plane + top * a.in_w + left;
    float patch[K + 1][K + 1];
#pragma unroll
    for (int r = 0; r <= K; ++r) {
#pragma unroll
      for (int s = 0; s <= K; ++s) patch[r][s] = rows >> r & columns >> s & 1 ? x[corner + r * a.in_w + s] : 0.0f;
    }
#pragma unroll
    for (int r = 0; r < K; ++r) {
#pragma unroll
      for (int s = 0; s < K; ++s) {
        float w[C];
        load_channels<C>(weights + ((c * K + r) * K + s) * C, w);
#pragma unroll
        for (int place = 0; place < 4; ++place) {
#pragma unroll
          for (int j = 0; j < C; ++j) sums[place * C + j] += patch[r + place / 2][s + place % 2] * w[j];
        }
      }
    }
  }
}

// The same for any kernel, stride and dilation.
template <int C>
LTN_BODY void accumulate_any(const Convolution& a, const Tile& t, int first, int count, const float* weights,
                             float (&sums)[4 * C]) {
  const long long plane = static_cast<long long>(a.in_h) * a.in_w;
  const float* const x = a.x + (static_cast<long long>(t.image) * a.in_c + first) * plane;
  for (int c = 0; c < count; ++c) {
    for (int r = 0; r < a.kernel_h; ++r) {
      for (int s = 0; s < a.kernel_w; ++s) {
        float w[C];
        load_channels<C>(weights + ((c * a.kernel_h + r) * a.kernel_w + s) * C, w);
#pragma unroll
        for (int place = 0; place < 4; ++place) {
          const int row = (t.y + place / 2) * a.stride_h + r * a.dilation_h - a.pad_h;
          const int column = (t.x + place % 2) * a.stride_w + s * a.dilation_w - a.pad_w;
          const bool inside = row >= 0 && row < a.in_h && column >= 0 && column < a.in_w;
          const float value = inside ? x[c * plane + static_cast<long long>(row) * a.in_w + column] : 0.0f;
#pragma unroll
          for (int j = 0; j < C; ++j) sums[place * C + j] += value * w[j];
        }
      }
    }
  }
}

template <int K, int C>
LTN_BODY void accumulate(const Convolution& a, const Tile& t, int first, int count, const float* weights,
                         float (&sums)[4 * C]) {
  if constexpr (K > 0) {
    accumulate_square<K, C>(a, t, first, count, weights, sums);
  } else {
    accumulate_any<C>(a, t, first, count, weights, sums);
  }
}

LTN_BODY bool is_place(const Convolution& a, const Tile& t, int place) {
  const int y = t.y + place / 2, x = t.x + place % 2;
  return y >= 0 && y < a.conv_h && x >= 0 && x < a.conv_w;
}

// What a pool makes of the tile: places outside are absent, or zeros.
template <int C>
LTN_BODY void pool_tile(const Convolution& a, const Tile& t, const float (&values)[4 * C], float (&out)[C]) {
  const bool average = a.tail.pool.kind == Pool::Kind::Average;
#pragma unroll
  for (int j = 0; j < C; ++j) out[j] = average ? 0.0f : -INFINITY;
#pragma unroll
  for (int place = 0; place < 4; ++place) {
    if (!is_place(a, t, place)) continue;
#pragma unroll
    for (int j = 0; j < C; ++j) {
      const float value = values[place * C + j];
      out[j] = average ? out[j] + value : larger(out[j], value);
    }
  }
  if (!average) return;
  const float part = 1 / divisor_of(a.tail.pool, t.row, t.column, a.conv_h, a.conv_w);
#pragma unroll
  for (int j = 0; j < C; ++j) out[j] *= part;
}

// Stores a tile; `affine` is what `stage_affine` gave.
template <int C>
LTN_BODY void finish(const Convolution& a, const Tile& t, int group, const float* affine, float (&sums)[4 * C]) {
#pragma unroll
  for (int i = 0; i < 4 * C; ++i) sums[i] = sums[i] * affine[i % C] + affine[C + i % C];
  apply_each(a.tail.before, sums);
  const long long plane = static_cast<long long>(a.out_h) * a.out_w;
  float* const y = a.y + (static_cast<long long>(t.image) * a.out_c + group * C) * plane;
  const int channels = a.out_c - group * C;
  if (a.tail.pool.kind != Pool::Kind::None) {
    float out[C];
    pool_tile<C>(a, t, sums, out);
    apply_each(a.tail.after, out);
#pragma unroll
    for (int j = 0; j < C; ++j) {
      if (j < channels) y[j * plane + static_cast<long long>(t.row) * a.out_w + t.column] = out[j];
    }
    return;
  }
#pragma unroll
  for (int place = 0; place < 4; ++place) {
    if (!is_place(a, t, place)) continue;
    const long long at = static_cast<long long>(t.y + place / 2) * a.out_w + t.x + place % 2;
#pragma unroll
    for (int j = 0; j < C; ++j) {
      if (j < channels) y[j * plane + at] = sums[place * C + j];
    }
  }
}

// --- a tail alone

LTN_BODY void pass(const Pass& a, int element) {
  const int plane = a.out_h * a.out_w;
  const int column = element % a.out_w, row = element % plane / a.out_w, image_channel = element / plane;
  const Pool& pool = a.tail.pool;
  float scale, shift;
  affine_of(a.tail.affine, image_channel % a.channels, scale, shift);
  const float* const x = a.x + static_cast<long long>(image_channel) * a.h * a.w;
  const bool average = pool.kind == Pool::Kind::Average;
  const int top = row * pool.stride_h - pool.pad_h, left = column * pool.stride_w - pool.pad_w;
  const int bottom = top + pool.kernel_h < a.h ? top + pool.kernel_h : a.h;
  const int right = left + pool.kernel_w < a.w ? left + pool.kernel_w : a.w;
  float out = average ? 0.0f : -INFINITY;
  for (int i = top < 0 ? 0 : top; i < bottom; ++i) {
    for (int j = left < 0 ? 0 : left; j < right; ++j) {
      const float value = apply(a.tail.before, x[static_cast<long long>(i) * a.w + j] * scale + shift);
      out = average ? out + value : larger(out, value);
    }
  }
  if (average) out /= divisor_of(pool, row, column, a.h, a.w);
  a.y[element] = apply(a.tail.after, out);
}

}  // namespace ltn::fused
