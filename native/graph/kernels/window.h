// Two by two places of a convolution's output for R channels, in registers: all that a max pool of 2x2 needs at once,
// and all that its backward pass writes at once. Stride and dilation are 1, the kernel is KW wide and of any height.
#pragma once

#include "graph/kernels/convolution.h"

namespace {

// Of 32 registers 16 hold sums, of 16 registers 8.
#if defined(__AVX512F__)
constexpr int kWindowChannels = 4;
#else
constexpr int kWindowChannels = 2;
#endif

// acc[r][0..3]: the places (0, 0), (0, 1), (1, 0), (1, 1) from `in` on, with `bias` (or null) of each channel.
// Input rows outside [from, to) are zeros.
template <int R, int KW>
LTN_INLINE void window_sums(const ConvShape& c, const float* in, const float* w, const float* bias, int from, int to,
                            V (&acc)[R][4]) {
  begin_sums<R, 4>(bias, acc);
  const long row = static_cast<long>(c.in_w) * L;
  const long plane = row * c.in_h;
  const long taps = static_cast<long>(c.kernel_h) * KW * kChannelBlock;
  for (int ic = 0; ic < c.in_channels; ++ic, in += plane, w += taps) {
    for (int y = from; y < to; ++y) {
      const float* p = in + y * row;
      V x[KW + 1];
#pragma GCC unroll 6
      for (int k = 0; k <= KW; ++k) x[k] = load(p + k * L);
      const float* ww = w + y * KW * kChannelBlock;
      if (y < c.kernel_h) {
#pragma GCC unroll 5
        for (int kx = 0; kx < KW; ++kx)
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) {
            const V v = all(ww[kx * kChannelBlock + r]);
            acc[r][0] += x[kx] * v;
            acc[r][1] += x[kx + 1] * v;
          }
      }
      if (y > 0) {
        ww -= KW * kChannelBlock;
#pragma GCC unroll 5
        for (int kx = 0; kx < KW; ++kx)
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) {
            const V v = all(ww[kx * kChannelBlock + r]);
            acc[r][2] += x[kx] * v;
            acc[r][3] += x[kx + 1] * v;
          }
      }
    }
  }
}

// The same for a kernel of 2x2, whose inputs fit into registers.
template <int R>
LTN_INLINE void window_sums_2x2(const ConvShape& c, const float* in, const float* w, const float* bias,
                                V (&acc)[R][4]) {
  begin_sums<R, 4>(bias, acc);
  const long row = static_cast<long>(c.in_w) * L;
  const long plane = row * c.in_h;
  for (int ic = 0; ic < c.in_channels; ++ic, in += plane, w += 4 * kChannelBlock) {
    V x[3][3];
#pragma GCC unroll 3
    for (int y = 0; y < 3; ++y)
#pragma GCC unroll 3
      for (int k = 0; k < 3; ++k) x[y][k] = load(in + y * row + k * L);
#pragma GCC unroll 4
    for (int t = 0; t < 4; ++t)
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) {
        const V v = all(w[t * kChannelBlock + r]);
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k) acc[r][k] += x[(k >> 1) + (t >> 1)][(k & 1) + (t & 1)] * v;
      }
  }
}

// Calls each(x, first channel, channels, sums) for the windows of the rows 2 py and 2 py + 1; `each` takes the sums of
// R channels as V (&)[R][4], the last `R - channels` of them without meaning.
// `bias` has a multiple of four entries.
template <int R, int KW, typename Each>
LTN_INLINE void windows_of(const ConvShape& c, const float* in, const float* w, const float* bias, int first,
                           int channels, int from, int to, int width, Each&& each) {
  for (int x = 0; x < width; ++x) {
    V acc[R][4];
    if (KW == 2 && c.kernel_h == 2) {
      window_sums_2x2<R>(c, in + 2 * x * L, w, bias, acc);
    } else {
      window_sums<R, KW>(c, in + 2 * x * L, w, bias, from, to, acc);
    }
    each(x, first, channels, acc);
  }
}

template <int KW, typename Each>
LTN_INLINE void window_row(const ConvShape& c, const float* in, const float* weights, const float* bias, int py,
                           int width, Each&& each) {
  const long block = static_cast<long>(c.in_channels) * c.kernel_h * KW * kChannelBlock;
  const int top = c.border_h - 2 * py, bottom = c.in_h - c.border_h - 2 * py;
  const int from = top > 0 ? top : 0, to = bottom < c.kernel_h + 1 ? bottom : c.kernel_h + 1;
  const float* rows = in + static_cast<long>(2 * py) * c.in_w * L;
  constexpr int R = kWindowChannels;
  for (int o = 0; o < c.out_channels; o += R) {
    const int left = c.out_channels - o;
    const float* w = weights + o / kChannelBlock * block + o % kChannelBlock;
    const float* b = bias != nullptr ? bias + o : nullptr;
    if (left == 1) {
      windows_of<1, KW>(c, rows, w, b, o, 1, from, to, width, each);
    } else if (left == 2) {
      windows_of<2, KW>(c, rows, w, b, o, 2, from, to, width, each);
    } else {
      windows_of<R, KW>(c, rows, w, b, o, left < R ? left : R, from, to, width, each);
    }
  }
}

// Windows of 2x2 that do not overlap, over a convolution that these kernels take.
inline bool takes_windows(const ConvShape& c, const ltn::graph::PoolShape& p) {
  const bool plain = p.kernel_h == 2 && p.kernel_w == 2 && p.stride_h == 2 && p.stride_w == 2 && p.pad_h == 0 &&
                     p.pad_w == 0 && 2 * p.out_h <= c.out_h && 2 * p.out_w <= c.out_w;
  const bool simple = c.stride_h == 1 && c.stride_w == 1 && c.dilation_h == 1 && c.dilation_w == 1;
  return plain && simple && (c.kernel_w == 2 || c.kernel_w == 3 || c.kernel_w == 5);
}

}  // namespace
