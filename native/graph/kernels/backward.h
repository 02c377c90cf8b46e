// The backward pass of a block: the gradient at its pooled output becomes dz row by row, and each row is spent on the
// weights' sums while it is in the L1 cache. Two passes over the rows of a tile with `conv_plain` on the padded dz,
// which gives the gradient at the input. Recomputes the convolution where batch norm needs it, stores dz. Of a
// convolution by patches all of dz comes first; winograd_backward.h goes on from there.
//
// Without batch norm dz is zero but for the places that were the largest of their windows: of windows of 2x2 the
// weights' sums then take one input of four for each gradient (sparse.h), but for those by patches.
#pragma once

#include "graph/kernels/sparse.h"
#include "graph/kernels/weights_rows.h"
#include "graph/kernels/winograd_backward.h"

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

// Whether dz is the gradient at the output as it is, and wanted nowhere else.
LTN_INLINE bool is_gradient(const ConvBackward& a) {
  return a.kappa == nullptr && a.pool.kernel_h == 0 && a.dz.first == nullptr;
}

// Where rows of dz go: at once to their buffer, or by way of the scratch rows.
LTN_INLINE DzRows target_rows(const ConvBackward& a, int y, int count) {
  if (a.dz.first != nullptr && a.dz_step == 1) return {a.dz.first + y * a.dz.row, a.dz.row, a.dz.channel, count};
  const long channel = static_cast<long>(a.conv.out_w) * L;
  const long channels = (a.conv.out_channels + kChannelBlock - 1) / kChannelBlock * kChannelBlock;
  return {a.rows, channels * channel, channel, count};
}

// What is done with rows of dz, from row y on, once they are there.
LTN_INLINE void spend_rows(const ConvBackward& a, int y, const DzRows& rows, WeightsRows weights_rows) {
  const ConvShape& c = a.conv;
  for (int i = 0; i < rows.count; ++i) {
    for (int o = 0; o < c.out_channels; ++o) {
      float* from = rows.first + i * rows.row + o * rows.channel;
      if (a.valid != nullptr) {
        const V valid = load(a.valid);
        for (int x = 0; x < c.out_w; ++x) store(from + x * L, load(from + x * L) * valid);
      }
      if (a.db != nullptr) {
        V total{};
        for (int x = 0; x < c.out_w; ++x) total += load(from + x * L);
        store(a.db + o * L, load(a.db + o * L) + total);
      }
      if (a.dz.first == nullptr || a.dz_step == 1) continue;
      float* to = a.dz.first + o * a.dz.channel + (y + i) * a.dz.row;
      for (int x = 0; x < c.out_w; ++x) store(to + x * a.dz_step * L, load(from + x * L));
    }
  }
  weights_rows(a, y, rows);
}

// Rows that are spent together: enough places for the sums to stay in registers a while.
LTN_INLINE int rows_together(const ConvBackward& a) {
  if (patched(a.conv)) return a.conv.out_h;
  if (!is_gradient(a) && (a.dz.first == nullptr || a.dz_step != 1)) return 1;
  return a.conv.out_w >= 32 ? 1 : 32 / a.conv.out_w;
}

// Rows of dz of a stored convolution from row y on, where each place has one gradient or none; else false.
bool stored_rows(const ConvBackward& a, int y, const DzRows& rows) {
  const ConvShape& c = a.conv;
  const PoolShape& p = a.pool;
  const bool plain = p.kernel_h == 0;
  const bool whole = takes_windows(c, p) && 2 * p.out_w == c.out_w && y % 2 == 0 && rows.count % 2 == 0;
  if (!plain && !(whole && y + rows.count <= 2 * p.out_h)) return false;
  const long width = static_cast<long>(c.out_w) * L;
  for (int o = 0; o < c.out_channels; ++o) {
    const V c0 = all(a.bias[o]), c1 = all(a.c1[o]), kappa = all(a.kappa[o]);
    const float* z = a.z + (static_cast<long>(o) * c.out_h + y) * width;
    float* to = rows.first + o * rows.channel;
    if (plain) {
      const float* g = a.gradient + (static_cast<long>(o) * c.out_h + y) * width;
      for (int i = 0; i < rows.count; ++i, to += rows.row, z += width, g += width) {
        for (long x = 0; x < width; x += L) store(to + x, affine(load(z + x), c1, c0) + kappa * load(g + x));
      }
      continue;
    }
    long at = (static_cast<long>(o) * p.out_h + y / 2) * p.out_w * L;
    for (int i = 0; i < rows.count; i += 2, to += 2 * rows.row, z += 2 * width) {
      for (long x = 0; x < width; x += 2 * L, at += L) {
        const V g = kappa * load(a.gradient + at);
        const VI index = load_bytes(a.index + at);
        const auto place = [&](int k, long offset) __attribute__((always_inline)) {
          const V d = affine(load(z + offset), c1, c0);
          return index == all_int(k) ? d + g : d;
        };
        store(to + x, place(0, x));
        store(to + x + L, place(1, x + L));
        store(to + rows.row + x, place(2, width + x));
        store(to + rows.row + x + L, place(3, width + x + L));
      }
    }
  }
  return true;
}

void backward_rows(const ConvBackward& a, int from, WeightsRows weights_rows) {
  const ConvShape& c = a.conv;
  const ConvRow conv_row = conv_row_for(c, c.out_w);
  const int together = rows_together(a);
  for (int first = from; first < c.out_h; first += together) {
    const int count = first + together < c.out_h ? together : c.out_h - first;
    if (is_gradient(a)) {
      const long row = static_cast<long>(c.out_w) * L;
      spend_rows(a, first, {a.gradient + first * row, row, row * c.out_h, count}, weights_rows);
      continue;
    }
    const DzRows rows = target_rows(a, first, count);
    const bool made = a.z != nullptr && stored_rows(a, first, rows);
    for (int i = 0; i < rows.count && !made; ++i) {
      const int y = first + i;
      float* row = rows.first + i * rows.row;
      if (a.z == nullptr && a.weights != nullptr) {
        conv_row(c, a.in, y, 0, c.out_w, a.weights, a.bias, row, rows.channel);
      } else {
        for (int o = 0; o < c.out_channels; ++o) {
          float* to = row + o * rows.channel;
          const V c0 = all(a.z != nullptr ? a.bias[o] : 0.0f), c1 = all(a.z != nullptr ? a.c1[o] : 0.0f);
          const float* z = a.z != nullptr ? a.z + (static_cast<long>(o) * c.out_h + y) * c.out_w * L : nullptr;
          for (int x = 0; x < c.out_w; ++x) store(to + x * L, z != nullptr ? affine(load(z + x * L), c1, c0) : V{});
        }
      }
      scatter_row(a, y, row, rows.channel);
    }
    spend_rows(a, first, rows, weights_rows);
  }
}

// Batch norm's part of windows of 2x2 and the gradient in them, from registers.
template <int KW>
__attribute__((noinline)) void backward_windows(const ConvBackward& a, WeightsRows weights_rows) {
  const ConvShape& c = a.conv;
  const int width = a.pool.out_w, covered = 2 * width;
  const ConvRow rest = conv_row_for(c, 1);
  for (int py = 0; py < a.pool.out_h; ++py) {
    const DzRows rows = target_rows(a, 2 * py, 2);
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
                       float *up = rows.first + o * rows.channel + 2 * x * L, *down = up + rows.row;
                       store(up, index == all_int(0) ? acc[r][0] + g : acc[r][0]);
                       store(up + L, index == all_int(1) ? acc[r][1] + g : acc[r][1]);
                       store(down, index == all_int(2) ? acc[r][2] + g : acc[r][2]);
                       store(down + L, index == all_int(3) ? acc[r][3] + g : acc[r][3]);
                     }
                   });
    for (int i = 0; i < 2 && covered < c.out_w; ++i) {
      rest(c, a.in, 2 * py + i, covered, c.out_w, a.weights, a.bias, rows.first + i * rows.row, rows.channel);
    }
    spend_rows(a, 2 * py, rows, weights_rows);
  }
  backward_rows(a, 2 * a.pool.out_h, weights_rows);
}

void conv_backward(const ConvBackward& a) {
  const WeightsRows weights_rows = weights_rows_for(a.conv);
  if (a.z != nullptr || !takes_windows(a.conv, a.pool)) return backward_rows(a, 0, weights_rows);
  if (a.weights == nullptr && !patched(a.conv)) return backward_sparse(a);
  if (a.weights == nullptr) return backward_rows(a, 0, weights_rows);
  switch (a.conv.kernel_w) {
    case 2:
      return backward_windows<2>(a, weights_rows);
    case 3:
      return backward_windows<3>(a, weights_rows);
    default:
      return backward_windows<5>(a, weights_rows);
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
        V row_sum{}, row_product{};
        for (int x = 0; x < a.w; ++x, g += L) {
          const V d = slope_times<act>(load(out + x * L), load(g));
          store(g, d);
          if (z != nullptr) {
            row_sum += d;
            row_product += d * load(z);
            z += L;
          }
        }
        sum += row_sum;
        product += row_product;
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
