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

// All passes of a block, and the sums behind them; what reaches the convolution's values sums up to nothing.
bool training() {
  fused::Training a{};
  fused::Convolution& c = a.convolution;
  c.images = between(1, between(0, 9) == 0 ? 60 : 4);
  c.in_c = between(1, 6);
  c.in_h = between(1, 12);
  c.in_w = between(1, 12);
  c.out_c = between(1, 9);
  c.kernel_h = c.kernel_w = fused::kSquareKernels[between(0, 3)];
  c.stride_h = c.stride_w = c.dilation_h = c.dilation_w = 1;
  c.pad_h = between(0, c.kernel_h - 1);
  c.pad_w = between(0, c.kernel_w - 1);
  c.conv_h = c.out_h = out_size(c.in_h, c.pad_h, c.kernel_h, 1, false);
  c.conv_w = c.out_w = out_size(c.in_w, c.pad_w, c.kernel_w, 1, false);
  a.pooled_h = c.conv_h / 2;
  a.pooled_w = c.conv_w / 2;
  if (a.pooled_h == 0 || a.pooled_w == 0) return false;
  c.tiles_h = (c.conv_h + 1) / 2;
  c.tiles_w = (c.conv_w + 1) / 2;
  const long tiles = long{c.images} * c.tiles_h * c.tiles_w, places = long{c.images} * c.conv_h * c.conv_w;
  a.blocks = std::min(blocks_of(tiles), between(1, 3));
  const auto x = normal(long{c.images} * c.in_c * c.in_h * c.in_w);
  const auto weight = normal(long{c.out_c} * c.in_c * c.kernel_h * c.kernel_w);
  const auto gradient = normal(long{c.images} * c.out_c * a.pooled_h * a.pooled_w);
  Channels channels(c.out_c);
  std::vector<fused::Sums> partial(long{c.out_c} * a.blocks);
  std::vector<float> mean(c.out_c, kUnwritten), variance = mean, sum = mean, along = mean;
  std::vector<float> y(places * c.out_c, kUnwritten);
  c.x = x.data();
  c.weight = weight.data();
  a.partial = partial.data();
  const std::string name = "training_" + std::to_string(c.kernel_h);
  const int groups = (c.out_c + fused::kTrainingChannels - 1) / fused::kTrainingChannels;
  const auto gather = [&](fused::Training::Pass pass, fused::Totals totals, std::vector<float>& first,
                          std::vector<float>& second) {
    a.pass = pass;
    run(name, &a, a.blocks, groups, {});
    totals.moments = pass == fused::Training::Pass::Moments;
    totals.partial = partial.data();
    totals.channels = c.out_c;
    totals.blocks = a.blocks;
    totals.first = first.data();
    totals.second = second.data();
    run("totals", &totals, c.out_c, 1, first);
    run("totals", &totals, c.out_c, 1, second);
  };
  long long batches = 0;
  fused::Totals moved{};
  if (either()) moved.bias = channels.bias.data();
  moved.running_mean = channels.mean.data();
  moved.running_var = channels.variance.data();
  moved.batches = &batches;
  moved.momentum = 0.1;
  gather(fused::Training::Pass::Moments, moved, mean, variance);
  c.tail.affine = channels.affine();
  c.tail.affine.bias = nullptr;
  c.tail.affine.mean = mean.data();
  c.tail.affine.variance = variance.data();
  c.tail.affine.eps = 1e-5f;
  a.gradient = gradient.data();
  gather(fused::Training::Pass::Gradients, {}, sum, along);
  a.pass = fused::Training::Pass::Values;
  a.sum = sum.data();
  a.along = along.data();
  a.y = y.data();
  run(name, &a, a.blocks, groups, y);
  for (int o = 0; o < c.out_c; ++o) {
    double total = 0, size = 0;
    for (long i = 0; i < places; ++i) {
      const float value = y[(i / (c.conv_h * c.conv_w) * c.out_c + o) * c.conv_h * c.conv_w + i % (c.conv_h * c.conv_w)];
      total += value;
      size += std::fabs(value);
    }
    if (!(std::fabs(total) <= 1e-4 * (1 + size))) std::printf("gradients sum up to %g\n", total), std::exit(1);
  }
  return batches == 2;
}

}  // namespace

int main() {
  int convolutions = 0, passes = 0, trainings = 0;
  while (convolutions < 2000) convolutions += convolution() ? 1 : 0;
  while (passes < 2000) passes += pass() ? 1 : 0;
  while (trainings < 1000) trainings += training() ? 1 : 0;
  std::printf("%d convolutions, %d passes and %d trainings stay in their memory\n", convolutions, passes, trainings);
}
