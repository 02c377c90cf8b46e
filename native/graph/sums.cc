#include "graph/sums.h"

#include "core/clones.h"

namespace ltn::graph {

LTN_CLONES void take_sums(float* __restrict from, int64_t count, double* __restrict to) {
  for (int64_t i = 0; i < count; ++i) {
    to[i] += static_cast<double>(from[i]);
    from[i] = 0;
  }
}

LTN_CLONES void add_up(const double* __restrict from, int64_t count, double* __restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

LTN_CLONES void add_floats(const float* __restrict from, int64_t count, double* __restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] += static_cast<double>(from[i]);
}

LTN_CLONES void write_sums(const double* __restrict from, int64_t count, double scale, float* __restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i] * scale);
}

}  // namespace ltn::graph
