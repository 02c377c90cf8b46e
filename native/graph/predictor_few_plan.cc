// What is known of a plan beforehand: the ways of its convolutions, where their inputs lie, their weights in order.
#include <algorithm>

#include "graph/predictor_few.h"
#include "graph/weights.h"

namespace ltn::graph {

namespace {

constexpr int64_t kMostFloats = 1 << 30;  // of a buffer: distances are 32 bits wide

// Measured, in products of vectors as tiles make them (0.3 ns): one here, a row that is placed, an output of a tile's
// convolution besides its products.
constexpr double kProduct = 1.15, kRow = 14, kTileOutput = 2, kPatchedTap = 0.6;

int64_t vectors_of(int64_t n) { return round_up(n, kernels().lanes) / kernels().lanes; }

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

// [outs / block][ins][block] of a weight [outs][ins], whose outputs are multiplied by `scale` where that is given.
void pack_blocks(const at::Tensor& weight, int64_t block, const float* scale, Memory& out) {
  const int64_t outs = weight.size(0), ins = weight.numel() / outs;
  const float* from = weight.const_data_ptr<float>();
  out.reserve(round_up(outs, block) * ins * 4);
  for (int64_t o = 0; o < outs; ++o) {
    float* to = out.floats() + o / block * ins * block + o % block;
    for (int64_t i = 0; i < ins; ++i) to[i * block] = from[o * ins + i] * (scale != nullptr ? scale[o] : 1.0f);
  }
}

}  // namespace

FewPredictor::FewPredictor(const Plan& plan) : plan_(plan), steps_(plan.blocks().size()) {
  const auto& blocks = plan.blocks();
  const int64_t slack = 2 * kernels().lanes;
  head_ = static_cast<int>(blocks.size());
  for (int i = head_ - 1; i >= 0; --i) {
    if (blocks[i].kind == Block::Kind::Linear) head_ = i;
  }
  scratch_row_ = plan.in_w + slack;
  if (head_ > 0) cost_ = head_cost_ = kRow * plan.in_c * plan.in_h;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Block& b = blocks[i];
    Step& s = steps_[i];
    s.in = Planes::plain(b.in_h, b.in_w, nullptr);
    if (b.kind == Block::Kind::Conv) plan_conv(b, s);
    if (b.kind == Block::Kind::Linear) {
      s.vectors = static_cast<int>(vectors_of(b.c));
      s.cost = static_cast<double>(b.in_size()) * s.vectors;
      tile_cost_ += static_cast<double>(b.in_size()) * b.c;
    }
    if (b.kind != Block::Kind::Conv && b.kind != Block::Kind::Linear)
      tile_cost_ += kTileOutput * static_cast<double>(b.in_size());
    s.floats = s.in.channel * b.in_c + slack;
    // rows that are convolved lie in planes of their own, and functions have a kernel for tiles alone
    if (b.function != Function::None || (b.kind == Block::Kind::Conv && b.flat)) fits_ = false;
    fits_ = fits_ && s.floats < kMostFloats;
    const int64_t width = std::max(b.in_w, b.kind == Block::Kind::Conv ? b.conv.out_w : 0);
    const PoolShape& p = b.pool;
    const int64_t row = std::max<int64_t>(width + 2 * p.pad_w, static_cast<int64_t>(p.out_w) * p.stride_w);
    scratch_row_ = std::max(scratch_row_, row + p.kernel_w + 2 * slack);
    const int64_t rows = b.h * b.w == 1 ? 0 : static_cast<int64_t>(b.c) * b.h;
    s.cost = s.cost * kProduct + static_cast<double>(rows) * kRow;
    cost_ += s.cost;
    if (static_cast<int>(i) < head_) head_cost_ += s.cost;
  }
  fits_ = fits_ && places_ < kMostFloats && channels_ < kMostFloats;
  scratch_row_ = round_up(scratch_row_, kernels().lanes);
  const int64_t size = head_ > 0 ? blocks[head_ - 1].size() : static_cast<int64_t>(plan.in_c) * plan.in_h * plan.in_w;
  features_ = round_up(size + slack, kernels().lanes);
}

FewPredictor::Step FewPredictor::conv_step(const Block& b, Way way) const {
  const ConvShape& c = b.conv;
  const int64_t lanes = kernels().lanes;
  const int step = way == Way::Pooled ? 2 : 1;
  Step s;
  s.way = way;
  s.in.split_h = c.stride_h * step;
  s.in.split_w = c.stride_w * step;
  s.in.pad_h = b.pad_h;
  s.in.pad_w = b.pad_w;
  s.in.pitch = s.pitch = divide_up(c.in_w, s.in.split_w);
  // the zeros behind a row must not reach the plane after its own
  s.in.plane = round_up(static_cast<int64_t>(divide_up(c.in_h, s.in.split_h)) * s.in.pitch + lanes, lanes);
  s.in.channel = s.in.plane * s.in.split_h * s.in.split_w;
  s.rows = way == Way::Pooled ? b.pool.out_h : rows_of(b);
  const int64_t width = way == Way::Pooled ? b.pool.out_w : c.out_w;
  const double taps = b.taps();
  if (way == Way::Channels) {
    s.pitch = c.out_w;
    s.vectors = static_cast<int>(vectors_of(c.out_channels));
    const double places = static_cast<double>(s.rows) * c.out_w;
    // one vector of weights for each product is dear; all outputs are transposed
    s.cost = places * s.vectors * (taps * (s.vectors == 1 ? 2 : 1.1) + 8);
  } else {
    s.vectors = static_cast<int>(vectors_of((s.rows - 1) * static_cast<int64_t>(s.pitch) + width));
    const int windows = way == Way::Pooled ? 4 : 1;
    s.cost = static_cast<double>(s.vectors) * windows * c.out_channels * taps;
    // a pool by itself is a pass more
    if (b.pool.kernel_h != 0 && way == Way::Places) s.cost += 8.0 * s.vectors * c.out_channels;
  }
  return s;
}

void FewPredictor::plan_conv(const Block& b, Step& s) {
  const ConvShape& c = b.conv;
  const int64_t lanes = kernels().lanes;
  s = conv_step(b, Way::Places);
  for (const Way way : {Way::Pooled, Way::Channels}) {
    if (way == Way::Pooled && !halves(b)) continue;
    Step other = conv_step(b, way);
    if (other.cost < s.cost) s = std::move(other);
  }
  const double outputs = static_cast<double>(rows_of(b)) * c.out_w * round_up(c.out_channels, kChannelBlock);
  tile_cost_ += outputs * (b.taps() * (patched(c) ? kPatchedTap : 1) + kTileOutput);
  if (s.in.channel * c.in_channels >= kMostFloats) return;  // it is not used
  add_offsets(b, s);
  if (s.way == Way::Channels) {
    const int64_t places = round_up(static_cast<int64_t>(s.rows) * c.out_w, lanes), channels = s.vectors * lanes;
    places_ = std::max(places_, channels * places + 2 * lanes);
    channels_ = std::max(channels_, channels * places);
  } else {
    places_ = std::max(places_, c.out_channels * s.vectors * lanes + 2 * lanes);
  }
}

void FewPredictor::add_offsets(const Block& b, Step& s) const {
  const ConvShape& c = b.conv;
  const auto distance = [&p = s.in](int y, int x) {
    const int64_t plane = (y % p.split_h) * p.split_w + x % p.split_w;
    return plane * p.plane + y / p.split_h * p.pitch + x / p.split_w;
  };
  for (int tap = 0; tap < b.taps(); ++tap) {
    const int kx = tap % c.kernel_w, ky = tap / c.kernel_w % c.kernel_h;
    const int64_t channel = tap / (c.kernel_w * c.kernel_h) * s.in.channel;
    for (int window = 0; window < (s.way == Way::Pooled ? 4 : 1); ++window) {
      const int y = window / 2 * c.stride_h + ky * c.dilation_h, x = window % 2 * c.stride_w + kx * c.dilation_w;
      s.offsets.push_back(static_cast<int32_t>(channel + distance(y, x)));
    }
  }
  if (s.way != Way::Channels) return;
  for (int y = 0; y < s.rows; ++y) {
    for (int x = 0; x < c.out_w; ++x) s.starts.push_back(y * s.in.pitch + x);
  }
}

bool FewPredictor::pays(int64_t count) const {
  const int64_t lanes = kernels().lanes;
  return fits_ &&
         cost_ * static_cast<double>(count) <= tile_cost_ * static_cast<double>(round_up(count, lanes) / lanes);
}

int64_t FewPredictor::bytes() const {
  int64_t floats = places_ + channels_ + scratch_row_ * kFewPoolRows + features_;
  for (int i = 0; i < head_; ++i) floats += steps_[i].floats;
  return floats * 4;
}

void FewPredictor::pack() {
  std::vector<float> scale, shift;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Block& b = plan_.blocks()[i];
    if (b.linear < 0) continue;
    Step& s = steps_[i];
    const Stage& stage = plan_.stages()[b.linear];
    const int64_t outs = stage.weight.size(0), lanes = kernels().lanes;
    const bool by_places = b.kind == Block::Kind::Conv && s.way != Way::Channels;
    if (b.norm >= 0) running_affine(plan_.stages()[b.norm], static_cast<int>(outs), scale, shift);
    pack_blocks(stage.weight, by_places ? kFewChannels : lanes, b.norm >= 0 ? scale.data() : nullptr, s.weights);
    s.bias.reserve(round_up(outs, lanes) * 4);
    for (int64_t o = 0; o < outs; ++o) {
      const float bias = stage.bias.defined() ? stage.bias.const_data_ptr<float>()[o] : 0.0f;
      s.bias.floats()[o] = b.norm >= 0 ? bias * scale[o] + shift[o] : bias;
    }
  }
}

}  // namespace ltn::graph
