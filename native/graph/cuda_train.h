// Training of blocks on a GPU: convolution, batch norm, ReLU and a maximum pool of 2x2 as one function of autograd,
// whose kernels compute the convolution anew wherever its values are needed, and store none of them on the way there.
#pragma once

#include "graph/plan.h"

namespace ltn::graph {

// Whether there are kernels for a convolution and the batch norm behind it.
bool trains_on_gpu(const Stage& convolution, const Stage& norm);

// What the block gives for x, float32 and contiguous; moves the running statistics. The gradient of the convolution's
// bias is zero, which it is but for rounding wherever batch norm follows.
at::Tensor train_block(const Stage& convolution, const Stage& norm, const at::Tensor& x);

}  // namespace ltn::graph
