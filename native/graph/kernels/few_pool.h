// Pools of any window for few images: first over the rows of a window, then over its columns at each place, of which a
// stride then takes what it needs.
#pragma once

#include "graph/kernels/elementwise.h"
#include "graph/kernels/few.h"

namespace {

// `average`: sums, else the maximum that keeps NaN.
LTN_INLINE V joined(bool average, V a, V b) { return average ? a + b : larger_or_nan(a, b); }

template <Activation act>
struct FewPoolRun {
  static void run(const FewPool& a) {
    const ltn::graph::PoolShape& p = *a.pool;
    float* rows = a.scratch;  // with the border that belongs to no window
    float* joint = rows + a.scratch_row;
    float* picked = joint + a.scratch_row;
    float* widths = picked + a.scratch_row;
    const V nothing = a.average ? V{} : all(-INFINITY);
    for (long x = 0; x < a.scratch_row; x += L) store(rows + x, nothing);
    const ltn::graph::PoolPass shape{p,  a.average, a.count_padding, a.channels, a.h,    a.w,
                                     {}, {},        nullptr,         nullptr,    nullptr};
    const int needed = (p.out_w - 1) * p.stride_w + 1;
    for (int c = 0; c < a.channels; ++c) {
      for (int py = 0; py < p.out_h; ++py) {
        const Span ys = span_of(py, p.stride_h, p.pad_h, p.kernel_h, a.h);
        for (int x = 0; x < a.w; x += L) {
          V m = nothing;
          const float* from = a.in + c * a.channel + x;
          for (int y = ys.begin; y < ys.end; ++y) m = joined(a.average, m, load_unaligned(from + y * a.row));
          const VI inside = lane_numbers() < all_int(a.w - x);
          store_unaligned(rows + p.pad_w + x, inside ? m : nothing);
        }
        for (int x = 0; x < needed; x += L) {
          V m = load_unaligned(rows + x);
          for (int k = 1; k < p.kernel_w; ++k) m = joined(a.average, m, load_unaligned(rows + x + k));
          store(joint + x, m);
        }
        const float* result = joint;
        if (p.stride_w != 1) {
          take_every<Activation::None>(joint, p.stride_w, p.out_w, picked);
          result = picked;
        }
        if (a.average) {
          for (int px = 0; px < p.out_w; ++px) widths[px] = average_area(shape, py, px);
          for (int x = 0; x < p.out_w; x += L) store(picked + x, load(result + x) / load(widths + x));
          result = picked;
        }
        place_row<act>(result, p.out_w, py, a.out, a.out.first + c * a.out.channel);
      }
    }
  }
};

void few_pool(const FewPool& a) { with_activation<FewPoolRun>(a.activation, a); }

}  // namespace
