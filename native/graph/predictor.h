// A plan in eval mode: batch norm folded into the convolutions, all buffers planned once, nothing allocated but the
// result. Images go through it side by side, in tiles, or one by one where they are few.
#pragma once

#include <vector>

#include "graph/forward.h"
#include "graph/predictor_few.h"

namespace ltn::graph {

class Predictor {
 public:
  explicit Predictor(const Plan& plan) : plan_(plan), few_(plan) {}
  // [N, ...] to [N, outputs]; contiguous float32 on the CPU. Packs the weights again where they have changed.
  void run(const float* x, int64_t count, float* out);
  const FewPredictor& few() const { return few_; }

 private:
  bool changed();
  void pack();
  void run_all_tiles(const float* x, int64_t count, float* out);
  void run_tiles(const float* x, int64_t count, float* out, int64_t first, int64_t last, int worker);

  const Plan& plan_;
  FewPredictor few_;
  bool packed_ = false, few_packed_ = false;
  std::vector<BlockWeights> weights_;
  std::vector<std::pair<const void*, int64_t>> seen_;  // data and version of each parameter
  std::vector<Memory> memory_;                         // of each thread
  std::vector<Memory> rows_;
};

}  // namespace ltn::graph
