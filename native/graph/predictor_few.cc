#include "graph/predictor_few.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "graph/weights.h"

namespace ltn::graph {

namespace {

constexpr int64_t kMostFloats = 1 << 30;  // of a buffer: distances are 32 bits wide
constexpr int kGroup = 16;                // images that go through the linear layers together
// Products of vectors that are worth the other threads.
constexpr double kThreads = 60000;
// Vectors of outputs that a kernel takes together: the sums do not depend on the number of threads.
constexpr int kLinearChunk = 4;

int divide_up(int n, int by) { return (n + by - 1) / by; }
int64_t slack() { return 2 * kernels().lanes; }
int64_t vectors_of(int64_t n) { return round_up(n, kernels().lanes) / kernels().lanes; }

float* floats(const Memory& memory) { return reinterpret_cast<float*>(memory.data()); }

// Rows of `w` without borders, one behind the other.
Planes plain(int h, int w, float* first) {
  Planes p;
  p.first = first;
  p.pitch = w;
  p.plane = p.channel = static_cast<long>(h) * w;
  return p;
}

bool halves(const Block& b) {
  const PoolShape& p = b.pool;
  return p.kernel_h == 2 && p.kernel_w == 2 && p.stride_h == 2 && p.stride_w == 2 && p.pad_h == 0 && p.pad_w == 0 &&
         2 * p.out_h <= b.conv.out_h && 2 * p.out_w <= b.conv.out_w;
}

// The convolution's rows that its pool looks at.
int rows_of(const Block& b) {
  if (b.pool.kernel_h == 0) return b.conv.out_h;
  return std::min(b.conv.out_h, (b.pool.out_h - 1) * b.pool.stride_h - b.pool.pad_h + b.pool.kernel_h);
}

}  // namespace

FewPredictor::FewPredictor(const Plan& plan) : plan_(plan), steps_(plan.blocks().size()) {
  const auto& blocks = plan.blocks();
  head_ = static_cast<int>(blocks.size());
  for (int i = head_ - 1; i >= 0; --i) {
    if (blocks[i].kind == Block::Kind::Linear) head_ = i;
  }
  scratch_row_ = plan.in_w + slack();
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Block& b = blocks[i];
    Step& s = steps_[i];
    s.in = plain(b.in_h, b.in_w, nullptr);
    if (b.kind == Block::Kind::Conv) plan_conv(b, s);
    if (b.kind == Block::Kind::Linear) {
      s.vectors = static_cast<int>(vectors_of(b.c));
      s.cost = static_cast<double>(b.in_size()) * s.vectors;
      tile_cost_ += static_cast<double>(b.in_size()) * b.c;
    }
    // rows that are convolved lie in planes of their own, and functions have a kernel for tiles alone
    if (b.function != Function::None || (b.kind == Block::Kind::Conv && b.flat)) fits_ = false;
    s.floats = s.in.channel * b.in_c + slack();
    fits_ = fits_ && s.floats < kMostFloats && static_cast<int64_t>(s.vectors) * kernels().lanes * b.c < kMostFloats;
    const int64_t width = std::max(b.in_w, b.kind == Block::Kind::Conv ? b.conv.out_w : 0);
    const PoolShape& p = b.pool;
    const int64_t row = std::max<int64_t>(width + 2 * p.pad_w, static_cast<int64_t>(p.out_w) * p.stride_w);
    scratch_row_ = std::max(scratch_row_, row + p.kernel_w + 2 * slack());
    cost_ += s.cost;
    if (static_cast<int>(i) < head_) head_cost_ += s.cost;
  }
  scratch_row_ = round_up(scratch_row_, kernels().lanes);
  const int64_t size = head_ > 0 ? blocks[head_ - 1].size() : static_cast<int64_t>(plan.in_c) * plan.in_h * plan.in_w;
  features_ = round_up(size + slack(), kernels().lanes);
}

void FewPredictor::split_for(const Block& b, Step& s) const {
  const ConvShape& c = b.conv;
  const int step = s.pooled ? 2 : 1;
  Planes& p = s.in;
  p.split_h = c.stride_h * step;
  p.split_w = c.stride_w * step;
  p.pad_h = b.pad_h;
  p.pad_w = b.pad_w;
  p.pitch = divide_up(c.in_w, p.split_w);
  // the zeros behind a row must not reach the plane after its own
  p.plane = round_up(static_cast<int64_t>(divide_up(c.in_h, p.split_h)) * p.pitch + kernels().lanes, kernels().lanes);
  p.channel = p.plane * p.split_h * p.split_w;
  s.rows = s.pooled ? b.pool.out_h : rows_of(b);
  const int64_t width = s.pooled ? b.pool.out_w : c.out_w;
  s.vectors = static_cast<int>(vectors_of(static_cast<int64_t>(s.rows - 1) * p.pitch + width));
}

void FewPredictor::plan_conv(const Block& b, Step& s) {
  const ConvShape& c = b.conv;
  split_for(b, s);
  if (halves(b)) {
    Step other = s;
    other.pooled = true;
    split_for(b, other);
    // by itself the pool costs a pass more
    if (4 * other.vectors <= 1.15 * s.vectors) s = other;
  }
  if (s.in.channel * c.in_channels >= kMostFloats) return;
  const int windows = s.pooled ? 2 : 1;
  const auto distance = [&](int y, int x) {
    const Planes& p = s.in;
    const int64_t plane = (y % p.split_h) * p.split_w + x % p.split_w;
    return plane * p.plane + y / p.split_h * p.pitch + x / p.split_w;
  };
  for (int ic = 0; ic < c.in_channels; ++ic) {
    for (int ky = 0; ky < c.kernel_h; ++ky) {
      for (int kx = 0; kx < c.kernel_w; ++kx) {
        for (int wy = 0; wy < windows; ++wy) {
          for (int wx = 0; wx < windows; ++wx) {
            const int y = wy * c.stride_h + ky * c.dilation_h, x = wx * c.stride_w + kx * c.dilation_w;
            s.offsets.push_back(static_cast<int32_t>(ic * s.in.channel + distance(y, x)));
          }
        }
      }
    }
  }
  const int64_t channels = c.out_channels;
  places_ = std::max(places_, channels * s.vectors * kernels().lanes + slack());
  s.cost = static_cast<double>(s.vectors) * windows * windows * b.taps() * channels;
  tile_cost_ += static_cast<double>(rows_of(b)) * c.out_w * b.taps() * round_up(channels, kChannelBlock);
}

bool FewPredictor::pays(int64_t count) const {
  const int64_t lanes = kernels().lanes;
  return fits_ &&
         cost_ * static_cast<double>(count) <= tile_cost_ * static_cast<double>(round_up(count, lanes) / lanes);
}

void FewPredictor::pack_conv(const Block& b, Step& s) const {
  const Stage& stage = plan_.stages()[b.linear];
  const int64_t channels = b.conv.out_channels, taps = b.taps();
  const float* weight = stage.weight.const_data_ptr<float>();
  std::vector<float> scale(channels, 1.0f), shift(channels, 0.0f);
  if (b.norm >= 0) running_affine(plan_.stages()[b.norm], static_cast<int>(channels), scale, shift);
  s.weights.reserve(round_up(channels, kFewChannels) * taps * 4);
  s.bias.reserve(channels * 4);
  for (int64_t o = 0; o < channels; ++o) {
    float* to = floats(s.weights) + o / kFewChannels * taps * kFewChannels + o % kFewChannels;
    for (int64_t t = 0; t < taps; ++t) to[t * kFewChannels] = weight[o * taps + t] * scale[o];
    const float bias = stage.bias.defined() ? stage.bias.const_data_ptr<float>()[o] : 0.0f;
    floats(s.bias)[o] = bias * scale[o] + shift[o];
  }
}

void FewPredictor::pack_linear(const Block& b, Step& s) const {
  const Stage& stage = plan_.stages()[b.linear];
  const int64_t lanes = kernels().lanes, inputs = b.in_size();
  const float* weight = stage.weight.const_data_ptr<float>();
  s.weights.reserve(s.vectors * inputs * lanes * 4);
  s.bias.reserve(s.vectors * lanes * 4);
  for (int64_t o = 0; o < b.c; ++o) {
    float* to = floats(s.weights) + o / lanes * inputs * lanes + o % lanes;
    for (int64_t f = 0; f < inputs; ++f) to[f * lanes] = weight[o * inputs + f];
  }
  if (stage.bias.defined()) std::copy_n(stage.bias.const_data_ptr<float>(), b.c, floats(s.bias));
}

void FewPredictor::pack() {
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Block& b = plan_.blocks()[i];
    if (b.kind == Block::Kind::Conv) pack_conv(b, steps_[i]);
    if (b.kind == Block::Kind::Linear) pack_linear(b, steps_[i]);
  }
}

Planes FewPredictor::input(int block, Worker& worker) const {
  Planes p = steps_[block].in;
  p.first = floats(worker.inputs[block]);
  return p;
}

FewPredictor::Worker& FewPredictor::worker(size_t index) {
  while (workers_.size() <= index) {
    Worker& w = workers_.emplace_back();
    for (int i = 0; i < head_; ++i) w.inputs.emplace_back(steps_[i].floats * 4);
    w.places.reserve(places_ * 4);
    w.scratch.reserve(scratch_row_ * kFewPoolRows * 4);
  }
  return workers_[index];
}

void FewPredictor::run(const float* x, int64_t count, float* out) {
  const int64_t in_size = static_cast<int64_t>(plan_.in_c) * plan_.in_h * plan_.in_w;
  const int64_t out_size = plan_.blocks().back().size();
  const float* end = x + count * in_size;
  for (int64_t at = 0; at < count; at += kGroup) {
    const int here = static_cast<int>(std::min<int64_t>(kGroup, count - at));
    const float* rows = x + at * in_size;
    int64_t row = in_size;
    if (head_ > 0) {
      features_rows_.reserve(here * features_ * 4);
      heads(rows, here, end, floats(features_rows_));
      rows = floats(features_rows_);
      row = features_;
    }
    rows = tail(rows, row, here);
    for (int i = 0; i < here; ++i) std::copy_n(rows + i * row, out_size, out + (at + i) * out_size);
  }
}

void FewPredictor::heads(const float* x, int64_t count, const float* end, float* features) {
  const int64_t size = static_cast<int64_t>(plan_.in_c) * plan_.in_h * plan_.in_w;
  const size_t threads = static_cast<size_t>(std::max(1, at::get_num_threads()));
  worker(0);
  if (count == 1 || threads == 1 || head_cost_ * static_cast<double>(count) < kThreads) {
    for (int64_t i = 0; i < count; ++i) head(x + i * size, end, features + i * features_, worker(0), threads > 1);
    return;
  }
  worker(threads - 1);
  at::parallel_for(0, count, 1, [&](int64_t first, int64_t last) {
    Worker& own = workers_[at::get_thread_num()];
    for (int64_t i = first; i < last; ++i) head(x + i * size, end, features + i * features_, own, false);
  });
}

void FewPredictor::head(const float* x, const float* end, float* features, Worker& worker, bool threads) const {
  const int64_t plane = static_cast<int64_t>(plan_.in_h) * plan_.in_w;
  place(plan_.in_c, plan_.in_h, plan_.in_w, x, plan_.in_w, plane, end, Activation::None, input(0, worker), worker);
  for (int i = 0; i < head_; ++i) {
    const Block& b = plan_.blocks()[i];
    const Planes in = input(i, worker);
    Planes out = i + 1 < head_ ? input(i + 1, worker) : plain(b.h, b.w, features);
    if (i + 1 < head_ && plan_.blocks()[i + 1].in_c != b.c) out = plain(b.h, b.w, out.first);  // flattened
    if (b.kind == Block::Kind::Conv) {
      conv(b, steps_[i], in.first, out, worker, threads);
    } else if (b.kind == Block::Kind::Pool) {
      kernels().few_pool({&b.pool, b.average, b.count_padding, b.c, b.in_h, b.in_w, in.first, in.pitch, in.channel,
                          floats(worker.scratch), scratch_row_, Activation::None, out});
    } else {
      place(b.in_c, b.in_h, b.in_w, in.first, in.pitch, in.channel, nullptr, b.activation, out, worker);
    }
  }
}

void FewPredictor::conv(const Block& b, const Step& s, const float* in, const Planes& out, Worker& worker,
                        bool threads) const {
  const int channels = b.conv.out_channels;
  const long channel = static_cast<long>(s.vectors) * kernels().lanes;
  float* places = floats(worker.places);
  const auto part = [&](int64_t first, int64_t last) {
    kernels().few_conv({b.taps(), s.pooled ? 4 : 1, s.vectors, static_cast<int>(first) * kFewChannels,
                        std::min(static_cast<int>(last) * kFewChannels, channels), in, s.offsets.data(),
                        floats(s.weights), floats(s.bias), places, channel});
  };
  const int blocks = divide_up(channels, kFewChannels);
  if (threads && s.cost > kThreads) {
    at::parallel_for(0, blocks, 1, part);
  } else {
    part(0, blocks);
  }
  if (b.pool.kernel_h != 0 && !s.pooled) {
    kernels().few_pool({&b.pool, false, true, channels, b.conv.out_h, b.conv.out_w, places, s.in.pitch, channel,
                        floats(worker.scratch), scratch_row_, b.activation, out});
  } else {
    place(channels, b.h, b.w, places, s.in.pitch, channel, nullptr, b.activation, out, worker);
  }
}

void FewPredictor::place(int channels, int h, int w, const float* in, int64_t row, int64_t channel, const float* end,
                         Activation activation, const Planes& out, Worker& worker) const {
  float* scratch = floats(worker.scratch);
  if (end == nullptr && out.split_h == 1 && out.split_w == 1 && row == w && out.pitch == w && channel == out.channel &&
      channel == h * w) {
    // nothing between the rows on either side: all of it is one
    kernels().few_place({1, 1, channels * h * w, in, 0, 0, end, scratch, activation, out});
    return;
  }
  kernels().few_place(
      {channels, h, w, in, static_cast<long>(row), static_cast<long>(channel), end, scratch, activation, out});
}

const float* FewPredictor::tail(const float* in, int64_t& row, int count) {
  float* out = nullptr;
  int side = 0;
  for (size_t i = head_; i < steps_.size(); ++i) {
    const Block& b = plan_.blocks()[i];
    if (b.kind == Block::Kind::Linear) {
      const int64_t out_row = round_up(b.c, kernels().lanes);
      tail_rows_[side].reserve(count * out_row * 4);
      out = floats(tail_rows_[side]);
      side = 1 - side;
      linear(b, steps_[i], in, row, out, out_row, count);
      in = out;
      row = out_row;
    }
    if (b.activation != Activation::None) {
      const int all = count * static_cast<int>(row);
      kernels().few_place({1, 1, all, in, 0, 0, nullptr, nullptr, b.activation, plain(1, all, out)});
    }
  }
  return in;
}

void FewPredictor::linear(const Block& b, const Step& s, const float* in, int64_t in_row, float* out, int64_t out_row,
                          int count) const {
  const auto part = [&](int64_t first, int64_t last) {
    kernels().few_linear({count, static_cast<int>(b.in_size()), static_cast<int>(first * kLinearChunk),
                          static_cast<int>(std::min<int64_t>(last * kLinearChunk, s.vectors)), in,
                          static_cast<long>(in_row), floats(s.weights), floats(s.bias), out,
                          static_cast<long>(out_row)});
  };
  const int64_t chunks = divide_up(s.vectors, kLinearChunk);
  if (chunks > 1 && at::get_num_threads() > 1 && s.cost * count > kThreads) {
    at::parallel_for(0, chunks, 1, part);
  } else {
    part(0, chunks);
  }
}

}  // namespace ltn::graph
