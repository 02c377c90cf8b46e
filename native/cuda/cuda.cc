// CUDA as every build knows it: is it there, how many devices, which is the current one.
#include "cuda/cuda.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include "core/capture.h"
#include "cuda/rooms.h"

namespace ltn {

int cuda_device_count() { return at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0; }

void need_cuda() {
  if (cuda_device_count() > 0) return;
  fail(code::kCudaUnavailable,
       LTN_CUDA ? "this libtorch knows CUDA, but no NVIDIA driver or no GPU is found"
                : "this libtorch is built without CUDA; LIBTORCH_NODE_VARIANT chooses a build that has it");
}

c10::Device cuda_device(Args& args, size_t i) {
  need_cuda();
  const int count = cuda_device_count();
  const int64_t index = args.absent(i) ? at::detail::getCUDAHooks().getCurrentDevice() : args.int64(i);
  if (index < 0 || index >= count) fail(code::kOutOfRange, "there is no cuda:", index, "; this machine has ", count);
  return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index));
}

namespace {

// `at::hasCUDA` asks for a GPU too
napi_value is_built(Environment& env, Args&) { return js_bool(env, LTN_CUDA != 0); }
napi_value count(Environment& env, Args&) { return js_int(env, cuda_device_count()); }

napi_value current_device(Environment& env, Args& args) { return js_int(env, cuda_device(args, 0).index()); }

napi_value synchronize(Environment& env, Args& args) {
  const c10::DeviceIndex index = cuda_device(args, 0).index();
  refuse_while_capturing("synchronize");
  env.queue.wait_for_all();
  at::detail::getCUDAHooks().deviceSynchronize(index);
  return js_undefined(env);
}

}  // namespace

void register_cuda(Environment& env, napi_value exports) {
  define<is_built>(env, exports, "cudaIsBuilt");
  define<count>(env, exports, "cudaDeviceCount");
  define<current_device>(env, exports, "cudaCurrentDevice");
  define<synchronize>(env, exports, "cudaSynchronize");
  register_cuda_graphs(env, exports);
  register_cuda_memory(env, exports);
  register_cuda_streams(env, exports);
  register_cuda_driver(env, exports);
}

}  // namespace ltn
