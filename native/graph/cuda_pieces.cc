// How a plan's blocks become pieces for a GPU: more than on the CPU belongs to one kernel.
#include <utility>

#include "core/errors.h"
#include "graph/cuda_forward.h"
#include "graph/graph.h"

namespace ltn::graph {

namespace {

using fused::Map;

Map map_of(Activation activation, Function function) {
  switch (function) {
    case Function::None:
      break;
    case Function::LeakyRelu:
      return Map::LeakyRelu;
    case Function::Hardtanh:
      return Map::Hardtanh;
    case Function::Elu:
      return Map::Elu;
    case Function::Softplus:
      return Map::Softplus;
    case Function::Gelu:
      return Map::Gelu;
    case Function::GeluTanh:
      return Map::GeluTanh;
    case Function::Silu:
      return Map::Silu;
    case Function::Hardswish:
      return Map::Hardswish;
    case Function::Hardsigmoid:
      return Map::Hardsigmoid;
    case Function::Mish:
      return Map::Mish;
    case Function::DropChannels:
      fail(code::kArgValue, "dropout of channels is for training");
  }
  switch (activation) {
    case Activation::Relu:
      return Map::Relu;
    case Activation::Tanh:
      return Map::Tanh;
    case Activation::Sigmoid:
      return Map::Sigmoid;
    default:
      return Map::None;
  }
}

fused::Pointwise pointwise_of(const Block& b) {
  fused::Pointwise f;
  f.map = map_of(b.activation, b.function);
  for (size_t i = 0; i < b.parameters.size(); ++i) f.p[i] = b.parameters[i];
  return f;
}

fused::Pool pool_of(const PoolShape& p, bool average, bool count_padding) {
  fused::Pool pool;
  pool.kind = average ? fused::Pool::Kind::Average : fused::Pool::Kind::Maximum;
  pool.kernel_h = p.kernel_h;
  pool.kernel_w = p.kernel_w;
  pool.stride_h = p.stride_h;
  pool.stride_w = p.stride_w;
  pool.pad_h = p.pad_h;
  pool.pad_w = p.pad_w;
  pool.divisor = p.divisor;
  pool.count_padding = count_padding;
  return pool;
}

}  // namespace

CudaForward::CudaForward(const Plan& plan) : plan_(plan) {
  for (const Block& b : plan.blocks()) add(b);
}

CudaForward::Piece& CudaForward::next(const Block& b, Piece::Kind kind) {
  Piece piece;
  piece.kind = kind;
  piece.c = b.c;
  piece.h = piece.out_h = b.h;
  piece.w = piece.out_w = b.w;
  pieces_.push_back(std::move(piece));
  return pieces_.back();
}

void CudaForward::add(const Block& b) {
  switch (b.kind) {
    case Block::Kind::Dropout:
      return;  // in eval mode
    case Block::Kind::Elementwise:
      return add_pointwise(b);
    case Block::Kind::Pool:
      return add_pool(b);
    case Block::Kind::Conv:
    case Block::Kind::Linear:
      break;
  }
  const Stage& stage = plan_.stages()[b.linear];
  const bool linear = stage.kind == Stage::Kind::Linear;
  Piece& piece = next(b, linear ? Piece::Kind::Linear : Piece::Kind::Convolution);
  piece.product = &stage;
  piece.norm = b.norm >= 0 ? &plan_.stages()[b.norm] : nullptr;
  const bool pooled = b.pool.kernel_h != 0;
  (pooled ? piece.after : piece.before) = pointwise_of(b);
  (pooled ? piece.after_name : piece.before_name) = activation_name(b.activation, b.function);
  if (linear) return;
  piece.conv = b.conv;
  piece.pad_h = b.pad_h;
  piece.pad_w = b.pad_w;
  piece.h = b.conv.out_h;
  piece.w = b.conv.out_w;
  if (pooled) piece.pool = pool_of(b.pool, false, true);
}

void CudaForward::add_pointwise(const Block& b) {
  Piece* piece = pieces_.empty() ? nullptr : &pieces_.back();
  const bool pooled = piece != nullptr && piece->pooled();
  if (piece == nullptr || (pooled ? piece->after : piece->before).map != fused::Map::None) {
    piece = &next(b, Piece::Kind::Tail);
  }
  (piece->pooled() ? piece->after : piece->before) = pointwise_of(b);
  (piece->pooled() ? piece->after_name : piece->before_name) = activation_name(b.activation, b.function);
}

void CudaForward::add_pool(const Block& b) {
  Piece* piece = pieces_.empty() || pieces_.back().pooled() ? nullptr : &pieces_.back();
  if (piece == nullptr) {
    piece = &next(b, Piece::Kind::Tail);
    piece->h = b.in_h;
    piece->w = b.in_w;
  }
  piece->pool = pool_of(b.pool, b.average, b.count_padding);
  piece->out_h = b.h;
  piece->out_w = b.w;
}

bool CudaForward::Piece::pools_tiles() const {
  return pooled() && pool.kernel_h == 2 && pool.kernel_w == 2 && pool.stride_h >= 2 && pool.stride_w >= 2;
}

bool CudaForward::Piece::direct() const {
  constexpr int kLargest = fused::kStagedWeights / fused::kChannels[0];
  return kind == Kind::Convolution && conv.kernel_h <= kLargest && conv.kernel_h * conv.kernel_w <= kLargest;
}

int CudaForward::convolutions() const {
  int count = 0;
  for (const Piece& piece : pieces_) count += piece.direct() ? 1 : 0;
  return count;
}

std::vector<std::string> CudaForward::steps(int direct) const {
  std::vector<std::string> out;
  for (const Piece& piece : pieces_) {
    std::string step;
    const auto also = [&step](const std::string& what) { step += (step.empty() || what.empty() ? "" : " + ") + what; };
    const auto end = [&] {
      if (!step.empty()) out.push_back(std::exchange(step, ""));
    };
    const bool own = piece.direct() && direct-- > 0;
    if (own) also("convolution");
    if (piece.kind == Piece::Kind::Convolution && !own) out.push_back("convolution of libtorch");
    if (piece.kind == Piece::Kind::Linear) out.push_back("linear of libtorch");
    if (piece.kind == Piece::Kind::Convolution && !own && piece.product->bias.defined()) also("bias");
    if (piece.norm != nullptr) also("batch norm");
    also(piece.before_name);
    if (own && piece.pooled() && !piece.pools_tiles()) end();
    if (piece.pooled()) also(piece.pool.kind == fused::Pool::Kind::Average ? "average pool" : "max pool");
    also(piece.after_name);
    end();
  }
  return out;
}

}  // namespace ltn::graph
