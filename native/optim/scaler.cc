// What `amp.GradScaler` asks of gradients and optimizers. Whether a gradient is finite is known only when it is there,
// so inside a job's section the questions are queued like everything else, and nobody waits for the answers.
#include "optim/scaler.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_amp_foreach_non_finite_check_and_unscale.h>
#include <ATen/ops/_amp_update_scale.h>
#include <ATen/ops/zeros_like.h>

#include <utility>
#include <vector>

#include "optim/optim.h"

namespace ltn {

namespace {

struct Gradients {
  c10::Device device;
  c10::ScalarType dtype;
  std::vector<at::Tensor> tensors;
};

// An optimizer's gradients, in lists of one device and one dtype. Of a sparse one, its values.
std::vector<Gradients> gradients_of(HostedOptimizer& optimizer) {
  std::vector<Gradients> lists;
  for (auto& group : optimizer.optimizer().param_groups()) {
    for (const at::Tensor& param : group.params()) {
      at::Tensor& grad = param.mutable_grad();
      if (!grad.defined()) continue;
      if (grad.scalar_type() == at::kHalf) fail(code::kArgValue, "Attempting to unscale FP16 gradients.");
      const at::Tensor values = grad.is_sparse() ? grad._values() : grad;
      Gradients* list = nullptr;
      for (Gradients& known : lists) {
        if (known.device == values.device() && known.dtype == values.scalar_type()) list = &known;
      }
      if (list == nullptr) list = &lists.emplace_back(Gradients{values.device(), values.scalar_type(), {}});
      list->tensors.push_back(values);
    }
  }
  return lists;
}

void unscale(const std::vector<Gradients>& lists, const at::Tensor& inverse, const at::Tensor& found) {
  at::NoGradGuard no_grad;
  for (const Gradients& list : lists) {
    at::Tensor here = list.device == found.device() ? found : at::zeros_like(found, list.device);
    at::_amp_foreach_non_finite_check_and_unscale_(list.tensors, here, inverse.to(list.device));
    if (!here.is_same(found)) found.add_(here.to(found.device()));
  }
}

// scalerUnscale(optimizer, inverse, found): multiplies the gradients by `inverse`, and makes `found` 1 where one of
// them is not finite. False where there was no gradient; what is queued fails then.
napi_value scaler_unscale(Environment& env, Args& args) {
  const Optimizer optimizer = optimizer_of(env, args);
  const bool queued = env.queue.deferring();
  if (!queued) {
    env.queue.wait_for_all();
    const auto lists = gradients_of(*optimizer);
    unscale(lists, args.tensor(1), args.tensor(2));
    return js_bool(env, !lists.empty());
  }
  work_on(env, optimizer,
          [inverse = env.queue.use(args.peek(1)), found = env.queue.use(args.peek(2))](HostedOptimizer& o) {
            const auto lists = gradients_of(o);
            if (lists.empty()) fail(code::kArgValue, "No inf checks were recorded for this optimizer.");
            unscale(lists, inverse.get(), found.get());
          });
  return js_bool(env, true);
}

// scalerStep(optimizer, found): one step, unless something that is not finite was found.
napi_value scaler_step(Environment& env, Args& args) {
  const Optimizer optimizer = optimizer_of(env, args);
  env.release_some();
  const Input found = env.queue.deferring() ? env.queue.use(args.peek(1)) : Input(args.peek(1));
  work_on(env, optimizer, [found](HostedOptimizer& o) {
    if (found.get().item<double>() == 0) o.optimizer().step();
  });
  return js_undefined(env);
}

// scalerUpdate(scale, tracker, found, growth, backoff, interval): the scale of the next iteration, in place.
napi_value scaler_update(Environment& env, Args& args) {
  const double growth = args.number(3), backoff = args.number(4);
  const int64_t interval = args.int64(5);
  const auto update = [=](at::Tensor scale, at::Tensor tracker, const at::Tensor& found) {
    at::_amp_update_scale_(scale, tracker, found, growth, backoff, interval);
  };
  if (!env.queue.deferring()) {
    update(args.tensor(0), args.tensor(1), args.tensor(2));
    return js_undefined(env);
  }
  const auto use = [&](size_t i) { return env.queue.use(args.peek(i)); };
  env.enqueue("", [update, scale = use(0), tracker = use(1), found = use(2)] {
    update(scale.get(), tracker.get(), found.get());
  });
  return js_undefined(env);
}

}  // namespace

void register_scaler(Environment& env, napi_value exports) {
  define<scaler_unscale>(env, exports, "scalerUnscale");
  define<scaler_step>(env, exports, "scalerStep");
  define<scaler_update>(env, exports, "scalerUpdate");
}

}  // namespace ltn
