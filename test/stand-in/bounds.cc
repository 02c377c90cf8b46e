// The fused kernels on memory that is exactly as large as it has to be, for a compiler that notices what lies beside
// it: on a GPU one access outside ends everything. Every output is written, and the general kernel gives what those of
// square kernels do.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "kernels.h"

namespace {

namespace fused = ltn::fused;

std::mt19937 generator(1);

int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(generator); }
bool either() { return between(0, 1) == 1; }

std::vector<float> normal(long count) {
  std::vector<float> out(count);
  std::normal_distribution<float> draw;
  for (float& value : out) value = draw(generator);
  return out;
}

int out_size(int in, int pad, int kernel, int stride, bool ceil) {
  const int span = in + 2 * pad - kernel;
  if (span < 0) return 0;
  const int count = (span + (ceil ? stride - 1 : 0)) / stride + 1;
  return ceil && (count - 1) * stride >= in + pad ? count - 1 : count;
}

// False where it does not fit the image.
bool draw_pool(fused::Pool& pool, int kernel, int least_stride, int h, int w, int& out_h, int& out_w) {
  const bool ceil = either();
  pool.kind = either() ? fused::Pool::Kind::Maximum : fused::Pool::Kind::Average;
  pool.kernel_h = pool.kernel_w = kernel;
  pool.stride_h = between(least_stride, 4);
  pool.stride_w = between(least_stride, 4);
  pool.pad_h = between(0, kernel / 2);
  pool.pad_w = between(0, kernel / 2);
  pool.count_padding = either();
  out_h = out_size(h, pool.pad_h, kernel, pool.stride_h, ceil);
  out_w = out_size(w, pool.pad_w, kernel, pool.stride_w, ceil);
  return out_h > 0 && out_w > 0;
}

struct Channels {
  explicit Channels(int count)
      : bias(normal(count)), mean(normal(count)), weight(normal(count)), variance(count, 0.5f) {}
  std::vector<float> bias, mean, weight, variance;

  fused::Affine affine() const {
    fused::Affine a;
    if (either()) a.bias = bias.data();
    if (!either()) return a;
    a.mean = mean.data();
    a.variance = variance.data();
    if (either()) a.weight = weight.data();
    if (either()) a.shift = bias.data();
    return a;
  }
};

constexpr float kUnwritten = 12345678;

void run(const std::string& name, const void* arguments, int blocks, int groups, const std::vector<float>& out) {
  stand_in::kernels().at(name).prepare(arguments, blocks, groups).first();
  for (const float value : out) {
    if (value == kUnwritten) std::printf("%s leaves an output unwritten\n", name.c_str()), std::exit(1);
  }
}

int blocks_of(long threads) { return static_cast<int>((threads + fused::kThreads - 1) / fused::kThreads); }

bool convolution() {
  const bool square = either();
  fused::Convolution a{};
  a.images = between(1, 4);
  a.in_c = between(1, between(0, 9) == 0 ? 200 : 6);
  a.in_h = between(1, 12);
  a.in_w = between(1, 12);
  a.out_c = between(1, 18);
  a.kernel_h = square ? fused::kSquareKernels[between(0, 3)] : between(1, 7);
  a.kernel_w = square ? a.kernel_h : between(1, 7);
  for (int* step : {&a.stride_h, &a.stride_w, &a.dilation_h, &a.dilation_w}) *step = square ? 1 : between(1, 3);
  const int reach_h = a.dilation_h * (a.kernel_h - 1), reach_w = a.dilation_w * (a.kernel_w - 1);
  a.pad_h = between(0, reach_h);
  a.pad_w = between(0, reach_w);
  a.conv_h = out_size(a.in_h, a.pad_h, reach_h + 1, a.stride_h, false);
  a.conv_w = out_size(a.in_w, a.pad_w, reach_w + 1, a.stride_w, false);
  if (a.conv_h == 0 || a.conv_w == 0) return false;
  a.tail.before.map = static_cast<fused::Map>(between(0, static_cast<int>(fused::Map::Mish)));
  if (either()) {
    if (!draw_pool(a.tail.pool, 2, 2, a.conv_h, a.conv_w, a.out_h, a.out_w)) return false;
    a.tail.after.map = static_cast<fused::Map>(between(0, static_cast<int>(fused::Map::Mish)));
    a.tiles_h = a.out_h;
    a.tiles_w = a.out_w;
  } else {
    a.out_h = a.conv_h;
    a.out_w = a.conv_w;
    a.tiles_h = (a.out_h + 1) / 2;
    a.tiles_w = (a.out_w + 1) / 2;
  }
  const Channels channels(a.out_c);
  a.tail.affine = channels.affine();
  const auto x = normal(long{a.images} * a.in_c * a.in_h * a.in_w);
  const auto weight = normal(long{a.out_c} * a.in_c * a.kernel_h * a.kernel_w);
  std::vector<float> y(long{a.images} * a.out_c * a.out_h * a.out_w, kUnwritten), general = y;
  a.x = x.data();
  a.weight = weight.data();
  const auto launch = [&](int kernel, int channels, std::vector<float>& out) {
    a.y = out.data();
    a.chunk = std::max(1, fused::kStagedWeights / (a.kernel_h * a.kernel_w * channels));
    run("convolution_" + std::to_string(kernel) + "_" + std::to_string(channels), &a,
        blocks_of(long{a.images} * a.tiles_h * a.tiles_w), (a.out_c + channels - 1) / channels, out);
  };
  launch(square ? a.kernel_h : 0, fused::kChannels[between(0, 1)], y);
  launch(0, 4, general);
  for (size_t i = 0; i < y.size(); ++i) {
    const bool same = y[i] == general[i] || (std::isnan(y[i]) && std::isnan(general[i])) ||
                      std::fabs(y[i] - general[i]) <= 1e-3f * (1 + std::fabs(y[i]));
    if (!same) std::printf("kernels of one convolution give %g and %g\n", y[i], general[i]), std::exit(1);
  }
  return true;
}

bool pass() {
  fused::Pass a{};
  a.images = between(1, 4);
  a.channels = between(1, 9);
  a.h = a.out_h = between(1, 12);
  a.w = a.out_w = between(1, 12);
  if (either() && !draw_pool(a.tail.pool, between(1, 5), 1, a.h, a.w, a.out_h, a.out_w)) return false;
  const Channels channels(a.channels);
  a.tail.affine = channels.affine();
  const auto x = normal(long{a.images} * a.channels * a.h * a.w);
  std::vector<float> y(long{a.images} * a.channels * a.out_h * a.out_w, kUnwritten);
  a.x = x.data();
  a.y = y.data();
  run("pass", &a, blocks_of(static_cast<long>(y.size())), 1, y);
  return true;
}

}  // namespace

int main() {
  int convolutions = 0, passes = 0;
  while (convolutions < 2000) convolutions += convolution() ? 1 : 0;
  while (passes < 2000) passes += pass() ? 1 : 0;
  std::printf("%d convolutions and %d passes stay in their memory\n", convolutions, passes);
}
