#include "autograd/hooks.h"

#include <ATen/core/ivalue.h>
#include <torch/csrc/autograd/custom_function.h>

#include <atomic>
#include <memory>
#include <thread>
#include <unordered_map>

#include "core/guard.h"

namespace ltn {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A function of JavaScript that the autograd graph holds. The graph may die on any thread, and after the environment;
// the function is called on the thread of JavaScript alone.
class GradientHook final : public torch::CustomClassHolder {
 public:
  GradientHook(Environment& env, napi_value function, std::shared_ptr<std::atomic<int>> live)
      : env_(env), reaper_(env.reaper), live_(std::move(live)), thread_(std::this_thread::get_id()) {
    napi_ref reference;
    if (napi_create_reference(env.env(), function, 1, &reference) != napi_ok) {
      fail(code::kArgType, "a hook must be a function");
    }
    reference_ = reference;
    live_->fetch_add(1);
  }
  ~GradientHook() override { disable(); }

  // From now on gradients pass it unchanged.
  void disable() {
    if (napi_ref reference = reference_.exchange(nullptr)) {
      reaper_->add(reference);
      live_->fetch_sub(1);
    }
  }

  // What JavaScript makes of gradients: an array in the place of the array, or nothing for the same ones. An exception
  // stays pending and unwinds the backward pass.
  variable_list call(const variable_list& gradients) {
    const napi_ref reference = reference_.load();
    if (reference == nullptr) return gradients;
    TORCH_CHECK(std::this_thread::get_id() == thread_,
                "a hook in JavaScript was reached on another thread: hooks work for gradients on the CPU");
    napi_env env = env_.env();
    bool pending = false;
    if (napi_is_exception_pending(env, &pending) != napi_ok || pending) throw PendingException();
    Napi::HandleScope scope(env);
    napi_value function, undefined, result;
    napi_value argument = js_tensor_list(env_, gradients);
    if (napi_get_reference_value(env, reference, &function) != napi_ok || function == nullptr ||
        napi_get_undefined(env, &undefined) != napi_ok ||
        napi_call_function(env, undefined, function, 1, &argument, &result) != napi_ok) {
      throw PendingException();  // thrown by the hook, or the environment is ending
    }
    const Napi::Value value(env, result);
    if (!value.IsArray()) return gradients;
    const auto array = value.As<Napi::Array>();
    if (array.Length() != gradients.size()) {
      fail(code::kArgValue, "a hook gave ", array.Length(), " gradients, expected ", gradients.size());
    }
    variable_list out;
    for (uint32_t i = 0; i < array.Length(); ++i) {
      const Napi::Value slot = array.Get(i);
      out.push_back(slot.IsNumber() ? env_.tensors.at(slot.As<Napi::Number>().Int32Value()) : at::Tensor());
    }
    return out;
  }

 private:
  Environment& env_;
  const std::shared_ptr<ReferenceReaper> reaper_;
  const std::shared_ptr<std::atomic<int>> live_;
  const std::thread::id thread_;
  std::atomic<napi_ref> reference_{nullptr};
};
using HookPtr = c10::intrusive_ptr<GradientHook>;

struct HookRoom {
  // How many functions graphs hold; counted down on any thread, and after the room is gone.
  const std::shared_ptr<std::atomic<int>> live = std::make_shared<std::atomic<int>>(0);
  std::unordered_map<int32_t, c10::weak_intrusive_ptr<GradientHook>> hooks;
  int32_t next = 0;
  size_t sweep_at = 256;
};

HookPtr make_hook(Environment& env, Args& args, size_t i) {
  napi_valuetype type;
  if (napi_typeof(env.env(), args[i], &type) != napi_ok || type != napi_function) {
    fail(code::kArgType, "a hook must be a function");
  }
  // A backward pass that is queued must not meet the hook on the executor's thread.
  env.queue.wait_for_all();
  return c10::make_intrusive<GradientHook>(env, args[i], env.room<HookRoom>().live);
}

int32_t remember(HookRoom& room, const HookPtr& hook) {
  if (room.hooks.size() >= room.sweep_at) {
    for (auto at = room.hooks.begin(); at != room.hooks.end();)
      at = at->second.expired() ? room.hooks.erase(at) : std::next(at);
    room.sweep_at = std::max<size_t>(256, 2 * room.hooks.size());
  }
  room.hooks.emplace(room.next, c10::weak_intrusive_ptr<GradientHook>(hook));
  return room.next++;
}

// tensorRegisterHook(slot, (gradients: [slot]) => [slot] | undefined): an id for `gradientHookRemove`.
napi_value tensor_register_hook(Environment& env, Args& args) {
  const at::Tensor tensor = args.tensor(0);
  if (!tensor.requires_grad()) {
    fail(code::kArgValue, "cannot register a hook on a tensor that doesn't require gradient");
  }
  const HookPtr hook = make_hook(env, args, 1);
  tensor.register_hook([hook](const at::Tensor& gradient) { return hook->call({gradient})[0]; });
  return js_int(env, remember(env.room<HookRoom>(), hook));
}

// gradientHookRemove(id)
napi_value gradient_hook_remove(Environment& env, Args& args) {
  auto& hooks = env.room<HookRoom>().hooks;
  const auto at = hooks.find(args.id(0));
  if (at == hooks.end()) return js_undefined(env);
  if (const HookPtr hook = at->second.lock()) hook->disable();
  hooks.erase(at);
  return js_undefined(env);
}

// The same tensors, whose gradients come through one place together. libtorch's rules for views out of custom functions
// hold for them: changing one in place is an error, as in Python.
struct Checkpoint : torch::autograd::Function<Checkpoint> {
  // a TensorList: the tensors of a std::vector would be no inputs to libtorch
  static variable_list forward(AutogradContext* context, const HookPtr& hook, at::TensorList tensors) {
    context->saved_data["hook"] = c10::IValue::make_capsule(hook);
    return tensors.vec();
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto capsule = context->saved_data["hook"].toCapsule();
    variable_list out = static_cast<GradientHook*>(capsule.get())->call(gradients);
    out.insert(out.begin(), at::Tensor());  // the hook has no gradient
    return out;
  }
};

// gradientCheckpoint(slots, (gradients: slots) => slots | undefined): the slots of the same tensors, for JavaScript to
// adopt; the function gets their gradients, all at once.
napi_value gradient_checkpoint(Environment& env, Args& args) {
  const variable_list tensors = args.tensor_list(0);
  const HookPtr hook = make_hook(env, args, 1);
  return js_tensor_list(env, Checkpoint::apply(hook, at::TensorList(tensors)));
}

}  // namespace

bool gradient_hooks_live(Environment& env) { return env.room<HookRoom>().live->load() > 0; }

void register_gradient_hooks(Environment& env, napi_value exports) {
  define<tensor_register_hook>(env, exports, "tensorRegisterHook");
  define<gradient_hook_remove>(env, exports, "gradientHookRemove");
  define<gradient_checkpoint>(env, exports, "gradientCheckpoint");
}

}  // namespace ltn
