#include "graph/cuda_convolution.h"

#include <algorithm>
#include <climits>
#include <string>

#include "core/errors.h"
#include "cuda/launch.h"

namespace ltn::graph {

namespace {

// Threads that keep a GPU busy; with fewer of them each computes fewer channels.
constexpr int64_t kEnoughThreads = 1 << 15;

int channels_of(const fused::Convolution& a) {
  const int64_t tiles = int64_t{a.images} * a.tiles_h * a.tiles_w;
  for (const int channels : fused::kChannels) {
    const int groups = divide_up(a.out_c, channels);
    if (groups * channels * 3 <= a.out_c * 4 && tiles * groups >= kEnoughThreads) return channels;
  }
  return std::end(fused::kChannels)[-1];
}

int kernel_of(const fused::Convolution& a) {
  const bool plain =
      a.kernel_h == a.kernel_w && a.stride_h == 1 && a.stride_w == 1 && a.dilation_h == 1 && a.dilation_w == 1;
  return plain && has_square_kernels(a.kernel_h) ? a.kernel_h : 0;
}

}  // namespace

bool has_square_kernels(int64_t size) {
  const auto end = std::end(fused::kSquareKernels);
  return std::find(std::begin(fused::kSquareKernels), end, size) != end;
}

void need_countable(int64_t elements) {
  // a thread's next tile is counted too
  if (elements > INT_MAX - fused::kThreads * fused::kMostBlocks) {
    fail(code::kArgValue, "so many places are not counted by fused kernels");
  }
}

unsigned groups_of(const fused::Convolution& a, int channels) {
  const int groups = divide_up(a.out_c, channels);
  if (groups > 65535) fail(code::kArgValue, "a convolution to ", a.out_c, " channels is not fused");
  return static_cast<unsigned>(groups);
}

void start_convolution(fused::Convolution& a, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& y) {
  const int64_t tiles = int64_t{a.images} * a.tiles_h * a.tiles_w;
  need_countable(tiles);
  const int channels = channels_of(a);
  a.chunk = std::max(1, fused::kStagedWeights / (a.kernel_h * a.kernel_w * channels));
  a.x = address(x);
  a.weight = address(weight);
  a.y = y.mutable_data_ptr<float>();
  read_by_launches({x, weight});
  const std::string name = "convolution_" + std::to_string(kernel_of(a)) + "_" + std::to_string(channels);
  const auto blocks = static_cast<unsigned>(divide_up(tiles, fused::kThreads));
  Launch{name.c_str(), x.device(), blocks, groups_of(a, channels), fused::kThreads}(a);
}

}  // namespace ltn::graph
