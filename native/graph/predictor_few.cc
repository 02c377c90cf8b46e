#include "graph/predictor_few.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace ltn::graph {

namespace {

constexpr int kGroup = 16;  // images that go through the linear layers together

template <typename Part>
void in_parts(int64_t count, bool threads, Part&& part) {
  if (!threads || count == 1) return part(0, count);
  at::parallel_for(0, count, 1, part);
}

}  // namespace

Planes FewPredictor::input(int block, Worker& worker) const {
  Planes p = steps_[block].in;
  p.first = worker.inputs[block].floats();
  return p;
}

FewPredictor::Worker& FewPredictor::worker(size_t index) {
  while (workers_.size() <= index) {
    Worker& w = workers_.emplace_back();
    for (int i = 0; i < head_; ++i) w.inputs.emplace_back(steps_[i].floats * 4);
    w.places.reserve(places_ * 4);
    w.channels.reserve(channels_ * 4);
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
      heads(rows, here, end, features_rows_.floats());
      rows = features_rows_.floats();
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
  if (count == 1 || threads == 1 || head_cost_ * static_cast<double>(count) < kWorthThreads) {
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
    Planes out = i + 1 < head_ ? input(i + 1, worker) : Planes::plain(b.h, b.w, features);
    if (i + 1 < head_ && plan_.blocks()[i + 1].in_c != b.c) out = Planes::plain(b.h, b.w, out.first);  // flattened
    if (b.kind == Block::Kind::Conv) {
      conv(b, steps_[i], in.first, out, worker, threads);
    } else if (b.kind == Block::Kind::Pool) {
      kernels().few_pool({&b.pool, b.average, b.count_padding, b.c, b.in_h, b.in_w, in.first, in.pitch, in.channel,
                          worker.scratch.floats(), scratch_row_, Activation::None, out});
    } else {
      place(b.in_c, b.in_h, b.in_w, in.first, in.pitch, in.channel, nullptr, b.activation, out, worker);
    }
  }
}

void FewPredictor::conv(const Block& b, const Step& s, const float* in, const Planes& out, Worker& worker,
                        bool threads) const {
  const int channels = b.conv.out_channels;
  long channel = static_cast<long>(s.vectors) * kernels().lanes;
  float* places = worker.places.floats();
  if (s.way == Way::Channels) {
    channel = round_up(static_cast<int64_t>(s.starts.size()), kernels().lanes);
    conv_channels(b, s, in, worker, threads);
  } else {
    in_parts(divide_up(channels, kFewChannels), threads && s.cost > kWorthThreads, [&](int64_t first, int64_t last) {
      kernels().few_conv({s.way == Way::Pooled, b.taps(), s.vectors, static_cast<int>(first) * kFewChannels,
                          std::min(static_cast<int>(last) * kFewChannels, channels), in, s.offsets.data(),
                          s.weights.floats(), s.bias.floats(), places, channel});
    });
  }
  if (b.pool.kernel_h != 0 && s.way != Way::Pooled) {
    kernels().few_pool({&b.pool, false, true, channels, b.conv.out_h, b.conv.out_w, places, s.pitch, channel,
                        worker.scratch.floats(), scratch_row_, b.activation, out});
  } else {
    place(channels, b.h, b.w, places, s.pitch, channel, nullptr, b.activation, out, worker);
  }
}

void FewPredictor::conv_channels(const Block& b, const Step& s, const float* in, Worker& worker, bool threads) const {
  const int places = static_cast<int>(s.starts.size());
  const long row = static_cast<long>(s.vectors) * kernels().lanes;
  float* out = worker.channels.floats();
  in_parts(divide_up(s.vectors, kFewVectors), threads && s.cost > kWorthThreads, [&](int64_t first, int64_t last) {
    kernels().few_linear({places, b.taps(), static_cast<int>(first) * kFewVectors,
                          std::min(static_cast<int>(last) * kFewVectors, s.vectors), in, 0, s.weights.floats(),
                          s.bias.floats(), out, row, s.starts.data(), s.offsets.data()});
  });
  kernels().few_transpose(out, places, row, static_cast<int>(row), worker.places.floats(),
                          round_up(places, kernels().lanes));
}

void FewPredictor::place(int channels, int h, int w, const float* in, int64_t row, int64_t channel, const float* end,
                         Activation activation, const Planes& out, Worker& worker) const {
  float* scratch = worker.scratch.floats();
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
      out = tail_rows_[side].floats();
      side = 1 - side;
      linear(b, steps_[i], in, row, out, out_row, count);
      in = out;
      row = out_row;
    }
    if (b.activation != Activation::None) {
      const int all = count * static_cast<int>(row);
      kernels().few_place({1, 1, all, in, 0, 0, nullptr, nullptr, b.activation, Planes::plain(1, all, out)});
    }
  }
  return in;
}

void FewPredictor::linear(const Block& b, const Step& s, const float* in, int64_t in_row, float* out, int64_t out_row,
                          int count) const {
  const bool threads = at::get_num_threads() > 1 && s.cost * count > kWorthThreads;
  in_parts(divide_up(s.vectors, kFewVectors), threads, [&](int64_t first, int64_t last) {
    kernels().few_linear({count, static_cast<int>(b.in_size()), static_cast<int>(first) * kFewVectors,
                          std::min(static_cast<int>(last) * kFewVectors, s.vectors), in, static_cast<long>(in_row),
                          s.weights.floats(), s.bias.floats(), out, static_cast<long>(out_row), nullptr, nullptr});
  });
}

}  // namespace ltn::graph
