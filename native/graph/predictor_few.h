// A plan in eval mode for few images: one image after the other, with its places as lanes, where tiles would compute
// images that are not there.
#pragma once

#include <vector>

#include "graph/plan.h"

namespace ltn::graph {

// Products of vectors that are worth the other threads, which have to be woken: some 0.2 ms.
constexpr double kWorthThreads = 600'000;

inline int divide_up(int n, int by) { return (n + by - 1) / by; }

class FewPredictor {
 public:
  explicit FewPredictor(const Plan& plan);

  // True where it computes `count` images faster than tiles do.
  bool pays(int64_t count) const;
  // What a tile costs, in products of vectors.
  double tile_cost() const { return tile_cost_; }
  // Of what one image needs.
  int64_t bytes() const;
  // Packs the parameters as they are now.
  void pack();
  // [N, ...] to [N, outputs]; any number of images.
  void run(const float* x, int64_t count, float* out);

 private:
  // How a convolution is computed: lanes are places; places of a pool's windows; or channels, where there are many of
  // them at few places.
  enum class Way { Places, Pooled, Channels };
  // What is known of a block beforehand.
  struct Step {
    Way way = Way::Places;
    Planes in;           // how its input lies in memory; without the first
    int64_t floats = 0;  // of that
    int rows = 0;        // of the convolution's output
    int pitch = 0;       // what they are apart
    int vectors = 0;     // of places, over all these rows; or of outputs
    std::vector<int32_t> offsets, starts;
    Memory weights, bias;
    double cost = 0;  // of an image
  };
  struct Worker {
    std::vector<Memory> inputs;  // of the blocks
    Memory places, channels, scratch;
  };

  void plan_conv(const Block& block, Step& step);
  Step conv_step(const Block& block, Way way) const;
  void add_offsets(const Block& block, Step& step) const;
  Planes input(int block, Worker& worker) const;

  void heads(const float* x, int64_t count, const float* end, float* features);
  void head(const float* x, const float* end, float* features, Worker& worker, bool threads) const;
  void conv(const Block& block, const Step& step, const float* in, const Planes& out, Worker& worker,
            bool threads) const;
  void conv_channels(const Block& block, const Step& step, const float* in, Worker& worker, bool threads) const;
  const float* tail(const float* in, int64_t& row, int count);
  void linear(const Block& block, const Step& step, const float* in, int64_t in_row, float* out, int64_t out_row,
              int count) const;
  void place(int channels, int h, int w, const float* in, int64_t row, int64_t channel, const float* end,
             Activation activation, const Planes& out, Worker& worker) const;
  Worker& worker(size_t index);

  const Plan& plan_;
  std::vector<Step> steps_;
  int head_ = 0;          // blocks before the first linear layer
  int64_t features_ = 0;  // floats of an image behind the head, with the zeros behind them
  int64_t places_ = 0, channels_ = 0, scratch_row_ = 0;  // floats
  bool fits_ = true;
  double cost_ = 0, head_cost_ = 0, tile_cost_ = 0;
  std::vector<Worker> workers_;
  Memory features_rows_, tail_rows_[2];
};

}  // namespace ltn::graph
