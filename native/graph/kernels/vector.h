// Compiler vector types: one vector is one tile's lanes. Included only by table.cc, which is compiled once for each
// instruction set; everything here has internal linkage, so that no code of one set leaks into another.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
constexpr int kMaxPositions = 6;  // of a register block with four channels: 32 registers
constexpr int kMaxOutputs = 12;
constexpr int kWeightsOutputs = 12;  // by two vectors of inputs
#elif defined(__AVX2__)
constexpr int kLanes = 8;
constexpr int kMaxPositions = 3;  // 16 registers
constexpr int kMaxOutputs = 8;
constexpr int kWeightsOutputs = 4;
#else
constexpr int kLanes = 4;
constexpr int kMaxPositions = 3;
constexpr int kMaxOutputs = 8;
constexpr int kWeightsOutputs = 4;
#endif
constexpr int L = kLanes;

typedef float V __attribute__((vector_size(4 * kLanes), may_alias));
typedef float VU __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));
typedef int32_t VI __attribute__((vector_size(4 * kLanes), may_alias));
typedef uint8_t VB __attribute__((vector_size(kLanes), aligned(1), may_alias));

#define LTN_INLINE static inline __attribute__((always_inline))

LTN_INLINE V load(const float* p) { return *reinterpret_cast<const V*>(p); }
LTN_INLINE V load_unaligned(const float* p) { return *reinterpret_cast<const VU*>(p); }
LTN_INLINE void store(float* p, V v) { *reinterpret_cast<V*>(p) = v; }
LTN_INLINE void store_unaligned(float* p, V v) { *reinterpret_cast<VU*>(p) = v; }
LTN_INLINE V all(float f) { return f - V{}; }
LTN_INLINE VI all_int(int32_t i) { return i - VI{}; }
// Of equal ones the first; only where neither is NaN: one instruction.
LTN_INLINE V larger(V a, V b) { return b > a ? b : a; }
LTN_INLINE VI as_int(V v) {
  VI out;
  std::memcpy(&out, &v, sizeof out);
  return out;
}
LTN_INLINE V as_float(VI v) {
  V out;
  std::memcpy(&out, &v, sizeof out);
  return out;
}

// Calls f(std::integral_constant<int, n>) for n of 1 to R.
template <int R, typename F>
LTN_INLINE void with_count(int n, F&& f) {
  if constexpr (R > 1) {
    if (n < R) return with_count<R - 1>(n, f);
  }
  f(std::integral_constant<int, R>{});
}

// Bytes to integers and back: compilers take `__builtin_convertvector` apart, element by element.
LTN_INLINE VI load_bytes(const uint8_t* at) {
#if defined(__AVX512F__)
  return reinterpret_cast<VI>(
      _mm512_maskz_cvtepu8_epi32(0xffff, _mm_loadu_si128(reinterpret_cast<const __m128i*>(at))));
#elif defined(__AVX2__)
  return reinterpret_cast<VI>(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))));
#else
  VB bytes;
  std::memcpy(&bytes, at, L);
  return __builtin_convertvector(bytes, VI);
#endif
}

LTN_INLINE void store_bytes(uint8_t* at, VI v) {
#if defined(__AVX512F__)
  _mm_storeu_si128(reinterpret_cast<__m128i*>(at), _mm512_maskz_cvtepi32_epi8(0xffff, reinterpret_cast<__m512i>(v)));
#else
  const VB bytes = __builtin_convertvector(v, VB);
  std::memcpy(at, &bytes, L);
#endif
}

// kLanes x kLanes, in registers: rows become columns. First within parts of four lanes, by interleaving twice, then the
// parts; compilers know instructions for just these orders.
LTN_INLINE void transpose(V* r) {
#if defined(__GNUC__) && !defined(__clang__)
  VI low1, high1, low2, high2, even, odd;
  for (int j = 0; j < L; ++j) {
    const int part = j / 4 * 4, k = j % 4;
    low1[j] = part + k / 2 + k % 2 * L;
    high1[j] = part + 2 + k / 2 + k % 2 * L;
    low2[j] = part + k % 2 + k / 2 * L;
    high2[j] = part + 2 + k % 2 + k / 2 * L;
    even[j] = j < L / 2 ? j / 4 * 8 + k : L + (j - L / 2) / 4 * 8 + k;
    odd[j] = even[j] + 4;
  }
  V t[L];
#pragma GCC unroll 8
  for (int i = 0; i < L; i += 2) {
    t[i] = __builtin_shuffle(r[i], r[i + 1], low1);
    t[i + 1] = __builtin_shuffle(r[i], r[i + 1], high1);
  }
#pragma GCC unroll 4
  for (int i = 0; i < L; i += 4) {
    r[i] = __builtin_shuffle(t[i], t[i + 2], low2);
    r[i + 1] = __builtin_shuffle(t[i], t[i + 2], high2);
    r[i + 2] = __builtin_shuffle(t[i + 1], t[i + 3], low2);
    r[i + 3] = __builtin_shuffle(t[i + 1], t[i + 3], high2);
  }
  // r[s + c] holds the columns c, 4 + c, ... of the rows s to s + 3: the parts of rows s and s + span are merged
  const auto merge = [&](auto span) __attribute__((always_inline)) {
    constexpr int S = span;
#pragma GCC unroll 2
    for (int first = 0; first < L; first += 2 * S) {
#pragma GCC unroll 8
      for (int i = first; i < first + S; ++i) {
        const V a = r[i], b = r[i + S];
        r[i] = __builtin_shuffle(a, b, even);
        r[i + S] = __builtin_shuffle(a, b, odd);
      }
    }
  };
  if constexpr (L >= 8) merge(std::integral_constant<int, 4>{});
  if constexpr (L >= 16) merge(std::integral_constant<int, 8>{});
#else
  float in[L][L];
  std::memcpy(in, r, sizeof in);
  for (int i = 0; i < L; ++i)
    for (int j = 0; j < L; ++j) r[i][j] = in[j][i];
#endif
}

// e^r - 1 for |r| up to log(2) / 2, and a little more.
LTN_INLINE V exp_minus_one_near(V r) {
  V p = all(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return p * r * r + r;
}

// e^x to about one unit in the last place; 0 below the smallest normal, infinity above the largest. NaN stays NaN.
LTN_INLINE V exp_of(V x) {
  const V low = all(-87.33654f), high = all(88.72283f);
  const V clamped = x < low ? low : (x > high ? high : x);
  const V n = (clamped * 1.44269504f + 12582912.0f) - 12582912.0f;
  V r = clamped - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  const V p = exp_minus_one_near(r) + 1.0f;
  // 2^n in two factors: n may be 128
  const VI whole = __builtin_convertvector(n, VI);
  const VI half = whole >> 1;
  const V a = as_float((half + 127) << 23), b = as_float((whole - half + 127) << 23);
  const V value = p * a * b;
  return x < low ? V{} : (x > high ? all(INFINITY) : (x != x ? x : value));
}

LTN_INLINE V sigmoid_of(V x) { return 1.0f / (1.0f + exp_of(-x)); }

LTN_INLINE V tanh_of(V x) {
  const V size = x < 0.0f ? -x : x;
  const V far = 1.0f - 2.0f / (exp_of(size + size) + 1.0f);
  const V z = x * x;
  V p = all(-5.70498872745e-3f);
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const V near = p * z * x + x;
  return size < 0.625f ? near : (x < 0.0f ? -far : far);
}

}  // namespace
