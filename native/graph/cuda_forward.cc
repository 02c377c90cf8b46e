#include "graph/cuda_forward.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <c10/core/DeviceGuard.h>

#include "core/errors.h"
#include "cuda/launch.h"
#include "graph/cuda_convolution.h"

namespace ltn::graph {

namespace {

fused::Affine affine_of(const Stage* norm, const at::Tensor& bias) {
  fused::Affine a;
  a.bias = address(bias);
  read_by_launches({bias});
  if (norm == nullptr) return a;
  if (!norm->running_mean.defined() || !norm->running_var.defined()) {
    fail(code::kArgValue, norm->name, " has no running statistics");
  }
  a.mean = address(norm->running_mean);
  a.variance = address(norm->running_var);
  a.weight = address(norm->weight);
  a.shift = address(norm->bias);
  a.eps = static_cast<float>(norm->eps);
  read_by_launches({norm->running_mean, norm->running_var, norm->weight, norm->bias});
  return a;
}

bool does_nothing(const fused::Tail& tail) {
  return tail.affine.bias == nullptr && tail.affine.mean == nullptr && tail.before.map == fused::Map::None &&
         tail.pool.kind == fused::Pool::Kind::None && tail.after.map == fused::Map::None;
}

}  // namespace

at::Tensor CudaForward::convolve(const Piece& piece, const at::Tensor& x) const {
  const ConvShape& conv = piece.conv;
  const bool pools = piece.pools_tiles();
  fused::Convolution a{};
  a.images = static_cast<int>(x.size(0));
  a.in_c = conv.in_channels;
  a.in_h = conv.in_h - 2 * piece.pad_h;
  a.in_w = conv.in_w - 2 * piece.pad_w;
  a.out_c = conv.out_channels;
  a.kernel_h = conv.kernel_h;
  a.kernel_w = conv.kernel_w;
  a.stride_h = conv.stride_h;
  a.stride_w = conv.stride_w;
  a.dilation_h = conv.dilation_h;
  a.dilation_w = conv.dilation_w;
  a.pad_h = piece.pad_h;
  a.pad_w = piece.pad_w;
  a.conv_h = piece.h;
  a.conv_w = piece.w;
  a.out_h = pools ? piece.out_h : piece.h;
  a.out_w = pools ? piece.out_w : piece.w;
  a.tiles_h = pools ? a.out_h : divide_up(a.out_h, 2);
  a.tiles_w = pools ? a.out_w : divide_up(a.out_w, 2);
  a.tail.affine = affine_of(piece.norm, piece.product->bias);
  a.tail.before = piece.before;
  if (pools) {
    a.tail.pool = piece.pool;
    a.tail.after = piece.after;
  }
  const at::Tensor y = at::empty({x.size(0), a.out_c, a.out_h, a.out_w}, x.options());
  start_convolution(a, x, piece.product->weight, y);
  if (!piece.pooled() || pools) return y;
  fused::Tail tail;
  tail.pool = piece.pool;
  tail.after = piece.after;
  return pass(piece, y, tail);
}

at::Tensor CudaForward::product(const Piece& piece, const at::Tensor& x) const {
  const Stage& s = *piece.product;
  if (piece.kind == Piece::Kind::Linear) return at::linear(x.view({x.size(0), -1}), s.weight, s.bias);
  const auto list = [](const std::vector<int64_t>& values) { return at::IntArrayRef(values); };
  return at::conv2d(x, s.weight, {}, list(s.stride), list(s.padding), list(s.dilation)).contiguous();
}

at::Tensor CudaForward::pass(const Piece& piece, const at::Tensor& x, const fused::Tail& tail) const {
  if (does_nothing(tail)) return x;
  fused::Pass a{};
  a.images = static_cast<int>(x.size(0));
  a.channels = piece.c;
  a.h = piece.h;
  a.w = piece.w;
  a.out_h = piece.out_h;
  a.out_w = piece.out_w;
  a.tail = tail;
  const int64_t elements = x.size(0) * piece.c * piece.out_h * piece.out_w;
  need_countable(elements);
  const at::Tensor y = at::empty({x.size(0), piece.c, piece.out_h, piece.out_w}, x.options());
  a.x = address(x);
  a.y = y.mutable_data_ptr<float>();
  read_by_launches({x});
  Launch{"pass", x.device(), static_cast<unsigned>(divide_up(elements, fused::kThreads)), 1, fused::kThreads}(a);
  return y;
}

at::Tensor CudaForward::run(const at::Tensor& x, int direct) const {
  const at::NoGradGuard no_grad;
  const c10::DeviceGuard device(x.device());
  at::Tensor y = x;
  for (const Piece& piece : pieces_) {
    if (piece.direct() && direct-- > 0) {
      y = convolve(piece, y);
      continue;
    }
    const bool convolution = piece.kind == Piece::Kind::Convolution;
    if (piece.product != nullptr) y = product(piece, y);
    y = pass(piece, y,
             {affine_of(piece.norm, convolution ? piece.product->bias : at::Tensor()), piece.before, piece.pool,
              piece.after});
  }
  return y;
}

}  // namespace ltn::graph
