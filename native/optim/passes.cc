// Each line rounds as libtorch's vectorized operator does where a processor has fused multiply-add: so `fma` stands
// where that has one, and the compiler must make no others (-ffp-contract=off; see CMakeLists.txt).
#include "optim/passes.h"

#include <cmath>

#include "core/clones.h"

namespace ltn {

LTN_CLONES void adam_averages(const AdamPass& a, int64_t count, const float* __restrict gradient,
                              float* __restrict param, float* __restrict average, float* __restrict square,
                              float* __restrict roots) {
  const float first = a.first, second = a.second, squares = a.squares, penalty = a.penalty;
  if (a.decay != 1) {
    for (int64_t i = 0; i < count; ++i) param[i] *= a.decay;
  }
  const float sign = a.maximize ? -1.0f : 1.0f;
  const bool near = std::fabs(first) < 0.5f;
  for (int64_t i = 0; i < count; ++i) {
    float g = sign * gradient[i];
    if (penalty != 0) g = std::fma(param[i], penalty, g);
    const float m = average[i], d = g - m;
    average[i] = near ? std::fma(first, d, m) : std::fma(first - 1, d, g);
    const float v = std::fma(squares * g, g, square[i] * second);
    square[i] = v;
    roots[i] = v;
  }
}

LTN_CLONES void adam_update(const AdamPass& a, int64_t count, const float* __restrict average,
                            const float* __restrict roots, float* __restrict param) {
  const float correction = a.correction, eps = a.eps, step = a.step;
  for (int64_t i = 0; i < count; ++i) param[i] += step * average[i] / (roots[i] / correction + eps);
}

LTN_CLONES void sgd_pass(const SgdPass& a, int64_t count, const float* __restrict gradient, float* __restrict param,
                         float* __restrict buffer) {
  const bool penalizes = a.penalty != 0, keeps = buffer != nullptr;
  for (int64_t i = 0; i < count; ++i) {
    float g = a.maximize ? -gradient[i] : gradient[i];
    if (penalizes) g = std::fma(param[i], a.penalty, g);
    if (keeps) {
      const float b = std::fma(g, a.fresh, buffer[i] * a.momentum);
      buffer[i] = b;
      g = a.nesterov ? std::fma(b, a.momentum, g) : b;
    }
    param[i] = std::fma(g, a.step, param[i]);
  }
}

}  // namespace ltn
