// The weights' sums of rows of dz, but for those by patches: they come after dz (winograd_backward.h).
#pragma once

#include "graph/kernels/convolution.h"

namespace {

using ltn::graph::ConvBackward;

// Rows of dz: `count` of them, `row` apart.
struct DzRows {
  float* first;
  long row, channel;
  int count;
};

// Sums of some rows: dw[o][c][ky][kx] += sum over y and x of dz[o][y][x] * in[c][y s + ky][x s + kx], for R channels o.
// They are summed by themselves before they are added: images with a uniform background would let one long sum drift.
template <int R, int KW>
LTN_INLINE void weights_block(const ConvShape& c, const float* in, const DzRows& dz, float* dw) {
  const long row = static_cast<long>(c.in_w) * L, plane = row * c.in_h;
  const long step = static_cast<long>(c.stride_w) * L, down = row * c.stride_h;
  constexpr int W = KW > 0 ? KW : 1;
  for (int ic = 0; ic < c.in_channels; ++ic, in += plane) {
    for (int ky = 0; ky < c.kernel_h; ++ky) {
      const float* p = in + ky * row * c.dilation_h;
      for (int kx = 0; kx < c.kernel_w;
           kx += W, p += static_cast<long>(c.dilation_w) * L, dw += W * kChannelBlock * L) {
        V acc[W][R];
#pragma GCC unroll 5
        for (int k = 0; k < W; ++k)
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) acc[k][r] = V{};
        for (int y = 0; y < dz.count; ++y) {
          const float* q = p + y * down;
          const float* d = dz.first + y * dz.row;
          V window[W];
#pragma GCC unroll 5
          for (int k = 0; k + 1 < W; ++k) window[k + 1] = load(q + k * L);
          for (int x = 0; x < c.out_w; ++x) {
#pragma GCC unroll 5
            for (int k = 0; k + 1 < W; ++k) window[k] = window[k + 1];
            window[W - 1] = load(KW > 0 ? q + (x + W - 1) * L : q + x * step);
#pragma GCC unroll 4
            for (int r = 0; r < R; ++r) {
              const V v = load(d + r * dz.channel + x * L);
#pragma GCC unroll 5
              for (int k = 0; k < W; ++k) acc[k][r] += v * window[k];
            }
          }
        }
#pragma GCC unroll 5
        for (int k = 0; k < W; ++k)
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) {
            float* to = dw + (k * kChannelBlock + r) * L;
            store(to, load(to) + acc[k][r]);
          }
      }
    }
  }
}

// Both rows of a kernel of two at once: the loads of dz serve twice as many sums.
template <int R>
LTN_INLINE void weights_block_2x2(const ConvShape& c, const float* in, const DzRows& dz, float* dw) {
  const long row = static_cast<long>(c.in_w) * L;
  const long plane = static_cast<long>(c.in_h) * row;
  for (int ic = 0; ic < c.in_channels; ++ic, in += plane, dw += 4 * kChannelBlock * L) {
    V acc[4][R];
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k)
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) acc[k][r] = V{};
    for (int y = 0; y < dz.count; ++y) {
      const float* p = in + y * c.stride_h * row;
      const float* from = dz.first + y * dz.row;
      V top = load(p), bottom = load(p + row);
      for (int x = 0; x < c.out_w; ++x) {
        const V right = load(p + (x + 1) * L), below = load(p + row + (x + 1) * L);
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
          const V d = load(from + r * dz.channel + x * L);
          acc[0][r] += d * top;
          acc[1][r] += d * right;
          acc[2][r] += d * bottom;
          acc[3][r] += d * below;
        }
        top = right;
        bottom = below;
      }
    }
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k)
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) {
        float* to = dw + (k * kChannelBlock + r) * L;
        store(to, load(to) + acc[k][r]);
      }
  }
}

// The sums of rows of dz, from row y on.
template <int KW>
__attribute__((noinline)) void weights_rows_of(const ConvBackward& a, int y, DzRows dz) {
  const ConvShape& c = a.conv;
  const float* in = row_of(c, a.in, y);
  float* dw = a.dw;
  const long block = static_cast<long>(c.in_channels) * c.kernel_h * c.kernel_w * kChannelBlock * L;
  for (int oc = 0; oc < c.out_channels; oc += kChannelBlock, dz.first += kChannelBlock * dz.channel, dw += block) {
    const int valid = c.out_channels - oc;
    if constexpr (KW == 2) {
      if (c.kernel_h == 2 && c.dilation_h == 1 && valid >= 3) {
        weights_block_2x2<4>(c, in, dz, dw);
        continue;
      }
    }
    if (valid == 1) {
      weights_block<1, KW>(c, in, dz, dw);
    } else if (valid == 2) {
      weights_block<2, KW>(c, in, dz, dw);
    } else {
      weights_block<4, KW>(c, in, dz, dw);
    }
  }
}

void later(const ConvBackward&, int, DzRows) {}

using WeightsRows = void (*)(const ConvBackward&, int, DzRows);

inline WeightsRows weights_rows_for(const ConvShape& c) {
  if (patched(c)) return later;
  if (c.stride_w != 1 || c.dilation_w != 1) return weights_rows_of<0>;
  switch (c.kernel_w) {
    case 1:
      return weights_rows_of<1>;
    case 2:
      return weights_rows_of<2>;
    case 3:
      return weights_rows_of<3>;
    case 5:
      return weights_rows_of<5>;
    default:
      return weights_rows_of<0>;
  }
}

}  // namespace
