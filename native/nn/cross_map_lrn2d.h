// torch.nn.CrossMapLRN2d. libtorch's own class differs from Python's: its k is an integer, and its backward of even
// sizes ends with an error.
#pragma once

#include <ATen/core/Tensor.h>

namespace ltn {

struct CrossMapLrnOptions {
  int64_t size;
  double alpha;
  double beta;
  double k;
};

// x [N, C, H, W] divided by (k + alpha / size * the sum of squares of `size` neighbouring channels) ^ beta.
at::Tensor cross_map_lrn2d(const at::Tensor& x, const CrossMapLrnOptions& options);

}  // namespace ltn
