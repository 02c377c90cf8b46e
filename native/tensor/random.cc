// Random number generators.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include "convert/values.h"
#include "tensor/rooms.h"

namespace ltn {

namespace {

at::Generator& generator(Environment& env, Args& args) { return env.generators.at(args.id(0)); }

napi_value create(Environment& env, Args& args) {
  const c10::Device device = to_device(env, args[0]);
  at::Generator made = device.is_cpu()    ? at::make_generator<at::CPUGeneratorImpl>()
                       : device.is_cuda() ? at::detail::getCUDAHooks().getNewGenerator(device.index())
                                          : throw Error(code::kArgValue, "a Generator lives on the cpu or on cuda");
  return js_int(env, env.generators.insert(std::move(made)));
}

napi_value default_generator(Environment& env, Args& args) {
  return js_int(env,
                env.generators.insert(at::Generator(at::globalContext().defaultGenerator(to_device(env, args[0])))));
}

napi_value drop(Environment& env, Args& args) {
  const SlotId id = args.id(0);
  if (env.generators.find(id) != nullptr) env.generators.release(env.generators.index_of(id));
  return js_undefined(env);
}

// Seeds are the 64 bits of an unsigned integer; Python takes negative ones as their two's complement.
napi_value set_seed(Environment& env, Args& args) {
  at::Generator& target = generator(env, args);
  const uint64_t seed = static_cast<uint64_t>(args.int64(1));
  std::lock_guard<std::mutex> lock(target.mutex());
  target.set_current_seed(seed);
  return js_undefined(env);
}

napi_value js_seed(Environment& env, uint64_t seed) {
  napi_value out;
  napi_create_bigint_uint64(env.env(), seed, &out);
  return out;
}

napi_value seed(Environment& env, Args& args) {
  at::Generator& target = generator(env, args);
  std::lock_guard<std::mutex> lock(target.mutex());
  return js_seed(env, target.seed());
}

napi_value initial_seed(Environment& env, Args& args) { return js_seed(env, generator(env, args).current_seed()); }

napi_value device(Environment& env, Args& args) { return js_string(env, generator(env, args).device().str()); }

napi_value get_state(Environment& env, Args& args) {
  at::Generator& target = generator(env, args);
  std::lock_guard<std::mutex> lock(target.mutex());
  return js_tensor(env, target.get_state());
}

napi_value set_state(Environment& env, Args& args) {
  at::Generator& target = generator(env, args);
  const at::Tensor& state = args.tensor(1);
  std::lock_guard<std::mutex> lock(target.mutex());
  target.set_state(state);
  return js_undefined(env);
}

// manualSeed(seed): the default generators of all devices, as torch.manual_seed
napi_value manual_seed(Environment& env, Args& args) {
  const uint64_t seed = static_cast<uint64_t>(args.int64(0));
  const auto apply = [seed](at::Generator target) {
    std::lock_guard<std::mutex> lock(target.mutex());
    target.set_current_seed(seed);
  };
  apply(at::globalContext().defaultGenerator(at::kCPU));
  if (at::hasCUDA()) {
    const int count = at::detail::getCUDAHooks().deviceCount();
    for (int i = 0; i < count; ++i) {
      apply(at::globalContext().defaultGenerator(c10::Device(at::kCUDA, static_cast<c10::DeviceIndex>(i))));
    }
  }
  return js_undefined(env);
}

}  // namespace

void register_random(Environment& env, napi_value exports) {
  define<create>(env, exports, "generatorCreate");
  define<default_generator>(env, exports, "generatorDefault");
  define<drop>(env, exports, "generatorDrop");
  define<set_seed>(env, exports, "generatorSetSeed");
  define<seed>(env, exports, "generatorSeed");
  define<initial_seed>(env, exports, "generatorInitialSeed");
  define<device>(env, exports, "generatorDevice");
  define<get_state>(env, exports, "generatorState");
  define<set_state>(env, exports, "generatorSetState");
  define<manual_seed>(env, exports, "manualSeed");
}

}  // namespace ltn
