#include "autograd/autograd.h"

#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <memory>
#include <optional>

#include "autograd/autocast.h"
#include "autograd/hooks.h"

namespace ltn {

namespace {

// Inference mode is a scope in libtorch; scopes close in the order that JavaScript asks for, last opened first.
struct InferenceScopes {
  std::vector<std::unique_ptr<c10::InferenceMode>> open;
};

// The slots of an array that may hold nulls; none where there is no array.
void for_each_optional(Args& args, size_t i, const std::function<void(std::optional<SlotId>)>& each) {
  if (args.absent(i)) return;
  const Napi::Object list = args.object(i);
  const uint32_t length = list.Get("length").As<Napi::Number>().Uint32Value();
  for (uint32_t k = 0; k < length; ++k) {
    const Napi::Value element = list.Get(k);
    each(element.IsNumber() ? std::optional<SlotId>(element.As<Napi::Number>().Int32Value()) : std::nullopt);
  }
}

std::vector<at::Tensor> optional_tensors(Environment& env, Args& args, size_t i) {
  std::vector<at::Tensor> out;
  for_each_optional(args, i, [&](std::optional<SlotId> id) { out.push_back(id ? env.tensors.at(*id) : at::Tensor()); });
  return out;
}

std::optional<bool> optional_bool(Args& args, size_t i) {
  return args.absent(i) ? std::nullopt : std::optional<bool>(args.boolean(i));
}

// Queues a backward pass. Its inputs are the graph's, which only the executor knows.
void defer_backward(Environment& env, Args& args) {
  struct Lists {
    std::vector<Input> tensors, gradients, inputs;
  };
  const auto lists = std::make_shared<Lists>();
  const auto take = [&env](std::vector<Input>& into, SlotId id) {
    into.push_back(env.queue.use(env.tensors.peek(id)));
  };
  args.for_each_id(0, [&](SlotId id) { take(lists->tensors, id); });
  for_each_optional(args, 1, [&](std::optional<SlotId> id) {
    if (id) {
      take(lists->gradients, *id);
    } else {
      lists->gradients.emplace_back();
    }
  });
  for_each_optional(args, 4, [&](std::optional<SlotId> id) {
    if (id) take(lists->inputs, *id);
  });
  env.enqueue("", [lists, retain = optional_bool(args, 2), create = args.boolean(3)] {
    const auto all = [](const std::vector<Input>& inputs) {
      std::vector<at::Tensor> out;
      for (const Input& input : inputs) out.push_back(input.get());
      return out;
    };
    torch::autograd::backward(all(lists->tensors), all(lists->gradients), retain, create, all(lists->inputs));
  });
}

// backward(tensors, gradients | null, retainGraph | null, createGraph, inputs | null)
napi_value backward(Environment& env, Args& args) {
  if (env.queue.deferring() && !gradient_hooks_live(env)) [[unlikely]] {
    defer_backward(env, args);
    return js_undefined(env);
  }
  // With hooks, a pass of the open job runs here, where JavaScript is; a task that failed has ended that job.
  if (env.queue.deferring()) {
    env.queue.settle_open_job();
  }
  env.queue.wait_for_all();  // a graph reaches tensors that no argument names
  const std::vector<at::Tensor> tensors = args.tensor_list(0);
  const std::vector<at::Tensor> gradients = optional_tensors(env, args, 1);
  const std::vector<at::Tensor> inputs = optional_tensors(env, args, 4);
  env.release_some();
  torch::autograd::backward(tensors, gradients, optional_bool(args, 2), args.boolean(3), inputs);
  return js_undefined(env);
}

// grad(outputs, inputs, gradients | null, retainGraph | null, createGraph, allowUnused)
napi_value grad(Environment& env, Args& args) {
  env.queue.wait_for_all();
  const std::vector<at::Tensor> outputs = args.tensor_list(0);
  const std::vector<at::Tensor> inputs = args.tensor_list(1);
  const std::vector<at::Tensor> gradients = optional_tensors(env, args, 2);
  env.release_some();
  return js_tensor_list(
      env, torch::autograd::grad(outputs, inputs, gradients, optional_bool(args, 3), args.boolean(4), args.boolean(5)));
}

napi_value grad_enabled(Environment& env, Args&) { return js_bool(env, at::GradMode::is_enabled()); }

// setGradEnabled(enabled): what it was before
napi_value set_grad_enabled(Environment& env, Args& args) {
  const bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(args.boolean(0));
  return js_bool(env, before);
}

napi_value inference_enabled(Environment& env, Args&) { return js_bool(env, c10::InferenceMode::is_enabled()); }

napi_value open_inference(Environment& env, Args& args) {
  env.room<InferenceScopes>().open.push_back(std::make_unique<c10::InferenceMode>(args.boolean(0)));
  return js_undefined(env);
}

napi_value close_inference(Environment& env, Args&) {
  auto& open = env.room<InferenceScopes>().open;
  if (!open.empty()) open.pop_back();
  return js_undefined(env);
}

}  // namespace

void register_autograd(Environment& env, napi_value exports) {
  define<backward>(env, exports, "backward");
  define<grad>(env, exports, "grad");
  define<grad_enabled>(env, exports, "isGradEnabled");
  define<set_grad_enabled>(env, exports, "setGradEnabled");
  define<inference_enabled>(env, exports, "isInferenceModeEnabled");
  define<open_inference>(env, exports, "openInferenceMode");
  define<close_inference>(env, exports, "closeInferenceMode");
  register_autocast(env, exports);
  register_gradient_hooks(env, exports);
}

}  // namespace ltn
