#include "graph/weights.h"

#include <algorithm>
#include <cmath>

#include "core/errors.h"

namespace ltn::graph {

void pad_channels(std::vector<float>& values) { values.resize(round_up(values.size(), kChannelBlock), 0.0f); }

static double most(const std::vector<float>& values, double otherwise) {
  double most = values.empty() ? otherwise : 0;
  for (const float v : values) most = std::isnan(v) ? INFINITY : std::max<double>(most, std::fabs(v));
  return most;
}

void measure(const ConvShape& c, BlockWeights& w) {
  const int64_t taps = static_cast<int64_t>(c.in_channels) * c.kernel_h * c.kernel_w;
  w.reach = 0;
  const float* from = w.forward.data();
  for (int64_t o = 0; o < c.out_channels; o += kChannelBlock) {
    double sums[kChannelBlock] = {};
    for (int64_t t = 0; t < taps; ++t, from += kChannelBlock) {
      for (int r = 0; r < kChannelBlock; ++r) sums[r] += std::fabs(from[r]);
    }
    for (const double sum : sums) w.reach = std::isnan(sum) ? INFINITY : std::max(w.reach, sum);
  }
  w.offset = most(w.bias, 0);
  measure_norm(w);
}

void measure_norm(BlockWeights& w) {
  w.scale_reach = most(w.scale, 1);
  w.scale_offset = most(w.shift, 0);
}

double BlockWeights::bound(const Block& b, double bound) const {
  if (b.kind == Block::Kind::Dropout) return b.p < 1 ? bound / (1 - b.p) : bound;
  if (b.kind == Block::Kind::Pool && b.pool.divisor != 0) return bound * b.pool.kernel_h * b.pool.kernel_w;
  if (b.function != Function::None) {
    double most = 1;  // of what a function's parameters multiply, or give
    for (const float p : b.parameters) most = std::max<double>(most, std::fabs(p));
    if (b.function == Function::DropChannels) most = b.parameters[0] < 1 ? 1 / (1 - b.parameters[0]) : 1;
    if (b.function == Function::Softplus) most = std::max(1.0, 1.0 / std::fabs(b.parameters[0]));
    return std::isnan(most) ? INFINITY : (bound + 1) * most;
  }
  if (b.kind != Block::Kind::Conv) return bound + 1;  // no less than a sigmoid gives
  const double z = reach * bound + offset;
  return z + scale_reach * z + scale_offset + 1;
}

void pack_conv(const ConvShape& c, const float* weight, const float* scale, std::vector<float>& out) {
  const int64_t taps = static_cast<int64_t>(c.in_channels) * c.kernel_h * c.kernel_w;
  out.assign(round_up(c.out_channels, kChannelBlock) * taps, 0.0f);
  for (int64_t o = 0; o < c.out_channels; ++o) {
    float* to = out.data() + o / kChannelBlock * taps * kChannelBlock + o % kChannelBlock;
    const float k = scale != nullptr ? scale[o] : 1.0f;
    for (int64_t t = 0; t < taps; ++t) to[t * kChannelBlock] = weight[o * taps + t] * k;
  }
}

void pack_conv_backward(const ConvShape& c, const float* weight, const float* scale, std::vector<float>& out) {
  const int64_t kernel = static_cast<int64_t>(c.kernel_h) * c.kernel_w;
  const int64_t taps = c.out_channels * kernel;
  out.assign(round_up(c.in_channels, kChannelBlock) * taps, 0.0f);
  for (int64_t i = 0; i < c.in_channels; ++i) {
    float* to = out.data() + i / kChannelBlock * taps * kChannelBlock + i % kChannelBlock;
    for (int64_t o = 0; o < c.out_channels; ++o) {
      const float factor = scale != nullptr ? scale[o] : 1.0f;
      for (int64_t k = 0; k < kernel; ++k) {
        to[(o * kernel + k) * kChannelBlock] = weight[(o * c.in_channels + i) * kernel + (kernel - 1 - k)] * factor;
      }
    }
  }
}

ConvShape backward_shape(const Block& b) {
  const ConvShape& c = b.conv;
  const int reach_h = c.dilation_h * (c.kernel_h - 1), reach_w = c.dilation_w * (c.kernel_w - 1);
  return {c.out_channels,   c.in_channels, c.kernel_h,       c.kernel_w,       1,      1,
          c.dilation_h,     c.dilation_w,  b.in_h + reach_h, b.in_w + reach_w, b.in_h, b.in_w,
          reach_h - b.pad_h};
}

// U = G g G' of each kernel g, in double.
void pack_patches(const ConvShape& c, const std::vector<float>& packed, std::vector<float>& out) {
  out.clear();
  if (!patched(c)) return;
  typedef double Four __attribute__((vector_size(kChannelBlock * sizeof(double))));
  const int64_t blocks = round_up(c.out_channels, kChannelBlock) / kChannelBlock;
  const int64_t element = int64_t{c.in_channels} * kChannelBlock;
  out.resize(blocks * kPatch * kPatch * element);
  const float* g = packed.data();
  for (int64_t block = 0; block < blocks; ++block) {
    float* to = out.data() + block * kPatch * kPatch * element;
    for (int64_t i = 0; i < element; i += kChannelBlock, g += 9 * kChannelBlock) {
      Four weight[9];
      for (int k = 0; k < 9 * kChannelBlock; ++k) weight[k / kChannelBlock][k % kChannelBlock] = g[k];
      const auto write = [&](int e, const Four& u) {
        for (int r = 0; r < kChannelBlock; ++r) to[e * element + i + r] = static_cast<float>(u[r]);
      };
      Four rows[kPatch][3];
      for (int x = 0; x < 3; ++x) {
        const Four g0 = weight[x], g1 = weight[3 + x], g2 = weight[6 + x];
        rows[0][x] = g0;
        rows[1][x] = (g0 + g1 + g2) / 2;
        rows[2][x] = (g0 - g1 + g2) / 2;
        rows[3][x] = g2;
      }
      for (int y = 0; y < kPatch; ++y) {
        const Four* r = rows[y];
        write(4 * y, r[0]);
        write(4 * y + 1, (r[0] + r[1] + r[2]) / 2);
        write(4 * y + 2, (r[0] - r[1] + r[2]) / 2);
        write(4 * y + 3, r[2]);
      }
    }
  }
}

int64_t patches_scratch(const ConvShape& c) {
  if (!patched(c)) return 0;
  // two vectors more for each element, see element_step in kernels/winograd.h
  return kPatch * kPatch * ((c.in_channels + kChannelBlock) * int64_t{c.out_w} / 2 + 2) * kernels().lanes;
}

int64_t backward_rows(const Block& b) {
  const int64_t rows = std::max(b.pool.kernel_h, 1);
  return rows * channels_of_blocks(b.conv.out_channels) * b.conv.out_w * kernels().lanes;
}

int64_t backward_scratch(const Block& b) {
  if (!patched(b.conv)) return 0;
  const ConvShape c = backward_shape(b);
  const int64_t patches = static_cast<int64_t>(patch_rows(c)) * (c.out_w / 2);
  // a vector more for each element, see element_step in kernels/winograd.h
  const int64_t v = kPatch * kPatch * (channels_of_blocks(c.in_channels) * patches + 1);
  const int64_t m = kPatch * kPatch * (kChannelBlock * int64_t{c.out_w} / 2 + 1);
  const int64_t u = kPatch * channels_of_blocks(c.out_channels) * patches;
  return (v + std::max(m, u)) * kernels().lanes;
}

static void pack_matrix(int outs, int ins, int64_t out_step, int64_t in_step, const float* weight,
                        std::vector<float>& out) {
  const int64_t block = kernels().linear_block(outs);
  out.assign(round_up(outs, block) * ins, 0.0f);
  for (int64_t o = 0; o < outs; ++o) {
    float* to = out.data() + o / block * ins * block + o % block;
    for (int64_t i = 0; i < ins; ++i) to[i * block] = weight[o * out_step + i * in_step];
  }
}

void pack_linear(int out_features, int in_features, const float* weight, std::vector<float>& out) {
  pack_matrix(out_features, in_features, in_features, 1, weight, out);
}

void pack_linear_backward(int out_features, int in_features, const float* weight, std::vector<float>& out) {
  pack_matrix(in_features, out_features, 1, in_features, weight, out);
}

void running_affine(const Stage& norm, int channels, std::vector<float>& scale, std::vector<float>& shift) {
  if (!norm.running_mean.defined() || !norm.running_var.defined()) {
    fail(code::kArgValue, norm.name, " has no running statistics");
  }
  scale.resize(channels);
  shift.resize(channels);
  const float* mean = norm.running_mean.const_data_ptr<float>();
  const float* variance = norm.running_var.const_data_ptr<float>();
  const float* gamma = norm.weight.defined() ? norm.weight.const_data_ptr<float>() : nullptr;
  const float* beta = norm.bias.defined() ? norm.bias.const_data_ptr<float>() : nullptr;
  for (int c = 0; c < channels; ++c) {
    const double k = (gamma != nullptr ? gamma[c] : 1.0) / std::sqrt(static_cast<double>(variance[c]) + norm.eps);
    scale[c] = static_cast<float>(k);
    shift[c] = static_cast<float>((beta != nullptr ? beta[c] : 0.0) - mean[c] * k);
  }
}

}  // namespace ltn::graph
