// The kernels of fused networks, for whichever instruction set the processor has.
//
// A tile is as many images as a vector has lanes: element [c][y][x] of a tile is one vector, the same element of each
// image. So every kernel is SIMD without remainders, whatever the sizes of the network. Buffers of a tile are
// [channels][rows][columns][lanes], with a border of zeros where the next convolution has padding.
#pragma once

#include <cstdint>

#include "graph/kernels/few_types.h"

namespace ltn::graph {

enum class Activation : int { None, Relu, Tanh, Sigmoid };
// In the place of an activation whose slope does not follow from y: the slopes stand in y's buffer, behind y.
constexpr Activation kStoredSlope = static_cast<Activation>(-1);

// What is computed in a pass of its own; up to three parameters.
enum class Function : int {
  None,
  LeakyRelu,  // x > 0 ? x : p0 x
  Hardtanh,   // min(max(x, p0), p1)
  Elu,        // x > 0 ? p1 x : p0 (e^(p2 x) - 1)
  Softplus,   // log(1 + e^(p0 x)) / p0; x where p0 x > p1
  Gelu,       // x Phi(x)
  GeluTanh,   // its approximation
  Silu,       // x sigmoid(x)
  Hardswish,  // x min(max(x + 3, 0), 6) / 6
  Hardsigmoid,
  Mish,         // x tanh(softplus(x))
  DropChannels  // in training; p0 is the probability
};

// Channels of a register block; weights are packed in blocks of so many output channels.
constexpr int kChannelBlock = 4;

// A convolution of one tile: `in` rows and columns include the border, of whose rows `border_h` are zeros above and
// below.
struct ConvShape {
  int in_channels, out_channels;
  int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
  int in_h, in_w, out_h, out_w;
  int border_h = 0;
};

// Convolutions of 3x3 that are computed by patches of 4x4 (kernels/winograd.h): their weights come transformed,
// `patched`.
constexpr int kPatch = 4;
inline bool patched(const ConvShape& c) {
  return c.kernel_h == 3 && c.kernel_w == 3 && c.stride_h == 1 && c.stride_w == 1 && c.dilation_h == 1 &&
         c.dilation_w == 1 && c.in_channels >= 16 && c.out_channels >= 16 && c.out_h % 2 == 0 && c.out_w % 2 == 0;
}

inline int channels_of_blocks(int channels) { return (channels + kChannelBlock - 1) / kChannelBlock * kChannelBlock; }

// The weights' sums of patches, in floats.
inline long patch_sums(const ConvShape& c) {
  return kPatch * kPatch * static_cast<long>(channels_of_blocks(c.in_channels)) * channels_of_blocks(c.out_channels);
}

// Rows of patches whose parts of the weights' sums are made together: about sixteen patches, of many channels eight.
inline int patch_rows(const ConvShape& c) {
  const int rows = (c.in_channels < 64 ? 32 : 16) / c.out_w;
  return rows < 1 ? 1 : (rows < c.out_h / 2 ? rows : c.out_h / 2);
}

// A window that moves over rows and columns; kernel_h 0 where there is none. Places outside count as absent (maximum)
// or as zeros (average).
struct PoolShape {
  int kernel_h = 0, kernel_w = 0, stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0;
  int out_h = 0, out_w = 0;
  int divisor = 0;  // of the average; 0: the places of the window
};

// Where a tensor's elements stand in a buffer with a border: the first one, and the distances of rows and channels.
struct Place {
  float* first;
  long row, channel;
};

// y = act(pool(scale * conv(in, weights, bias) + shift)), in one pass: windows of 2x2 in registers, others over rows
// that stay in the L1 cache. Values of channels (bias, scale, shift) are padded to a multiple of four.
struct ConvForward {
  bool bounded;  // no NaN and no infinity can arise
  ConvShape conv;
  PoolShape pool;  // of the maximum
  Activation activation;
  const float* in;
  const float* weights;  // packed
  const float* bias;     // [out_channels], or null
  const float* scale;    // [out_channels], or null: then no shift either
  const float* shift;
  const float* patched;  // weights; null where they are not wanted
  const float* z;  // the convolution, [channels][rows][columns][lanes], where it is stored and not computed; or null
  float* rows;     // scratch: pool.kernel_h (at least 1) rows of [out_channels][out_w][lanes], or what patches need
  Place out;
  uint8_t* index;  // [channels][rows][columns][lanes] of the result: which place of the window was largest; or null
  float* picked;   // the same places: the convolution there, without scale and shift; or null
};

// Sums of a convolution's output per channel and lane, about a pivot of each lane: the mean of some places in its
// middle.
struct ConvStatistics {
  ConvShape conv;
  const float* in;
  const float* weights;
  const float* patched;         // weights, as above; with z only
  float* scratch;               // for them
  float* z;                     // where the convolution is stored, [channels][rows][columns][lanes]; or null
  float *pivot, *sum, *square;  // [out_channels][lanes], overwritten
};

// Sums of a convolution's inputs and of their products over a tile: X[t] = sum of x_t, G[t][u] = sum of x_t x_u, for
// the places t of the kernel (channels, rows, columns; at most kMaxTaps). Mean and variance of any convolution of this
// input follow from them, and so does its part in batch norm's backward pass.
constexpr int kMaxTaps = 32;
struct ConvMoments {
  ConvShape conv;
  const float* in;
  float* out;  // [taps + taps (taps + 1) / 2][lanes]: X, then the rows of G from the diagonal on; added to
};

// From the gradient at a block's pooled output to that at its convolution's output, dz, and the sums of the weights'
// gradients: dz = kappa * scatter(g) + conv(in, weights, bias), row by row, and dw += dz * in while dz is in the cache;
// of convolutions by patches dz alone, all of it, and PatchesBackward does the rest.
// Batch norm's part is the convolution, with its weights times c1 and c0 as its bias; without it dz is sparse. Stores
// dz, recomputes the convolution where it was not stored.
struct ConvBackward {
  ConvShape conv;
  PoolShape pool;
  const float* in;
  const float* weights;       // packed; null where there is no batch norm
  const float *kappa, *bias;  // padded to a multiple of four; null where there is no batch norm
  const float *z, *c1;        // the convolution, where it was stored: it takes the place of `weights`; or null
  float* gradient;            // [channels][rows][columns][lanes] of the block's output; scratch from then on
  const uint8_t* index;
  const float* valid;  // [lanes], 1 or 0; null where all are
  float* rows;         // scratch: pool.kernel_h (at least 1) rows
  Place dz;            // of at least a multiple of four channels
  int dz_step;         // distance of columns, in vectors
  float* dw;           // [out_channels / 4][in_channels][kernel_h][kernel_w][4][lanes], added to
  float* db;           // [out_channels][lanes], added to; or null
};

// The rest of that pass of a convolution by patches: the gradient at the input is conv(dz, patched), and dw += dz * in.
struct PatchesBackward {
  ConvShape conv;
  const float* dz;  // with its border; channels as above
  const float* patched;
  Place out;  // null where the gradient at the input is not wanted
  Place in;   // without its border
  float* scratch;
  float* dw;  // [16][out_channels / 4][in_channels, a multiple of four][4], added to
};

// out = conv(in, weights), plain.
struct ConvPlain {
  ConvShape conv;
  const float* in;
  const float* weights;
  const float* patched;  // weights, as above
  float* scratch;        // for them
  Place out;
};

// g *= act'(y) for a block's output y, and the sums of g and of g * picked of each channel.
struct ActivationBackward {
  Activation activation;
  int channels, h, w;
  Place out;             // y
  float* gradient;       // [channels][h][w][lanes]
  const float* picked;   // or null: then no sums
  float *sum, *product;  // [channels][lanes], overwritten
};

// The average or the maximum over windows, alone.
struct PoolPass {
  PoolShape pool;
  bool average;
  bool count_padding;
  int channels, h, w;
  Place in, out;
  uint8_t* index;         // maximum: [channels][out_h][out_w][lanes]
  const float* gradient;  // backward: of the output
  float* in_gradient;     // backward: [channels][h][w][lanes], overwritten
};

struct Elementwise {
  int channels, h, w;
  Place in, out;
  Activation activation;
};

// y = f(x), and f'(x) behind y: as many places further on as y's buffer has.
struct FunctionPass {
  int channels, h, w;
  Place in, out;
  Function function;
  const float* parameters;
  bool slopes;  // wanted
  uint32_t seed, first_image;
};

// Zeroes elements with probability p and scales the others: a hash of (seed, element, image) decides, so that the
// backward pass makes the same choice again and nothing is stored.
struct Dropout {
  int channels, h, w;
  Place in, out;
  uint32_t seed;
  uint32_t first_image;
  float p;
};

// out[o] = act(bias[o] + sum over f of in[f] * weights[f][o]).
struct LinearPass {
  int in_features, out_features;
  const float* in;       // [in_features][lanes]
  const float* weights;  // packed in blocks: [blocks][in_features][block]
  const float* bias;     // or null
  float* out;            // [out_features][lanes]
  Activation activation;
};

// dw[o][f] += sum over lanes of d[o] * in[f], with lanes along f: both are transposed first.
struct LinearWeights {
  int in_features, out_features;
  const float* in;
  const float* d;
  float* dw;       // [out_features][in_features rounded up to lanes]
  float* scratch;  // [lanes][out_features, then in_features, both rounded up to lanes]
};

// Loss of a tile. Gradients are of the sum of the losses of the valid lanes; `loss` is added to.
struct CrossEntropy {
  int classes;
  const float* logits;     // [classes][lanes]
  const int32_t* targets;  // [lanes]; -1 for a lane that does not count
  float* gradient;         // [classes][lanes], or null
  double* loss;
};

struct SquaredError {
  int features;
  const float* out;
  const float* target;  // [features][lanes]
  const float* valid;   // or null
  float* gradient;      // or null
  double* loss;
};

struct Kernels {
  const char* name;
  int lanes;
  // `images` pointers, null for a lane without image, each of `size` elements; element i goes to `out` + offsets[i], or
  // to the i-th vector where offsets is null. Gives the largest magnitude; NaN counts as the largest.
  float (*load_tile)(const float* const* images, long size, const int32_t* offsets, float* out);
  // [features][lanes] to `count` rows of [features]
  void (*store_tile)(const float* in, int features, int count, float* out);
  void (*conv_forward)(const ConvForward&);
  void (*conv_statistics)(const ConvStatistics&);
  void (*conv_moments)(const ConvMoments&);
  void (*conv_backward)(const ConvBackward&);
  void (*conv_plain)(const ConvPlain&);
  void (*conv_backward_patches)(const PatchesBackward&);
  void (*activation_backward)(const ActivationBackward&);
  void (*pool_forward)(const PoolPass&);
  void (*pool_backward)(const PoolPass&);
  void (*elementwise)(const Elementwise&);
  void (*function)(const FunctionPass&);
  void (*dropout)(const Dropout&);
  int (*linear_block)(int out_features);  // outputs of a block of packed weights
  void (*linear)(const LinearPass&);
  void (*linear_weights)(const LinearWeights&);
  void (*cross_entropy)(const CrossEntropy&);
  void (*squared_error)(const SquaredError&);
  // totals[i] += sum over the lanes of in[i]; in[i] = 0. Of `count` vectors.
  void (*flush)(float* in, long count, double* totals);
  // the same with the sums of patches, whose totals are [out_channels / 4][in_channels][9][4]
  void (*flush_patches)(const ConvShape&, float* in, double* totals);
  // few images, each by itself
  void (*few_place)(const FewPlace&);
  void (*few_conv)(const FewConv&);
  void (*few_pool)(const FewPool&);
  void (*few_linear)(const FewLinear&);
  // out[c][i] = in[i][c]; both have whole vectors of rows
  void (*few_transpose)(const float* in, int rows, long row, int channels, float* out, long channel);
};

// Of the processor at hand: AVX-512, AVX2 or the baseline; or those that the environment variable LIBTORCH_NODE_KERNELS
// names (`avx512`, `avx2`, `baseline`), read once. ERR_INVALID_ARG_VALUE where the processor has not got them.
const Kernels& kernels();

}  // namespace ltn::graph
