// Few images: one at a time, with its places as lanes (few_types.h). A convolution is one loop over (channel, row and
// column of the kernel) for blocks of four channels by some vectors of places, whatever its sizes, and knows of no
// rows; a second pass over its output, which is small and in the cache, applies the activation and puts the rows where
// the next block reads them. A pool of 2x2 is four convolutions at once and a maximum in registers.
#pragma once

#include "graph/kernels/forward.h"

namespace {

using ltn::graph::FewConv;
using ltn::graph::FewLinear;
using ltn::graph::FewPlace;
using ltn::graph::FewPool;
using ltn::graph::kFewChannels;
using ltn::graph::Planes;

LTN_INLINE VI lane_numbers() {
  VI out;
  for (int i = 0; i < L; ++i) out[i] = i;
  return out;
}

// Zeros from lane `count` on.
LTN_INLINE V first_lanes(V v, int count) { return lane_numbers() < all_int(count) ? v : V{}; }

// Lanes 0, 2, 4, ... of two vectors.
LTN_INLINE V even_lanes(V a, V b) {
#if defined(__GNUC__) && !defined(__clang__)
  return __builtin_shuffle(a, b, lane_numbers() * 2);
#else
  V out;
  for (int i = 0; i < L; ++i) out[i] = 2 * i < L ? a[2 * i] : b[2 * i - L];
  return out;
#endif
}

// The larger one; NaN where either is.
LTN_INLINE V larger_or_nan(V a, V b) { return (b > a) | (b != b) ? b : a; }

// out[i] = act(in[i * step]) for i < count, then zeros to the end of the vector.
template <Activation act>
LTN_INLINE void take_every(const float* in, int step, int count, float* out) {
  for (int i = 0; i < count; i += L) {
    V v;
    if (step == 1) {
      v = load_unaligned(in + i);
    } else if (step == 2) {
      const float* p = in + 2 * i;
      v = even_lanes(load_unaligned(p), load_unaligned(p + L));
    } else {
      v = V{};
      for (int k = 0; k < L && i + k < count; ++k) v[k] = in[static_cast<long>(i + k) * step];
    }
    v = activate<act>(v);
    store_unaligned(out + i, count - i < L ? first_lanes(v, count - i) : v);
  }
}

// A row of `w` into the planes of one channel.
template <Activation act>
LTN_INLINE void place_row(const float* in, int w, int y, const Planes& out, float* channel) {
  const int row = y + out.pad_h, split = out.split_w;
  float* to = channel + (row % out.split_h) * split * out.plane + static_cast<long>(row / out.split_h) * out.pitch;
  for (int first = 0; first < split && first < w; ++first) {
    const int column = first + out.pad_w;
    take_every<act>(in + first, split, (w - first + split - 1) / split,
                    to + column % split * out.plane + column / split);
  }
}

template <Activation act>
struct FewPlaceRun {
  static void run(const FewPlace& a) {
    for (int c = 0; c < a.channels; ++c) {
      for (int y = 0; y < a.h; ++y) {
        const float* in = a.in + c * a.channel + y * a.row;
        if (a.end != nullptr && in + a.w + 2 * L > a.end) {
          std::memcpy(a.scratch, in, a.w * sizeof(float));
          in = a.scratch;
        }
        place_row<act>(in, a.w, y, a.out, a.out.first + c * a.out.channel);
      }
    }
  }
};

void few_place(const FewPlace& a) { with_activation<FewPlaceRun>(a.activation, a); }

template <int R, int P, bool pooled>
LTN_INLINE void few_conv_block(const FewConv& a, const float* in, const float* w, const float* bias, float* out) {
  V acc[R][P];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 6
    for (int k = 0; k < P; ++k) acc[r][k] = all(bias[r]);
  }
  const int32_t* offset = a.offsets;
  for (int t = 0; t < a.taps; ++t, w += kFewChannels, offset += pooled ? P : 1) {
    V x[P];
#pragma GCC unroll 6
    for (int k = 0; k < P; ++k) x[k] = load_unaligned(in + (pooled ? offset[k] : offset[0] + k * L));
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const V ww = all(w[r]);
#pragma GCC unroll 6
      for (int k = 0; k < P; ++k) acc[r][k] += x[k] * ww;
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r, out += a.channel) {
    if constexpr (pooled) {
      V m = acc[r][0];
#pragma GCC unroll 4
      for (int k = 1; k < P; ++k) m = larger_or_nan(m, acc[r][k]);
      store(out, m);
    } else {
#pragma GCC unroll 6
      for (int k = 0; k < P; ++k) store(out + k * L, acc[r][k]);
    }
  }
}

// The accumulators of four windows must fit into the registers.
constexpr int kPooledChannels = kMaxPositions >= 6 ? 4 : 2;

template <int P, bool pooled>
__attribute__((noinline)) void few_conv_of(const FewConv& a) {
  constexpr int kStep = pooled ? 1 : P;
  constexpr int R = pooled ? kPooledChannels : kFewChannels;
  for (int v = 0; v < a.vectors; v += kStep) {
    const long at = static_cast<long>(v + kStep <= a.vectors ? v : a.vectors - kStep) * L;
    const float* in = a.in + at;
    for (int o = a.first; o < a.last; o += R) {
      const float* w = a.weights + static_cast<long>(o / kFewChannels) * a.taps * kFewChannels + o % kFewChannels;
      float* out = a.out + o * a.channel + at;
      const int left = a.last - o;
      if (left >= R) {
        few_conv_block<R, P, pooled>(a, in, w, a.bias + o, out);
      } else if (left == 1) {
        few_conv_block<1, P, pooled>(a, in, w, a.bias + o, out);
      } else if (left == 2) {
        few_conv_block<2, P, pooled>(a, in, w, a.bias + o, out);
      } else {
        few_conv_block<3, P, pooled>(a, in, w, a.bias + o, out);
      }
    }
  }
}

void few_conv(const FewConv& a) {
  if (a.windows == 4) return few_conv_of<4, true>(a);
  const int blocks = (a.vectors + kMaxPositions - 1) / kMaxPositions;
  switch ((a.vectors + blocks - 1) / blocks) {
    case 1:
      return few_conv_of<1, false>(a);
    case 2:
      return few_conv_of<2, false>(a);
#if defined(__AVX512F__)
    case 4:
      return few_conv_of<4, false>(a);
    case 5:
      return few_conv_of<5, false>(a);
    case 6:
      return few_conv_of<6, false>(a);
#endif
    default:
      return few_conv_of<3, false>(a);
  }
}

}  // namespace
