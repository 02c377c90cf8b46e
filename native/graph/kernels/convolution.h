// Rows of a convolution of a tile: out[o][x] = bias[o] + sum over (c, ky, kx) of in[c][y s + ky][x s + kx]
// w[o][c][ky][kx].
//
// A register block is four output channels by up to six positions; kernel widths 1, 2, 3 and 5 with stride 1 load each
// input once per row and slide over it, other ones load at run-time distances. A row that is no multiple of the block
// ends with a block that overlaps the one before.
#pragma once

#include "graph/kernels/kernels.h"
#include "graph/kernels/vector.h"

namespace {

using ltn::graph::ConvShape;
using ltn::graph::kChannelBlock;
using ltn::graph::Place;

// The rows of a kernel that lie on zeros of the border are left out.
struct KernelRows {
  int from, to;
};

LTN_INLINE KernelRows kernel_rows(const ConvShape& c, int y) {
  const int above = c.border_h - y * c.stride_h, d = c.dilation_h;
  const int below = c.in_h - c.border_h - y * c.stride_h;
  const int from = above > 0 ? (above + d - 1) / d : 0, to = (below + d - 1) / d;
  return {from < c.kernel_h ? from : c.kernel_h, to < c.kernel_h ? (to > from ? to : from) : c.kernel_h};
}

// The bias of each channel, or zeros where there is none.
template <int R, int P>
LTN_INLINE void begin_sums(const float* bias, V (&acc)[R][P]) {
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
    const V b = bias != nullptr ? all(bias[r]) : V{};
#pragma GCC unroll 6
    for (int k = 0; k < P; ++k) acc[r][k] = b;
  }
}

// acc[r][k] += the convolution at `in` and the P - 1 places after it.
template <int R, int P, int KW>
LTN_INLINE void conv_sums(const ConvShape& c, const float* in, const float* w, KernelRows rows, V (&acc)[R][P]) {
  const long row = static_cast<long>(c.in_w) * c.dilation_h * L;
  const long plane = static_cast<long>(c.in_h) * c.in_w * L;
  const long taps = static_cast<long>(c.kernel_h) * c.kernel_w * kChannelBlock;
  const float* next = w;
  for (int ic = 0; ic < c.in_channels; ++ic, in += plane) {
    const float* p = in + rows.from * row;
    w = next + static_cast<long>(rows.from) * c.kernel_w * kChannelBlock;
    next += taps;
    for (int ky = rows.from; ky < rows.to; ++ky, p += row) {
      if constexpr (KW > 0) {
        V x[P + KW - 1];
#pragma GCC unroll 12
        for (int k = 0; k < P + KW - 1; ++k) x[k] = load(p + k * L);
#pragma GCC unroll 5
        for (int kx = 0; kx < KW; ++kx) {
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) {
            const V ww = all(w[kx * kChannelBlock + r]);
#pragma GCC unroll 6
            for (int k = 0; k < P; ++k) acc[r][k] += x[k + kx] * ww;
          }
        }
        w += KW * kChannelBlock;
      } else {
        const float* q = p;
        const long step = static_cast<long>(c.stride_w) * L;
        for (int kx = 0; kx < c.kernel_w; ++kx, q += static_cast<long>(c.dilation_w) * L, w += kChannelBlock) {
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) {
            const V ww = all(w[r]);
#pragma GCC unroll 6
            for (int k = 0; k < P; ++k) acc[r][k] += load(q + k * step) * ww;
          }
        }
      }
    }
  }
}

template <int R, int P, int KW>
LTN_INLINE void conv_block(const ConvShape& c, const float* in, const float* w, const float* bias, KernelRows rows,
                           int valid, float* out, long channel) {
  V acc[R][P];
  begin_sums<R, P>(bias, acc);
  conv_sums<R, P, KW>(c, in, w, rows, acc);
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
    if (r >= valid) break;
#pragma GCC unroll 6
    for (int k = 0; k < P; ++k) store(out + r * channel + k * L, acc[r][k]);
  }
}

// Columns [x0, x1) of row y, at least P of them; `in` is the whole tile, `bias` null or padded to a multiple of four.
template <int P, int KW>
__attribute__((noinline)) void conv_row_of(const ConvShape& c, const float* in, int y, int x0, int x1, const float* w,
                                           const float* bias, float* out, long channel) {
  const long block = static_cast<long>(c.in_channels) * c.kernel_h * c.kernel_w * kChannelBlock;
  const long step = static_cast<long>(c.stride_w) * L;
  const KernelRows rows = kernel_rows(c, y);
  in += static_cast<long>(y) * c.stride_h * c.in_w * L;
  for (int oc = 0; oc < c.out_channels; oc += kChannelBlock, w += block, out += kChannelBlock * channel) {
    const int valid = c.out_channels - oc;
    const float* b = bias != nullptr ? bias + oc : nullptr;
    for (int x = x0; x < x1; x += P) {
      const int at = x + P <= x1 ? x : x1 - P;
      const float* from = in + at * step;
      if (valid == 1) {
        conv_block<1, P, KW>(c, from, w, b, rows, 1, out + at * L, channel);
      } else if (valid == 2) {
        conv_block<2, P, KW>(c, from, w, b, rows, 2, out + at * L, channel);
      } else {
        conv_block<4, P, KW>(c, from, w, b, rows, valid < 4 ? valid : 4, out + at * L, channel);
      }
    }
  }
}

using ConvRow = void (*)(const ConvShape&, const float*, int, int, int, const float*, const float*, float*, long);

template <int P>
ConvRow conv_row_with(int kw) {
  switch (kw) {
    case 1:
      return conv_row_of<P, 1>;
    case 2:
      return conv_row_of<P, 2>;
    case 3:
      return conv_row_of<P, 3>;
    case 5:
      return conv_row_of<P, 5>;
    default:
      return conv_row_of<P, 0>;
  }
}

// The positions of a block that cover a row of `width` with the least waste.
inline int best_positions(int width) {
  int best = 1, cost = 1 << 30;
  for (int p = kMaxPositions; p >= 1; --p) {
    if (p > width) continue;
    const int blocks = (width + p - 1) / p;
    const int c = blocks * (p + 1);  // a block costs a little by itself
    if (c < cost) {
      cost = c;
      best = p;
    }
  }
  return best;
}

// For rows of `width` columns.
inline ConvRow conv_row_for(const ConvShape& c, int width) {
  const int kw = c.stride_w == 1 && c.dilation_w == 1 ? c.kernel_w : 0;
  ConvRow found = nullptr;
  with_count<kMaxPositions>(best_positions(width), [&](auto p) { found = conv_row_with<p>(kw); });
  return found;
}

// The input rows of output row y.
LTN_INLINE const float* row_of(const ConvShape& c, const float* in, int y) {
  return in + static_cast<long>(y) * c.stride_h * c.in_w * L;
}

}  // namespace
