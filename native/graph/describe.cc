// What a plan is, for `explain`.
#include "graph/graph.h"

namespace ltn {

namespace {

using graph::Block;

// graphKernels(): the name of the kernels' instruction set. ERR_INVALID_ARG_VALUE where LIBTORCH_NODE_KERNELS names
// one that the processor has not.
napi_value kernels_name(Environment& env, Args&) { return js_string(env, graph::kernels().name); }

const char* kind_name(const Block& b) {
  switch (b.kind) {
    case Block::Kind::Conv:
      return "convolution";
    case Block::Kind::Linear:
      return "linear";
    case Block::Kind::Pool:
      return b.average ? "average pool" : "max pool";
    case Block::Kind::Elementwise:
      return "activation";
    case Block::Kind::Dropout:
      return "dropout";
  }
  return "";
}

Napi::Value sizes_of(Environment& env, bool flat, int64_t c, int64_t h, int64_t w) {
  if (flat) return Napi::Value(env.env(), js_int64_list(env, std::vector<int64_t>{c}));
  return Napi::Value(env.env(), js_int64_list(env, std::vector<int64_t>{c, h, w}));
}

Napi::Object describe_block(Environment& env, const Block& b) {
  const bool conv = b.kind == Block::Kind::Conv, linear = b.kind == Block::Kind::Linear;
  const double convolved = conv ? static_cast<double>(b.conv.out_channels) * b.conv.out_h * b.conv.out_w : 0;
  Napi::Object out = Napi::Object::New(env.env());
  out.Set("kind", kind_name(b));
  Napi::Array stages = Napi::Array::New(env.env());
  for (const std::string& stage : b.stages) stages.Set(stages.Length(), stage);
  out.Set("stages", stages);
  out.Set("norm", b.norm >= 0);
  out.Set("activation", activation_name(b.activation, b.function));
  out.Set("slopes", b.function != graph::Function::None);
  out.Set("picks", b.pool.kernel_h != 0 && !b.average);
  out.Set("input", sizes_of(env, b.flat, b.in_c, b.in_h, b.in_w));
  out.Set("output", sizes_of(env, b.flat, b.c, b.h, b.w));
  out.Set("multiplications", conv ? convolved * b.taps() : linear ? static_cast<double>(b.in_size()) * b.c : 0);
  out.Set("intermediateBytes", 4 * convolved);
  return out;
}

// graphDescribe(id, count): { kernels, lanes, oneByOne, predictBytes, trainBytes, input, output, blocks } for so many
// images, as NativePlan in src/compile/binding.ts says.
napi_value describe_network(Environment& env, Args& args) {
  const NetworkPtr network = network_at(env, args);
  const graph::Plan& plan = network->plan;
  Napi::Object out = Napi::Object::New(env.env());
  out.Set("kernels", graph::kernels().name);
  out.Set("lanes", graph::kernels().lanes);
  const graph::FewPredictor& few = network->predictor.few();
  const bool one_by_one = few.pays(args.int64(1));
  out.Set("oneByOne", one_by_one);
  out.Set("predictBytes",
          static_cast<double>(one_by_one ? few.bytes() : plan.inference().bytes + plan.rows_floats() * 4));
  out.Set("trainBytes", static_cast<double>(plan.training().bytes + plan.rows_floats() * 4));
  out.Set("input", sizes_of(env, plan.rank == 2, plan.in_c, plan.in_h, plan.in_w));
  const Block& last = plan.blocks().back();
  const bool flat = plan.output_rank == 2;
  out.Set("output", sizes_of(env, flat, flat ? last.size() : last.c, last.h, last.w));
  Napi::Array blocks = Napi::Array::New(env.env());
  for (size_t i = 0; i < plan.blocks().size(); ++i) {
    Napi::Object block = describe_block(env, plan.blocks()[i]);
    block.Set("stored", plan.training().blocks[i].z >= 0);
    blocks.Set(blocks.Length(), block);
  }
  out.Set("blocks", blocks);
  return out;
}

}  // namespace

void register_describe(Environment& env, napi_value exports) {
  define<kernels_name>(env, exports, "graphKernels");
  define<describe_network>(env, exports, "graphDescribe");
}

}  // namespace ltn
