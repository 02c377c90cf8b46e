// A plan in eval mode on a GPU: convolution, batch norm, activation and pool by one kernel (native/cuda/kernels/), or
// the convolution by libtorch and what follows it by one; matrix products are libtorch's. Weights are read where the
// parameters are, so that nothing is packed, and a CUDA graph of such a forward sees new values as eager's does.
#pragma once

#include <string>
#include <vector>

#include "cuda/kernels/arguments.h"
#include "graph/plan.h"

namespace ltn::graph {

class CudaForward {
 public:
  explicit CudaForward(const Plan& plan);

  // Convolutions that a fused kernel could compute.
  int convolutions() const;
  // What is done one after the other where the first `direct` of those are computed by fused kernels.
  std::vector<std::string> steps(int direct) const;
  // [N, ...], contiguous float32, to the output, on the current stream.
  at::Tensor run(const at::Tensor& x, int direct) const;

 private:
  // A product with its tail, or a tail alone.
  struct Piece {
    enum class Kind { Convolution, Linear, Tail };
    Kind kind = Kind::Tail;
    const Stage* product = nullptr;
    const Stage* norm = nullptr;
    ConvShape conv{};
    int pad_h = 0, pad_w = 0;
    int c = 0, h = 0, w = 0;  // of what the tail begins with
    fused::Pointwise before, after;
    std::string before_name, after_name;
    fused::Pool pool;
    int out_h = 0, out_w = 0;

    bool pooled() const { return pool.kind != fused::Pool::Kind::None; }
    // True where a kernel computes the convolution, and true where it takes the pool along.
    bool direct() const;
    bool pools_tiles() const;
  };

  void add(const Block& block);
  void add_pointwise(const Block& block);
  void add_pool(const Block& block);
  Piece& next(const Block& block, Piece::Kind kind);

  at::Tensor convolve(const Piece& piece, const at::Tensor& x) const;
  at::Tensor product(const Piece& piece, const at::Tensor& x) const;
  at::Tensor pass(const Piece& piece, const at::Tensor& x, const fused::Tail& tail) const;

  const Plan& plan_;
  std::vector<Piece> pieces_;
};

}  // namespace ltn::graph
