// y = act(pool(scale * conv(in) + shift)), and the statistics of a convolution. One pass: windows of 2x2 in registers,
// other windows over rows of the convolution that live in the L1 cache; its output is never stored. Every activation
// here is monotone, so it comes after the maximum.
#pragma once

#include "graph/kernels/winograd.h"

namespace {

using ltn::graph::Activation;
using ltn::graph::ConvForward;
using ltn::graph::ConvStatistics;
using ltn::graph::PoolShape;

template <Activation act>
LTN_INLINE V activate(V x) {
  if constexpr (act == Activation::Relu) return x < 0.0f ? V{} : x;  // NaN stays
  if constexpr (act == Activation::Tanh) return tanh_of(x);
  if constexpr (act == Activation::Sigmoid) return sigmoid_of(x);
  return x;
}

// Calls f<activation>().
template <template <Activation> class F, typename... A>
void with_activation(Activation act, A&&... args) {
  switch (act) {
    case Activation::None:
      return F<Activation::None>::run(args...);
    case Activation::Relu:
      return F<Activation::Relu>::run(args...);
    case Activation::Tanh:
      return F<Activation::Tanh>::run(args...);
    case Activation::Sigmoid:
      return F<Activation::Sigmoid>::run(args...);
  }
}

LTN_INLINE V affine(V z, V scale, V shift) { return z * scale + shift; }

// Apart, so that the kernels stay small; `x` is no NaN.
__attribute__((noinline)) V tanh_apart(V x) { return tanh_of(x); }
__attribute__((noinline)) V sigmoid_apart(V x) { return sigmoid_of(x); }

LTN_INLINE V activated(Activation act, V x) {
  switch (act) {
    case Activation::None:
      return x;
    case Activation::Relu:
      return larger(V{}, x);
    case Activation::Tanh:
      return tanh_apart(x);
    case Activation::Sigmoid:
      return sigmoid_apart(x);
  }
  return x;
}

// Scale, pool, activate and store a window of channel o; `track`: index and picked. There is no NaN.
template <bool track>
LTN_INLINE void finish_window(const ConvForward& a, int o, int py, int x, const V* z) {
  V y[4] = {z[0], z[1], z[2], z[3]};
  if (a.scale != nullptr) {
    const V scale = all(a.scale[o]), shift = all(a.shift[o]);
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) y[k] = affine(z[k], scale, shift);
  }
  const V top = larger(y[0], y[1]), bottom = larger(y[2], y[3]);
  store(a.out.first + o * a.out.channel + py * a.out.row + x * L, activated(a.activation, larger(top, bottom)));
  if constexpr (track) {
    const auto k1 = y[1] > y[0], k3 = y[3] > y[2], k2 = bottom > top;
    const long at = ((static_cast<long>(o) * a.pool.out_h + py) * a.pool.out_w + x) * L;
    const VI upper = k1 ? all_int(1) : VI{}, lower = k3 ? all_int(3) : all_int(2);
    store_bytes(a.index + at, k2 ? lower : upper);
    if (a.picked != nullptr) store(a.picked + at, k2 ? (k3 ? z[3] : z[2]) : (k1 ? z[1] : z[0]));
  }
}

template <bool track>
__attribute__((noinline)) void forward_stored_windows(const ConvForward& a) {
  const long row = static_cast<long>(a.conv.out_w) * L;
  for (int o = 0; o < a.conv.out_channels; ++o) {
    for (int py = 0; py < a.pool.out_h; ++py) {
      const float* from = a.z + (static_cast<long>(o) * a.conv.out_h + 2 * py) * row;
      for (int x = 0; x < a.pool.out_w; ++x, from += 2 * L) {
        const V z[4] = {load(from), load(from + L), load(from + row), load(from + row + L)};
        finish_window<track>(a, o, py, x, z);
      }
    }
  }
}

// From registers.
template <int KW, bool track>
__attribute__((noinline)) void forward_windows(const ConvForward& a) {
  for (int py = 0; py < a.pool.out_h; ++py) {
    window_row<KW>(a.conv, a.in, a.weights, a.bias, py, a.pool.out_w,
                   [&](int x, int first, int channels, auto& acc) __attribute__((always_inline)) {
                     constexpr int R = sizeof(acc) / sizeof(acc[0]);
#pragma GCC unroll 4
                     for (int r = 0; r < R; ++r) {
                       if (r < channels) finish_window<track>(a, first + r, py, x, acc[r]);
                     }
                   });
  }
}

// From patches, with a pool or without one. There is no NaN.
template <bool track>
__attribute__((noinline)) void forward_patches(const ConvForward& a) {
  for (int py = 0; py < a.conv.out_h / 2; ++py) {
    winograd_row(a.conv, a.in, a.patched, a.bias, a.rows, py,
                 [&](int x, int o, int, auto& acc) __attribute__((always_inline)) {
                   if (a.pool.kernel_h != 0) return finish_window<track>(a, o, py, x, acc[0]);
                   const V scale = all(a.scale != nullptr ? a.scale[o] : 1.0f);
                   const V shift = all(a.scale != nullptr ? a.shift[o] : 0.0f);
                   V y[4];
#pragma GCC unroll 4
                   for (int k = 0; k < 4; ++k) y[k] = activated(a.activation, affine(acc[0][k], scale, shift));
                   store_places(a.out, o, py, x, y);
                 });
  }
}

template <bool track>
void forward_windows(const ConvForward& a) {
  if (a.z != nullptr) return forward_stored_windows<track>(a);
  if (a.patched != nullptr) return forward_patches<track>(a);
  switch (a.conv.kernel_w) {
    case 2:
      return forward_windows<2, track>(a);
    case 3:
      return forward_windows<3, track>(a);
    default:
      return forward_windows<5, track>(a);
  }
}

// Rows of a convolution's output: `rows` of them in a ring, or all.
struct Rows {
  const float* first;
  int rows;
  long row, channel;
};

template <Activation act>
void pool_row_any(const ConvForward& a, int py, const Rows& in) {
  const PoolShape& p = a.pool;
  const int y0 = py * p.stride_h - p.pad_h;
  for (int c = 0; c < a.conv.out_channels; ++c) {
    const V scale = all(a.scale != nullptr ? a.scale[c] : 1.0f), shift = all(a.scale != nullptr ? a.shift[c] : 0.0f);
    float* out = a.out.first + c * a.out.channel + py * a.out.row;
    const long at = (static_cast<long>(c) * p.out_h + py) * p.out_w * L;
    for (int px = 0; px < p.out_w; ++px) {
      const int x0 = px * p.stride_w - p.pad_w;
      V m = all(-INFINITY), picked{};
      VI index{};
      for (int wy = 0; wy < p.kernel_h; ++wy) {
        const int y = y0 + wy;
        if (y < 0 || y >= a.conv.out_h) continue;
        const float* from = in.first + (y % in.rows) * in.row + c * in.channel;
        for (int wx = 0; wx < p.kernel_w; ++wx) {
          const int x = x0 + wx;
          if (x < 0 || x >= a.conv.out_w) continue;
          const V z = load(from + x * L), y1 = affine(z, scale, shift);
          const auto k = (y1 > m) | (y1 != y1);
          m = k ? y1 : m;
          picked = k ? z : picked;
          index = k ? all_int(wy * p.kernel_w + wx) : index;
        }
      }
      store(out + px * L, activate<act>(m));
      if (a.index != nullptr) store_bytes(a.index + at + px * L, index);
      if (a.picked != nullptr) store(a.picked + at + px * L, picked);
    }
  }
}

// Windows of any kind, and none; NaN stays what it is.
template <Activation act>
struct Forward {
  static void run(const ConvForward& a) {
    const ConvShape& c = a.conv;
    const ConvRow conv_row = conv_row_for(c, c.out_w);
    const long width = static_cast<long>(c.out_w) * L;
    const long channel = a.z != nullptr ? width * c.out_h : width;
    if (a.pool.kernel_h == 0) {
      for (int y = 0; y < c.out_h; ++y) {
        const float* row = a.z != nullptr ? a.z + y * width : a.rows;
        if (a.z == nullptr) conv_row(c, a.in, y, 0, c.out_w, a.weights, a.bias, a.rows, channel);
        for (int o = 0; o < c.out_channels; ++o) {
          const V scale = all(a.scale != nullptr ? a.scale[o] : 1.0f);
          const V shift = all(a.scale != nullptr ? a.shift[o] : 0.0f);
          float* out = a.out.first + o * a.out.channel + y * a.out.row;
          const float* from = row + o * channel;
          for (int x = 0; x < c.out_w; ++x) store(out + x * L, activate<act>(affine(load(from + x * L), scale, shift)));
          if (a.picked != nullptr && a.picked != a.z) {
            std::memcpy(a.picked + (static_cast<long>(o) * c.out_h + y) * width, from, width * sizeof(float));
          }
        }
      }
      return;
    }
    const PoolShape& p = a.pool;
    const long row = c.out_channels * channel;
    if (a.z != nullptr) {
      for (int py = 0; py < p.out_h; ++py) pool_row_any<act>(a, py, {a.z, c.out_h, width, channel});
      return;
    }
    int made = 0;
    for (int py = 0; py < p.out_h; ++py) {
      int last = py * p.stride_h - p.pad_h + p.kernel_h;
      if (last > c.out_h) last = c.out_h;
      const int first = py * p.stride_h - p.pad_h;
      if (made < first) made = first;  // rows that no window covers
      for (; made < last; ++made) {
        conv_row(c, a.in, made, 0, c.out_w, a.weights, a.bias, a.rows + (made % p.kernel_h) * row, channel);
      }
      pool_row_any<act>(a, py, {a.rows, p.kernel_h, row, channel});
    }
  }
};

void conv_forward(const ConvForward& a) {
  const bool alone = a.pool.kernel_h == 0 && a.picked == nullptr && a.z == nullptr && a.patched != nullptr;
  if (a.bounded && alone) return forward_patches<false>(a);
  if (!a.bounded || a.pool.kernel_h == 0 || !takes_windows(a.conv, a.pool))
    return with_activation<Forward>(a.activation, a);
  if (a.index != nullptr) {
    forward_windows<true>(a);
  } else {
    forward_windows<false>(a);
  }
}

// The pivot is part of the convolution's bias. Each row is summed by itself, in registers, before it is added, so that
// rounding does not grow with the image.
template <int R, int P, int KW>
LTN_INLINE void statistics_of(const ltn::graph::ConvStatistics& a, int o, int valid, const float* w) {
  const ConvShape& c = a.conv;
  const long step = static_cast<long>(c.stride_w) * L, row = static_cast<long>(c.stride_h) * c.in_w * L;
  V pivot[R], sum[R], square[R];
  const auto sums_at = [&](int y, int x, V(&acc)[R][P]) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 6
      for (int k = 0; k < P; ++k) acc[r][k] = -pivot[r];
    conv_sums<R, P, KW>(c, a.in + y * row + x * step, w, kernel_rows(c, y), acc);
  };
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) pivot[r] = V{};
  V acc[R][P];
  sums_at(c.out_h / 2, (c.out_w - P) / 2, acc);
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 6
    for (int k = 0; k < P; ++k) pivot[r] += acc[r][k];
    pivot[r] *= 1.0f / P;
    if (r >= valid) continue;
    store(a.pivot + (o + r) * L, pivot[r]);
    store(a.sum + (o + r) * L, V{});
    store(a.square + (o + r) * L, V{});
  }
  const auto add = [&](int from) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 6
      for (int k = 0; k < P; ++k) {
        if (k < from) continue;
        sum[r] += acc[r][k];
        square[r] += acc[r][k] * acc[r][k];
      }
  };
  for (int y = 0; y < c.out_h; ++y) {
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) sum[r] = square[r] = V{};
    int x = 0;
    for (; x + P <= c.out_w; x += P) {
      sums_at(y, x, acc);
      add(0);
    }
    if (x < c.out_w) {
      sums_at(y, c.out_w - P, acc);
      add(x + P - c.out_w);  // the places before were in the block before
    }
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      if (r >= valid) break;
      float *s = a.sum + (o + r) * L, *q = a.square + (o + r) * L;
      store(s, load(s) + sum[r]);
      store(q, load(q) + square[r]);
    }
  }
}

template <int P, int KW>
__attribute__((noinline)) void statistics_with(const ltn::graph::ConvStatistics& a) {
  const long block = static_cast<long>(a.conv.in_channels) * a.conv.kernel_h * a.conv.kernel_w * kChannelBlock;
  const float* w = a.weights;
  for (int o = 0; o < a.conv.out_channels; o += kChannelBlock, w += block) {
    const int valid = a.conv.out_channels - o;
    if (valid <= 2) {
      statistics_of<2, P, KW>(a, o, valid, w);
    } else {
      statistics_of<4, P, KW>(a, o, valid, w);
    }
  }
}

template <int P>
void statistics_with(const ltn::graph::ConvStatistics& a) {
  const ConvShape& c = a.conv;
  switch (c.stride_w == 1 && c.dilation_w == 1 ? c.kernel_w : 0) {
    case 1:
      return statistics_with<P, 1>(a);
    case 2:
      return statistics_with<P, 2>(a);
    case 3:
      return statistics_with<P, 3>(a);
    default:
      return statistics_with<P, 0>(a);
  }
}

void conv_plain(const ltn::graph::ConvPlain& a) {
  const ConvShape& c = a.conv;
  if (a.patched != nullptr) {
    for (int py = 0; py < c.out_h / 2; ++py) {
      winograd_row(c, a.in, a.patched, nullptr, a.scratch, py,
                   [&](int x, int o, int, auto& acc)
                       __attribute__((always_inline)) { store_places(a.out, o, py, x, acc[0]); });
    }
    return;
  }
  const ConvRow conv_row = conv_row_for(c, c.out_w);
  for (int y = 0; y < c.out_h; ++y) {
    conv_row(c, a.in, y, 0, c.out_w, a.weights, nullptr, a.out.first + y * a.out.row, a.out.channel);
  }
}

// The convolution is stored first, and then summed.
void stored_statistics(const ltn::graph::ConvStatistics& a) {
  const ConvShape& c = a.conv;
  const long row = static_cast<long>(c.out_w) * L, plane = row * c.out_h;
  conv_plain({c, a.in, a.weights, a.patched, a.scratch, {a.z, row, plane}});
  for (int o = 0; o < c.out_channels; ++o) {
    const float* z = a.z + o * plane;
    const float* middle = z + c.out_h / 2 * row;
    V pivot{}, sum{}, square{};
    for (int x = 0; x < c.out_w; ++x) pivot += load(middle + x * L);
    pivot *= 1.0f / static_cast<float>(c.out_w);
    for (int y = 0; y < c.out_h; ++y) {
      V s{}, q{};
      for (int x = 0; x < c.out_w; ++x, z += L) {
        const V d = load(z) - pivot;
        s += d;
        q += d * d;
      }
      sum += s;
      square += q;
    }
    store(a.pivot + o * L, pivot);
    store(a.sum + o * L, sum);
    store(a.square + o * L, square);
  }
}

void conv_statistics(const ltn::graph::ConvStatistics& a) {
  if (a.z != nullptr) return stored_statistics(a);
  const int width = a.conv.out_w;
#if defined(__AVX512F__)
  if (width % 4 == 0) return statistics_with<4>(a);
#endif
  if (width == 1) return statistics_with<1>(a);
  if (width == 2) return statistics_with<2>(a);
  statistics_with<3>(a);
}

}  // namespace
