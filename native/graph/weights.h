// A plan's weights in the order in which the kernels read them.
#pragma once

#include <vector>

#include "graph/plan.h"

namespace ltn::graph {

inline const float* data_or_null(const std::vector<float>& values) { return values.empty() ? nullptr : values.data(); }

struct BlockWeights {
  std::vector<float> forward, backward;
  std::vector<float> patched, patched_backward;  // the same, where the kernels take patches
  std::vector<float> through;                    // batch norm's part of the backward pass: `forward` times c1
  std::vector<float> bias;                       // empty where there is none
  std::vector<float> scale, shift;               // of batch norm in training
  // of a convolution, and of its scale: what magnitudes are multiplied with at most, and what is added
  double reach = 0, offset = 0, scale_reach = 1, scale_offset = 0;

  // No less than the largest magnitude that can arise in a block and at its output from inputs up to `bound`, or NaN.
  double bound(const Block& block, double bound) const;
};

// Values up to this never become infinite, or NaN, within a block.
constexpr double kBounded = 1e30;

// Sets what `bound` needs from the weights as they are.
void measure(const ConvShape& conv, BlockWeights& weights);
// The same after nothing but batch norm's scale and shift have changed.
void measure_norm(BlockWeights& weights);

// Zeros behind the values of channels, as the kernels want them.
void pad_channels(std::vector<float>& values);
// [ceil(out / 4)][in][kernel_h][kernel_w][4], each output channel times its `scale` where that is given.
void pack_conv(const ConvShape& conv, const float* weight, const float* scale, std::vector<float>& out);
// The convolution that gives the gradient at the input: channels exchanged, the kernel turned around; `scale` as above.
void pack_conv_backward(const ConvShape& conv, const float* weight, const float* scale, std::vector<float>& out);
ConvShape backward_shape(const Block& block);
// [ceil(out / 4)][16][in][4] of weights packed by the two above, transformed for kernels/winograd.h; empty where the
// kernels take no patches.
void pack_patches(const ConvShape& conv, const std::vector<float>& packed, std::vector<float>& out);
// Scratch of a convolution by patches, in floats.
int64_t patches_scratch(const ConvShape& conv);
// Scratch of the backward pass of a block's convolution, in floats: rows of dz, and what patches need after them.
int64_t backward_rows(const Block& block);
int64_t backward_scratch(const Block& block);
// [blocks][in][block] of weight [out][in]; or, transposed, for the gradient at the input.
void pack_linear(int out_features, int in_features, const float* weight, std::vector<float>& out);
void pack_linear_backward(int out_features, int in_features, const float* weight, std::vector<float>& out);

// Batch norm by its running statistics: y = scale * z + shift for the convolution's z with its bias.
void running_affine(const Stage& norm, int channels, std::vector<float>& scale, std::vector<float>& shift);

}  // namespace ltn::graph
