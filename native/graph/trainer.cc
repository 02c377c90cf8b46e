#include "graph/trainer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

#include "core/errors.h"

namespace ltn::graph {

namespace {

constexpr int kFlushEvery = 8;  // tiles: what floats add up before doubles take over

}  // namespace

Trainer::Trainer(const Plan& plan, Loss loss) : plan_(plan), loss_(loss) {
  const int64_t lanes = kernels().lanes;
  const auto& blocks = plan.blocks();
  offsets_.resize(blocks.size());
  states_.resize(blocks.size());
  weights_.resize(blocks.size());
  kept_gradient_.resize(blocks.size());
  kept_index_.resize(blocks.size());
  const auto take = [](int64_t& at, int64_t count) {
    const int64_t begin = at;
    at += count;
    return begin;
  };
  loss_at_ = take(totals_size_, 1);
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Block& b = blocks[i];
    Offsets& o = offsets_[i];
    channels_ = std::max<int64_t>(channels_, b.kind == Block::Kind::Conv ? b.conv.out_channels : b.c);
    if (b.kind == Block::Kind::Conv) {
      const int64_t out = round_up(b.conv.out_channels, kChannelBlock);
      o.dw_count = out * b.taps();
      o.db_count = b.conv.out_channels;
      o.vector_dw = take(sums_floats_, patched(b.conv) ? patch_sums(b.conv) : o.dw_count * lanes);
      if (i > 0 || patched(b.conv)) {
        const ConvShape back = backward_shape(b);
        o.dz = take(dz_bytes_, round_up(out * back.in_h * back.in_w * lanes * 4, 64));
      }
    } else if (b.kind == Block::Kind::Linear) {
      o.dw_count = b.c * round_up(b.in_size(), lanes);
      o.db_count = b.c;
      o.vector_dw = take(sums_floats_, o.dw_count);
      linear_floats_ = std::max(linear_floats_, lanes * (round_up(b.c, lanes) + round_up(b.in_size(), lanes)));
    } else {
      continue;
    }
    o.vector_db = take(sums_floats_, o.db_count * lanes);
    o.dw = take(totals_size_, o.dw_count);
    o.db = take(totals_size_, o.db_count);
    if (b.norm < 0) continue;
    const int64_t c = b.conv.out_channels;
    o.mean = take(totals_size_, c);
    o.deviations = take(totals_size_, c);
    o.count = take(totals_size_, 1);
    o.sum = take(totals_size_, c);
    o.product = take(totals_size_, c);
    norms_.push_back(static_cast<int>(i));
    if (i > 0 || b.taps() > kMaxTaps) continue;
    taps_ = b.taps();
    o.moments = take(totals_size_, taps_ + taps_ * (taps_ + 1) / 2);
  }
  totals_size_ = round_up(totals_size_, 8);
}

bool Trainer::keeps(int64_t count) const {
  const int64_t lanes = kernels().lanes, tile = plan_.training().bytes, bytes = (count + lanes - 1) / lanes * tile;
  int64_t multiplications = 0;
  for (const Block& b : plan_.blocks()) {
    if (b.kind == Block::Kind::Conv)
      multiplications += int64_t{b.taps()} * b.conv.out_channels * b.conv.out_h * b.conv.out_w;
  }
  return bytes <= kKeepBytes || (bytes <= kKeepMost && multiplications * lanes >= kDear * tile);
}

int64_t Trainer::scratch_bytes() const {
  int64_t bytes = kept_.bytes() + static_cast<int64_t>(chunk_totals_.size()) * 8 + image_moments_.sums.bytes() +
                  static_cast<int64_t>(image_moments_.values.size() * sizeof(float) + image_moments_.known.size());
  for (const auto& w : workers_) {
    bytes += w->arena.bytes() + w->rows.bytes() + w->sums.bytes() + w->dz.bytes() + w->channels.bytes();
  }
  for (const Memory& m : kept_gradient_) bytes += m.bytes();
  for (const Memory& m : kept_index_) bytes += m.bytes();
  return bytes;
}

float* Trainer::gradient(int block, const Tile& tile) const {
  if (!keep_ && plan_.blocks()[block].norm >= 0 && !closed(block)) {
    const int64_t bytes = plan_.blocks()[block].size() * kernels().lanes * 4;
    return reinterpret_cast<float*>(kept_gradient_[block].data() + tile.index * bytes);
  }
  return reinterpret_cast<float*>(tile.memory + plan_.training().blocks[block].gradient);
}

uint8_t* Trainer::index(int block, const Tile& tile) const {
  if (!keep_ && plan_.blocks()[block].norm >= 0 && !closed(block)) {
    return reinterpret_cast<uint8_t*>(kept_index_[block].data()) +
           tile.index * plan_.blocks()[block].size() * kernels().lanes;
  }
  return reinterpret_cast<uint8_t*>(tile.memory + plan_.training().blocks[block].index);
}

float* Trainer::picked(int block, const Tile& tile) const {
  const Block& b = plan_.blocks()[block];
  if (b.norm < 0 || closed(block)) return nullptr;
  float* z = stored(block, tile);
  if (z != nullptr && b.pool.kernel_h == 0) return z;
  return reinterpret_cast<float*>(tile.memory + plan_.training().blocks[block].picked);
}

bool Trainer::stores(int block) const { return keep_ && plan_.training().blocks[block].z >= 0 && !closed(block); }

float* Trainer::stored(int block, const Tile& tile) const {
  return stores(block) ? reinterpret_cast<float*>(tile.memory + plan_.training().blocks[block].z) : nullptr;
}

void Trainer::begin(const Batch& batch, bool learn, uint32_t seed) {
  const int64_t lanes = kernels().lanes;
  batch_ = &batch;
  x_ = batch.x.const_data_ptr<float>();
  order_ = batch.order;
  count_ = batch.count;
  tiles_ = (count_ + lanes - 1) / lanes;
  chunks_ = std::clamp<int64_t>(tiles_ / 2, 1, 32);
  learn_ = learn;
  seed_ = seed;
  keep_ = keeps(count_);
  if (keep_) kept_.reserve(tiles_ * plan_.training().bytes);
  done_.assign(tiles_, -2);
  largest_.resize(tiles_);
  chunk_totals_.assign(chunks_ * totals_size_, 0.0);
  totals_.assign(totals_size_, 0.0);
  const size_t threads = static_cast<size_t>(std::max(1, at::get_num_threads()));
  while (workers_.size() < threads) {
    auto w = std::make_unique<Worker>();
    w->rows.reserve(plan_.rows_floats() * 4);
    w->channels.reserve(channels_ * lanes * 4 * 3);
    w->waiting.resize(plan_.blocks().size());
    workers_.push_back(std::move(w));
  }
  for (const auto& w : workers_) {
    if (!keep_) w->arena.reserve(plan_.training().bytes);
    if (!learn) continue;
    w->sums.reserve(sums_floats_ * 4);
    w->dz.reserve(dz_bytes_);
    w->linear.reserve(linear_floats_ * 4);
  }
  from_moments_ = false;
}

void Trainer::reserve_kept() {
  const int64_t lanes = kernels().lanes;
  for (const int i : norms_) {
    if (!learn_ || keep_ || closed(i)) continue;
    const Block& b = plan_.blocks()[i];
    kept_gradient_[i].reserve(tiles_ * b.size() * lanes * 4);
    if (b.pool.kernel_h != 0) kept_index_[i].reserve(tiles_ * b.size() * lanes);
  }
}

void Trainer::pack(bool learn) {
  for (size_t i = 0; i < plan_.blocks().size(); ++i) {
    const Block& b = plan_.blocks()[i];
    if (b.linear < 0) continue;
    const Stage& s = plan_.stages()[b.linear];
    BlockWeights& w = weights_[i];
    const float* weight = s.weight.const_data_ptr<float>();
    w.bias.clear();
    // before batch norm a bias cancels
    if (s.bias.defined() && b.norm < 0)
      w.bias.assign(s.bias.const_data_ptr<float>(), s.bias.const_data_ptr<float>() + s.bias.numel());
    if (b.kind == Block::Kind::Conv) {
      pad_channels(w.bias);
      w.scale.clear();
      w.shift.clear();
      pack_conv(b.conv, weight, nullptr, w.forward);
      measure(b.conv, w);
      pack_patches(b.conv, w.forward, w.patched);
      if (learn && i > 0 && b.norm < 0) pack_backward(static_cast<int>(i), nullptr);
    } else {
      pack_linear(b.c, static_cast<int>(b.in_size()), weight, w.forward);
      if (learn && i > 0) pack_linear_backward(b.c, static_cast<int>(b.in_size()), weight, w.backward);
    }
  }
}

void Trainer::pack_backward(int block, const float* scale) {
  const Block& b = plan_.blocks()[block];
  BlockWeights& w = weights_[block];
  pack_conv_backward(b.conv, plan_.stages()[b.linear].weight.const_data_ptr<float>(), scale, w.backward);
  pack_patches(backward_shape(b), w.backward, w.patched_backward);
}

void Trainer::for_tiles(const std::function<void(Worker&, double*, Tile&)>& each) {
  const int64_t lanes = kernels().lanes, size = static_cast<int64_t>(plan_.in_c) * plan_.in_h * plan_.in_w;
  const auto chunk = [&](int64_t c, int thread) {
    Worker& worker = *workers_[thread];
    double* totals = chunk_totals_.data() + c * totals_size_;
    const int64_t first = tiles_ * c / chunks_, last = tiles_ * (c + 1) / chunks_;
    for (int64_t t = first; t < last; ++t) {
      Tile tile;
      tile.index = t;
      tile.memory = keep_ ? kept_.data() + t * plan_.training().bytes : worker.arena.data();
      tile.done = keep_ ? done_[t] : -2;
      tile.largest = largest_[t];
      tile.used = static_cast<int>(std::min(lanes, count_ - t * lanes));
      for (int i = 0; i < tile.used; ++i) {
        const int64_t row = t * lanes + i;
        tile.images[i] = x_ + (order_ != nullptr ? order_[row] : row) * size;
        tile.valid[i] = 1;
      }
      each(worker, totals, tile);
      if (keep_) {
        done_[t] = tile.done;
        largest_[t] = tile.largest;
      }
      flush(worker, totals, kFlushEvery);
    }
    flush(worker, totals, 1);
  };
  if (chunks_ == 1 || workers_.size() == 1 || at::get_num_threads() == 1) {
    for (int64_t c = 0; c < chunks_; ++c) chunk(c, 0);
    return;
  }
  std::atomic<int64_t> next{0};
  team_.share([&](int thread) {
    for (int64_t c; (c = next.fetch_add(1)) < chunks_;) chunk(c, thread);
  });
}

void Trainer::ensure(Worker& worker, Tile& tile, int block, int track_from) {
  if (tile.done == -2) {
    tile.largest = kernels().load_tile(tile.images, plan_.blocks()[0].in_size(), plan_.input_offsets(),
                                       plan_.place(-1, tile.memory, plan_.training()).first);
    tile.done = -1;
  }
  const TileForward forward{plan_,
                            plan_.training(),
                            weights_,
                            tile.memory,
                            reinterpret_cast<float*>(worker.rows.data()),
                            true,
                            seed_,
                            static_cast<uint32_t>(tile.index * kernels().lanes)};
  double bound = tile.largest;
  for (int i = 0; i <= block; ++i) {
    if (i <= tile.done) {
      bound = weights_[i].bound(plan_.blocks()[i], bound);
      continue;
    }
    const bool track = learn_ && (keep_ || i >= track_from);
    forward.block(i, bound, stored(i, tile), track, track ? index(i, tile) : nullptr,
                  track ? picked(i, tile) : nullptr);
    tile.done = i;
  }
}

void Trainer::statistics(int norm) {
  const Block& b = plan_.blocks()[norm];
  const Offsets& o = offsets_[norm];
  const int lanes = kernels().lanes, channels = b.conv.out_channels;
  for_tiles([&](Worker& worker, double* totals, Tile& tile) {
    ensure(worker, tile, norm - 1, norm);
    float* at = reinterpret_cast<float*>(worker.channels.data());
    const int64_t each = channels_ * lanes;
    ConvStatistics a{b.conv,
                     plan_.start(norm - 1, tile.memory, plan_.training()),
                     weights_[norm].forward.data(),
                     data_or_null(weights_[norm].patched),
                     reinterpret_cast<float*>(worker.rows.data()),
                     stored(norm, tile),
                     at,
                     at + each,
                     at + 2 * each};
    kernels().conv_statistics(a);
    add_sums({totals + o.mean, totals + o.deviations, totals + o.count}, channels, lanes, tile.used,
             static_cast<double>(b.conv.out_h) * b.conv.out_w, a.pivot, a.sum, a.square);
  });
  finish_norm(norm);
}

void Trainer::finish_norm(int norm) {
  const Block& b = plan_.blocks()[norm];
  const Offsets& o = offsets_[norm];
  const int channels = b.conv.out_channels;
  const Moments all{total(o.mean), total(o.deviations), total(o.count)};
  for (int64_t c = 0; c < chunks_; ++c) {
    double* t = chunk_totals_.data() + c * totals_size_;
    merge(all, {t + o.mean, t + o.deviations, t + o.count}, channels);
  }
  NormState& state = states_[norm];
  state.count = *all.count;
  state.mean.assign(all.mean, all.mean + channels);
  state.variance.resize(channels);
  for (int c = 0; c < channels; ++c) state.variance[c] = all.deviations[c] / state.count;
  const Stage& conv = plan_.stages()[b.linear];
  finish_statistics(plan_.stages()[b.norm], conv.bias.defined() ? conv.bias.const_data_ptr<float>() : nullptr, channels,
                    state, weights_[norm].scale, weights_[norm].shift);
  measure_norm(weights_[norm]);
}

double Trainer::run(const Batch& batch, bool learn, uint32_t seed, const Parameters& overwritten) {
  overwritten_ = &overwritten;
  begin(batch, learn, seed);
  const double counted = check_targets();
  for (const int norm : norms_) {
    const ConvShape& c = plan_.blocks()[norm].conv;
    if (count_ * c.out_h * c.out_w < 2) {
      fail(code::kArgValue, "Expected more than 1 value per channel when training, got one");
    }
  }
  pack(learn);
  from_moments_ = statistics_from_moments();
  reserve_kept();
  for (const int norm : norms_) {
    if (!closed(norm)) statistics(norm);
  }
  const double denominator = loss_.mean ? counted : 1.0;
  const double loss = loss_pass(learn) / denominator;
  if (!learn) return loss;
  for (size_t k = norms_.size(); k-- > 0;) {
    const int norm = norms_[k];
    if (closed(norm)) continue;
    const Block& b = plan_.blocks()[norm];
    const Offsets& o = offsets_[norm];
    for (int64_t c = 0; c < chunks_; ++c) {
      const double* t = chunk_totals_.data() + c * totals_size_;
      for (int i = 0; i < 2 * b.conv.out_channels; ++i) *total(o.sum + i) += t[o.sum + i];
    }
    std::vector<double> weight(b.conv.out_channels), bias(b.conv.out_channels);
    const Stage& stage = plan_.stages()[b.norm];
    finish_backward(stage, total(o.sum), total(o.product), b.conv.out_channels, states_[norm], weight.data(),
                    bias.data());
    if (!stores(norm)) {
      const float* weight_of = plan_.stages()[b.linear].weight.const_data_ptr<float>();
      pack_conv(b.conv, weight_of, states_[norm].c1.data(), weights_[norm].through);
    }
    if (norm > 0) pack_backward(norm, states_[norm].rest.data());
    const auto fill = [&](const std::vector<double>& from) {
      return [&from, denominator](float* to) {
        for (size_t i = 0; i < from.size(); ++i) to[i] = static_cast<float>(from[i] / denominator);
      };
    };
    write_gradient(stage.weight, fill(weight));
    write_gradient(stage.bias, fill(bias));
    const int stop = k > 0 ? norms_[k - 1] : 0;
    for_tiles([&](Worker& worker, double* totals, Tile& tile) {
      ensure(worker, tile, norm - 1, stop);
      step_down(worker, tile, norm);
      descend(worker, tile, totals, norm - 1);
    });
  }
  write_gradients(denominator);
  return loss;
}

}  // namespace ltn::graph
