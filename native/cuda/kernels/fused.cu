// The fused kernels of a GPU, for compiled networks; native/cuda/launch.cc starts them by name.
#include "cuda/kernels/bodies.h"
#include "cuda/kernels/training.h"

namespace ltn::fused {

// A block of threads: their tiles, one after the other over all images, for one group of channels. Its weights are in
// shared memory, some input channels at a time.
template <int K, int C>
__device__ __forceinline__ void convolution(const Convolution& a) {
  __shared__ __align__(16) float weights[kStagedWeights];
  __shared__ float affine[2 * C];
  const int group = blockIdx.y;
  const Tile tile = tile_of(a, blockIdx.x * kThreads + threadIdx.x);
  stage_affine<C>(a, group, threadIdx.x, affine);
  float sums[4 * C] = {};
  for (int first = 0; first < a.in_c; first += a.chunk) {
    const int count = min(a.chunk, a.in_c - first);
    __syncthreads();
    stage_weights<C>(a, group, first, count, threadIdx.x, kThreads, weights);
    __syncthreads();
    if (tile.inside) accumulate<K, C>(a, tile, first, count, weights, sums);
  }
  if (tile.inside) finish<C>(a, tile, group, affine, sums);
}

// The sums of all threads of a block, at the first one; called by all of them.
__device__ __forceinline__ void reduce(bool moments, const Sums& own, Sums (&sums)[kThreads]) {
  sums[threadIdx.x] = own;
  for (int half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) merge(moments, sums[threadIdx.x], sums[threadIdx.x + half]);
  }
}

template <int K>
__device__ __forceinline__ void training(const Training& a) {
  constexpr int C = kTrainingChannels;
  __shared__ __align__(16) float weights[kStagedWeights];
  __shared__ Channel<C> channel;
  __shared__ Sums sums[kThreads];
  const int group = blockIdx.y;
  stage_weights<C>(a.convolution, group, 0, a.convolution.in_c, threadIdx.x, kThreads, weights);
  stage_channels<C>(a, group, threadIdx.x, channel);
  __syncthreads();
  Gathered<C> own;
  const int tiles = tiles_of(a), step = a.blocks * kThreads;
  for (int i = blockIdx.x * kThreads + threadIdx.x; i < tiles; i += step) {
    train_tile<K, C>(a, i, group, weights, channel, own);
  }
  if (a.pass == Training::Pass::Values) return;
  const bool moments = a.pass == Training::Pass::Moments;
#pragma unroll
  for (int j = 0; j < C; ++j) {
    reduce(moments, own.sums(moments, j), sums);
    if (threadIdx.x == 0) store_partial<C>(a, group, j, blockIdx.x, sums[0]);
    __syncthreads();
  }
}

}  // namespace ltn::fused

#define LTN_CONVOLUTION(K, C)                                                    \
  extern "C" __global__ void __launch_bounds__(ltn::fused::kThreads, 4)          \
      convolution_##K##_##C(const __grid_constant__ ltn::fused::Convolution a) { \
    ltn::fused::convolution<K, C>(a);                                            \
  }
#define LTN_CONVOLUTIONS(K) \
  LTN_CONVOLUTION(K, 4)     \
  LTN_CONVOLUTION(K, 8)

LTN_CONVOLUTIONS(0)
LTN_CONVOLUTIONS(1)
LTN_CONVOLUTIONS(2)
LTN_CONVOLUTIONS(3)
LTN_CONVOLUTIONS(5)

extern "C" __global__ void __launch_bounds__(ltn::fused::kThreads) pass(const __grid_constant__ ltn::fused::Pass a) {
  const int element = blockIdx.x * ltn::fused::kThreads + threadIdx.x;
  if (element < a.images * a.channels * a.out_h * a.out_w) ltn::fused::pass(a, element);
}

#define LTN_TRAINING(K)                                                            \
  extern "C" __global__ void __launch_bounds__(ltn::fused::kThreads, 4)            \
      training_##K(const __grid_constant__ ltn::fused::Training a) {               \
    ltn::fused::training<K>(a);                                                    \
  }

LTN_TRAINING(1)
LTN_TRAINING(2)
LTN_TRAINING(3)
LTN_TRAINING(5)

// A block of threads for each channel.
extern "C" __global__ void __launch_bounds__(ltn::fused::kThreads)
    totals(const __grid_constant__ ltn::fused::Totals a) {
  __shared__ ltn::fused::Sums sums[ltn::fused::kThreads];
  ltn::fused::reduce(a.moments, ltn::fused::sums_of(a, blockIdx.x, threadIdx.x), sums);
  if (threadIdx.x == 0) ltn::fused::finish_totals(a, blockIdx.x, sums[0]);
}
