// Passes over a tile that belong to no convolution: pooling alone, activations, dropout.
#pragma once

#include "graph/kernels/backward.h"

namespace {

using ltn::graph::Dropout;
using ltn::graph::Elementwise;
using ltn::graph::PoolPass;

// The part of a window that lies inside: [begin, end).
struct Span {
  int begin, end;
};
LTN_INLINE Span span_of(int at, int stride, int pad, int kernel, int size) {
  const int begin = at * stride - pad;
  return {begin < 0 ? 0 : begin, begin + kernel > size ? size : begin + kernel};
}

// As libtorch counts: padding counts, what lies beyond it does not.
LTN_INLINE float average_area(const PoolPass& a, int py, int px) {
  const PoolShape& p = a.pool;
  if (p.divisor != 0) return static_cast<float>(p.divisor);
  if (!a.count_padding) {
    const Span ys = span_of(py, p.stride_h, p.pad_h, p.kernel_h, a.h);
    const Span xs = span_of(px, p.stride_w, p.pad_w, p.kernel_w, a.w);
    return static_cast<float>((ys.end - ys.begin) * (xs.end - xs.begin));
  }
  const int y0 = py * p.stride_h - p.pad_h, x0 = px * p.stride_w - p.pad_w;
  const int y1 = y0 + p.kernel_h > a.h + p.pad_h ? a.h + p.pad_h : y0 + p.kernel_h;
  const int x1 = x0 + p.kernel_w > a.w + p.pad_w ? a.w + p.pad_w : x0 + p.kernel_w;
  return static_cast<float>((y1 - y0) * (x1 - x0));
}

void pool_forward(const PoolPass& a) {
  const PoolShape& p = a.pool;
  for (int c = 0; c < a.channels; ++c) {
    for (int py = 0; py < p.out_h; ++py) {
      const Span ys = span_of(py, p.stride_h, p.pad_h, p.kernel_h, a.h);
      float* out = a.out.first + c * a.out.channel + py * a.out.row;
      for (int px = 0; px < p.out_w; ++px) {
        const Span xs = span_of(px, p.stride_w, p.pad_w, p.kernel_w, a.w);
        V value = a.average ? V{} : all(-INFINITY);
        VI index{};
        for (int y = ys.begin; y < ys.end; ++y) {
          const float* row = a.in.first + c * a.in.channel + y * a.in.row;
          for (int x = xs.begin; x < xs.end; ++x) {
            const V v = load(row + x * L);
            if (a.average) {
              value += v;
              continue;
            }
            const auto k = (v > value) | (v != v);
            value = k ? v : value;
            const int place = (y - (py * p.stride_h - p.pad_h)) * p.kernel_w + (x - (px * p.stride_w - p.pad_w));
            index = k ? all_int(place) : index;
          }
        }
        store(out + px * L, a.average ? value / average_area(a, py, px) : value);
        if (a.index != nullptr) {
          store_bytes(a.index + ((static_cast<long>(c) * p.out_h + py) * p.out_w + px) * L, index);
        }
      }
    }
  }
}

void pool_backward(const PoolPass& a) {
  const PoolShape& p = a.pool;
  const long plane = static_cast<long>(a.h) * a.w * L;
  std::memset(a.in_gradient, 0, sizeof(float) * a.channels * plane);
  const float* g = a.gradient;
  const uint8_t* index = a.index;
  for (int c = 0; c < a.channels; ++c) {
    float* to = a.in_gradient + c * plane;
    for (int py = 0; py < p.out_h; ++py) {
      const Span ys = span_of(py, p.stride_h, p.pad_h, p.kernel_h, a.h);
      for (int px = 0; px < p.out_w; ++px, g += L) {
        const Span xs = span_of(px, p.stride_w, p.pad_w, p.kernel_w, a.w);
        const V d = a.average ? load(g) / average_area(a, py, px) : load(g);
        const VI place = a.average ? VI{} : load_bytes(index);
        if (!a.average) index += L;
        for (int y = ys.begin; y < ys.end; ++y) {
          for (int x = xs.begin; x < xs.end; ++x) {
            float* q = to + (static_cast<long>(y) * a.w + x) * L;
            if (a.average) {
              store(q, load(q) + d);
            } else {
              const int here = (y - (py * p.stride_h - p.pad_h)) * p.kernel_w + (x - (px * p.stride_w - p.pad_w));
              store(q, load(q) + (place == all_int(here) ? d : V{}));
            }
          }
        }
      }
    }
  }
}

template <Activation act>
struct ActivationPass {
  static void run(const Elementwise& a) {
    for (int c = 0; c < a.channels; ++c) {
      for (int y = 0; y < a.h; ++y) {
        const float* in = a.in.first + c * a.in.channel + y * a.in.row;
        float* out = a.out.first + c * a.out.channel + y * a.out.row;
        for (int x = 0; x < a.w; ++x) store(out + x * L, activate<act>(load(in + x * L)));
      }
    }
  }
};

void elementwise(const Elementwise& a) { with_activation<ActivationPass>(a.activation, a); }

// Murmur's finalizer.
LTN_INLINE VI mixed(VI h) {
  typedef uint32_t VUI __attribute__((vector_size(4 * kLanes), may_alias));
  VUI u;
  std::memcpy(&u, &h, sizeof u);
  u ^= u >> 16;
  u *= 0x85ebca6bu;
  u ^= u >> 13;
  u *= 0xc2b2ae35u;
  u ^= u >> 16;
  std::memcpy(&h, &u, sizeof u);
  return h;
}

LTN_INLINE VI dropout_lanes(uint32_t seed, uint32_t first_image) {
  VI image{};
  for (int i = 0; i < L; ++i) image[i] = static_cast<int32_t>(first_image + i);
  return mixed(image + all_int(static_cast<int32_t>(seed)));
}

// From 0 to 1, of an element of each image.
LTN_INLINE V dropout_uniform(VI lane, uint32_t element) {
  const VI bits = mixed(lane ^ all_int(static_cast<int32_t>(element * 0x9e3779b9u))) & all_int(0xffffff);
  return __builtin_convertvector(bits, V) * (1.0f / 16777216.0f);
}

void dropout(const Dropout& a) {
  const VI lane = dropout_lanes(a.seed, a.first_image);
  const float scale = a.p < 1.0f ? 1.0f / (1.0f - a.p) : 0.0f;
  uint32_t element = 0;
  for (int c = 0; c < a.channels; ++c) {
    for (int y = 0; y < a.h; ++y) {
      const float* in = a.in.first + c * a.in.channel + y * a.in.row;
      float* out = a.out.first + c * a.out.channel + y * a.out.row;
      for (int x = 0; x < a.w; ++x, ++element) {
        store(out + x * L, dropout_uniform(lane, element) < a.p ? V{} : load(in + x * L) * scale);
      }
    }
  }
}

}  // namespace
