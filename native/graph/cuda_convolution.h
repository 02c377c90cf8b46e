// What launches of fused kernels have in common.
#pragma once

#include <ATen/core/Tensor.h>

#include "cuda/kernels/arguments.h"

namespace ltn::graph {

inline const float* address(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr;
}

inline int divide_up(int64_t n, int64_t by) { return static_cast<int>((n + by - 1) / by); }

// Whether kernels of their own are there for square ones of that size, with stride and dilation 1.
bool has_square_kernels(int64_t size);

// ERR_INVALID_ARG_VALUE for more than kernels count.
void need_countable(int64_t elements);

// Groups of so many channels; ERR_INVALID_ARG_VALUE where those are too many for a launch.
unsigned groups_of(const fused::Convolution& a, int channels);

// Launches a convolution with its tail: chooses the kernel, and sets what the tensors and that choice decide.
void start_convolution(fused::Convolution& a, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& y);

}  // namespace ltn::graph
