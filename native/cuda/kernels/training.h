// What one thread of a training kernel does; as bodies.h, compiled by nvcc and, for tests, for the processor.
#pragma once

#include "cuda/kernels/bodies.h"

namespace ltn::fused {

// Chan's formula for means and squared deviations, which cancels nothing; sums are added.
LTN_BODY void merge(bool moments, Sums& to, const Sums& from) {
  if (!moments) {
    to.first += from.first;
    to.second += from.second;
    return;
  }
  if (from.count == 0) return;
  const double count = to.count + from.count, apart = from.first - to.first;
  to.first += apart * (from.count / count);
  to.second += from.second + apart * apart * (to.count * from.count / count);
  to.count = count;
}

// Of a group's channels.
template <int C>
struct Channel {
  float scale_shift[2 * C];        // z to what batch norm gives
  float mean[C], inverse[C];       // z to x-hat
  float mean_g[C], mean_along[C];  // of g, and of g * x-hat, over all places
};

LTN_BODY int tiles_of(const Training& a) {
  return a.convolution.images * a.convolution.tiles_h * a.convolution.tiles_w;
}

template <int C>
LTN_BODY void stage_channels(const Training& a, int group, int thread, Channel<C>& to) {
  const int o = group * C + thread;
  if (thread >= C || o >= a.convolution.out_c || a.pass == Training::Pass::Moments) return;
  stage_affine<C>(a.convolution, group, thread, to.scale_shift);
  const Affine& affine = a.convolution.tail.affine;
  to.mean[thread] = affine.mean[o];
  to.inverse[thread] = 1 / sqrtf(affine.variance[o] + affine.eps);
  if (a.pass != Training::Pass::Values) return;
  const double places = static_cast<double>(a.convolution.images) * a.convolution.conv_h * a.convolution.conv_w;
  to.mean_g[thread] = static_cast<float>(a.sum[o] / places);
  to.mean_along[thread] = static_cast<float>(a.along[o] / places);
}

// What a thread gathered. Moments are sums about a pivot, its first value, so that no large numbers cancel.
template <int C>
struct Gathered {
  int count = 0;
  float pivot[C] = {}, first[C] = {}, second[C] = {};

  LTN_BODY Sums sums(bool moments, int j) const {
    Sums s{0, first[j], second[j]};
    if (!moments || count == 0) return s;
    const double sum = s.first;
    s.count = count;
    s.first = pivot[j] + sum / count;
    s.second -= sum * sum / count;
    return s;
  }
};

template <int C>
LTN_BODY void add_moments(const Training& a, const Tile& t, const float (&z)[4 * C], Gathered<C>& to) {
  if (to.count == 0) {
#pragma unroll
    for (int j = 0; j < C; ++j) to.pivot[j] = z[j];
  }
#pragma unroll
  for (int place = 0; place < 4; ++place) {
    if (!is_place(a.convolution, t, place)) continue;
    ++to.count;
#pragma unroll
    for (int j = 0; j < C; ++j) {
      const float apart = z[place * C + j] - to.pivot[j];
      to.first[j] += apart;
      to.second[j] += apart * apart;
    }
  }
}

// The gradient that goes through the pool and ReLU to one place of a window, for each channel, and which place that is:
// as in PyTorch the first of several maxima, and the last NaN.
template <int C>
LTN_BODY void route(const Training& a, const Tile& t, int group, const Channel<C>& channel, const float (&z)[4 * C],
                    int (&at)[C], float (&g)[C], float (&taken)[C]) {
  const bool whole = t.row < a.pooled_h && t.column < a.pooled_w;
  const long long plane = static_cast<long long>(a.pooled_h) * a.pooled_w;
  const float* const gradient = a.gradient +
                                (static_cast<long long>(t.image) * a.convolution.out_c + group * C) * plane +
                                static_cast<long long>(t.row) * a.pooled_w + t.column;
#pragma unroll
  for (int j = 0; j < C; ++j) {
    const float scale = channel.scale_shift[j], shift = channel.scale_shift[C + j];
    float most = -INFINITY;
    at[j] = 0;
    taken[j] = z[j];
#pragma unroll
    for (int place = 0; place < 4; ++place) {
      const float value = z[place * C + j] * scale + shift;
      if (!(value > most || value != value)) continue;
      most = value;
      at[j] = place;
      taken[j] = z[place * C + j];
    }
    const bool known = whole && group * C + j < a.convolution.out_c;
    g[j] = known && !(most <= 0) ? gradient[j * plane] : 0;
  }
}

// Everything of a tile in the kernel's pass.
template <int K, int C>
LTN_BODY void train_tile(const Training& a, int index, int group, const float* weights, const Channel<C>& channel,
                         Gathered<C>& own) {
  const Convolution& conv = a.convolution;
  const Tile t = tile_of(conv, index);
  float z[4 * C] = {};
  accumulate_square<K, C>(conv, t, 0, conv.in_c, weights, z);
  if (a.pass == Training::Pass::Moments) return add_moments<C>(a, t, z, own);
  int at[C];
  float g[C], taken[C];
  route<C>(a, t, group, channel, z, at, g, taken);
  if (a.pass == Training::Pass::Gradients) {
#pragma unroll
    for (int j = 0; j < C; ++j) {
      own.first[j] += g[j];
      own.second[j] += g[j] * ((taken[j] - channel.mean[j]) * channel.inverse[j]);
    }
    return;
  }
  const long long plane = static_cast<long long>(conv.conv_h) * conv.conv_w;
  float* const y = a.y + (static_cast<long long>(t.image) * conv.out_c + group * C) * plane;
#pragma unroll
  for (int place = 0; place < 4; ++place) {
    if (!is_place(conv, t, place)) continue;
    const long long here = static_cast<long long>(t.y + place / 2) * conv.conv_w + t.x + place % 2;
#pragma unroll
    for (int j = 0; j < C; ++j) {
      if (group * C + j >= conv.out_c) continue;
      const float hat = (z[place * C + j] - channel.mean[j]) * channel.inverse[j];
      const float reaches = at[j] == place ? g[j] : 0;
      y[j * plane + here] = channel.scale_shift[j] * (reaches - channel.mean_g[j] - hat * channel.mean_along[j]);
    }
  }
}

template <int C>
LTN_BODY void store_partial(const Training& a, int group, int j, int block, const Sums& sums) {
  const int o = group * C + j;
  if (o < a.convolution.out_c) a.partial[static_cast<long long>(o) * a.blocks + block] = sums;
}

// --- sums over all blocks

LTN_BODY Sums sums_of(const Totals& a, int channel, int thread) {
  Sums sums{0, 0, 0};
  for (int block = thread; block < a.blocks; block += kThreads) {
    merge(a.moments, sums, a.partial[static_cast<long long>(channel) * a.blocks + block]);
  }
  return sums;
}

LTN_BODY void finish_totals(const Totals& a, int channel, const Sums& sums) {
  a.first[channel] = static_cast<float>(sums.first);
  a.second[channel] = static_cast<float>(a.moments ? sums.second / sums.count : sums.second);
  if (!a.moments) return;
  const double mean = sums.first + (a.bias != nullptr ? a.bias[channel] : 0);
  const double unbiased = sums.second / (sums.count - 1), old = 1 - a.momentum;
  a.running_mean[channel] = static_cast<float>(old * a.running_mean[channel] + a.momentum * mean);
  a.running_var[channel] = static_cast<float>(old * a.running_var[channel] + a.momentum * unbiased);
  if (channel == 0) ++*a.batches;
}

}  // namespace ltn::fused
