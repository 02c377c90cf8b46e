// The compiler makes no fused multiply-add of it (-ffp-contract=off; see CMakeLists.txt): each processor gives the
// same.
#include "optim/passes.h"

#include <cmath>

#include "core/clones.h"

namespace ltn {

LTN_CLONES void adam_pass(const AdamPass& a, int64_t count, const float* __restrict gradient, float* __restrict param,
                          float* __restrict average, float* __restrict square) {
  const double sign = a.maximize ? -1 : 1, decay = a.decay, penalty = a.penalty, first = a.first, second = a.second;
  const double squares = a.squares, correction = a.correction, eps = a.eps, step = a.step;
  for (int64_t i = 0; i < count; ++i) {
    const double p = decay * param[i];
    const double g = sign * gradient[i] + penalty * p;
    const double m = average[i] + first * (g - average[i]);
    const double v = second * square[i] + squares * g * g;
    average[i] = static_cast<float>(m);
    square[i] = static_cast<float>(v);
    param[i] = static_cast<float>(p + step * m / (std::sqrt(v) / correction + eps));
  }
}

LTN_CLONES void sgd_pass(const SgdPass& a, int64_t count, const float* __restrict gradient, float* __restrict param,
                         float* __restrict buffer) {
  const double sign = a.maximize ? -1 : 1, penalty = a.penalty, kept = a.kept, fresh = a.fresh, step = a.step;
  const double momentum = a.momentum;
  if (buffer == nullptr) {
    for (int64_t i = 0; i < count; ++i) {
      param[i] = static_cast<float>(param[i] + step * (sign * gradient[i] + penalty * param[i]));
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    const double g = sign * gradient[i] + penalty * param[i];
    const double b = kept * buffer[i] + fresh * g;
    buffer[i] = static_cast<float>(b);
    param[i] = static_cast<float>(param[i] + step * (a.nesterov ? g + momentum * b : b));
  }
}

}  // namespace ltn
