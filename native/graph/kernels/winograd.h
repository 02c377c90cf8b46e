// Convolutions of 3x3 with 16 products for four places instead of 36: F(2x2, 3x3) of Lavin and Gray, "Fast Algorithms
// for Convolutional Neural Networks" (2015). For two rows of the output:
//   V = B' d B   of each input channel and each patch d of 4x4, two places apart,
//   M = sum over channels of U V, for each of the 16 elements by itself (U = G g G' of the weights, made beforehand),
//   Y = A' M A   the places of 2x2.
// It pays where there are channels enough to share the two transforms. V and M are scratch; Y stays in registers.
#pragma once

#include "graph/kernels/window.h"

namespace {

using ltn::graph::channels_of_blocks;
using ltn::graph::kPatch;

// Distance of a patch's elements, a vector more than there are: at powers of two all sixteen would meet in one place of
// the cache.
LTN_INLINE long element_step(int channels, int patches) { return (static_cast<long>(channels) * patches + 1) * L; }

// Where V stands: [element][channel][patch].
struct Patches {
  long element, channel;
};

LTN_INLINE Patches patches_of(int channels, int patches) {
  return {element_step(channels, patches), static_cast<long>(patches) * L};
}

// V of patches side by side, from `in` on.
__attribute__((noinline)) void winograd_inputs(const ConvShape& c, const float* in, int patches, float* v,
                                               const Patches& place) {
  const long row = static_cast<long>(c.in_w) * L, plane = row * c.in_h, element = place.element;
  for (int ic = 0; ic < c.in_channels; ++ic, in += plane, v += place.channel) {
    V left[4][2];
    const auto column = [&](int x, V(&to)[4]) __attribute__((always_inline)) {
      const float* p = in + x * L;
      const V d0 = load(p), d1 = load(p + row), d2 = load(p + 2 * row), d3 = load(p + 3 * row);
      to[0] = d0 - d2;
      to[1] = d1 + d2;
      to[2] = d2 - d1;
      to[3] = d1 - d3;
    };
    for (int k = 0; k < 2; ++k) {
      V t[4];
      column(k, t);
      for (int i = 0; i < 4; ++i) left[i][k] = t[i];
    }
    for (int x = 0; x < patches; ++x) {
      V c2[4], c3[4];
      column(2 * x + 2, c2);
      column(2 * x + 3, c3);
      float* to = v + x * L;
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i, to += 4 * element) {
        store(to, left[i][0] - c2[i]);
        store(to + element, left[i][1] + c2[i]);
        store(to + 2 * element, c2[i] - left[i][1]);
        store(to + 3 * element, left[i][1] - c3[i]);
        left[i][0] = c2[i];
        left[i][1] = c3[i];
      }
    }
  }
}

// M[4][patch] of one element: u is [channel][4], v [channel][patch].
template <int P>
LTN_INLINE void winograd_block(int channels, const float* u, const float* v, long channel, float* m) {
  V acc[kChannelBlock][P];
  begin_sums<kChannelBlock, P>(nullptr, acc);
  for (int ic = 0; ic < channels; ++ic, u += kChannelBlock, v += channel) {
    V x[P];
#pragma GCC unroll 6
    for (int k = 0; k < P; ++k) x[k] = load(v + k * L);
#pragma GCC unroll 4
    for (int r = 0; r < kChannelBlock; ++r) {
      const V w = all(u[r]);
#pragma GCC unroll 6
      for (int k = 0; k < P; ++k) acc[r][k] += x[k] * w;
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kChannelBlock; ++r)
#pragma GCC unroll 6
    for (int k = 0; k < P; ++k) store(m + (r * P + k) * L, acc[r][k]);
}

template <int P>
__attribute__((noinline)) void winograd_products(int channels, const float* u, const float* v, const Patches& place,
                                                 float* m) {
  const long out = element_step(kChannelBlock, P);
  for (int e = 0; e < kPatch * kPatch; ++e, v += place.element, u += channels * kChannelBlock, m += out) {
    winograd_block<P>(channels, u, v, place.channel, m);
  }
}

using WinogradProducts = void (*)(int, const float*, const float*, const Patches&, float*);

inline WinogradProducts winograd_products_for(int patches) {
  WinogradProducts found = nullptr;
  with_count<kMaxPositions>(patches, [&](auto p) { found = winograd_products<p>; });
  return found;
}

// The places of 2x2 of patch x in row py of patches, of channel o.
LTN_INLINE void store_places(const ltn::graph::Place& out, int o, int py, int x, const V* y) {
  float* to = out.first + o * out.channel + 2 * py * out.row + 2 * x * L;
  store(to, y[0]);
  store(to + L, y[1]);
  store(to + out.row, y[2]);
  store(to + out.row + L, y[3]);
}

// From V of some patches side by side to their places of 2x2: calls each(x, first channel, channels, sums) for them. M
// is scratch.
template <typename Each>
LTN_INLINE void winograd_outputs(const ConvShape& c, const float* v, const Patches& place, const float* patched,
                                 const float* bias, int first, int patches, WinogradProducts products, float* m,
                                 Each&& each) {
  const long block = static_cast<long>(kPatch) * kPatch * c.in_channels * kChannelBlock;
  const long element = element_step(kChannelBlock, patches);
  const float* u = patched;
  for (int o = 0; o < c.out_channels; o += kChannelBlock, u += block) {
    products(c.in_channels, u, v, place, m);
    const int valid = c.out_channels - o < kChannelBlock ? c.out_channels - o : kChannelBlock;
    for (int r = 0; r < valid; ++r) {
      const V b = bias != nullptr ? all(bias[o + r]) : V{};
      for (int x = 0; x < patches; ++x) {
        const float* from = m + (static_cast<long>(r) * patches + x) * L;
        V upper[kPatch], lower[kPatch];
#pragma GCC unroll 4
        for (int j = 0; j < kPatch; ++j) {
          const V m0 = load(from + j * element), m1 = load(from + (4 + j) * element);
          const V m2 = load(from + (8 + j) * element), m3 = load(from + (12 + j) * element);
          upper[j] = m0 + (m1 + m2);
          lower[j] = (m1 - m2) - m3;
        }
        V acc[1][4] = {{upper[0] + (upper[1] + upper[2]) + b, (upper[1] - upper[2]) - upper[3] + b,
                        lower[0] + (lower[1] + lower[2]) + b, (lower[1] - lower[2]) - lower[3] + b}};
        each(first + x, o + r, 1, acc);
      }
    }
  }
}

// As window_row: calls each(x, first channel, channels, sums) for the windows of the rows 2 py and 2 py + 1; of a few
// patches at a time, whose elements stay near.
template <typename Each>
LTN_INLINE void winograd_row(const ConvShape& c, const float* in, const float* patched, const float* bias,
                             float* scratch, int py, Each&& each) {
  const int columns = c.out_w / 2, patches = best_positions(columns);
  const Patches place = patches_of(c.in_channels, patches);
  float* v = scratch;
  float* m = v + kPatch * kPatch * place.element;
  const WinogradProducts products = winograd_products_for(patches);
  for (int next = 0; next < columns; next += patches) {
    const int first = next + patches <= columns ? next : columns - patches;
    winograd_inputs(c, in + (static_cast<long>(2 * py) * c.in_w + 2 * first) * L, patches, v, place);
    winograd_outputs(c, v, place, patched, bias, first, patches, products, m, each);
  }
}

}  // namespace
