// A training step as one task of the queue: the losses, the gradients, the statistics.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/variable.h>

#include <unordered_set>

#include "graph/graph.h"

namespace ltn {

namespace {

using NetworkPtr = std::shared_ptr<Network>;

NetworkPtr network_at(Environment& env, Args& args) { return env.room<GraphRoom>().networks.at(args.id(0)); }

template <typename Each>
void for_each_parameter(const graph::Plan& plan, Each&& each) {
  for (const graph::Stage& s : plan.stages()) {
    if (s.weight.defined()) each(s, s.weight);
    if (s.bias.defined()) each(s, s.bias);
  }
}

// graphTrainer(id, crossEntropy, mean, ignoreIndex): makes the network one to train.
napi_value create_trainer(Environment& env, Args& args) {
  const NetworkPtr network = network_at(env, args);
  std::unordered_set<const void*> seen;
  for_each_parameter(network->plan, [&](const graph::Stage& s, const at::Tensor& tensor) {
    if (!seen.insert(tensor.unsafeGetTensorImpl()).second) fail(code::kArgValue, s.name, " is used twice");
  });
  graph::Loss loss;
  loss.cross_entropy = args.boolean(1);
  loss.mean = args.boolean(2);
  loss.ignore_index = args.int64(3);
  if (loss.cross_entropy && network->plan.output_rank != 2) fail(code::kArgValue, "the outputs are no rows of logits");
  const std::lock_guard<std::mutex> lock(network->mutex);
  network->trainer = std::make_unique<graph::Trainer>(network->plan, loss);
  return js_undefined(env);
}

// What one step needs, for later.
struct Step {
  Input x, y, order, val_x, val_y;
  bool ordered = false, validate = false, learn = true;
  uint32_t seed = 0, val_seed = 0;
};

graph::Batch batch_of(const Network& network, const at::Tensor& x, const at::Tensor& y, const at::Tensor& order) {
  const graph::Plan& plan = network.plan;
  const int64_t out = plan.blocks().back().size();
  bool fits = x.dim() == plan.rank && x.scalar_type() == c10::kFloat && x.is_cpu() && x.size(1) == plan.in_c &&
              (plan.rank == 2 || (x.size(2) == plan.in_h && x.size(3) == plan.in_w)) && x.size(0) > 0;
  if (network.trainer->loss().cross_entropy) {
    fits = fits && y.scalar_type() == c10::kLong && y.dim() == 1 && y.size(0) == x.size(0);
  } else {
    fits = fits && y.scalar_type() == c10::kFloat && y.numel() == x.size(0) * out && y.size(0) == x.size(0);
  }
  if (!fits || !y.is_cpu()) fail(code::kArgValue, "the data are not what the plan was made for");
  if (order.defined()) {
    if (order.scalar_type() != c10::kLong || order.dim() != 1 || !order.is_contiguous() || !order.is_cpu()) {
      fail(code::kArgValue, "the order must be a row of int64");
    }
    const int64_t* rows = order.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < order.numel(); ++i) {
      if (rows[i] < 0 || rows[i] >= x.size(0)) fail(code::kOutOfRange, "a row of the order is out of range");
    }
  }
  return {x.contiguous(), y.contiguous(), order};
}

at::Tensor run_step(Network& network, const Step& step) {
  const std::lock_guard<std::mutex> lock(network.mutex);
  for_each_parameter(network.plan, [](const graph::Stage& s, const at::Tensor& tensor) {
    if (!torch::autograd::impl::hooks(tensor).empty()) fail(code::kArgValue, s.name, " has a gradient hook");
  });
  const graph::Batch batch =
      batch_of(network, step.x.get(), step.y.get(), step.ordered ? step.order.get() : at::Tensor());
  at::Tensor losses = at::empty({step.validate ? 2 : 1}, at::TensorOptions().dtype(c10::kDouble));
  double* to = losses.mutable_data_ptr<double>();
  to[0] = network.trainer->run(batch, step.learn, step.seed);
  if (step.validate) {
    to[1] = network.trainer->run(batch_of(network, step.val_x.get(), step.val_y.get(), {}), false, step.val_seed);
  }
  return losses;
}

uint32_t draw_seed(const graph::Plan& plan) {
  for (const graph::Block& b : plan.blocks()) {
    if (b.kind != graph::Block::Kind::Dropout) continue;
    auto generator = at::detail::getDefaultCPUGenerator();
    const std::lock_guard<std::mutex> lock(generator.mutex());
    return at::check_generator<at::CPUGeneratorImpl>(generator)->random();
  }
  return 0;
}

// graphTrainStep(id, x, y, order or null, valX or null, valY or null, learn, result): the slot of the losses, float64
// [1] or, with validation data (in train mode, before any optimizer's step), [2]. With `learn` the parameters get
// gradients.
napi_value train_step(Environment& env, Args& args) {
  const NetworkPtr network = network_at(env, args);
  if (!network->trainer) fail(code::kArgValue, "the network is not one to train");
  Step step;
  const auto input = [&](size_t i) {
    const Held held = args.peek(i);
    if (env.queue.deferring()) {
      env.queue.touch(held);
      return Input(held);
    }
    return Input(Held{args.tensor(i), {}});
  };
  step.x = input(1);
  step.y = input(2);
  step.ordered = !args.absent(3);
  if (step.ordered) step.order = input(3);
  step.validate = !args.absent(4);
  if (step.validate) {
    step.val_x = input(4);
    step.val_y = input(5);
  }
  step.learn = args.boolean(6);
  step.seed = draw_seed(network->plan);
  if (step.validate) step.val_seed = draw_seed(network->plan);
  const auto each = [&](auto&& visit) {
    for (const graph::Stage& s : network->plan.stages()) {
      for (const at::Tensor* t : {&s.weight, &s.bias, &s.running_mean, &s.running_var, &s.batches}) {
        if (t->defined()) visit(*t);
      }
    }
  };
  if (!env.queue.deferring()) {
    each([&](const at::Tensor& t) { env.queue.wait_for(t); });
    return js_int(env, env.put_in(args[7], run_step(*network, step)));
  }
  each([&](const at::Tensor& t) { env.queue.touch(t); });
  at::Tensor outline = at::empty({step.validate ? 2 : 1}, at::TensorOptions().dtype(c10::kDouble).device(c10::kMeta));
  const auto pending = c10::make_intrusive<Pending>(env.queue.open_job(), env.queue.next(), c10::Device(c10::kCPU));
  env.enqueue("a compiled step", [network, step, pending] { pending->value = run_step(*network, step); });
  return js_int(env, env.put_pending_in(args[7], std::move(outline), pending));
}

// graphTrainCost(id, images): [passes for statistics, to the loss and back, further down, bytes of scratch memory so
// far, 1 where what a pass makes of so many images is kept for the next]
napi_value train_cost(Environment& env, Args& args) {
  const NetworkPtr network = network_at(env, args);
  if (!network->trainer) return js_null(env);
  const std::lock_guard<std::mutex> lock(network->mutex);
  const auto [statistics, there_and_back, further] = network->trainer->passes();
  const int64_t cost[] = {statistics, there_and_back, further, network->trainer->scratch_bytes(),
                          network->trainer->keeps(args.int64(1)) ? 1 : 0};
  return js_int64_list(env, cost);
}

}  // namespace

void register_training(Environment& env, napi_value exports) {
  define<create_trainer>(env, exports, "graphTrainer");
  define<train_step>(env, exports, "graphTrainStep");
  define<train_cost>(env, exports, "graphTrainCost");
}

}  // namespace ltn
