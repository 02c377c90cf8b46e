// The forward pass of a tile through a plan's blocks, shared by prediction and training.
#pragma once

#include "graph/plan.h"
#include "graph/weights.h"

namespace ltn::graph {

struct TileForward {
  const Plan& plan;
  const Layout& layout;
  const std::vector<BlockWeights>& weights;
  char* memory;
  float* rows;
  // training only
  bool training = false;
  uint32_t seed = 0;         // of dropout, in this step
  uint32_t first_image = 0;  // of the tile

  // `bound`: the largest magnitude at the block's input, and then at its output; NaN where that is unknown.
  // `z`: the block's convolution, where it is stored, or null.
  void block(int index, double& bound, const float* z, bool track, uint8_t* index_at, float* picked_at) const;
};

uint32_t dropout_seed(uint32_t step, int block);

}  // namespace ltn::graph
