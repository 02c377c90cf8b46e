// The fused kernels of a GPU, for the forward of a compiled network; native/cuda/launch.cc starts them by name.
#include "cuda/kernels/bodies.h"

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
