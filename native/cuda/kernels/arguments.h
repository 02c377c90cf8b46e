// What the fused kernels of a GPU take: plain values and addresses on the device, handed over as one argument.
//
// A kernel computes y = after(pool(before(scale * f(x) + shift))), where f is a convolution or nothing at all, and
// stores y alone. Images are [images][channels][rows][columns], float32, one behind the other; weights are as PyTorch
// has them, so that a kernel always computes with what they are at that time.
#pragma once

namespace ltn::fused {

enum class Map : int {
  None,
  Relu,
  Tanh,
  Sigmoid,
  LeakyRelu,  // x > 0 ? x : p0 x
  Hardtanh,   // min(max(x, p0), p1)
  Elu,        // x > 0 ? p1 x : p0 (e^(p2 x) - 1)
  Softplus,   // log(1 + e^(p0 x)) / p0; x where p0 x > p1
  Gelu,
  GeluTanh,  // its approximation
  Silu,
  Hardswish,
  Hardsigmoid,
  Mish,
};

struct Pointwise {
  Map map = Map::None;
  float p[3] = {0, 0, 0};
};

// Of each channel, any of which may be null: a convolution's bias, and batch norm by its running statistics.
struct Affine {
  const float* bias = nullptr;
  const float *mean = nullptr, *variance = nullptr, *weight = nullptr, *shift = nullptr;
  float eps = 0;
};

struct Pool {
  enum class Kind : int { None, Maximum, Average };
  Kind kind = Kind::None;
  int kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0;
  int divisor = 0;  // of the average; 0: the places of the window
  bool count_padding = true;
};

struct Tail {
  Affine affine;
  Pointwise before;
  Pool pool;
  Pointwise after;
};

// A convolution and its tail, whose pool has windows of 2x2 where it has one.
struct Convolution {
  const float *x, *weight;
  float* y;
  int images, in_c, in_h, in_w;
  int out_c, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_h, pad_w;
  int conv_h, conv_w;    // of the convolution
  int out_h, out_w;      // of y
  int tiles_h, tiles_w;  // of what a thread computes: a window of the pool, or 2x2 places
  int chunk;             // input channels whose weights are in shared memory at a time
  Tail tail;
};

// A tail alone; every element of y is a thread's.
struct Pass {
  const float* x;
  float* y;
  int images, channels, h, w, out_h, out_w;
  Tail tail;
};

// --- training: a convolution, batch norm by the batch's statistics, ReLU and a maximum pool of 2x2 in steps of two

// What is gathered of a channel: how many values, their mean and their squared deviations from it; or two plain sums.
struct Sums {
  double count, first, second;
};

// A kernel that computes the convolution anew, in registers, and reads or writes one thing with it. Its own bias is
// never added: the mean would take it away again.
struct Training {
  enum class Pass : int {
    Moments,    // of the convolution's values, to `partial`
    Gradients,  // sums of g and of g * x-hat, to `partial`; g is what reaches a value through pool and ReLU
    Values,     // to y: the gradients of the convolution's values
  };
  Pass pass;
  Convolution convolution;   // without a pool: tiles are all places; `affine` has the batch's mean and variance
  int blocks;                // of threads, for each group of channels: a thread has every (blocks * kThreads)th tile
  Sums* partial;             // [channels][blocks]
  int pooled_h, pooled_w;    // of the windows, those tiles that are whole
  const float* gradient;     // of the pool's output
  const float *sum, *along;  // of each channel, what pass Gradients gave: sums of g, and of g * x-hat
  float* y;
};

// The sums of a channel over all blocks, and what is made of them.
struct Totals {
  bool moments;
  const Sums* partial;  // [channels][blocks]
  int channels, blocks;
  float *first, *second;  // of each channel: mean and variance, or both sums
  // With moments: the convolution's bias or null, and what moves.
  const float* bias;
  float *running_mean, *running_var;
  long long* batches;
  double momentum;
};

constexpr int kTrainingChannels = 4;  // of a group
constexpr int kMostBlocks = 1024;     // of threads, for a group

constexpr int kThreads = 128;         // of a block
constexpr int kStagedWeights = 4096;  // floats

// Of a block of the grid: so many channels, which all its threads compute. Kernels are named
// `convolution_<kernel>_<channels>`; kernel 0 takes any size, stride and dilation, the others square ones with stride
// and dilation 1.
constexpr int kSquareKernels[] = {1, 2, 3, 5};
constexpr int kChannels[] = {8, 4};

}  // namespace ltn::fused
