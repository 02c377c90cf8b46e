// A plan's weights in the order in which the kernels read them.
#pragma once

#include <vector>

#include "graph/plan.h"

namespace ltn::graph {

struct BlockWeights {
  std::vector<float> forward, backward;
  std::vector<float> bias;          // empty where there is none
  std::vector<float> scale, shift;  // of batch norm in training

  const float* bias_or_null() const { return bias.empty() ? nullptr : bias.data(); }
};

// [ceil(out / 4)][in][kernel_h][kernel_w][4], each output channel times its `scale` where that is given.
void pack_conv(const ConvShape& conv, const float* weight, const float* scale, std::vector<float>& out);
// The convolution that gives the gradient at the input: channels exchanged, the kernel turned around.
void pack_conv_backward(const ConvShape& conv, const float* weight, std::vector<float>& out);
ConvShape backward_shape(const Block& block);
// [blocks][in][block] of weight [out][in]; or, transposed, for the gradient at the input.
void pack_linear(int out_features, int in_features, const float* weight, std::vector<float>& out);
void pack_linear_backward(int out_features, int in_features, const float* weight, std::vector<float>& out);

// Batch norm by its running statistics: y = scale * z + shift for the convolution's z with its bias.
void running_affine(const Stage& norm, int channels, std::vector<float>& scale, std::vector<float>& shift);

}  // namespace ltn::graph
