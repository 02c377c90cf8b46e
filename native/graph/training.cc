// Training steps as one task of the queue: the losses, the gradients, the statistics, the optimizer's steps.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <unordered_set>

#include "graph/graph.h"
#include "optim/one_pass.h"
#include "optim/optim.h"

namespace ltn {

namespace {

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

// What steps need, for later.
struct Steps {
  Input x, y, order, val_x, val_y;
  bool ordered = false, validate = false, learn = true;
  int64_t batch = 0;            // rows of `order` in a step
  Optimizer optimizer;          // or null: nothing but gradients
  std::vector<uint32_t> seeds;  // of each step
  uint32_t val_seed = 0;
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
  if (!order.defined()) return {x.contiguous(), y.contiguous(), nullptr, x.size(0)};
  if (order.scalar_type() != c10::kLong || order.dim() != 1 || !order.is_contiguous() || !order.is_cpu() ||
      order.numel() == 0) {
    fail(code::kArgValue, "the order must be a row of int64");
  }
  const int64_t* rows = order.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < order.numel(); ++i) {
    if (rows[i] < 0 || rows[i] >= x.size(0)) fail(code::kOutOfRange, "a row of the order is out of range");
  }
  return {x.contiguous(), y.contiguous(), rows, order.numel()};
}

// What `optimizer.zeroGrad()` does, but for gradients that the step overwrites: those it gives back.
graph::Parameters forget_gradients(Network& network, HostedOptimizer& optimizer) {
  graph::Parameters learned, overwritten;
  for_each_parameter(network.plan, [&](const graph::Stage&, const at::Tensor& tensor) {
    if (tensor.requires_grad()) learned.insert(tensor.unsafeGetTensorImpl());
  });
  for (const auto& group : optimizer.optimizer().param_groups()) {
    for (const at::Tensor& param : group.params()) {
      if (learned.count(param.unsafeGetTensorImpl()) == 0) {
        param.mutable_grad().reset();
      } else {
        overwritten.insert(param.unsafeGetTensorImpl());
      }
    }
  }
  return overwritten;
}

int64_t steps_of(const Steps& work, int64_t rows) { return work.ordered ? (rows + work.batch - 1) / work.batch : 1; }

at::Tensor run_steps(Network& network, const Steps& work) {
  const std::lock_guard<std::mutex> lock(network.mutex);
  for_each_parameter(network.plan, [](const graph::Stage& s, const at::Tensor& tensor) {
    if (!torch::autograd::impl::hooks(tensor).empty()) fail(code::kArgValue, s.name, " has a gradient hook");
  });
  const at::Tensor order = work.ordered ? work.order.get() : at::Tensor();
  const graph::Batch all = batch_of(network, work.x.get(), work.y.get(), order);
  const int64_t steps = static_cast<int64_t>(work.seeds.size());
  at::Tensor losses = at::empty({steps + (work.validate ? 1 : 0)}, at::TensorOptions().dtype(c10::kDouble));
  double* to = losses.mutable_data_ptr<double>();
  graph::Parameters overwritten;
  if (work.optimizer) overwritten = forget_gradients(network, *work.optimizer);
  network.trainer->together([&] {
    for (int64_t i = 0; i < steps; ++i) {
      graph::Batch batch = all;
      if (work.ordered) {
        batch.order = all.order + i * work.batch;
        batch.count = std::min(work.batch, all.count - i * work.batch);
      }
      *to++ = network.trainer->run(batch, work.learn, work.seeds[i], overwritten);
      if (work.validate) {
        *to++ = network.trainer->run(batch_of(network, work.val_x.get(), work.val_y.get(), {}), false, work.val_seed);
      }
      if (work.optimizer) step_in_one_pass(work.optimizer->optimizer());
    }
  });
  return losses;
}

uint32_t draw_seed(const graph::Plan& plan) {
  for (const graph::Block& b : plan.blocks()) {
    if (b.kind != graph::Block::Kind::Dropout && b.function != graph::Function::DropChannels) continue;
    auto generator = at::detail::getDefaultCPUGenerator();
    const std::lock_guard<std::mutex> lock(generator.mutex());
    return at::check_generator<at::CPUGeneratorImpl>(generator)->random();
  }
  return 0;
}

// graphTrainSteps(id, optimizer or null, x, y, order or null, batch, valX or null, valY or null, learn, result): the
// slot of the losses, float64. One step with all data, or one for each `batch` rows of `order`, the last with what is
// left. With `learn` the parameters get gradients; with an optimizer (its id) each step ends with its. With validation
// data, which go with one step, their loss comes last: in train mode, before the optimizer's step.
napi_value train_steps(Environment& env, Args& args) {
  const NetworkPtr network = network_at(env, args);
  if (!network->trainer) fail(code::kArgValue, "the network is not one to train");
  Steps work;
  if (!args.absent(1)) work.optimizer = env.room<OptimRoom>().optimizers.at(args.id(1));
  int64_t rows = 0;
  const auto input = [&](size_t i) {
    const Held held = args.peek(i);
    if (held.tensor.dim() > 0) rows = held.tensor.size(0);
    if (env.queue.deferring()) {
      env.queue.touch(held);
      return Input(held);
    }
    return Input(Held{args.tensor(i), {}});
  };
  work.x = input(2);
  work.y = input(3);
  work.ordered = !args.absent(4);
  if (work.ordered) {
    work.order = input(4);
    work.batch = args.int64(5);
    if (work.batch < 1 || rows < 1) fail(code::kArgValue, "there are no rows for a step");
  }
  const int64_t steps = steps_of(work, rows);
  work.validate = !args.absent(6);
  if (work.validate) {
    if (steps != 1) fail(code::kArgValue, "validation data go with one step");
    work.val_x = input(6);
    work.val_y = input(7);
  }
  work.learn = args.boolean(8);
  for (int64_t i = 0; i < steps; ++i) work.seeds.push_back(draw_seed(network->plan));
  if (work.validate) work.val_seed = draw_seed(network->plan);
  const auto each = [&](auto&& visit) {
    network->plan.for_each_tensor(visit);
    if (!work.optimizer) return;
    for (const auto& group : work.optimizer->optimizer().param_groups()) {
      for (const at::Tensor& param : group.params()) visit(param);
    }
  };
  if (!env.queue.deferring()) {
    each([&](const at::Tensor& t) { env.queue.wait_for(t); });
    return js_int(env, env.put_in(args[9], run_steps(*network, work)));
  }
  each([&](const at::Tensor& t) { env.queue.touch(t); });
  at::Tensor outline =
      at::empty({steps + (work.validate ? 1 : 0)}, at::TensorOptions().dtype(c10::kDouble).device(c10::kMeta));
  const auto pending = c10::make_intrusive<Pending>(env.queue.open_job(), env.queue.next(), c10::Device(c10::kCPU));
  env.enqueue("a compiled step", [network, work, pending] { pending->value = run_steps(*network, work); });
  return js_int(env, env.put_pending_in(args[9], std::move(outline), pending));
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
  define<train_steps>(env, exports, "graphTrainSteps");
  define<train_cost>(env, exports, "graphTrainCost");
}

}  // namespace ltn
