// Whole steps of optimizers on rows of floats, element by element: a pass or two where libtorch's operators make eight.
#pragma once

#include <cstdint>

namespace ltn {

struct AdamPass {
  bool maximize;
  float decay;          // p *= decay
  float penalty;        // g += penalty * p
  float first, second;  // m += first * (g - m), v = second * v + squares * g * g
  float squares;
  float correction, eps;  // d = root of v / correction + eps
  float step;             // p += step * m / d
};

// The averages of a step, and a copy of v in `roots`; between the two, whoever calls takes the roots in libtorch's way.
void adam_averages(const AdamPass& pass, int64_t count, const float* gradient, float* param, float* average,
                   float* square, float* roots);
void adam_update(const AdamPass& pass, int64_t count, const float* average, const float* roots, float* param);

struct SgdPass {
  bool maximize, nesterov;
  float penalty;
  float momentum, fresh;  // b = momentum * b + fresh * g
  float step;             // p += step * b
};

// `buffer` is null without momentum.
void sgd_pass(const SgdPass& pass, int64_t count, const float* gradient, float* param, float* buffer);

}  // namespace ltn
