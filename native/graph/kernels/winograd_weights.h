// The weights' sums of convolutions by patches (winograd.h), F(2x2, 3x3) transposed: for four places of a gradient g
// and nine weights 16 products instead of 36. Over all patches and images
//   S = sum of (A g A') (B' d B)   for each of the 16 elements by itself, of each output and input channel,
// and when they are flushed dw = G' S G. The sign of A's last row waits until then.
//
// It goes by rows of the 4x4 elements: what is transformed of a few rows of a tile stays in the L2 cache. Both places
// and images are summed over: sums of four output channels and some input channels are in registers for all patches at
// hand, and then their lanes are added up.
#pragma once

#include "graph/kernels/winograd.h"

namespace {

using ltn::graph::ConvBackward;

// Rows of dz: `count` of them, `row` apart.
struct DzRows {
  float* first;
  long row, channel;
  int count;
};

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

// What is transformed: [4][channels][rows][columns].
struct Patches {
  int channels, rows, columns;
  long element() const { return static_cast<long>(channels) * rows * columns * L; }
};

// Row i of the elements B' d B, from `in` on.
template <int I>
LTN_INLINE void patch_inputs(const ConvShape& c, const float* in, const Patches& p, float* v) {
  const long row = static_cast<long>(c.in_w) * L, plane = row * c.in_h, element = p.element();
  constexpr int from = I == 0 ? 0 : (I == 2 ? 2 : 1), other = I == 2 ? 1 : (I == 3 ? 3 : 2);
  for (int ic = 0; ic < c.in_channels; ++ic, in += plane) {
    const float *a = in + from * row, *b = in + other * row;
    for (int y = 0; y < p.rows; ++y, a += 2 * row, b += 2 * row) {
      const auto column = [&](int x) __attribute__((always_inline)) {
        return I == 1 ? load(a + x * L) + load(b + x * L) : load(a + x * L) - load(b + x * L);
      };
      V d0 = column(0), d1 = column(1);
      for (int x = 0; x < p.columns; ++x, v += L) {
        const V d2 = column(2 * x + 2), d3 = column(2 * x + 3);
        store(v, d0 - d2);
        store(v + element, d1 + d2);
        store(v + 2 * element, d2 - d1);
        store(v + 3 * element, d1 - d3);
        d0 = d2;
        d1 = d3;
      }
    }
  }
}

// Row i of the elements A g A', but for signs.
template <int I>
LTN_INLINE void patch_gradients(int channels, const DzRows& dz, const Patches& p, float* u) {
  const long element = p.element();
  for (int o = 0; o < channels; ++o) {
    const float* from = dz.first + o * dz.channel + (I == 3 ? dz.row : 0);
    for (int y = 0; y < p.rows; ++y, from += 2 * dz.row) {
      const auto column = [&](int x) __attribute__((always_inline)) {
        const V d = load(from + x * L);
        return I == 1 ? d + load(from + dz.row + x * L) : (I == 2 ? d - load(from + dz.row + x * L) : d);
      };
      for (int x = 0; x < p.columns; ++x, u += L) {
        const V left = column(2 * x), right = column(2 * x + 1);
        store(u, left);
        store(u + element, left + right);
        store(u + 2 * element, left - right);
        store(u + 3 * element, right);
      }
    }
  }
}

// sums[input channels][4] of a block, added to.
LTN_INLINE void block_sums(const float* u, const float* v, int patches, float* sums) {
  V acc[kSumsBlock];
#pragma GCC unroll 16
  for (int i = 0; i < kSumsBlock; ++i) acc[i] = V{};
  for (int k = 0; k < patches; ++k) {
    V g[kChannelBlock];
#pragma GCC unroll 4
    for (int r = 0; r < kChannelBlock; ++r) g[r] = load(u + (r * patches + k) * L);
#pragma GCC unroll 4
    for (int j = 0; j < kSumsChannels; ++j) {
      const V d = load(v + (j * patches + k) * L);
#pragma GCC unroll 4
      for (int r = 0; r < kChannelBlock; ++r) acc[j * kChannelBlock + r] += g[r] * d;
    }
  }
#pragma GCC unroll 2
  for (int i = 0; i < kSumsBlock; i += L) store(sums + i, load(sums + i) + add_lanes(acc + i));
}

// Blocks of output channels whose gradients stay in the L1 cache while the inputs pass by.
constexpr int kBlocksTogether = 4;

// sums[outs / 4][ins][4] of one element; outs and ins are multiples of four.
__attribute__((noinline)) void element_sums(int outs, int ins, const float* u, const float* v, int patches,
                                            float* sums) {
  const long channel = static_cast<long>(patches) * L, row = static_cast<long>(ins) * kChannelBlock;
  const int blocks = outs / kChannelBlock;
  for (int first = 0; first < blocks; first += kBlocksTogether) {
    const int last = first + kBlocksTogether < blocks ? first + kBlocksTogether : blocks;
    for (int i = 0; i < ins; i += kSumsChannels) {
      for (int b = first; b < last; ++b) {
        block_sums(u + b * kChannelBlock * channel, v + i * channel, patches, sums + b * row + i * kChannelBlock);
      }
    }
  }
}

template <int I>
__attribute__((noinline)) void patch_row_sums(const ConvShape& c, const float* in, const DzRows& dz, float* scratch,
                                              float* sums) {
  const int columns = c.out_w / 2;
  const Patches inputs{channels_of_blocks(c.in_channels), dz.count / 2, columns};
  const Patches gradients{channels_of_blocks(c.out_channels), dz.count / 2, columns};
  float *v = scratch, *u = v + kPatch * inputs.element();
  patch_inputs<I>(c, in, inputs, v);
  patch_gradients<I>(c.out_channels, dz, gradients, u);
  const long element = static_cast<long>(gradients.channels) * inputs.channels;
  for (int j = 0; j < kPatch; ++j) {
    element_sums(gradients.channels, inputs.channels, u + j * gradients.element(), v + j * inputs.element(),
                 inputs.rows * columns, sums + (I * kPatch + j) * element);
  }
}

// The sums of an even number of rows of dz, from row y on.
void weights_rows_of_patches(const ConvBackward& a, int y, DzRows dz) {
  const float* in = row_of(a.conv, a.in, y);
  patch_row_sums<0>(a.conv, in, dz, a.scratch, a.dw);
  patch_row_sums<1>(a.conv, in, dz, a.scratch, a.dw);
  patch_row_sums<2>(a.conv, in, dz, a.scratch, a.dw);
  patch_row_sums<3>(a.conv, in, dz, a.scratch, a.dw);
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
          double* to = totals + 3 * y * kChannelBlock + r;
          to[0] += s[y][0] + (s[y][1] + s[y][2]) / 2;
          to[kChannelBlock] += (s[y][1] - s[y][2]) / 2;
          to[2 * kChannelBlock] += (s[y][1] + s[y][2]) / 2 - s[y][3];
        }
      }
      totals += 9 * kChannelBlock;
    }
  }
  std::memset(in, 0, kPatch * kPatch * element * sizeof(float));
}

}  // namespace
