#include "graph/plan.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <climits>

#include "core/errors.h"
#include "graph/weights.h"

namespace ltn::graph {

namespace {

// A value of a convolution with so many taps is stored for the passes to come, where tiles are kept.
constexpr int kStoredTaps = 24;

int out_size(int64_t in, int64_t pad, int64_t dilation, int64_t kernel, int64_t stride, bool ceil = false) {
  const int64_t span = in + 2 * pad - dilation * (kernel - 1) - 1 + (ceil ? stride - 1 : 0);
  if (span < 0) return 0;
  const int64_t count = span / stride + 1;
  // the last window begins inside, or in the padding before
  return static_cast<int>(ceil && (count - 1) * stride >= in + pad ? count - 1 : count);
}

bool monotone(const Block& b) {
  const auto& p = b.parameters;
  switch (b.function) {
    case Function::LeakyRelu:
      return p[0] > 0;
    case Function::Softplus:
      return p[0] > 0 && p[1] >= 20;  // it falls by log(1 + e^-p1) at its threshold
    case Function::Elu:
      return p[0] > 0 && p[1] > 0 && p[2] > 0;
    case Function::Hardtanh:
    case Function::Hardsigmoid:
      return true;
    default:
      return false;
  }
}

}  // namespace

Memory::Memory(int64_t bytes) { reserve(bytes); }

void Memory::reserve(int64_t bytes) {
  if (bytes <= bytes_) return;
  tensor_ = at::Tensor();  // the old one first: both need not fit at once
  tensor_ = at::zeros({bytes + 64}, at::TensorOptions().dtype(c10::kByte));
  const auto address = reinterpret_cast<uintptr_t>(tensor_.mutable_data_ptr());
  data_ = reinterpret_cast<char*>((address + 63) / 64 * 64);
  bytes_ = bytes;
}

Plan::Plan(std::vector<Stage> stages, int64_t c, int64_t h, int64_t w, int64_t input_rank, c10::Device on)
    : rank(input_rank), device(on), stages_(std::move(stages)) {
  if (c <= 0 || h <= 0 || w <= 0 || c * h * w > (1 << 22)) fail(code::kArgValue, "the input is empty or too large");
  in_c = c_ = static_cast<int>(c);
  in_h = h_ = static_cast<int>(h);
  in_w = w_ = static_cast<int>(w);
  flat_ = rank == 2;
  for (size_t i = 0; i < stages_.size(); ++i) add(stages_[i], static_cast<int>(i));
  if (blocks_.empty()) fail(code::kArgValue, "there is nothing to fuse");
  output_rank = flat_ ? 2 : 4;
  // a convolution's input has its border
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const Block& b = blocks_[i];
    if (b.kind != Block::Kind::Conv) continue;
    (i == 0 ? input_border_h : blocks_[i - 1].border_h) = b.pad_h;
    (i == 0 ? input_border_w : blocks_[i - 1].border_w) = b.pad_w;
  }
  const int64_t lanes = kernels().lanes;
  const int64_t row = in_w + 2 * input_border_w, plane = (in_h + 2 * input_border_h) * row;
  if (in_c * plane > (1 << 24)) fail(code::kArgValue, "the input is too large");
  for (int64_t at = 0; at < int64_t{in_c} * in_h * in_w; ++at) {
    const int64_t y = at / in_w % in_h, channel = at / in_w / in_h;
    input_offsets_.push_back(static_cast<int32_t>((channel * plane + y * row + at % in_w) * lanes));
  }
  for (const Block& b : blocks_) {
    if (b.kind != Block::Kind::Conv) continue;
    rows_ = std::max({rows_, backward_rows(b), backward_scratch(b), patches_scratch(b.conv)});
  }
  lay_out(inference_, false);
  lay_out(training_, true);
}

void Plan::check_tensor(const Stage& stage, const at::Tensor& tensor, const char* what, int64_t size) const {
  if (!tensor.defined()) return;
  if (tensor.scalar_type() != c10::kFloat || tensor.device() != device || !tensor.is_contiguous() ||
      tensor.layout() != c10::kStrided) {
    fail(code::kArgValue, stage.name, ": its ", what, " is not a plain float32 tensor on ",
         device.is_cpu() ? "the CPU" : device.str());
  }
  if (tensor.is_inference()) fail(code::kArgValue, stage.name, ": its ", what, " was made in inference mode");
  if (tensor.numel() != size)
    fail(code::kArgValue, stage.name, ": its ", what, " has another size than the input needs");
}

void Plan::add(const Stage& s, int index) {
  Block b;
  b.stages = {s.name};
  b.flat = flat_;
  b.in_c = b.c = c_;
  b.in_h = b.h = h_;
  b.in_w = b.w = w_;
  Block* last = blocks_.empty() ? nullptr : &blocks_.back();
  switch (s.kind) {
    case Stage::Kind::Flatten:
      flat_ = true;
      c_ = c_ * h_ * w_;
      h_ = w_ = 1;
      return;
    case Stage::Kind::Conv: {
      if (flat_) fail(code::kArgValue, s.name, ": its input is no image");
      if (s.weight.dim() != 4 || s.weight.size(1) != c_) fail(code::kArgValue, s.name, ": groups are not fused");
      const auto o = s.weight.size(0), kh = s.weight.size(2), kw = s.weight.size(3);
      if (o == 0 || kh == 0 || kw == 0) fail(code::kArgValue, s.name, ": its weight is empty");
      for (int i = 0; i < 2; ++i) {
        const int64_t reach = s.dilation[i] * (s.weight.size(2 + i) - 1);
        if (s.padding[i] < 0 || s.padding[i] > reach) {
          fail(code::kArgValue, s.name, ": more padding than its kernel reaches");
        }
      }
      check_tensor(s, s.weight, "weight", o * c_ * kh * kw);
      check_tensor(s, s.bias, "bias", o);
      b.kind = Block::Kind::Conv;
      b.linear = index;
      b.pad_h = static_cast<int>(s.padding[0]);
      b.pad_w = static_cast<int>(s.padding[1]);
      b.c = static_cast<int>(o);
      b.h = out_size(h_, b.pad_h, s.dilation[0], kh, s.stride[0]);
      b.w = out_size(w_, b.pad_w, s.dilation[1], kw, s.stride[1]);
      b.conv = {c_,
                b.c,
                static_cast<int>(kh),
                static_cast<int>(kw),
                static_cast<int>(s.stride[0]),
                static_cast<int>(s.stride[1]),
                static_cast<int>(s.dilation[0]),
                static_cast<int>(s.dilation[1]),
                h_ + 2 * b.pad_h,
                w_ + 2 * b.pad_w,
                b.h,
                b.w,
                b.pad_h};
      if (b.h == 0 || b.w == 0) fail(code::kArgValue, s.name, ": its kernel is larger than the image");
      break;
    }
    case Stage::Kind::Norm:
      add_norm(s, index);
      return;
    case Stage::Kind::Activation:
      // monotone: before and after a maximum are the same
      if (s.function == Function::None && last != nullptr && last->activation == Activation::None &&
          (last->kind == Block::Kind::Conv || last->kind == Block::Kind::Linear)) {
        last->activation = s.activation;
        last->stages.push_back(s.name);
        return;
      }
      b.kind = Block::Kind::Elementwise;
      b.activation = s.function == Function::None ? s.activation : kStoredSlope;
      b.function = s.function;
      b.parameters = s.parameters;
      break;
    case Stage::Kind::Pool:
      add_pool(s, std::move(b));
      return;
    case Stage::Kind::Linear:
      if (!flat_) fail(code::kArgValue, s.name, ": its input is not flat");
      if (s.weight.dim() != 2 || s.weight.size(0) == 0) fail(code::kArgValue, s.name, ": its weight is no matrix");
      check_tensor(s, s.weight, "weight", s.weight.size(0) * c_);
      check_tensor(s, s.bias, "bias", s.weight.size(0));
      b.kind = Block::Kind::Linear;
      b.linear = index;
      b.c = static_cast<int>(s.weight.size(0));
      break;
    case Stage::Kind::Dropout:
      b.kind = Block::Kind::Dropout;
      b.p = s.p;
      break;
  }
  c_ = b.c;
  h_ = b.h;
  w_ = b.w;
  blocks_.push_back(std::move(b));
}

void Plan::add_norm(const Stage& s, int index) {
  Block* last = blocks_.empty() ? nullptr : &blocks_.back();
  const bool linear = last != nullptr && last->kind == Block::Kind::Linear;
  if (last == nullptr || (last->kind != Block::Kind::Conv && !linear) || last->norm >= 0 ||
      last->activation != Activation::None || last->pool.kernel_h != 0) {
    fail(code::kArgValue, s.name, ": batch norm is fused right after a convolution or a linear layer only");
  }
  check_tensor(s, s.weight, "weight", c_);
  check_tensor(s, s.bias, "bias", c_);
  check_tensor(s, s.running_mean, "running_mean", c_);
  check_tensor(s, s.running_var, "running_var", c_);
  if (linear) {  // a convolution of one place, whose statistics there are kernels for
    const int in = static_cast<int>(last->in_size());
    last->kind = Block::Kind::Conv;
    last->in_c = in;
    last->in_h = last->in_w = 1;
    last->conv = {in, last->c, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  }
  last->norm = index;
  last->stages.push_back(s.name);
}

void Plan::add_pool(const Stage& s, Block&& b) {
  if (flat_) fail(code::kArgValue, s.name, ": its input is no image");
  PoolShape p;
  p.kernel_h = static_cast<int>(s.kernel[0]);
  p.kernel_w = static_cast<int>(s.kernel[1]);
  p.stride_h = static_cast<int>(s.stride[0]);
  p.stride_w = static_cast<int>(s.stride[1]);
  p.pad_h = static_cast<int>(s.padding[0]);
  p.pad_w = static_cast<int>(s.padding[1]);
  p.divisor = s.divisor;
  if (p.pad_h * 2 > p.kernel_h || p.pad_w * 2 > p.kernel_w) {
    fail(code::kArgValue, s.name, ": more padding than half its window");
  }
  p.out_h = out_size(h_, p.pad_h, 1, p.kernel_h, p.stride_h, s.ceil);
  p.out_w = out_size(w_, p.pad_w, 1, p.kernel_w, p.stride_w, s.ceil);
  if (p.out_h == 0 || p.out_w == 0) fail(code::kArgValue, s.name, ": its window is larger than the image");
  if (!s.average && p.kernel_h * p.kernel_w > 255) {
    fail(code::kArgValue, s.name, ": a maximum of more than 255 places");
  }
  b.kind = Block::Kind::Pool;
  b.pool = p;
  b.average = s.average;
  b.count_padding = s.count_padding;
  b.h = h_ = p.out_h;
  b.w = w_ = p.out_w;
  const auto takes_maximum = [](const Block& block) {
    return block.kind == Block::Kind::Conv && !block.flat && block.pool.kernel_h == 0;
  };
  const size_t count = blocks_.size();
  Block* last = count > 0 ? &blocks_[count - 1] : nullptr;
  if (!s.average && last != nullptr && takes_maximum(*last)) {
    last->pool = p;
    last->h = h_;
    last->w = w_;
    last->stages.push_back(s.name);
    return;
  }
  // a monotone function changes places with the maximum: it has less to do then
  if (!s.average && count > 1 && last->function != Function::None && monotone(*last) &&
      takes_maximum(blocks_[count - 2])) {
    Block& conv = blocks_[count - 2];
    conv.pool = p;
    conv.h = last->in_h = last->h = h_;
    conv.w = last->in_w = last->w = w_;
    conv.stages.push_back(s.name);
    return;
  }
  blocks_.push_back(std::move(b));
}

void Plan::lay_out(Layout& layout, bool training) const {
  const int64_t lanes = kernels().lanes;
  int64_t at = 0;
  const auto take = [&at](int64_t bytes) {
    const int64_t begin = at;
    at += round_up(bytes, 64);
    return begin;
  };
  const auto bordered = [lanes](int64_t c, int64_t h, int64_t w, int64_t bh, int64_t bw) {
    return c * (h + 2 * bh) * (w + 2 * bw) * lanes * 4;
  };
  layout.input = take(bordered(in_c, in_h, in_w, input_border_h, input_border_w));
  for (const Block& b : blocks_) {
    Layout::Buffers buffers;
    const int64_t slopes = training && b.function != Function::None ? 2 : 1;
    buffers.out = take(slopes * bordered(b.c, b.h, b.w, b.border_h, b.border_w));
    const bool pool = b.pool.kernel_h != 0 && !b.average;
    if (training && pool) buffers.index = take(b.size() * lanes);
    if (training && b.norm >= 0) buffers.picked = take(b.size() * lanes * 4);
    if (training && b.norm >= 0 && b.taps() >= kStoredTaps) {
      buffers.z = take(int64_t{b.conv.out_channels} * b.conv.out_h * b.conv.out_w * lanes * 4);
    }
    if (training) buffers.gradient = take(b.size() * lanes * 4);
    layout.blocks.push_back(buffers);
  }
  // neighbouring tiles a page boundary apart would meet in the same places of the cache
  layout.bytes = round_up(at, 4096) + 64 * 9;
}

float* Plan::start(int block, char* memory, const Layout& layout) const {
  return reinterpret_cast<float*>(memory + (block < 0 ? layout.input : layout.blocks[block].out));
}

Place Plan::place(int block, char* memory, const Layout& layout) const {
  const int64_t lanes = kernels().lanes;
  const int h = block < 0 ? in_h : blocks_[block].h, w = block < 0 ? in_w : blocks_[block].w;
  const int bh = block < 0 ? input_border_h : blocks_[block].border_h;
  const int bw = block < 0 ? input_border_w : blocks_[block].border_w;
  Place place;
  place.row = (w + 2 * bw) * lanes;
  place.channel = (h + 2 * bh) * place.row;
  place.first = start(block, memory, layout) + bh * place.row + bw * lanes;
  return place;
}

Place Plan::input_place(int block, char* memory, const Layout& layout) const {
  const Block& b = blocks_[block];
  const int before = block == 0 ? in_c : blocks_[block - 1].c;
  if (b.in_c == before) return place(block - 1, memory, layout);
  const long row = static_cast<long>(b.in_w) * kernels().lanes;  // flattened: there is no border
  return {start(block - 1, memory, layout), row, row * b.in_h};
}

}  // namespace ltn::graph
