// What the kernels for few images take: one image at a time, with neighbouring places of it as lanes.
//
// A buffer holds planes: [channels][split_h][split_w][rows][pitch], with borders of zeros. Row Y and column X of the
// image with its border stand in the plane (Y % split_h, X % split_w) at row Y / split_h and column X / split_w, where
// split is the step of whoever reads it. So a step is a step to the next float, whatever the stride: the places of a
// convolution are neighbours in memory, over the ends of rows too, and each place of the kernel is a fixed distance.
#pragma once

#include <cstdint>

namespace ltn::graph {

enum class Activation : int;
struct PoolShape;

// Output channels of a register block; weights are packed in blocks of so many.
constexpr int kFewChannels = 4;

struct Planes {
  float* first = nullptr;
  int split_h = 1, split_w = 1;
  int pad_h = 0, pad_w = 0;
  int pitch = 0;
  long plane = 0, channel = 0;  // distances

  // Rows of `w` without borders, one behind the other.
  static Planes plain(int h, int w, float* first) {
    Planes p;
    p.first = first;
    p.pitch = w;
    p.plane = p.channel = static_cast<long>(h) * w;
    return p;
  }
};

// out = act(in), into planes. Rows are written in their order, each with zeros behind it: up to a vector of them beyond
// the last row of a plane.
struct FewPlace {
  int channels, h, w;
  const float* in;
  long row, channel;
  const float* end;  // nothing is read from here on; null where two vectors behind the input may be
  float* scratch;    // a row and two vectors
  Activation activation;
  Planes out;
};

// out[o][i] = bias[o] + sum over t of in[i + offset[t]] * weights[o][t] for all places i; `pooled`: the maximum of four
// such sums, which have offsets of their own: the windows of a pool of 2x2. Places between the rows of the result mean
// nothing.
struct FewConv {
  bool pooled;
  int taps;         // channels * rows * columns of the kernel
  int vectors;      // of places
  int first, last;  // channels; the first is a multiple of kFewChannels
  const float* in;
  const int32_t* offsets;  // [taps]; pooled: [taps][4]
  const float* weights;    // [channels / kFewChannels][taps][kFewChannels]
  const float* bias;       // [channels]
  float* out;
  long channel;
};

// out = act(pool(in)) for any window.
struct FewPool {
  const PoolShape* pool;
  bool average, count_padding;
  int channels, h, w;
  const float* in;  // a vector behind each row may be read
  long row, channel;
  float* scratch;  // kFewPoolRows rows of few_pool_row floats
  long scratch_row;
  Activation activation;
  Planes out;
};
constexpr int kFewPoolRows = 4;

// out[i][o] = bias[o] + sum over f of in[i][f] * weights[f][o]. With `offsets`, input f of row i is in[rows[i] +
// offsets[f]]: the places of a convolution are the rows.
struct FewLinear {
  int images, in_features;
  int first, last;  // vectors of outputs; the first is a multiple of kFewVectors
  const float* in;
  long in_row;
  const float* weights;  // [outputs / lanes][in_features][lanes]
  const float* bias;     // [outputs rounded up to lanes]
  float* out;
  long out_row;
  const int32_t *rows, *offsets;  // or null
};
// Vectors of outputs that belong together: how they are shared between threads changes no sum.
constexpr int kFewVectors = 4;

}  // namespace ltn::graph
