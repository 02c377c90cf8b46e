// Long rows of sums, by whatever vectors the processor has.
#pragma once

#include <cstdint>

namespace ltn::graph {

// to += from, from = 0
void take_sums(float* from, int64_t count, double* to);
// to += from
void add_up(const double* from, int64_t count, double* to);
void add_floats(const float* from, int64_t count, double* to);
// to = from * scale
void write_sums(const double* from, int64_t count, double scale, float* to);

}  // namespace ltn::graph
