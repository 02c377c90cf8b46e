// X[t] += sum of x_t and G[t][u] += sum of x_t x_u over the places of a convolution's output. One pass; each row is
// summed by itself before it is added, so that rounding does not grow with the image.
#pragma once

#include "graph/kernels/convolution.h"

namespace {

template <int R>
LTN_INLINE void products_of(const float* x, const float* const* others, int width, long step, float* out) {
  V acc[R];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) acc[r] = V{};
  for (int i = 0; i < width; ++i) {
    const V v = load(x + i * step);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) acc[r] += v * load(others[r] + i * step);
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) store(out + r * L, load(out + r * L) + acc[r]);
}

void conv_moments(const ltn::graph::ConvMoments& a) {
  const ConvShape& c = a.conv;
  const long row = static_cast<long>(c.in_w) * L, plane = row * c.in_h, step = static_cast<long>(c.stride_w) * L;
  const float* taps[ltn::graph::kMaxTaps];
  for (int y = 0; y < c.out_h; ++y) {
    int count = 0;
    for (int ic = 0; ic < c.in_channels; ++ic)
      for (int ky = 0; ky < c.kernel_h; ++ky)
        for (int kx = 0; kx < c.kernel_w; ++kx) {
          taps[count++] = row_of(c, a.in, y) + ic * plane + ky * c.dilation_h * row + kx * c.dilation_w * L;
        }
    float* out = a.out;
    for (int t = 0; t < count; ++t, out += L) {
      V total{};
      for (int x = 0; x < c.out_w; ++x) total += load(taps[t] + x * step);
      store(out, load(out) + total);
    }
    for (int t = 0; t < count; ++t) {
      int u = t;
      for (; u + 4 <= count; u += 4, out += 4 * L) products_of<4>(taps[t], taps + u, c.out_w, step, out);
      for (; u < count; ++u, out += L) products_of<1>(taps[t], taps + u, c.out_w, step, out);
    }
  }
}

}  // namespace
