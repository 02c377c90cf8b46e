// The first block in closed form. With X and G of its input (kernels/moments.h), M places, weights w and the sums
// T[t] = sum of g x_t, U = sum of g over the batch:
//   mean = w X / M, variance = w G w / M - mean^2
//   dw[t] = kappa T[t] + c0 X[t] + c1 (w G)[t], with batch norm's kappa, c0 and c1 from U and from sum of g z = w T.
// So it needs no pass for statistics and none after the sums of g are known.
#include <cmath>
#include <cstring>

#include "graph/sums.h"
#include "graph/trainer.h"

namespace ltn::graph {

namespace {

// Of a kernel with more places the moments of a batch that comes once cost more than they save. (Kept of each image
// they pay from the second epoch on: 27 places cost the first one about as much as each later one gains.)
constexpr int kTapsOfPassingBatches = 9;

// Of each image they are kept where its data are at least so many times theirs: 27 places of 3x32x32 are.
constexpr int64_t kLeastDataOfMoments = 7;

// Where the parts of the variance cancel to less than this share, it is gathered in a pass of its own.
constexpr double kLeastShare = 1e-3;

int64_t moments_count(int taps) { return taps + taps * (taps + 1) / 2; }

}  // namespace

std::array<int64_t, 3> Trainer::passes() const {
  const int64_t further = static_cast<int64_t>(norms_.size()) - (from_moments_ ? 1 : 0);
  return {further, 1, further};
}

// False where they would cost more than they save.
bool Trainer::gather_moments() {
  const bool passing = order_ != nullptr;
  if (!passing) {
    for (const KeptMoments& kept : kept_moments_) {
      if (kept.x.const_data_ptr() != x_ || kept.version != batch_->x._version() || kept.x.sizes() != batch_->x.sizes())
        continue;
      moments_ = kept.values;
      return true;
    }
  }
  const int64_t count = moments_count(taps_);
  if (passing) {
    if (gather_moments_of_images(count)) return true;
    if (taps_ > kTapsOfPassingBatches) return false;
  }
  for (const auto& w : workers_) w->moments.reserve(count * kernels().lanes * 4);
  const int64_t at = offsets_[0].moments;
  for_tiles([&](Worker& worker, double* totals, Tile& tile) {
    ensure(worker, tile, -1, 0);
    float* sums = reinterpret_cast<float*>(worker.moments.data());
    kernels().conv_moments({plan_.blocks()[0].conv, plan_.start(-1, tile.memory, plan_.training()), sums});
    kernels().flush(sums, count, totals + at);
  });
  moments_.assign(count, 0.0);
  for (int64_t c = 0; c < chunks_; ++c) {
    const double* t = chunk_totals_.data() + c * totals_size_ + at;
    for (int64_t i = 0; i < count; ++i) moments_[i] += t[i];
  }
  if (passing) return true;
  if (kept_moments_.size() == 2) kept_moments_.erase(kept_moments_.begin());
  kept_moments_.push_back({batch_->x, batch_->x._version(), moments_});
  return true;
}

// From what is kept of each image; what is not is gathered first. False where that would take too much memory.
bool Trainer::gather_moments_of_images(int64_t count) {
  if (count * kLeastDataOfMoments > plan_.blocks()[0].in_size()) return false;
  const int64_t lanes = kernels().lanes, images = batch_->x.size(0);
  ImageMoments& kept = image_moments_;
  if (!kept.x.defined() || kept.x.const_data_ptr() != x_ || kept.version != batch_->x._version() ||
      kept.x.size(0) != images) {
    kept.x = batch_->x;
    kept.version = batch_->x._version();
    kept.values.resize(images * count);
    kept.known.assign(images, 0);
  }
  bool all = true;
  for (int64_t i = 0; i < count_; ++i) all = all && kept.known[order_[i]] != 0;
  if (!all) {
    // a lane is an image
    const int64_t bytes = tiles_ * count * lanes * static_cast<int64_t>(sizeof(float));
    kept.sums.reserve(bytes);
    float* sums = reinterpret_cast<float*>(kept.sums.data());
    std::memset(sums, 0, bytes);
    for_tiles([&](Worker& worker, double*, Tile& tile) {
      ensure(worker, tile, -1, 0);
      kernels().conv_moments(
          {plan_.blocks()[0].conv, plan_.start(-1, tile.memory, plan_.training()), sums + tile.index * count * lanes});
    });
    for (int64_t i = 0; i < count_; ++i) {
      const float* from = sums + i / lanes * count * lanes + i % lanes;
      for (int64_t m = 0; m < count; ++m) kept.values[order_[i] * count + m] = from[m * lanes];
      kept.known[order_[i]] = 1;
    }
  }
  moments_.assign(count, 0.0);
  for (int64_t i = 0; i < count_; ++i) {
    add_floats(kept.values.data() + order_[i] * count, count, moments_.data());
  }
  return true;
}

bool Trainer::statistics_from_moments() {
  if (taps_ == 0 || !gather_moments()) return false;
  const Block& b = plan_.blocks()[0];
  const Stage& conv = plan_.stages()[b.linear];
  const float* w = conv.weight.const_data_ptr<float>();
  NormState& state = states_[0];
  const int channels = b.conv.out_channels;
  state.count = static_cast<double>(count_) * b.conv.out_h * b.conv.out_w;
  state.mean.assign(channels, 0.0);
  state.variance.assign(channels, 0.0);
  for (int c = 0; c < channels; ++c, w += taps_) {
    double mean = 0, square = 0, size = 0;
    const double* g = moments_.data() + taps_;
    for (int t = 0; t < taps_; ++t) {
      mean += w[t] * moments_[t];
      for (int u = t; u < taps_; ++u, ++g) {
        const double part = (u == t ? 1.0 : 2.0) * w[t] * w[u] * *g;
        square += part;
        size += std::fabs(part);
      }
    }
    mean /= state.count;
    state.mean[c] = mean;
    state.variance[c] = square / state.count - mean * mean;
    // (a NaN is one in the pass as well)
    if (!(state.variance[c] > kLeastShare * size / state.count)) return false;
  }
  // its convolution is wanted nowhere: scale and shift go into weights and bias
  BlockWeights& packed = weights_[0];
  finish_statistics(plan_.stages()[b.norm], conv.bias.defined() ? conv.bias.const_data_ptr<float>() : nullptr, channels,
                    state, packed.scale, packed.shift);
  pack_conv(b.conv, conv.weight.const_data_ptr<float>(), packed.scale.data(), packed.forward);
  packed.bias = std::move(packed.shift);
  packed.scale.clear();
  packed.shift.clear();
  measure(b.conv, packed);
  return true;
}

void Trainer::finish_first_block(double denominator) {
  const Block& b = plan_.blocks()[0];
  const Stage& conv = plan_.stages()[b.linear];
  const Stage& norm = plan_.stages()[b.norm];
  const int channels = b.conv.out_channels;
  const NormState& state = states_[0];
  const float* weight = conv.weight.const_data_ptr<float>();
  const float* gamma = norm.weight.defined() ? norm.weight.const_data_ptr<float>() : nullptr;
  const double* sums = total(offsets_[0].db);
  std::vector<double> along(channels), dw(static_cast<size_t>(channels) * taps_);
  for (int c = 0; c < channels; ++c) {
    const float* w = weight + c * taps_;
    const double* packed = total(offsets_[0].dw) + c / kChannelBlock * taps_ * kChannelBlock + c % kChannelBlock;
    double product = 0;
    for (int t = 0; t < taps_; ++t) product += w[t] * packed[t * kChannelBlock];
    const double inverse = state.inverse[c], mean = state.mean[c];
    along[c] = inverse * (product - mean * sums[c]);
    const double kappa = (gamma != nullptr ? gamma[c] : 1.0) * inverse;
    const double c1 = -kappa * inverse * along[c] / state.count;
    const double c0 = -kappa * sums[c] / state.count - c1 * mean;
    double* to = dw.data() + static_cast<size_t>(c) * taps_;
    for (int t = 0; t < taps_; ++t) to[t] = kappa * packed[t * kChannelBlock] + c0 * moments_[t];
    const double* g = moments_.data() + taps_;
    for (int t = 0; t < taps_; ++t) {
      for (int u = t; u < taps_; ++u, ++g) {
        to[t] += c1 * w[u] * *g;
        if (u != t) to[u] += c1 * w[t] * *g;
      }
    }
  }
  const auto write = [&](const at::Tensor& parameter, const double* from, size_t count) {
    write_gradient(parameter, [&](float* to) {
      for (size_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i] / denominator);
    });
  };
  write(conv.weight, dw.data(), dw.size());
  write(conv.bias, std::vector<double>(channels, 0.0).data(), channels);
  write(norm.weight, along.data(), channels);
  write(norm.bias, sums, channels);
}

}  // namespace ltn::graph
