// CUDA as every build knows it: libtorch's hooks and the driver, no CUDA header.
#include "cuda/cuda.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>

#ifndef _WIN32
#include <dlfcn.h>
#endif

namespace ltn {

namespace {

int device_count() { return at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0; }

c10::DeviceIndex checked_index(Args& args, size_t i) {
  const int count = device_count();
  if (count == 0) {
    fail(code::kCudaUnavailable, LTN_CUDA ? "this libtorch knows CUDA, but no NVIDIA driver or no GPU is found"
                                          : "this libtorch is built without CUDA");
  }
  const int64_t index = args.absent(i) ? at::detail::getCUDAHooks().getCurrentDevice() : args.int64(i);
  if (index < 0 || index >= count) fail(code::kOutOfRange, "there is no cuda:", index, "; this machine has ", count);
  return static_cast<c10::DeviceIndex>(index);
}

// `at::hasCUDA` asks for a GPU too
napi_value is_built(Environment& env, Args&) { return js_bool(env, LTN_CUDA != 0); }
napi_value count(Environment& env, Args&) { return js_int(env, device_count()); }

napi_value current_device(Environment& env, Args& args) { return js_int(env, checked_index(args, 0)); }

napi_value synchronize(Environment& env, Args& args) {
  at::detail::getCUDAHooks().deviceSynchronize(checked_index(args, 0));
  return js_undefined(env);
}

// The driver's own name of a device: its library is there wherever a GPU is
napi_value device_name(Environment& env, Args& args) {
  const c10::DeviceIndex index = checked_index(args, 0);
#ifndef _WIN32
  if (void* driver = dlopen("libcuda.so.1", RTLD_LAZY)) {
    auto get = reinterpret_cast<int (*)(int*, int)>(dlsym(driver, "cuDeviceGet"));
    auto name = reinterpret_cast<int (*)(char*, int, int)>(dlsym(driver, "cuDeviceGetName"));
    int device = 0;
    char text[256] = "";
    if (get != nullptr && name != nullptr && get(&device, index) == 0 && name(text, sizeof(text), device) == 0) {
      return js_string(env, text);
    }
  }
#endif
  return js_string(env, "NVIDIA GPU");
}

c10::DeviceAllocator& allocator() { return *c10::getDeviceAllocator(c10::DeviceType::CUDA); }

// cudaMemoryStats(device): bytes in use and kept, now and at their peak
napi_value memory_stats(Environment& env, Args& args) {
  const c10::DeviceIndex index = checked_index(args, 0);
  Napi::Object out = Napi::Object::New(env.env());
  const bool ready = allocator().initialized();
  const auto stats = ready ? allocator().getDeviceStats(index) : c10::CachingDeviceAllocator::DeviceStats{};
  const auto& allocated = stats.allocated_bytes[0];
  const auto& reserved = stats.reserved_bytes[0];
  out.Set("allocated", static_cast<double>(allocated.current));
  out.Set("maxAllocated", static_cast<double>(allocated.peak));
  out.Set("reserved", static_cast<double>(reserved.current));
  out.Set("maxReserved", static_cast<double>(reserved.peak));
  return out;
}

napi_value reset_peak(Environment& env, Args& args) {
  const c10::DeviceIndex index = checked_index(args, 0);
  if (allocator().initialized()) allocator().resetPeakStats(index);
  return js_undefined(env);
}

napi_value empty_cache(Environment& env, Args&) {
  env.release_all();
  if (device_count() > 0 && allocator().initialized()) allocator().emptyCache();
  return js_undefined(env);
}

}  // namespace

void register_cuda(Environment& env, napi_value exports) {
  define<is_built>(env, exports, "cudaIsBuilt");
  define<count>(env, exports, "cudaDeviceCount");
  define<current_device>(env, exports, "cudaCurrentDevice");
  define<synchronize>(env, exports, "cudaSynchronize");
  define<device_name>(env, exports, "cudaDeviceName");
  define<memory_stats>(env, exports, "cudaMemoryStats");
  define<reset_peak>(env, exports, "cudaResetPeakStats");
  define<empty_cache>(env, exports, "cudaEmptyCache");
}

}  // namespace ltn
