// A training step of a plan: loss and gradients of a batch in a few passes over its tiles.
//
// Batch norm needs the statistics of the whole batch, so each one ends a pass: K of them make K passes for statistics,
// one that reaches the loss and turns back, and K that go on down from one batch norm to the next. Passes are made of
// tiles, tiles of blocks. Where all tiles' buffers fit into `kKeepBytes` they are kept from pass to pass, or into
// `kKeepMost` where they are dear to compute; else each pass recomputes what it needs from the input, and only the
// gradients at the batch norms are kept.
//
// Tiles are dealt out in chunks whose number depends on the batch alone; each chunk has its own sums in double, added
// up in order. So the result does not depend on the number of threads.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

#include "graph/forward.h"
#include "graph/norms.h"
#include "graph/team.h"

namespace ltn::graph {

struct Loss {
  bool cross_entropy = true;  // else the squared error
  bool mean = true;
  int64_t ignore_index = -100;
};

// Inputs and targets. `order` picks `count` rows; null for all in order.
// Parameters by their address.
using Parameters = std::unordered_set<const void*>;

struct Batch {
  at::Tensor x, y;
  const int64_t* order = nullptr;
  int64_t count = 0;
};

class Trainer {
 public:
  static constexpr int64_t kKeepBytes = 96ll << 20, kKeepMost = 1ll << 30;
  static constexpr int64_t kDear = 4;  // multiplications for a byte

  Trainer(const Plan& plan, Loss loss);

  // The loss of a batch in train mode, and (with `learn`) the gradients into the parameters' `grad`: added to what is
  // there, or, for those of `overwritten`, in its place. Moves running statistics; `seed` decides what dropout drops.
  // ERR_INVALID_ARG_VALUE for targets out of range.
  double run(const Batch& batch, bool learn, uint32_t seed, const Parameters& overwritten = {});
  // Runs `body`, which calls `run`, with all threads at hand.
  void together(const std::function<void()>& body) { team_.gather(body); }

  const Loss& loss() const { return loss_; }
  // Whether what a pass makes of so many images' tiles is kept for the next pass.
  bool keeps(int64_t count) const;
  int64_t scratch_bytes() const;
  // Statistics, to the loss and back, further down.
  std::array<int64_t, 3> passes() const;

 private:
  struct Offsets {
    int64_t dw = 0, db = 0;  // in totals and, in vectors, in a worker's sums
    int64_t vector_dw = 0, vector_db = 0;
    int64_t dw_count = 0, db_count = 0;
    int64_t mean = 0, deviations = 0, count = 0, sum = 0, product = 0;
    int64_t moments = 0;  // of the first block
    int64_t dz = 0;       // bytes, in a worker's dz
  };
  struct Worker {
    Memory arena, rows, sums, dz, channels, linear, moments;
    std::vector<int> waiting;  // tiles whose sums are not flushed yet, of each block
  };
  struct Tile {
    int64_t index = 0;
    int used = 0;  // lanes with an image
    char* memory = nullptr;
    int done = -2;
    float largest = 0;  // magnitude of its inputs
    const float* images[16] = {};
    alignas(64) float valid[16] = {};
  };

  void begin(const Batch& batch, bool learn, uint32_t seed);
  void pack(bool learn);
  void pack_backward(int block, const float* scale);
  void for_tiles(const std::function<void(Worker&, double*, Tile&)>& each);
  void ensure(Worker& worker, Tile& tile, int block, int track_from);
  bool statistics_from_moments();
  bool gather_moments();
  bool gather_moments_of_images(int64_t count);
  void reserve_kept();
  void finish_first_block(double denominator);
  bool closed(int block) const { return block == 0 && from_moments_; }
  void statistics(int norm);
  void finish_norm(int norm);
  double loss_pass(bool learn);
  void load_targets(const Tile& tile, int32_t* labels, float* values) const;
  void descend(Worker& worker, Tile& tile, double* totals, int from);
  void step_down(Worker& worker, Tile& tile, int block);
  void flush(Worker& worker, double* totals, int tiles);
  void write_gradients(double denominator);
  void write_gradient(const at::Tensor& parameter, const std::function<void(float*)>& fill);
  double check_targets() const;

  float* gradient(int block, const Tile& tile) const;
  uint8_t* index(int block, const Tile& tile) const;
  float* picked(int block, const Tile& tile) const;
  bool stores(int block) const;  // the convolution
  float* stored(int block, const Tile& tile) const;
  double* total(int64_t offset) { return totals_.data() + offset; }

  const Plan& plan_;
  Loss loss_;
  std::vector<int> norms_;  // blocks with batch norm, in order
  std::vector<Offsets> offsets_;
  std::vector<NormState> states_;
  int64_t totals_size_ = 0, sums_floats_ = 0, dz_bytes_ = 0, channels_ = 0, linear_floats_ = 0;
  int64_t loss_at_ = 0;
  std::vector<BlockWeights> weights_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Team team_;

  // The first block's convolution needs no pass for its statistics, and none to go down: see kernels/moments.h. Of data
  // that come again and again the moments are kept.
  struct KeptMoments {
    at::Tensor x;
    int64_t version;
    std::vector<double> values;
  };
  std::vector<KeptMoments> kept_moments_;
  // Of data from which batches are drawn, those of each image: [images][moments].
  struct ImageMoments {
    at::Tensor x;
    int64_t version = 0;
    std::vector<float> values;
    std::vector<uint8_t> known;
    Memory sums;  // of a batch, lane by lane
  };
  ImageMoments image_moments_;
  std::vector<double> moments_;
  int taps_ = 0;  // 0 where there is no such block
  bool from_moments_ = false;

  // of the batch at hand
  const Batch* batch_ = nullptr;
  const Parameters* overwritten_ = nullptr;
  const float* x_ = nullptr;
  const int64_t* order_ = nullptr;
  int64_t count_ = 0, tiles_ = 0, chunks_ = 0;
  bool learn_ = false, keep_ = false;
  uint32_t seed_ = 0;
  std::vector<double> chunk_totals_, totals_;
  Memory kept_;
  std::vector<int> done_;  // of each tile, where they are kept, as is
  std::vector<float> largest_;
  std::vector<Memory> kept_gradient_, kept_index_;  // of each block with batch norm
};

}  // namespace ltn::graph
