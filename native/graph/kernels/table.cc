// Compiled once for each instruction set, with LTN_KERNELS the name of the function that gives this set's table.
#include "graph/kernels/elementwise.h"
#include "graph/kernels/few_linear.h"
#include "graph/kernels/few_pool.h"
#include "graph/kernels/functions.h"
#include "graph/kernels/linear.h"
#include "graph/kernels/loss.h"
#include "graph/kernels/moments.h"

namespace {

// Transposes blocks of kLanes elements by kLanes images in registers.
float load_tile(const float* const* images, long size, const int32_t* offsets, float* out) {
  bool whole = true;
  for (int i = 0; i < L; ++i) whole = whole && images[i] != nullptr;
  VI largest{};  // magnitudes are ordered as their bits are
  V r[L];
  for (long at = 0; at < size; at += L) {
    const int count = size - at < L ? static_cast<int>(size - at) : L;
    if (whole && count == L) {
#pragma GCC unroll 16
      for (int i = 0; i < L; ++i) r[i] = load_unaligned(images[i] + at);
    } else {
      for (int i = 0; i < L; ++i) {
        r[i] = V{};
        if (images[i] != nullptr) std::memcpy(&r[i], images[i] + at, count * sizeof(float));
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) {
      const VI size_of = as_int(r[i]) & 0x7fffffff;
      largest = size_of > largest ? size_of : largest;
    }
    transpose(r);
    if (offsets == nullptr) {
      for (int k = 0; k < count; ++k) store(out + (at + k) * L, r[k]);
    } else if (count == L) {
#pragma GCC unroll 16
      for (int k = 0; k < L; ++k) store(out + offsets[at + k], r[k]);
    } else {
      for (int k = 0; k < count; ++k) store(out + offsets[at + k], r[k]);
    }
  }
  int32_t most = 0;
  for (int i = 0; i < L; ++i) most = largest[i] > most ? largest[i] : most;
  float value;
  std::memcpy(&value, &most, sizeof value);
  return value;
}

void store_tile(const float* in, int features, int count, float* out) {
  V r[L];
  for (int f = 0; f < features; f += L) {
    const int n = features - f < L ? features - f : L;
    for (int i = 0; i < L; ++i) r[i] = i < n ? load(in + static_cast<long>(f + i) * L) : V{};
    transpose(r);
    for (int i = 0; i < count; ++i) {
      std::memcpy(out + static_cast<long>(i) * features + f, &r[i], n * sizeof(float));
    }
  }
}

void flush(float* in, long count, double* totals) {
  for (long i = 0; i < count; ++i) {
    double total = 0;
    for (int k = 0; k < L; ++k) total += static_cast<double>(in[i * L + k]);
    totals[i] += total;
    store(in + i * L, V{});
  }
}

constexpr ltn::graph::Kernels kTable = {
    LTN_KERNELS_NAME, kLanes,       load_tile,     store_tile,     conv_forward,
    conv_statistics,  conv_moments, conv_backward, conv_plain,     conv_backward_patches,
    slope_backward,   pool_forward, pool_backward, elementwise,    function,
    dropout,          linear_block, linear,        linear_weights, cross_entropy,
    squared_error,    flush,        flush_patches, few_place,      few_conv,
    few_pool,         few_linear,   few_transpose};

}  // namespace

namespace ltn::graph {
const Kernels& LTN_KERNELS() { return kTable; }
}  // namespace ltn::graph
