// The plan of a fused network: a chain of blocks with all sizes and all buffers known beforehand.
//
// A network comes as a chain of stages (one for each layer or operator). Neighbours that one kernel does together
// become one block: convolution + batch norm + activation + max pool; linear + activation. What is left over is a block
// alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/kernels/kernels.h"

namespace ltn::graph {

struct Stage {
  enum class Kind { Conv, Norm, Activation, Pool, Flatten, Linear, Dropout };
  Kind kind;
  std::string name;  // of the layer, for messages and tables
  at::Tensor weight, bias;
  std::vector<int64_t> stride, padding, dilation, kernel;
  // batch norm
  double eps = 0, momentum = 0;
  bool cumulative = false;  // momentum null: the mean over all batches
  bool training = false;
  at::Tensor running_mean, running_var, batches;
  // others
  Activation activation = Activation::None;
  Function function = Function::None;
  std::array<float, 3> parameters{};
  bool average = false, count_padding = true, ceil = false;
  int divisor = 0;
  double p = 0;
};

struct Block {
  enum class Kind { Conv, Linear, Pool, Elementwise, Dropout };
  Kind kind = Kind::Conv;
  std::vector<std::string> stages;  // their names
  bool flat = false;                // rows, no images
  ConvShape conv{};
  int pad_h = 0, pad_w = 0;  // of the convolution
  PoolShape pool{};
  bool average = false, count_padding = true;
  Activation activation = Activation::None;
  Function function = Function::None;  // of an elementwise block, whose activation is then kStoredSlope
  std::array<float, 3> parameters{};
  int linear = -1;  // the stages with the parameters
  int norm = -1;
  double p = 0;
  int in_c = 0, in_h = 0, in_w = 0;
  int c = 0, h = 0, w = 0;         // of its output
  int border_h = 0, border_w = 0;  // around its output, for the next block

  int64_t in_size() const { return static_cast<int64_t>(in_c) * in_h * in_w; }
  int64_t size() const { return static_cast<int64_t>(c) * h * w; }
  int taps() const { return conv.in_channels * conv.kernel_h * conv.kernel_w; }
};

// Where a tile's buffers lie in a piece of memory of `bytes`, and what of it must be zero before the first use.
struct Layout {
  struct Buffers {
    int64_t out = 0, index = 0, picked = 0, gradient = 0;
    int64_t z = -1;  // the convolution, where it is dearer to compute than to store
  };
  std::vector<Buffers> blocks;
  int64_t input = 0;
  int64_t bytes = 0;
};

class Plan {
 public:
  // ERR_INVALID_ARG_VALUE with the reason for what does not fit or is not understood. Tensors are on `device`.
  Plan(std::vector<Stage> stages, int64_t c, int64_t h, int64_t w, int64_t rank, c10::Device device);

  const std::vector<Stage>& stages() const { return stages_; }
  const std::vector<Block>& blocks() const { return blocks_; }
  // Calls each(tensor) for all parameters and buffers of the stages.
  template <typename Each>
  void for_each_tensor(Each&& each) const {
    for (const Stage& s : stages_) {
      for (const at::Tensor* t : {&s.weight, &s.bias, &s.running_mean, &s.running_var, &s.batches}) {
        if (t->defined()) each(*t);
      }
    }
  }
  int in_c = 0, in_h = 0, in_w = 0;
  int input_border_h = 0, input_border_w = 0;
  int64_t rank = 4;  // of the input, with the batch
  int64_t output_rank = 2;
  c10::Device device;
  const Layout& inference() const { return inference_; }
  const Layout& training() const { return training_; }
  int64_t rows_floats() const { return rows_; }  // scratch of any kernel
  // Where each element of an input goes, from the first one's place on.
  const int32_t* input_offsets() const { return input_offsets_.data(); }

  Place place(int block, char* memory, const Layout& layout) const;  // -1: of the input
  // Of a block's input, with the block's own channels: another view of it where it is flattened.
  Place input_place(int block, char* memory, const Layout& layout) const;
  float* start(int block, char* memory, const Layout& layout) const;

 private:
  void check_tensor(const Stage& stage, const at::Tensor& tensor, const char* what, int64_t size) const;
  void add(const Stage& stage, int index);
  void add_norm(const Stage& stage, int index);
  void add_pool(const Stage& stage, Block&& block);
  void lay_out(Layout& layout, bool training) const;

  std::vector<Stage> stages_;
  std::vector<Block> blocks_;
  Layout inference_, training_;
  std::vector<int32_t> input_offsets_;
  int64_t rows_ = 0;
  int c_ = 0, h_ = 0, w_ = 0;
  bool flat_ = false;
};

// Memory with the alignment that vectors want, zeroed.
class Memory {
 public:
  explicit Memory(int64_t bytes = 0);
  char* data() const { return data_; }
  float* floats() const { return reinterpret_cast<float*>(data_); }
  int64_t bytes() const { return bytes_; }
  void reserve(int64_t bytes);  // forgets what was there where it has to grow

 private:
  at::Tensor tensor_;
  char* data_ = nullptr;
  int64_t bytes_ = 0;
};

inline int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

}  // namespace ltn::graph
