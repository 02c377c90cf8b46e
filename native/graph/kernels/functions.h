// Functions in a pass of their own: y = f(x), and in training f'(x) beside it, so that the backward pass needs neither
// x nor the parameters: one pass, stores y and the slopes, recomputes nothing.
#pragma once

#include "graph/kernels/elementwise.h"

namespace {

using ltn::graph::Function;
using ltn::graph::FunctionPass;

struct Point {
  V y, slope;
};

LTN_INLINE V expm1_of(V x) {
  const V size = x < 0.0f ? -x : x;
  return size < 0.34f ? exp_minus_one_near(x) : exp_of(x) - 1.0f;
}

// log(1 + u) for u from 0 to 1, by the series of 2 atanh(u / (2 + u)).
LTN_INLINE V log1p_near(V u) {
  const V s = u / (u + 2.0f), z = s * s;
  V p = all(1.0f / 15);
  p = p * z + 1.0f / 13;
  p = p * z + 1.0f / 11;
  p = p * z + 1.0f / 9;
  p = p * z + 1.0f / 7;
  p = p * z + 1.0f / 5;
  p = p * z + 1.0f / 3;
  const V twice = s + s;
  return p * z * twice + twice;
}

// log(1 + e^x): no overflow, and exact where e^x is small.
LTN_INLINE V softplus_of(V x) {
  const V size = x < 0.0f ? -x : x;
  return (x < 0.0f ? V{} : x) + log1p_near(exp_of(-size));
}

// The error function to about one unit in the last place.
LTN_INLINE V erf_of(V x) {
  const V t = x < 0.0f ? -x : x, s = x * x;
  V r = t * -1.72853470e-5f + 3.83197126e-4f;
  const V u = t * -3.88396438e-3f + 2.42546219e-2f;
  r = r * s + u;
  r = r * t - 1.06777877e-1f;
  r = r * t - 6.34846687e-1f;
  r = r * t - 1.28717512e-1f;
  r = 1.0f - exp_of(r * t - t);
  V p = all(-5.96761703e-4f);
  p = p * s + 4.99119423e-3f;
  p = p * s - 2.67681349e-2f;
  p = p * s + 1.12819925e-1f;
  p = p * s - 3.76125336e-1f;
  p = p * s + 1.28379166e-1f;
  return t > 0.927734375f ? (x < 0.0f ? -r : r) : p * x + x;
}

LTN_INLINE V clamped(V x, float low, float high) {
  const V least = x < low ? all(low) : x;  // NaN stays
  return least > high ? all(high) : least;
}

// y alone where the slope is not wanted: the compiler drops the rest.
template <Function f>
LTN_INLINE Point value_and_slope(V x, const float* p) {
  const V one = all(1.0f);
  if constexpr (f == Function::LeakyRelu) return {x > 0.0f ? x : x * p[0], x > 0.0f ? one : all(p[0])};
  if constexpr (f == Function::Hardtanh) {
    return {clamped(x, p[0], p[1]), (x <= p[0]) | (x >= p[1]) ? V{} : one};
  }
  if constexpr (f == Function::Elu) {
    const V e = expm1_of(x * p[2]);
    return {x > 0.0f ? x * p[1] : e * p[0], x > 0.0f ? all(p[1]) : (e + 1.0f) * (p[0] * p[2])};
  }
  if constexpr (f == Function::Softplus) {
    const V z = x * p[0];
    return {z > p[1] ? x : softplus_of(z) / p[0], z > p[1] ? one : sigmoid_of(z)};
  }
  if constexpr (f == Function::Gelu) {
    const V phi = 0.5f * erf_of(x * 0.70710678f) + 0.5f;
    return {x * phi, phi + x * exp_of(x * x * -0.5f) * 0.39894228f};
  }
  if constexpr (f == Function::GeluTanh) {
    const V t = tanh_of((x * x * x * 0.044715f + x) * 0.79788456f), half = t * 0.5f + 0.5f;
    return {x * half, half + x * 0.5f * (1.0f - t * t) * (x * x * 0.134145f + 1.0f) * 0.79788456f};
  }
  if constexpr (f == Function::Silu) {
    const V s = sigmoid_of(x);
    return {x * s, s * (x * (1.0f - s) + 1.0f)};
  }
  if constexpr (f == Function::Hardswish) {
    const V slope = x < -3.0f ? V{} : (x > 3.0f ? one : x / 3.0f + 0.5f);
    return {x * clamped(x + 3.0f, 0.0f, 6.0f) / 6.0f, slope};
  }
  if constexpr (f == Function::Hardsigmoid) {
    return {clamped(x + 3.0f, 0.0f, 6.0f) / 6.0f, (x > -3.0f) & (x < 3.0f) ? all(1.0f / 6) : V{}};
  }
  if constexpr (f == Function::Mish) {
    const V t = tanh_of(softplus_of(x));
    return {x * t, t + x * (1.0f - t * t) * sigmoid_of(x)};
  }
  return {x, one};
}

template <Function f>
void function_with(const FunctionPass& a) {
  const long further = a.channels * a.out.channel;
  for (int c = 0; c < a.channels; ++c) {
    for (int y = 0; y < a.h; ++y) {
      const float* in = a.in.first + c * a.in.channel + y * a.in.row;
      float* out = a.out.first + c * a.out.channel + y * a.out.row;
      for (int x = 0; x < a.w; ++x) {
        const Point point = value_and_slope<f>(load(in + x * L), a.parameters);
        store(out + x * L, point.y);
        if (a.slopes) store(out + further + x * L, point.slope);
      }
    }
  }
}

// Each channel of each image is zeroed with probability p[0], or scaled; as dropout decides of elements.
void drop_channels(const FunctionPass& a) {
  const float p = a.parameters[0], scale = p < 1.0f ? 1.0f / (1.0f - p) : 0.0f;
  const VI lane = dropout_lanes(a.seed, a.first_image);
  const long further = a.channels * a.out.channel;
  for (int c = 0; c < a.channels; ++c) {
    const V factor = dropout_uniform(lane, static_cast<uint32_t>(c)) < p ? V{} : all(scale);
    for (int y = 0; y < a.h; ++y) {
      const float* in = a.in.first + c * a.in.channel + y * a.in.row;
      float* out = a.out.first + c * a.out.channel + y * a.out.row;
      for (int x = 0; x < a.w; ++x) {
        store(out + x * L, load(in + x * L) * factor);
        if (a.slopes) store(out + further + x * L, factor);
      }
    }
  }
}

void function(const FunctionPass& a) {
  switch (a.function) {
    case Function::None:
      return;
    case Function::LeakyRelu:
      return function_with<Function::LeakyRelu>(a);
    case Function::Hardtanh:
      return function_with<Function::Hardtanh>(a);
    case Function::Elu:
      return function_with<Function::Elu>(a);
    case Function::Softplus:
      return function_with<Function::Softplus>(a);
    case Function::Gelu:
      return function_with<Function::Gelu>(a);
    case Function::GeluTanh:
      return function_with<Function::GeluTanh>(a);
    case Function::Silu:
      return function_with<Function::Silu>(a);
    case Function::Hardswish:
      return function_with<Function::Hardswish>(a);
    case Function::Hardsigmoid:
      return function_with<Function::Hardsigmoid>(a);
    case Function::Mish:
      return function_with<Function::Mish>(a);
    case Function::DropChannels:
      return drop_channels(a);
  }
}

// Of an activation, from y; of a function, from the slopes behind y.
void slope_backward(const ActivationBackward& a) {
  if (a.activation != ltn::graph::kStoredSlope) return activation_backward(a);
  const long size = static_cast<long>(a.w) * L, further = a.channels * a.out.channel;
  float* g = a.gradient;
  for (int c = 0; c < a.channels; ++c) {
    for (int y = 0; y < a.h; ++y, g += size) {
      const float* slope = a.out.first + further + c * a.out.channel + y * a.out.row;
      for (long i = 0; i < size; i += L) store(g + i, load(g + i) * load(slope + i));
    }
  }
}

}  // namespace
