// The backward pass of a block: the gradient at its pooled output becomes dz row by row, and each row is spent on the
// weights' sums while it is in the L1 cache. Two passes over the rows of a tile with `conv_plain` on the padded dz,
// which gives the gradient at the input. Recomputes the convolution where batch norm needs it, stores dz.
//
// Without batch norm dz is zero but for the places that were the largest of their windows: of windows of 2x2 the
// weights' sums then take one input of four for each gradient (sparse.h).
#pragma once

#include "graph/kernels/sparse.h"

namespace {

using ltn::graph::ActivationBackward;
using ltn::graph::ConvBackward;

// Adds scale * gradient to the places of row y that were the largest of their windows; `row` is [channels][out_w].
LTN_INLINE void scatter_row(const ConvBackward& a, int y, float* row, long channel) {
  const PoolShape& p = a.pool;
  const ConvShape& c = a.conv;
  if (p.kernel_h == 0) {
    for (int o = 0; o < c.out_channels; ++o) {
      const V scale = all(a.kappa != nullptr ? a.kappa[o] : 1.0f);
      const float* g = a.gradient + (static_cast<long>(o) * c.out_h + y) * c.out_w * L;
      float* to = row + o * channel;
      for (int x = 0; x < c.out_w; ++x) store(to + x * L, load(to + x * L) + scale * load(g + x * L));
    }
    return;
  }
  int first = (y + p.pad_h - p.kernel_h) / p.stride_h + 1;
  if (y + p.pad_h < p.kernel_h) first = 0;
  const bool apart = p.kernel_w == 2 && p.stride_w == 2 && p.pad_w == 0 && 2 * p.out_w <= c.out_w;
  for (int py = first; py < p.out_h && py * p.stride_h - p.pad_h <= y; ++py) {
    const int wy = y - (py * p.stride_h - p.pad_h);
    for (int o = 0; o < c.out_channels; ++o) {
      const V scale = all(a.kappa != nullptr ? a.kappa[o] : 1.0f);
      const long at = (static_cast<long>(o) * p.out_h + py) * p.out_w * L;
      float* to = row + o * channel;
      if (apart) {
        const VI left = all_int(wy * 2), right = all_int(wy * 2 + 1);
        for (int px = 0; px < p.out_w; ++px) {
          const V g = scale * load(a.gradient + at + px * L);
          const VI index = load_bytes(a.index + at + px * L);
          float* q = to + 2 * px * L;
          store(q, load(q) + (index == left ? g : V{}));
          store(q + L, load(q + L) + (index == right ? g : V{}));
        }
        continue;
      }
      for (int px = 0; px < p.out_w; ++px) {
        const V g = scale * load(a.gradient + at + px * L);
        const VI index = load_bytes(a.index + at + px * L);
        const int x0 = px * p.stride_w - p.pad_w;
        for (int wx = 0; wx < p.kernel_w; ++wx) {
          const int x = x0 + wx;
          if (x < 0 || x >= c.out_w) continue;
          store(to + x * L, load(to + x * L) + (index == all_int(wy * p.kernel_w + wx) ? g : V{}));
        }
      }
    }
  }
}

// Sums of one row: dw[o][c][ky][kx] += sum over x of dz[o][x] * in[c][ky][x s + kx], for four channels o.
template <int R, int KW>
LTN_INLINE void weights_block(const ConvShape& c, const float* in, const float* dz, long channel, float* dw) {
  const long row = static_cast<long>(c.in_w) * c.dilation_h * L;
  const long plane = static_cast<long>(c.in_h) * c.in_w * L;
  const long step = static_cast<long>(c.stride_w) * L;
  for (int ic = 0; ic < c.in_channels; ++ic, in += plane) {
    const float* p = in;
    for (int ky = 0; ky < c.kernel_h; ++ky, p += row) {
      if constexpr (KW > 0) {
        V acc[KW][R];
#pragma GCC unroll 5
        for (int kx = 0; kx < KW; ++kx)
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) acc[kx][r] = load(dw + (kx * kChannelBlock + r) * L);
        V window[KW];
#pragma GCC unroll 5
        for (int kx = 0; kx + 1 < KW; ++kx) window[kx + 1] = load(p + kx * L);
        for (int x = 0; x < c.out_w; ++x) {
#pragma GCC unroll 5
          for (int kx = 0; kx + 1 < KW; ++kx) window[kx] = window[kx + 1];
          window[KW - 1] = load(p + (x + KW - 1) * L);
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) {
            const V d = load(dz + r * channel + x * L);
#pragma GCC unroll 5
            for (int kx = 0; kx < KW; ++kx) acc[kx][r] += d * window[kx];
          }
        }
#pragma GCC unroll 5
        for (int kx = 0; kx < KW; ++kx)
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) store(dw + (kx * kChannelBlock + r) * L, acc[kx][r]);
        dw += KW * kChannelBlock * L;
      } else {
        const float* q = p;
        for (int kx = 0; kx < c.kernel_w; ++kx, q += static_cast<long>(c.dilation_w) * L, dw += kChannelBlock * L) {
          V acc[R];
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) acc[r] = load(dw + r * L);
          for (int x = 0; x < c.out_w; ++x) {
            const V i = load(q + x * step);
#pragma GCC unroll 4
            for (int r = 0; r < R; ++r) acc[r] += load(dz + r * channel + x * L) * i;
          }
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) store(dw + r * L, acc[r]);
        }
      }
    }
  }
}

// Both rows of a kernel of two at once: the loads of dz serve twice as many sums.
template <int R>
LTN_INLINE void weights_block_2x2(const ConvShape& c, const float* in, const float* dz, long channel, float* dw) {
  const long row = static_cast<long>(c.in_w) * L;
  const long plane = static_cast<long>(c.in_h) * row;
  for (int ic = 0; ic < c.in_channels; ++ic, in += plane, dw += 4 * kChannelBlock * L) {
    V acc[4][R];
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k)
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) acc[k][r] = load(dw + (k * kChannelBlock + r) * L);
    V top = load(in), bottom = load(in + row);
    for (int x = 0; x < c.out_w; ++x) {
      const V right = load(in + (x + 1) * L), below = load(in + row + (x + 1) * L);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) {
        const V d = load(dz + r * channel + x * L);
        acc[0][r] += d * top;
        acc[1][r] += d * right;
        acc[2][r] += d * bottom;
        acc[3][r] += d * below;
      }
      top = right;
      bottom = below;
    }
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k)
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) store(dw + (k * kChannelBlock + r) * L, acc[k][r]);
  }
}

template <int KW>
__attribute__((noinline)) void weights_row_of(const ConvShape& c, const float* in, const float* dz, long channel,
                                              float* dw) {
  const long block = static_cast<long>(c.in_channels) * c.kernel_h * c.kernel_w * kChannelBlock * L;
  for (int oc = 0; oc < c.out_channels; oc += kChannelBlock, dz += kChannelBlock * channel, dw += block) {
    const int valid = c.out_channels - oc;
    if constexpr (KW == 2) {
      if (c.kernel_h == 2 && c.dilation_h == 1 && valid >= 3) {
        weights_block_2x2<4>(c, in, dz, channel, dw);
        continue;
      }
    }
    if (valid == 1) {
      weights_block<1, KW>(c, in, dz, channel, dw);
    } else if (valid == 2) {
      weights_block<2, KW>(c, in, dz, channel, dw);
    } else {
      weights_block<4, KW>(c, in, dz, channel, dw);
    }
  }
}

using WeightsRow = void (*)(const ConvShape&, const float*, const float*, long, float*);

inline WeightsRow weights_row_for(const ConvShape& c) {
  if (c.stride_w != 1 || c.dilation_w != 1) return weights_row_of<0>;
  switch (c.kernel_w) {
    case 1:
      return weights_row_of<1>;
    case 2:
      return weights_row_of<2>;
    case 3:
      return weights_row_of<3>;
    case 5:
      return weights_row_of<5>;
    default:
      return weights_row_of<0>;
  }
}

// Where a row of dz goes: at once to its buffer, or by way of the scratch rows.
struct Row {
  float* first;
  long channel;
};

LTN_INLINE Row target_row(const ConvBackward& a, int y, int scratch) {
  if (a.dz.first != nullptr && a.dz_step == 1) return {a.dz.first + y * a.dz.row, a.dz.channel};
  const long channel = static_cast<long>(a.conv.out_w) * L;
  const long channels = (a.conv.out_channels + kChannelBlock - 1) / kChannelBlock * kChannelBlock;
  return {a.rows + scratch * channels * channel, channel};
}

// What is done with a row of dz once it is there.
LTN_INLINE void spend_row(const ConvBackward& a, int y, Row row, WeightsRow weights_row) {
  const ConvShape& c = a.conv;
  if (a.valid != nullptr) {
    const V valid = load(a.valid);
    for (int o = 0; o < c.out_channels; ++o) {
      float* p = row.first + o * row.channel;
      for (int x = 0; x < c.out_w; ++x) store(p + x * L, load(p + x * L) * valid);
    }
  }
  weights_row(c, row_of(c, a.in, y), row.first, row.channel, a.dw);
  if (a.db != nullptr) {
    for (int o = 0; o < c.out_channels; ++o) {
      V total{};
      for (int x = 0; x < c.out_w; ++x) total += load(row.first + o * row.channel + x * L);
      store(a.db + o * L, load(a.db + o * L) + total);
    }
  }
  if (a.dz.first == nullptr || a.dz_step == 1) return;
  for (int o = 0; o < c.out_channels; ++o) {
    const float* from = row.first + o * row.channel;
    float* to = a.dz.first + o * a.dz.channel + y * a.dz.row;
    for (int x = 0; x < c.out_w; ++x) store(to + x * a.dz_step * L, load(from + x * L));
  }
}

void backward_rows(const ConvBackward& a, int from, WeightsRow weights_row) {
  const ConvShape& c = a.conv;
  const ConvRow conv_row = conv_row_for(c, c.out_w);
  for (int y = from; y < c.out_h; ++y) {
    const Row row = target_row(a, y, 0);
    if (a.weights != nullptr) {
      conv_row(c, a.in, y, 0, c.out_w, a.weights, a.bias, row.first, row.channel);
    } else {
      for (int o = 0; o < c.out_channels; ++o) std::memset(row.first + o * row.channel, 0, sizeof(float) * c.out_w * L);
    }
    scatter_row(a, y, row.first, row.channel);
    spend_row(a, y, row, weights_row);
  }
}

// Batch norm's part of windows of 2x2 and the gradient in them, from registers.
template <int KW>
__attribute__((noinline)) void backward_windows(const ConvBackward& a, WeightsRow weights_row) {
  const ConvShape& c = a.conv;
  const int width = a.pool.out_w, covered = 2 * width;
  const ConvRow rest = conv_row_for(c, 1);
  for (int py = 0; py < a.pool.out_h; ++py) {
    const Row top = target_row(a, 2 * py, 0), bottom = target_row(a, 2 * py + 1, 1);
    window_row<KW>(c, a.in, a.weights, a.bias, py, width,
                   [&](int x, int first, int channels, auto& acc) __attribute__((always_inline)) {
                     constexpr int R = sizeof(acc) / sizeof(acc[0]);
#pragma GCC unroll 4
                     for (int r = 0; r < R; ++r) {
                       if (r >= channels) break;
                       const int o = first + r;
                       const long at = ((static_cast<long>(o) * a.pool.out_h + py) * width + x) * L;
                       const V g = all(a.kappa[o]) * load(a.gradient + at);
                       const VI index = load_bytes(a.index + at);
                       float* up = top.first + o * top.channel + 2 * x * L;
                       float* down = bottom.first + o * bottom.channel + 2 * x * L;
                       store(up, index == all_int(0) ? acc[r][0] + g : acc[r][0]);
                       store(up + L, index == all_int(1) ? acc[r][1] + g : acc[r][1]);
                       store(down, index == all_int(2) ? acc[r][2] + g : acc[r][2]);
                       store(down + L, index == all_int(3) ? acc[r][3] + g : acc[r][3]);
                     }
                   });
    for (int y = 2 * py; y < 2 * py + 2; ++y) {
      const Row& row = y % 2 == 0 ? top : bottom;
      if (covered < c.out_w) rest(c, a.in, y, covered, c.out_w, a.weights, a.bias, row.first, row.channel);
      spend_row(a, y, row, weights_row);
    }
  }
  backward_rows(a, 2 * a.pool.out_h, weights_row);
}

void conv_backward(const ConvBackward& a) {
  const WeightsRow weights_row = weights_row_for(a.conv);
  if (!takes_windows(a.conv, a.pool)) return backward_rows(a, 0, weights_row);
  if (a.weights == nullptr) return backward_sparse(a);
  switch (a.conv.kernel_w) {
    case 2:
      return backward_windows<2>(a, weights_row);
    case 3:
      return backward_windows<3>(a, weights_row);
    default:
      return backward_windows<5>(a, weights_row);
  }
}

// From an activation's own value.
template <Activation act>
LTN_INLINE V slope_times(V y, V g) {
  if constexpr (act == Activation::Relu) return y > 0.0f ? g : V{};
  if constexpr (act == Activation::Tanh) return g * (1.0f - y * y);
  if constexpr (act == Activation::Sigmoid) return g * y * (1.0f - y);
  return g;
}

template <Activation act>
struct SlopePass {
  static void run(const ActivationBackward& a) {
    const long size = static_cast<long>(a.h) * a.w * L;
    for (int c = 0; c < a.channels; ++c) {
      V sum{}, product{};
      float* g = a.gradient + c * size;
      const float* z = a.picked != nullptr ? a.picked + c * size : nullptr;
      for (int y = 0; y < a.h; ++y) {
        const float* out = a.out.first + c * a.out.channel + y * a.out.row;
        for (int x = 0; x < a.w; ++x, g += L) {
          const V d = slope_times<act>(load(out + x * L), load(g));
          store(g, d);
          if (z != nullptr) {
            sum += d;
            product += d * load(z);
            z += L;
          }
        }
      }
      if (a.picked != nullptr) {
        store(a.sum + c * L, sum);
        store(a.product + c * L, product);
      }
    }
  }
};

void activation_backward(const ActivationBackward& a) {
  if (a.activation == Activation::None && a.picked == nullptr) return;
  with_activation<SlopePass>(a.activation, a);
}

}  // namespace
