// The backward pass of convolutions by patches (winograd.h), both halves from one transform. The gradient at the input
// is the convolution of dz with the weights turned around, by F(2x2, 3x3): it takes V = B' d B of each patch d of dz.
// The weights' sums are F(2x2, 3x3) transposed, for four places x of the input 16 products instead of 36: over all
// patches and images
//   S = sum of V (A x A')   for each of the 16 elements by itself, of each output and input channel,
// and when they are flushed the weights' gradients, turned around, are G' S G. The sign of A's last row waits until
// then.
//
// V of a few rows of patches stays in the L2 cache; A x A' is made for a row of the 4x4 elements at a time. Both places
// and images are summed over: sums of four output channels and some input channels are in registers for all patches at
// hand, and then their lanes are added up.
#pragma once

#include "graph/kernels/winograd.h"

namespace {

using ltn::graph::PatchesBackward;

#if defined(__AVX512F__)
constexpr int kSumsChannels = 4;  // input channels of a block of sums
#else
constexpr int kSumsChannels = 2;
#endif
constexpr int kSumsBlock = kChannelBlock * kSumsChannels;
static_assert(kSumsBlock % L == 0);

// Lane i of the result is the sum of the lanes of a[i].
LTN_INLINE V add_lanes(V* a) {
  const auto level = [&](auto group) __attribute__((always_inline)) {
    constexpr int G = group, half = G / 2;
    VI low, high;
    for (int j = 0; j < L; ++j) {
      const bool first = j % G < half;
      low[j] = first ? j : L + j - half;
      high[j] = first ? j + half : L + j;
    }
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i) {
      a[i] = __builtin_shuffle(a[i], a[i + half], low) + __builtin_shuffle(a[i], a[i + half], high);
    }
  };
  if constexpr (L >= 16) level(std::integral_constant<int, 16>{});
  if constexpr (L >= 8) level(std::integral_constant<int, 8>{});
  level(std::integral_constant<int, 4>{});
  level(std::integral_constant<int, 2>{});
  return a[0];
}

// Row i of the elements A x A', but for signs: [4][channels][rows of patches][columns].
template <int I>
__attribute__((noinline)) void patch_places(int channels, const float* in, const ltn::graph::Place& place, int rows,
                                            int columns, float* u, long element) {
  for (int c = 0; c < channels; ++c) {
    const float* from = in + c * place.channel + (I == 3 ? place.row : 0);
    for (int y = 0; y < rows; ++y, from += 2 * place.row) {
      const auto column = [&](int x) __attribute__((always_inline)) {
        const V d = load(from + x * L);
        return I == 1 ? d + load(from + place.row + x * L) : (I == 2 ? d - load(from + place.row + x * L) : d);
      };
      for (int x = 0; x < columns; ++x, u += L) {
        const V left = column(2 * x), right = column(2 * x + 1);
        store(u, left);
        store(u + element, left + right);
        store(u + 2 * element, left - right);
        store(u + 3 * element, right);
      }
    }
  }
}

// sums[input channels][4] of a block, added to: d of its output channels, x of its input channels, [channel][patch].
LTN_INLINE void block_sums(const float* d, const float* x, int patches, float* sums) {
  V acc[kSumsBlock];
#pragma GCC unroll 16
  for (int i = 0; i < kSumsBlock; ++i) acc[i] = V{};
  for (int k = 0; k < patches; ++k) {
    V g[kChannelBlock];
#pragma GCC unroll 4
    for (int r = 0; r < kChannelBlock; ++r) g[r] = load(d + (r * patches + k) * L);
#pragma GCC unroll 4
    for (int j = 0; j < kSumsChannels; ++j) {
      const V place = load(x + (j * patches + k) * L);
#pragma GCC unroll 4
      for (int r = 0; r < kChannelBlock; ++r) acc[j * kChannelBlock + r] += g[r] * place;
    }
  }
#pragma GCC unroll 2
  for (int i = 0; i < kSumsBlock; i += L) store(sums + i, load(sums + i) + add_lanes(acc + i));
}

// Blocks of output channels whose gradients stay in the L1 cache while the inputs pass by.
constexpr int kBlocksTogether = 4;

// sums[outs / 4][ins][4] of one element; outs and ins are multiples of four.
__attribute__((noinline)) void element_sums(int outs, int ins, const float* d, const float* x, int patches,
                                            float* sums) {
  const long channel = static_cast<long>(patches) * L, row = static_cast<long>(ins) * kChannelBlock;
  const int blocks = outs / kChannelBlock;
  for (int first = 0; first < blocks; first += kBlocksTogether) {
    const int last = first + kBlocksTogether < blocks ? first + kBlocksTogether : blocks;
    for (int i = 0; i < ins; i += kSumsChannels) {
      for (int b = first; b < last; ++b) {
        block_sums(d + b * kChannelBlock * channel, x + i * channel, patches, sums + b * row + i * kChannelBlock);
      }
    }
  }
}

void conv_backward_patches(const PatchesBackward& a) {
  const ConvShape& c = a.conv;
  const int columns = c.out_w / 2, patches = best_positions(columns), together = ltn::graph::patch_rows(c);
  const WinogradProducts products = winograd_products_for(patches);
  const int outs = channels_of_blocks(c.in_channels), ins = channels_of_blocks(c.out_channels);
  const long row = static_cast<long>(c.in_w) * L, sums = static_cast<long>(outs) * ins;
  for (int first = 0; first < c.out_h / 2; first += together) {
    const int rows = first + together <= c.out_h / 2 ? together : c.out_h / 2 - first, count = rows * columns;
    const Patches place = patches_of(outs, count);
    const long element = static_cast<long>(ins) * count * L;
    float* v = a.scratch;
    float* u = v + kPatch * kPatch * place.element;
    for (int r = 0; r < rows; ++r) {
      winograd_inputs(c, a.dz + 2 * (first + r) * row, columns, v + static_cast<long>(r) * columns * L, place);
    }
    for (int r = 0; r < rows && a.out.first != nullptr; ++r) {
      for (int next = 0; next < columns; next += patches) {
        const int x0 = next + patches <= columns ? next : columns - patches;
        winograd_outputs(c, v + (static_cast<long>(r) * columns + x0) * L, place, a.patched, nullptr, x0, patches,
                         products, u, [&](int x, int o, int, auto& acc) __attribute__((always_inline)) {
                           store_places(a.out, o, first + r, x, acc[0]);
                         });
      }
    }
    const float* in = a.in.first + 2 * first * a.in.row;
    const auto add = [&](auto i) {
      patch_places<i>(c.out_channels, in, a.in, rows, columns, u, element);
      for (int j = 0; j < kPatch; ++j) {
        const int e = i * kPatch + j;
        element_sums(outs, ins, v + e * place.element, u + j * element, count, a.dw + e * sums);
      }
    };
    add(std::integral_constant<int, 0>{});
    add(std::integral_constant<int, 1>{});
    add(std::integral_constant<int, 2>{});
    add(std::integral_constant<int, 3>{});
  }
}

void flush_patches(const ConvShape& c, float* in, double* totals) {
  const long row = static_cast<long>(channels_of_blocks(c.in_channels)) * kChannelBlock;
  const long element = row / kChannelBlock * channels_of_blocks(c.out_channels);
  for (int o = 0; o < c.out_channels; o += kChannelBlock) {
    const float* from = in + o / kChannelBlock * row;
    for (int i = 0; i < c.in_channels; ++i, from += kChannelBlock) {
      for (int r = 0; r < kChannelBlock; ++r) {
        double s[3][kPatch];
        for (int j = 0; j < kPatch; ++j) {
          const float* e = from + j * element + r;
          const double s0 = e[0], s1 = e[4 * element], s2 = e[8 * element], s3 = e[12 * element];
          s[0][j] = s0 + (s1 + s2) / 2;
          s[1][j] = (s1 - s2) / 2;
          s[2][j] = (s1 + s2) / 2 - s3;
        }
        for (int y = 0; y < 3; ++y) {
          double* to = totals + 3 * (2 - y) * kChannelBlock + r;
          to[2 * kChannelBlock] += s[y][0] + (s[y][1] + s[y][2]) / 2;
          to[kChannelBlock] += (s[y][1] - s[y][2]) / 2;
          to[0] += (s[y][1] + s[y][2]) / 2 - s[y][3];
        }
      }
      totals += 9 * kChannelBlock;
    }
  }
  std::memset(in, 0, kPatch * kPatch * element * sizeof(float));
}

}  // namespace
