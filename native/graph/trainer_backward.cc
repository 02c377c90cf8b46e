// The half of a training step that goes down: loss, gradients, and what becomes of their sums.
#include <ATen/ops/add.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cstring>

#include "core/errors.h"
#include "graph/sums.h"
#include "graph/trainer.h"

namespace ltn::graph {

double Trainer::check_targets() const {
  const at::Tensor& y = batch_->y;
  if (!loss_.cross_entropy) return static_cast<double>(count_ * plan_.blocks().back().size());
  const int64_t* labels = y.const_data_ptr<int64_t>();
  const int64_t classes = plan_.blocks().back().size();
  int64_t counted = 0;
  for (int64_t i = 0; i < count_; ++i) {
    const int64_t label = labels[order_ != nullptr ? order_[i] : i];
    if (label == loss_.ignore_index) continue;
    if (label < 0 || label >= classes) fail(code::kLibtorch, "Target ", label, " is out of bounds.");
    ++counted;
  }
  return static_cast<double>(counted);
}

void Trainer::load_targets(const Tile& tile, int32_t* labels, float* values) const {
  const int lanes = kernels().lanes;
  const int64_t features = plan_.blocks().back().size();
  if (loss_.cross_entropy) {
    const int64_t* y = batch_->y.const_data_ptr<int64_t>();
    for (int i = 0; i < lanes; ++i) {
      labels[i] = -1;
      if (i >= tile.used) continue;
      const int64_t row = tile.index * lanes + i;
      const int64_t label = y[order_ != nullptr ? order_[row] : row];
      if (label != loss_.ignore_index) labels[i] = static_cast<int32_t>(label);
    }
    return;
  }
  const float* y = batch_->y.const_data_ptr<float>();
  const float* rows[16] = {};
  for (int i = 0; i < tile.used; ++i) {
    const int64_t row = tile.index * lanes + i;
    rows[i] = y + (order_ != nullptr ? order_[row] : row) * features;
  }
  kernels().load_tile(rows, features, nullptr, values);
}

double Trainer::loss_pass(bool learn) {
  const int last = static_cast<int>(plan_.blocks().size()) - 1;
  const int features = static_cast<int>(plan_.blocks()[last].size());
  const int track_from = norms_.empty() ? 0 : norms_.back();
  for_tiles([&](Worker& worker, double* totals, Tile& tile) {
    ensure(worker, tile, last, track_from);
    const float* out = plan_.start(last, tile.memory, plan_.training());
    float* g = learn ? gradient(last, tile) : nullptr;
    alignas(64) int32_t labels[16];
    if (loss_.cross_entropy) {
      load_targets(tile, labels, nullptr);
      kernels().cross_entropy({features, out, labels, g, totals + loss_at_});
    } else {
      thread_local Memory values;
      values.reserve(static_cast<int64_t>(features) * kernels().lanes * 4);
      float* target = reinterpret_cast<float*>(values.data());
      load_targets(tile, labels, target);
      kernels().squared_error({features, out, target, tile.valid, g, totals + loss_at_});
    }
    if (!learn) return;
    descend(worker, tile, totals, last);
  });
  double loss = 0;
  for (int64_t c = 0; c < chunks_; ++c) loss += chunk_totals_[c * totals_size_ + loss_at_];
  return loss;
}

// From block `from`, at whose output the gradient is, to the next batch norm or the input.
void Trainer::descend(Worker& worker, Tile& tile, double* totals, int from) {
  const Kernels& k = kernels();
  for (int i = from; i >= 0; --i) {
    const Block& b = plan_.blocks()[i];
    const int64_t each = channels_ * k.lanes;
    float* sums = reinterpret_cast<float*>(worker.channels.data());
    if (b.kind != Block::Kind::Pool && b.kind != Block::Kind::Dropout) {
      k.activation_backward({b.activation, b.c, b.h, b.w, plan_.place(i, tile.memory, plan_.training()),
                             gradient(i, tile), picked(i, tile), sums, sums + each});
    }
    if (b.norm >= 0 && !closed(i)) {
      for (int c = 0; c < b.c; ++c) {
        double sum = 0, product = 0;
        for (int l = 0; l < k.lanes; ++l) {
          sum += static_cast<double>(sums[c * k.lanes + l]);
          product += static_cast<double>(sums[each + c * k.lanes + l]);
        }
        totals[offsets_[i].sum + c] += sum;
        totals[offsets_[i].product + c] += product;
      }
      return;
    }
    step_down(worker, tile, i);
  }
}

// From the gradient at a block's activation to the sums of its weights, and the gradient at its input.
void Trainer::step_down(Worker& worker, Tile& tile, int i) {
  const Kernels& k = kernels();
  const Layout& layout = plan_.training();
  const Block& b = plan_.blocks()[i];
  const Offsets& o = offsets_[i];
  float* sums = reinterpret_cast<float*>(worker.sums.data());
  float* below = i > 0 ? gradient(i - 1, tile) : nullptr;
  ++worker.waiting[i];
  switch (b.kind) {
    case Block::Kind::Conv: {
      const ConvShape back = backward_shape(b);
      const NormState& state = states_[i];
      ConvBackward a{};
      a.conv = b.conv;
      a.pool = b.pool;
      a.in = plan_.start(i - 1, tile.memory, layout);
      if (b.norm >= 0 && !closed(i)) {
        a.z = stored(i, tile);
        a.c1 = state.c1.data();
        a.weights = weights_[i].through.data();
        a.kappa = state.kappa.data();
        a.bias = state.c0.data();
      } else {
        a.db = sums + o.vector_db;
      }
      a.gradient = gradient(i, tile);
      a.index = b.pool.kernel_h != 0 ? index(i, tile) : nullptr;
      a.valid = tile.used < k.lanes ? tile.valid : nullptr;
      a.rows = reinterpret_cast<float*>(worker.rows.data());
      a.dw = sums + o.vector_dw;
      if (i == 0 && !patched(b.conv)) {
        k.conv_backward(a);
        return;
      }
      const int top = b.conv.dilation_h * (b.conv.kernel_h - 1) - b.pad_h;
      const int left = b.conv.dilation_w * (b.conv.kernel_w - 1) - b.pad_w;
      float* dz = reinterpret_cast<float*>(worker.dz.data() + o.dz);
      const long row = static_cast<long>(back.in_w) * k.lanes;
      a.dz = {dz + top * row + left * k.lanes, row * b.conv.stride_h, row * back.in_h};
      a.dz_step = b.conv.stride_w;
      k.conv_backward(a);
      const long width = static_cast<long>(b.in_w) * k.lanes;
      const Place out{below, width, width * b.in_h};
      const BlockWeights& w = weights_[i];
      if (patched(b.conv)) {
        const Place in = plan_.place(i - 1, tile.memory, layout);
        k.conv_backward_patches({back, dz, data_or_null(w.patched_backward), out, in, a.rows, a.dw});
      } else {
        k.conv_plain({back, dz, w.backward.data(), nullptr, a.rows, out});
      }
      return;
    }
    case Block::Kind::Linear: {
      const float* g = gradient(i, tile);
      const int in = static_cast<int>(b.in_size());
      k.linear_weights({in, b.c, plan_.start(i - 1, tile.memory, layout), g, sums + o.vector_dw,
                        reinterpret_cast<float*>(worker.linear.data())});
      float* db = sums + o.vector_db;
      for (int64_t n = 0; n < static_cast<int64_t>(b.c) * k.lanes; ++n) db[n] += g[n];
      if (i > 0) k.linear({b.c, in, g, weights_[i].backward.data(), nullptr, below, Activation::None});
      return;
    }
    case Block::Kind::Pool: {
      if (i == 0) return;
      PoolPass a{};
      a.pool = b.pool;
      a.average = b.average;
      a.count_padding = b.count_padding;
      a.channels = b.in_c;
      a.h = b.in_h;
      a.w = b.in_w;
      a.index = b.average ? nullptr : index(i, tile);
      a.gradient = gradient(i, tile);
      a.in_gradient = below;
      k.pool_backward(a);
      return;
    }
    case Block::Kind::Elementwise:
      if (i > 0) std::memcpy(below, gradient(i, tile), b.size() * k.lanes * sizeof(float));
      return;
    case Block::Kind::Dropout: {
      if (i == 0) return;
      const long row = static_cast<long>(b.w) * k.lanes;
      k.dropout({b.c,
                 b.h,
                 b.w,
                 {gradient(i, tile), row, row * b.h},
                 {below, row, row * b.h},
                 dropout_seed(seed_, i),
                 static_cast<uint32_t>(tile.index * k.lanes),
                 static_cast<float>(b.p)});
      return;
    }
  }
}

// A worker's sums in float, into a chunk's in double: those of so many tiles, or of more.
void Trainer::flush(Worker& worker, double* totals, int tiles) {
  float* sums = reinterpret_cast<float*>(worker.sums.data());
  for (size_t i = 0; i < offsets_.size(); ++i) {
    const Offsets& o = offsets_[i];
    if (worker.waiting[i] < tiles) continue;
    worker.waiting[i] = 0;
    if (o.dw_count == 0) continue;
    const Block& b = plan_.blocks()[i];
    float* dw = sums + o.vector_dw;
    if (b.kind == Block::Kind::Linear) {
      take_sums(dw, o.dw_count, totals + o.dw);
    } else if (patched(b.conv)) {
      kernels().flush_patches(b.conv, dw, totals + o.dw);
    } else {
      kernels().flush(dw, o.dw_count, totals + o.dw);
    }
    kernels().flush(sums + o.vector_db, o.db_count, totals + o.db);
  }
}

void Trainer::write_gradient(const at::Tensor& parameter, const std::function<void(float*)>& fill) {
  if (!parameter.defined() || !parameter.requires_grad()) return;
  at::Tensor& grad = parameter.mutable_grad();
  const bool adds = grad.defined() && overwritten_->count(parameter.unsafeGetTensorImpl()) == 0;
  // a gradient that somebody holds stays as it is
  const bool ours = grad.defined() && grad.use_count() == 1 && grad.is_contiguous() && !grad.requires_grad() &&
                    grad.scalar_type() == c10::kFloat && grad.storage().use_count() == 1;
  at::Tensor to = ours && !adds ? grad : at::empty_like(parameter.detach(), at::MemoryFormat::Contiguous);
  fill(to.mutable_data_ptr<float>());
  if (adds) {
    grad.add_(to);
    return;
  }
  grad = std::move(to);
  grad.unsafeGetTensorImpl()->bump_version();
}

void Trainer::write_gradients(double denominator) {
  for (size_t i = 0; i < offsets_.size(); ++i) {
    const Block& b = plan_.blocks()[i];
    const Offsets& o = offsets_[i];
    if (b.linear < 0) continue;
    for (int64_t c = 0; c < chunks_; ++c) {  // db follows dw
      add_up(chunk_totals_.data() + c * totals_size_ + o.dw, o.dw_count + o.db_count, total(o.dw));
    }
    if (closed(static_cast<int>(i))) {
      finish_first_block(denominator);
      continue;
    }
    const Stage& s = plan_.stages()[b.linear];
    const double* dw = total(o.dw);
    const double* db = total(o.db);
    write_gradient(s.weight, [&](float* to) {
      if (b.kind == Block::Kind::Conv) {
        const int64_t taps = b.taps();
        for (int64_t out = 0; out < b.conv.out_channels; ++out) {
          const double* from = dw + out / kChannelBlock * taps * kChannelBlock + out % kChannelBlock;
          const double scale = (b.norm >= 0 ? states_[i].rest[out] : 1.0) / denominator;
          for (int64_t t = 0; t < taps; ++t) to[out * taps + t] = static_cast<float>(from[t * kChannelBlock] * scale);
        }
      } else {
        const int64_t in = b.in_size(), stride = round_up(in, kernels().lanes);
        for (int64_t out = 0; out < b.c; ++out) write_sums(dw + out * stride, in, 1 / denominator, to + out * in);
      }
    });
    write_gradient(s.bias, [&](float* to) {
      for (int64_t n = 0; n < o.db_count; ++n) to[n] = b.norm >= 0 ? 0.0f : static_cast<float>(db[n] / denominator);
    });
  }
}

}  // namespace ltn::graph
