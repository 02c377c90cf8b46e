// Whole steps of optimizers on rows of floats, element by element: one pass where libtorch's operators make eight. What
// is computed of one element is in double, and rounded once for each float that is stored.
#pragma once

#include <cstdint>

namespace ltn {

struct AdamPass {
  bool maximize;
  double decay;          // p *= decay
  double penalty;        // g += penalty * p
  double first, second;  // m += first * (g - m), v = second * v + squares * g * g
  double squares;
  double correction, eps;  // d = sqrt(v) / correction + eps
  double step;             // p += step * m / d
};

void adam_pass(const AdamPass& pass, int64_t count, const float* gradient, float* param, float* average, float* square);

struct SgdPass {
  bool maximize, nesterov;
  double penalty;      // g += penalty * p
  double kept, fresh;  // b = kept * b + fresh * g
  double momentum;     // g += momentum * b, where it is Nesterov's
  double step;         // p += step * (b, or that g)
};

// `buffer` is null without momentum.
void sgd_pass(const SgdPass& pass, int64_t count, const float* gradient, float* param, float* buffer);

}  // namespace ltn
