#include "graph/graph.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "core/autocast.h"

namespace ltn {

namespace {

HandleTable<NetworkPtr>& table(Environment& env) { return env.room<GraphRoom>().networks; }

// graphCreate(stages, sizes of the input with its batch, owner, a GPU's index or null for the CPU): the id of a network
// that lives as long as `owner`.
napi_value create(Environment& env, Args& args) {
  table(env).release_some();
  const Napi::Object list = args.object(0);
  if (!list.IsArray()) fail(code::kArgType, "expected an array of stages");
  std::vector<graph::Stage> stages;
  const auto array = list.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value value = array.Get(i);
    if (!value.IsObject()) fail(code::kArgType, "a stage is no object");
    stages.push_back(read_stage(env, value.As<Napi::Object>()));
  }
  const auto sizes = args.int64_list(1);
  if (sizes.size() != 2 && sizes.size() != 4) fail(code::kArgValue, "the input has neither two nor four dimensions");
  const bool image = sizes.size() == 4;
  const c10::Device device =
      args.absent(3) ? c10::Device(c10::kCPU) : c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(args.int64(3)));
  auto network =
      std::make_shared<Network>(graph::Plan(std::move(stages), sizes[1], image ? sizes[2] : 1, image ? sizes[3] : 1,
                                            static_cast<int64_t>(sizes.size()), device));
  return js_int(env, table(env).put(env, args[2], std::move(network)));
}

bool fits(const graph::Plan& plan, const at::Tensor& x, int64_t count) {
  if (!plan.device.is_cpu() || x.dim() == 0 || x.size(0) != count || x.scalar_type() != c10::kFloat ||
      x.dim() != plan.rank || x.layout() != c10::kStrided)
    return false;
  if (plan.rank == 2) return x.size(1) == plan.in_c;
  return x.size(1) == plan.in_c && x.size(2) == plan.in_h && x.size(3) == plan.in_w;
}

bool wants_gradient(const graph::Plan& plan, const at::Tensor& x) {
  if (!at::GradMode::is_enabled()) return false;
  bool wanted = x.requires_grad();
  for (const graph::Stage& s : plan.stages()) {
    wanted = wanted || (s.weight.defined() && s.weight.requires_grad()) || (s.bias.defined() && s.bias.requires_grad());
  }
  return wanted;
}

c10::SmallVector<int64_t, 4> output_sizes(const graph::Plan& plan, int64_t count) {
  const graph::Block& last = plan.blocks().back();
  if (plan.output_rank == 2) return {count, last.size()};
  return {count, last.c, last.h, last.w};
}

at::Tensor predict(Network& network, const at::Tensor& given) {
  const at::Tensor x = given.is_contiguous() ? given : given.contiguous();
  at::Tensor out = at::detail::empty_cpu(output_sizes(network.plan, x.size(0)), at::TensorOptions().dtype(c10::kFloat));
  const std::lock_guard<std::mutex> lock(network.mutex);
  network.predictor.run(x.const_data_ptr<float>(), x.size(0), out.mutable_data_ptr<float>());
  return out;
}

// graphPredict(id, x, result, count): the slot of the output in eval mode, which belongs to `result`; -1 where x is not
// what the plan is for (other sizes, or a gradient would be wanted).
napi_value graph_predict(Environment& env, Args& args) {
  const NetworkPtr network = network_at(env, args);
  if (Autocast::here().cpu.enabled) [[unlikely]]
    return js_int(env, -1);  // mixed precision is not what was recorded
  if (env.queue.deferring()) [[unlikely]] {
    const Held x = args.peek(1);
    if (!fits(network->plan, x.tensor, args.int64(3)) || wants_gradient(network->plan, x.tensor) ||
        !x.device().is_cpu())
      return js_int(env, -1);
    env.queue.touch(x);
    network->plan.for_each_tensor([&](const at::Tensor& t) { env.queue.touch(t); });
    at::Tensor outline = at::empty(output_sizes(network->plan, x.tensor.size(0)),
                                   at::TensorOptions().dtype(c10::kFloat).device(c10::kMeta));
    const auto pending = c10::make_intrusive<Pending>(env.queue.open_job(), env.queue.next(), x.device());
    env.enqueue("", [network, x = Input(x), pending] { pending->value = predict(*network, x.get()); });
    return js_int(env, env.put_pending_in(args[2], std::move(outline), pending));
  }
  const at::Tensor x = args.tensor(1);
  if (!fits(network->plan, x, args.int64(3)) || !x.is_cpu() || wants_gradient(network->plan, x)) {
    return js_int(env, -1);
  }
  if (env.queue.busy()) [[unlikely]]
    network->plan.for_each_tensor([&](const at::Tensor& t) { env.queue.wait_for(t); });
  env.release_some();
  return js_int(env, env.put_in(args[2], predict(*network, x)));
}

}  // namespace

void register_graph(Environment& env, napi_value exports) {
  register_recordings(env, exports);
  register_training(env, exports);
  register_describe(env, exports);
  register_cuda_predict(env, exports);
  register_cuda_train(env, exports);
  define<create>(env, exports, "graphCreate");
  define<graph_predict>(env, exports, "graphPredict");
}

}  // namespace ltn
