// The fused kernels on the processor: the bodies that nvcc compiles for a GPU, called block by block and thread by
// thread.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cuda/kernels/bodies.h"
#include "cuda/kernels/training.h"

namespace stand_in {

namespace fused = ltn::fused;

// As `convolution` of native/cuda/kernels/fused.cu, a barrier being the end of a loop over the threads.
template <int K, int C>
void run_convolution(const fused::Convolution& a, int blocks, int groups) {
  for (int group = 0; group < groups; ++group) {
    for (int block = 0; block < blocks; ++block) {
      std::vector<float> weights(fused::kStagedWeights), affine(2 * C);
      struct Thread {
        fused::Tile tile;
        float sums[4 * C] = {};
      };
      std::vector<Thread> threads(fused::kThreads);
      for (int t = 0; t < fused::kThreads; ++t) {
        threads[t].tile = fused::tile_of(a, block * fused::kThreads + t);
        fused::stage_affine<C>(a, group, t, affine.data());
      }
      for (int first = 0; first < a.in_c; first += a.chunk) {
        const int count = std::min(a.chunk, a.in_c - first);
        std::fill(weights.begin(), weights.end(), NAN);
        for (int t = 0; t < fused::kThreads; ++t) {
          fused::stage_weights<C>(a, group, first, count, t, fused::kThreads, weights.data());
        }
        for (Thread& thread : threads) {
          if (thread.tile.inside) fused::accumulate<K, C>(a, thread.tile, first, count, weights.data(), thread.sums);
        }
      }
      for (Thread& thread : threads) {
        if (thread.tile.inside) fused::finish<C>(a, thread.tile, group, affine.data(), thread.sums);
      }
    }
  }
}

inline void run_pass(const fused::Pass& a, int blocks, int) {
  const int elements = a.images * a.channels * a.out_h * a.out_w;
  for (int i = 0; i < std::min(elements, blocks * fused::kThreads); ++i) fused::pass(a, i);
}

// As `reduce`.
inline fused::Sums reduce(bool moments, std::vector<fused::Sums> sums) {
  for (int half = fused::kThreads / 2; half > 0; half /= 2) {
    for (int t = 0; t < half; ++t) fused::merge(moments, sums[t], sums[t + half]);
  }
  return sums[0];
}

// As `training`.
template <int K>
void run_training(const fused::Training& a, int blocks, int groups) {
  constexpr int C = fused::kTrainingChannels;
  const int tiles = fused::tiles_of(a), step = a.blocks * fused::kThreads;
  const bool moments = a.pass == fused::Training::Pass::Moments;
  for (int group = 0; group < groups; ++group) {
    for (int block = 0; block < blocks; ++block) {
      std::vector<float> weights(fused::kStagedWeights, NAN);
      fused::Channel<C> channel{};
      for (int t = 0; t < fused::kThreads; ++t) {
        fused::stage_weights<C>(a.convolution, group, 0, a.convolution.in_c, t, fused::kThreads, weights.data());
        fused::stage_channels<C>(a, group, t, channel);
      }
      std::vector<fused::Gathered<C>> own(fused::kThreads);
      for (int t = 0; t < fused::kThreads; ++t) {
        for (int i = block * fused::kThreads + t; i < tiles; i += step) {
          fused::train_tile<K, C>(a, i, group, weights.data(), channel, own[t]);
        }
      }
      if (a.pass == fused::Training::Pass::Values) continue;
      for (int j = 0; j < C; ++j) {
        std::vector<fused::Sums> sums;
        for (const auto& thread : own) sums.push_back(thread.sums(moments, j));
        fused::store_partial<C>(a, group, j, block, reduce(moments, sums));
      }
    }
  }
}

inline void run_totals(const fused::Totals& a, int channels, int) {
  for (int channel = 0; channel < channels; ++channel) {
    std::vector<fused::Sums> sums;
    for (int t = 0; t < fused::kThreads; ++t) sums.push_back(fused::sums_of(a, channel, t));
    fused::finish_totals(a, channel, reduce(a.moments, sums));
  }
}

// Where a kernel writes what tests may spoil, or null.
inline float* written(const fused::Convolution& a) { return a.y; }
inline float* written(const fused::Pass& a) { return a.y; }
inline float* written(const fused::Training& a) { return a.pass == fused::Training::Pass::Values ? a.y : nullptr; }
inline float* written(const fused::Totals&) { return nullptr; }

// A kernel: gives a launch with these arguments, to be done now or whenever a graph is replayed, and where it writes.
struct Kernel {
  std::function<std::pair<std::function<void()>, float*>(const void* arguments, int blocks, int groups)> prepare;

  template <typename Arguments>
  static Kernel of(void (*run)(const Arguments&, int, int)) {
    return {[run](const void* given, int blocks, int groups) {
      const Arguments a = *static_cast<const Arguments*>(given);
      return std::pair(std::function<void()>([=] { run(a, blocks, groups); }), written(a));
    }};
  }
};

template <int K>
void add_convolutions(std::map<std::string, Kernel>& all) {
  all["convolution_" + std::to_string(K) + "_4"] = Kernel::of<fused::Convolution>(run_convolution<K, 4>);
  all["convolution_" + std::to_string(K) + "_8"] = Kernel::of<fused::Convolution>(run_convolution<K, 8>);
}

inline std::map<std::string, Kernel>& kernels() {
  static auto& all = *[] {
    auto* const made = new std::map<std::string, Kernel>;
    add_convolutions<0>(*made);
    add_convolutions<1>(*made);
    add_convolutions<2>(*made);
    add_convolutions<3>(*made);
    add_convolutions<5>(*made);
    (*made)["training_1"] = Kernel::of<fused::Training>(run_training<1>);
    (*made)["training_2"] = Kernel::of<fused::Training>(run_training<2>);
    (*made)["training_3"] = Kernel::of<fused::Training>(run_training<3>);
    (*made)["training_5"] = Kernel::of<fused::Training>(run_training<5>);
    (*made)["totals"] = Kernel::of<fused::Totals>(run_totals);
    (*made)["pass"] = Kernel::of<fused::Pass>(run_pass);
    return made;
  }();
  return all;
}

}  // namespace stand_in
