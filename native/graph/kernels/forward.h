// y = act(pool(scale * conv(in) + shift)), and the statistics of a convolution. One pass; the rows of the convolution
// live in the L1 cache and are never stored. Every activation here is monotone, so it comes after the maximum.
#pragma once

#include "graph/kernels/convolution.h"

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

LTN_INLINE void store_index(uint8_t* at, VI index) {
  const VB bytes = __builtin_convertvector(index, VB);
  std::memcpy(at, &bytes, L);
}

LTN_INLINE VI load_index(const uint8_t* at) {
  VB bytes;
  std::memcpy(&bytes, at, L);
  return __builtin_convertvector(bytes, VI);
}

LTN_INLINE V affine(V z, V scale, V shift) { return z * scale + shift; }

// Windows of 2x2 that do not overlap, as most networks have them. `track`: index and picked.
template <Activation act, bool track>
LTN_INLINE void pool_row_2x2(const ConvForward& a, int py, const float* top, const float* bottom) {
  const int width = a.pool.out_w;
  const long channel = static_cast<long>(a.conv.out_w) * L;
  for (int c = 0; c < a.conv.out_channels; ++c, top += channel, bottom += channel) {
    const V scale = all(a.scale != nullptr ? a.scale[c] : 1.0f), shift = all(a.scale != nullptr ? a.shift[c] : 0.0f);
    float* out = a.out.first + c * a.out.channel + py * a.out.row;
    const long at = (static_cast<long>(c) * a.pool.out_h + py) * width * L;
    for (int x = 0; x < width; ++x) {
      const V z0 = load(top + 2 * x * L), z1 = load(top + (2 * x + 1) * L);
      const V z2 = load(bottom + 2 * x * L), z3 = load(bottom + (2 * x + 1) * L);
      V m = affine(z0, scale, shift);
      const V y1 = affine(z1, scale, shift), y2 = affine(z2, scale, shift), y3 = affine(z3, scale, shift);
      const auto k1 = (y1 > m) | (y1 != y1);
      m = k1 ? y1 : m;
      const auto k2 = (y2 > m) | (y2 != y2);
      m = k2 ? y2 : m;
      const auto k3 = (y3 > m) | (y3 != y3);
      m = k3 ? y3 : m;
      store(out + x * L, activate<act>(m));
      if constexpr (track) {
        if (a.index != nullptr) {
          const VI index = k3 ? all_int(3) : (k2 ? all_int(2) : (k1 ? all_int(1) : VI{}));
          store_index(a.index + at + x * L, index);
        }
        if (a.picked != nullptr) store(a.picked + at + x * L, k3 ? z3 : (k2 ? z2 : (k1 ? z1 : z0)));
      }
    }
  }
}

template <Activation act>
void pool_row_any(const ConvForward& a, int py, long row) {
  const PoolShape& p = a.pool;
  const long channel = static_cast<long>(a.conv.out_w) * L;
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
        const float* from = a.rows + (y % p.kernel_h) * row + c * channel;
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
      if (a.index != nullptr) store_index(a.index + at + px * L, index);
      if (a.picked != nullptr) store(a.picked + at + px * L, picked);
    }
  }
}

template <Activation act>
struct Forward {
  static void run(const ConvForward& a) {
    const ConvShape& c = a.conv;
    const ConvRow conv_row = conv_row_for(c);
    const long channel = static_cast<long>(c.out_w) * L;
    if (a.pool.kernel_h == 0) {
      for (int y = 0; y < c.out_h; ++y) {
        conv_row(c, row_of(c, a.in, y), a.weights, a.bias, a.rows, channel);
        for (int o = 0; o < c.out_channels; ++o) {
          const V scale = all(a.scale != nullptr ? a.scale[o] : 1.0f);
          const V shift = all(a.scale != nullptr ? a.shift[o] : 0.0f);
          float* out = a.out.first + o * a.out.channel + y * a.out.row;
          const float* from = a.rows + o * channel;
          for (int x = 0; x < c.out_w; ++x) store(out + x * L, activate<act>(affine(load(from + x * L), scale, shift)));
          if (a.picked != nullptr) {
            std::memcpy(a.picked + (static_cast<long>(o) * c.out_h + y) * c.out_w * L, from, channel * sizeof(float));
          }
        }
      }
      return;
    }
    const PoolShape& p = a.pool;
    const long row = c.out_channels * channel;
    const bool plain = p.kernel_h == 2 && p.kernel_w == 2 && p.stride_h == 2 && p.stride_w == 2 && p.pad_h == 0 &&
                       p.pad_w == 0 && 2 * p.out_h <= c.out_h && 2 * p.out_w <= c.out_w;
    int made = 0;
    for (int py = 0; py < p.out_h; ++py) {
      int last = py * p.stride_h - p.pad_h + p.kernel_h;
      if (last > c.out_h) last = c.out_h;
      const int first = py * p.stride_h - p.pad_h;
      if (made < first) made = first;  // rows that no window covers
      for (; made < last; ++made) {
        conv_row(c, row_of(c, a.in, made), a.weights, a.bias, a.rows + (made % p.kernel_h) * row, channel);
      }
      if (!plain) {
        pool_row_any<act>(a, py, row);
      } else if (a.index != nullptr || a.picked != nullptr) {
        pool_row_2x2<act, true>(a, py, a.rows, a.rows + row);
      } else {
        pool_row_2x2<act, false>(a, py, a.rows, a.rows + row);
      }
    }
  }
};

void conv_forward(const ConvForward& a) { with_activation<Forward>(a.activation, a); }

void conv_statistics(const ConvStatistics& a) {
  const ConvShape& c = a.conv;
  const ConvRow conv_row = conv_row_for(c);
  const long channel = static_cast<long>(c.out_w) * L;
  for (int y = 0; y < c.out_h; ++y) {
    conv_row(c, row_of(c, a.in, y), a.weights, nullptr, a.rows, channel);
    for (int o = 0; o < c.out_channels; ++o) {
      const float* from = a.rows + o * channel;
      if (y == 0) {
        V total{};
        for (int x = 0; x < c.out_w; ++x) total += load(from + x * L);
        store(a.pivot + o * L, total / static_cast<float>(c.out_w));
        store(a.sum + o * L, V{});
        store(a.square + o * L, V{});
      }
      const V pivot = load(a.pivot + o * L);
      V sum0{}, sum1{}, square0{}, square1{};
      int x = 0;
      for (; x + 1 < c.out_w; x += 2) {
        const V d0 = load(from + x * L) - pivot, d1 = load(from + (x + 1) * L) - pivot;
        sum0 += d0;
        sum1 += d1;
        square0 += d0 * d0;
        square1 += d1 * d1;
      }
      if (x < c.out_w) {
        const V d = load(from + x * L) - pivot;
        sum0 += d;
        square0 += d * d;
      }
      store(a.sum + o * L, load(a.sum + o * L) + (sum0 + sum1));
      store(a.square + o * L, load(a.square + o * L) + (square0 + square1));
    }
  }
}

void conv_plain(const ltn::graph::ConvPlain& a) {
  const ConvRow conv_row = conv_row_for(a.conv);
  for (int y = 0; y < a.conv.out_h; ++y) {
    conv_row(a.conv, row_of(a.conv, a.in, y), a.weights, nullptr, a.out.first + y * a.out.row, a.out.channel);
  }
}

}  // namespace
