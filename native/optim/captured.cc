#include "optim/captured.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>

#include <cstring>
#include <utility>

#include "optim/optim.h"

namespace ltn {

const at::Tensor& Captured::rate(size_t group, c10::Device device, double lr) {
  const auto [entry, fresh] = rates_.try_emplace({group, device.index()}, Rate{lr, {}});
  if (fresh) {
    entry->second.tensor = at::full({}, lr, at::TensorOptions().dtype(at::kFloat).device(device));
  } else {
    write(group, lr);
  }
  return entry->second.tensor;
}

void Captured::write(size_t group, double lr) {
  at::NoGradGuard no_grad;
  for (auto& [key, rate] : rates_) {
    if (key.first != group || rate.written == lr) continue;
    rate.tensor.fill_(lr);
    rate.written = lr;
  }
}

namespace {

double learning_rate(HostedOptimizer& optimizer, size_t group) {
  const auto names = optimizer.option_names();
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::strcmp(names[i], "lr") == 0) return *std::get<double*>(optimizer.place(optimizer.options(group), i));
  }
  fail(code::kArgValue, optimizer.kind(), " has no learning rate");
}

// optimizerCapture(id, on): whether there is such a way; see `Captured::on`, which a null leaves as it is
napi_value optimizer_capture(Environment& env, Args& args) {
  const Optimizer optimizer = optimizer_of(env, args);
  Captured* const captured = optimizer->captured();
  if (captured != nullptr && !args.absent(1)) {
    env.queue.wait_for_all();
    const bool was = std::exchange(captured->on, args.boolean(1));
    if (was && !captured->on) optimizer->end_captures();
  }
  return js_bool(env, captured != nullptr);
}

// optimizerWriteRates(id): what a scheduler has changed reaches the graphs
napi_value optimizer_write_rates(Environment& env, Args& args) {
  const Optimizer o = optimizer_of(env, args);
  if (o->captured() == nullptr) return js_undefined(env);
  work_on(env, o, [](HostedOptimizer& optimizer) {
    const size_t groups = optimizer.optimizer().param_groups().size();
    for (size_t group = 0; group < groups; ++group) {
      optimizer.captured()->write(group, learning_rate(optimizer, group));
    }
  });
  return js_undefined(env);
}

// optimizerReplaced(id): how often its state was replaced by another one
napi_value optimizer_replaced(Environment& env, Args& args) {
  return js_number(env, static_cast<double>(optimizer_of(env, args)->replaced));
}

}  // namespace

void register_captured(Environment& env, napi_value exports) {
  define<optimizer_capture>(env, exports, "optimizerCapture");
  define<optimizer_replaced>(env, exports, "optimizerReplaced");
  define<optimizer_write_rates>(env, exports, "optimizerWriteRates");
}

}  // namespace ltn
