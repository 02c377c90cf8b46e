// The backward pass of a convolution whose output goes to windows of 2x2 and nowhere else: of each window one place has
// a gradient. dw[o][c][ky][kx] += sum over windows of g * in[c][ky + row][kx + column] of the place that was largest:
// the column is chosen once for each input row, then the row. Where the gradient at the input is wanted, dz is written
// too.
#pragma once

#include "graph/kernels/forward.h"

namespace {

using ltn::graph::ConvBackward;

// For the KH kernel rows from `in` on; dw is [KH][KW][4][lanes].
template <int KH, int KW>
LTN_INLINE void sparse_taps(const float* in, long row, int width, const float* gradient, const uint8_t* index,
                            float* dw) {
  V acc[KH][KW];
#pragma GCC unroll 3
  for (int ky = 0; ky < KH; ++ky)
#pragma GCC unroll 5
    for (int kx = 0; kx < KW; ++kx) acc[ky][kx] = V{};
  for (int x = 0; x < width; ++x, in += 2 * L) {
    const VI place = load_bytes(index + x * L);
    const auto right = (place & 1) != 0, below = (place & 2) != 0;
    const V g = load(gradient + x * L);
    V before[KW];
#pragma GCC unroll 3
    for (int y = 0; y <= KH; ++y) {
      V now[KW], left = load(in + y * row);
#pragma GCC unroll 5
      for (int kx = 0; kx < KW; ++kx) {
        const V next = load(in + y * row + (kx + 1) * L);
        now[kx] = right ? next : left;
        left = next;
      }
#pragma GCC unroll 5
      for (int kx = 0; kx < KW; ++kx) {
        if (y > 0) acc[y - 1][kx] += g * (below ? now[kx] : before[kx]);
        before[kx] = now[kx];
      }
    }
  }
#pragma GCC unroll 3
  for (int ky = 0; ky < KH; ++ky)
#pragma GCC unroll 5
    for (int kx = 0; kx < KW; ++kx) {
      float* to = dw + (ky * KW + kx) * kChannelBlock * L;
      store(to, load(to) + acc[ky][kx]);
    }
}

template <int KW>
__attribute__((noinline)) void backward_sparse(const ConvBackward& a) {
  const ConvShape& c = a.conv;
  const int width = a.pool.out_w;
  const long row = static_cast<long>(c.in_w) * L, plane = row * c.in_h;
  const long taps = static_cast<long>(c.kernel_h) * KW * kChannelBlock * L;
  for (int py = 0; py < a.pool.out_h; ++py) {
    for (int o = 0; o < c.out_channels; ++o) {
      const long at = (static_cast<long>(o) * a.pool.out_h + py) * width * L;
      const float* gradient = a.gradient + at;
      const uint8_t* index = a.index + at;
      const float* in = a.in + 2 * py * row;
      float* dw = a.dw + (o / kChannelBlock * c.in_channels * taps) + o % kChannelBlock * L;
      for (int ic = 0; ic < c.in_channels; ++ic, in += plane, dw += taps) {
        int ky = 0;
        for (; ky + 3 <= c.kernel_h; ky += 3) {
          sparse_taps<3, KW>(in + ky * row, row, width, gradient, index, dw + ky * KW * kChannelBlock * L);
        }
        if (ky + 2 == c.kernel_h) {
          sparse_taps<2, KW>(in + ky * row, row, width, gradient, index, dw + ky * KW * kChannelBlock * L);
        } else if (ky < c.kernel_h) {
          sparse_taps<1, KW>(in + ky * row, row, width, gradient, index, dw + ky * KW * kChannelBlock * L);
        }
      }
      if (a.db != nullptr) {
        V total{};
        for (int x = 0; x < width; ++x) total += load(gradient + x * L);
        store(a.db + o * L, load(a.db + o * L) + total);
      }
      if (a.dz.first == nullptr) continue;
      float *up = a.dz.first + o * a.dz.channel + 2 * py * a.dz.row, *down = up + a.dz.row;
      for (int x = 0; x < width; ++x, up += 2 * L, down += 2 * L) {
        const VI place = load_bytes(index + x * L);
        const V g = load(gradient + x * L);
        store(up, place == all_int(0) ? g : V{});
        store(up + L, place == all_int(1) ? g : V{});
        store(down, place == all_int(2) ? g : V{});
        store(down + L, place == all_int(3) ? g : V{});
      }
    }
  }
}

void backward_sparse(const ConvBackward& a) {
  switch (a.conv.kernel_w) {
    case 2:
      return backward_sparse<2>(a);
    case 3:
      return backward_sparse<3>(a);
    default:
      return backward_sparse<5>(a);
  }
}

}  // namespace
