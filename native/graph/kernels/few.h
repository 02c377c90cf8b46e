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

// out[i] = act(in[i * step]) for i < count, then zeros to the end of the vector. S is the step, or 0 where only `step`
// says it.
template <Activation act, int S = 0>
LTN_INLINE void take_every(const float* in, int step, int count, float* out) {
  for (int i = 0; i < count; i += L) {
    V v;
    if constexpr (S == 1) {
      v = load_unaligned(in + i);
    } else if constexpr (S == 2) {
      v = even_lanes(load_unaligned(in + 2 * i), load_unaligned(in + 2 * i + L));
    } else {
      v = V{};
      for (int k = 0; k < L && i + k < count; ++k) v[k] = in[static_cast<long>(i + k) * step];
    }
    v = activate<act>(v);
    store_unaligned(out + i, count - i < L ? first_lanes(v, count - i) : v);
  }
}

// Writes rows one after the other into the planes of a channel. What it knows of rows it counts: a division for each
// would cost more than the row.
template <Activation act, int S>
class RowWriter {
 public:
  RowWriter(const Planes& out, int channel, int w)
      : w_(w),
        split_h_(out.split_h),
        split_w_(S > 0 ? S : out.split_w),
        pitch_(out.pitch),
        plane_(out.plane),
        phase_(out.pad_h % out.split_h),
        column_(out.pad_w / split_w_),
        column_phase_(out.pad_w % split_w_),
        each_(w / split_w_),
        rest_(w % split_w_),
        to_(out.first + channel * out.channel + phase_ * split_w_ * plane_ + out.pad_h / split_h_ * pitch_) {}

  __attribute__((always_inline)) void write(const float* in) {
    int phase = column_phase_;
    float* to = to_ + phase * plane_ + column_;
    for (int first = 0; first < split_w_ && first < w_; ++first) {
      take_every<act, S>(in + first, split_w_, each_ + (first < rest_ ? 1 : 0), to);
      to += plane_;
      if (++phase < split_w_) continue;
      phase = 0;
      to += 1 - split_w_ * plane_;
    }
    to_ += split_w_ * plane_;
    if (++phase_ < split_h_) return;
    phase_ = 0;
    to_ += pitch_ - split_h_ * split_w_ * plane_;
  }

 private:
  const int w_, split_h_, split_w_, pitch_;
  const long plane_;
  int phase_;
  const int column_, column_phase_, each_, rest_;
  float* to_;
};

// Calls f<activation, step>(): 1 and 2 are known when it is compiled, all others are 0.
template <template <Activation, int> class F>
struct WithStep {
  template <Activation act>
  struct Run {
    template <typename A>
    static void run(const A& a) {
      switch (a.out.split_w) {
        case 1:
          return F<act, 1>::run(a);
        case 2:
          return F<act, 2>::run(a);
        default:
          return F<act, 0>::run(a);
      }
    }
  };
};

template <Activation act, int S>
struct FewPlaceRun {
  static void run(const FewPlace& a) {
    const float *end = a.end, *channel = a.in;
    const int h = a.h, w = a.w, channels = a.channels;
    const long row = a.row;
    for (int c = 0; c < channels; ++c, channel += a.channel) {
      RowWriter<act, S> rows(a.out, c, w);
      const float* in = channel;
      for (int y = 0; y < h; ++y, in += row) {
        if (end == nullptr || in + w + 2 * L <= end) {
          rows.write(in);
          continue;
        }
        std::memcpy(a.scratch, in, w * sizeof(float));
        rows.write(a.scratch);
      }
    }
  }
};

void few_place(const FewPlace& a) { with_activation<WithStep<FewPlaceRun>::Run>(a.activation, a); }

// R channels, at P vectors of places; `pooled`: at one vector in each of P windows.
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
      store(out, larger_or_nan(larger_or_nan(acc[r][0], acc[r][1]), larger_or_nan(acc[r][2], acc[r][3])));
    } else {
#pragma GCC unroll 6
      for (int k = 0; k < P; ++k) store(out + k * L, acc[r][k]);
    }
  }
}

// The accumulators of four windows must fit into the registers.
constexpr int kPooledChannels = kMaxPositions >= 6 ? 4 : 2;

// All channels for each block of places.
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
  if (a.pooled) return few_conv_of<4, true>(a);
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
