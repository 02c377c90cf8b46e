// Batch norm in training: two phases. First the statistics of a convolution's output over the whole batch, gathered as
// (count, mean, sum of squared deviations) so that no large numbers cancel; then the backward pass's coefficients.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/plan.h"

namespace ltn::graph {

// Means and squared deviations of channels, over `count` values each.
struct Moments {
  double* mean;
  double* deviations;
  double* count;  // one for all channels
};

// Adds a tile's sums about a pivot of each lane: `each` values in each of the first `lanes_used` lanes.
void add_sums(const Moments& to, int channels, int lanes, int lanes_used, double each, const float* pivot,
              const float* sum, const float* square);
void merge(const Moments& to, const Moments& from, int channels);

struct NormState {
  std::vector<double> mean, variance, inverse;  // of the batch; inverse is 1 / sqrt(variance + eps)
  std::vector<float> kappa, c0, c1, rest;
  double count = 0;
};

// Statistics to scale and shift, and the running statistics moved; `bias` is the convolution's, which cancels in y.
void finish_statistics(const Stage& norm, const float* bias, int channels, NormState& state, std::vector<float>& scale,
                       std::vector<float>& shift);

// dz = rest * (kappa * g + c0 + c1 * z), from the sums of g and of g * z over the batch; gives the gradients of weight
// and bias, both of the sum of the losses. Over a batch dz sums up to zero, and the gradients of the convolution's
// weights are what remains of it: so that it does so in floats too, c1 is a power of two, which goes into weights
// without rounding, and c0 fits kappa as it is rounded.
void finish_backward(const Stage& norm, const double* sum, const double* product, int channels, NormState& state,
                     double* weight_gradient, double* bias_gradient);

}  // namespace ltn::graph
