#include "graph/forward.h"

namespace ltn::graph {

uint32_t dropout_seed(uint32_t step, int block) { return step + 0x9e3779b9u * static_cast<uint32_t>(block + 1); }

void TileForward::block(int i, double& bound, const float* z, bool track, uint8_t* index, float* picked) const {
  const Kernels& k = kernels();
  const Block& b = plan.blocks()[i];
  const BlockWeights& w = weights[i];
  const Place out = plan.place(i, memory, layout);
  bound = w.bound(b, bound);
  switch (b.kind) {
    case Block::Kind::Conv: {
      ConvForward a{};
      a.bounded = bound < kBounded;
      a.conv = b.conv;
      a.pool = b.pool;
      a.activation = b.activation;
      a.in = plan.start(i - 1, memory, layout);
      a.weights = w.forward.data();
      a.bias = data_or_null(w.bias);
      a.scale = data_or_null(w.scale);
      a.shift = data_or_null(w.shift);
      a.patched = data_or_null(w.patched);
      a.z = z;
      a.rows = rows;
      a.out = out;
      a.index = track && b.pool.kernel_h != 0 ? index : nullptr;
      a.picked = track ? picked : nullptr;
      k.conv_forward(a);
      return;
    }
    case Block::Kind::Linear: {
      LinearPass a{};
      a.in_features = static_cast<int>(b.in_size());
      a.out_features = b.c;
      a.in = plan.start(i - 1, memory, layout);
      a.weights = w.forward.data();
      a.bias = data_or_null(w.bias);
      a.out = out.first;
      a.activation = b.activation;
      k.linear(a);
      return;
    }
    case Block::Kind::Pool: {
      PoolPass a{};
      a.pool = b.pool;
      a.average = b.average;
      a.count_padding = b.count_padding;
      a.channels = b.in_c;
      a.h = b.in_h;
      a.w = b.in_w;
      a.in = plan.input_place(i, memory, layout);
      a.out = out;
      a.index = track && !b.average ? index : nullptr;
      k.pool_forward(a);
      return;
    }
    case Block::Kind::Dropout:
      if (training) {
        k.dropout({b.in_c, b.in_h, b.in_w, plan.input_place(i, memory, layout), out, dropout_seed(seed, i), first_image,
                   static_cast<float>(b.p)});
        return;
      }
      [[fallthrough]];
    case Block::Kind::Elementwise:
      if (b.function != Function::None) {
        k.function({b.in_c, b.in_h, b.in_w, plan.input_place(i, memory, layout), out, b.function, b.parameters.data(),
                    training, dropout_seed(seed, i), first_image});
        return;
      }
      k.elementwise({b.in_c, b.in_h, b.in_w, plan.input_place(i, memory, layout), out, b.activation});
      return;
  }
}

}  // namespace ltn::graph
