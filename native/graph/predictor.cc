#include "graph/predictor.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace ltn::graph {

namespace {

template <typename Each>
void for_each_parameter(const Plan& plan, Each&& each) {
  for (const Stage& s : plan.stages()) {
    for (const at::Tensor* tensor : {&s.weight, &s.bias, &s.running_mean, &s.running_var}) {
      if (tensor->defined()) each(*tensor);
    }
  }
}

}  // namespace

bool Predictor::changed() {
  bool changed = seen_.empty();
  size_t i = 0;
  for_each_parameter(plan_, [&](const at::Tensor& tensor) {
    const std::pair<const void*, int64_t> now{tensor.const_data_ptr(), tensor._version()};
    if (i == seen_.size()) {
      seen_.push_back(now);
      changed = true;
    } else if (seen_[i] != now) {
      seen_[i] = now;
      changed = true;
    }
    ++i;
  });
  return changed;
}

void Predictor::pack() {
  weights_.resize(plan_.blocks().size());
  std::vector<float> scale, shift;
  for (size_t i = 0; i < plan_.blocks().size(); ++i) {
    const Block& b = plan_.blocks()[i];
    if (b.linear < 0) continue;
    const Stage& s = plan_.stages()[b.linear];
    BlockWeights& w = weights_[i];
    const float* weight = s.weight.const_data_ptr<float>();
    const float* bias = s.bias.defined() ? s.bias.const_data_ptr<float>() : nullptr;
    w.bias.assign(b.kind == Block::Kind::Conv ? b.conv.out_channels : b.c, 0.0f);
    if (bias != nullptr) std::copy_n(bias, w.bias.size(), w.bias.begin());
    if (b.kind == Block::Kind::Linear) {
      pack_linear(b.c, static_cast<int>(b.in_size()), weight, w.forward);
      continue;
    }
    const bool norm = b.norm >= 0;
    if (norm) {
      running_affine(plan_.stages()[b.norm], b.conv.out_channels, scale, shift);
      for (size_t c = 0; c < w.bias.size(); ++c) w.bias[c] = w.bias[c] * scale[c] + shift[c];
    }
    pad_channels(w.bias);
    pack_conv(b.conv, weight, norm ? scale.data() : nullptr, w.forward);
    pack_patches(b.conv, w.forward, w.patched);
    measure(b.conv, w);
  }
}

void Predictor::run_tiles(const float* x, int64_t count, float* out, int64_t first, int64_t last, int worker) {
  const Kernels& k = kernels();
  const int64_t lanes = k.lanes, size = static_cast<int64_t>(plan_.in_c) * plan_.in_h * plan_.in_w;
  const int final = static_cast<int>(plan_.blocks().size()) - 1;
  const int64_t out_size = plan_.blocks().back().size();
  char* memory = memory_[worker].data();
  const TileForward tile{plan_, plan_.inference(), weights_, memory, reinterpret_cast<float*>(rows_[worker].data())};
  for (int64_t t = first; t < last; ++t) {
    const float* images[16] = {};
    const int64_t here = std::min(lanes, count - t * lanes);
    for (int64_t i = 0; i < here; ++i) images[i] = x + (t * lanes + i) * size;
    double bound = k.load_tile(images, size, plan_.input_offsets(), plan_.place(-1, memory, plan_.inference()).first);
    for (int b = 0; b <= final; ++b) tile.block(b, bound, nullptr, false, nullptr, nullptr);
    k.store_tile(plan_.start(final, memory, plan_.inference()), static_cast<int>(out_size), static_cast<int>(here),
                 out + t * lanes * out_size);
  }
}

void Predictor::run(const float* x, int64_t count, float* out) {
  if (changed()) packed_ = few_packed_ = false;
  const bool few = few_.pays(count);
  bool& packed = few ? few_packed_ : packed_;
  if (!packed) few ? few_.pack() : pack();
  packed = true;
  few ? few_.run(x, count, out) : run_all_tiles(x, count, out);
}

void Predictor::run_all_tiles(const float* x, int64_t count, float* out) {
  const int64_t tiles = round_up(count, kernels().lanes) / kernels().lanes;
  const size_t threads = static_cast<size_t>(std::max(1, at::get_num_threads()));
  while (memory_.size() < threads) {
    memory_.emplace_back(plan_.inference().bytes);
    rows_.emplace_back(plan_.rows_floats() * 4);
  }
  const bool little = few_.tile_cost() * static_cast<double>(tiles) < kWorthThreads;
  if (tiles == 1 || threads == 1 || little) return run_tiles(x, count, out, 0, tiles, 0);
  at::parallel_for(0, tiles, 1,
                   [&](int64_t first, int64_t last) { run_tiles(x, count, out, first, last, at::get_thread_num()); });
}

}  // namespace ltn::graph
