// What the NVIDIA driver says of a device.
#include "cuda/driver.h"

#ifndef _WIN32
#include <dlfcn.h>
#endif

#include "cuda/rooms.h"

namespace ltn {

void* driver_function(const char* symbol) {
#ifdef _WIN32
  return nullptr;
#else
  if (void* const loaded = dlsym(RTLD_DEFAULT, symbol)) return loaded;
  static void* const library = dlopen("libcuda.so.1", RTLD_LAZY);  // libtorch has it open: never closed
  return library == nullptr ? nullptr : dlsym(library, symbol);
#endif
}

namespace {

// `CUdevice_attribute` of cuda.h: a stable interface, whose numbers never change
enum Attribute {
  kWarpSize = 10,
  kMultiProcessorCount = 16,
  kL2CacheSize = 38,
  kMaxThreadsPerMultiProcessor = 39,
  kMajor = 75,
  kMinor = 76,
};

// The functions that are called; a result of 0 is CUDA_SUCCESS.
struct Driver {
  int (*init)(unsigned) = nullptr;
  int (*get)(int* device, int ordinal) = nullptr;
  int (*name)(char* text, int length, int device) = nullptr;
  int (*total)(size_t* bytes, int device) = nullptr;
  int (*attribute)(int* value, int attribute, int device) = nullptr;

  Driver() {
    find_in_driver("cuInit", init);
    find_in_driver("cuDeviceGet", get);
    find_in_driver("cuDeviceGetName", name);
    find_in_driver("cuDeviceTotalMem_v2", total);
    find_in_driver("cuDeviceGetAttribute", attribute);
  }
};

// cudaDeviceProperties(device)
napi_value device_properties(Environment& env, Args& args) {
  const c10::Device device = cuda_device(args, 0);
  static const Driver driver;
  const auto done = [](int result) {
    if (result != 0) fail(code::kLibtorch, "the NVIDIA driver does not describe the device: its error ", result);
  };
  if (!driver.init || !driver.get || !driver.name || !driver.total || !driver.attribute) {
    fail(code::kLibtorch, "the NVIDIA driver cannot be asked: libcuda.so.1 is not found, or lacks a function");
  }
  int handle = 0;
  char name[256] = "";
  size_t bytes = 0;
  done(driver.init(0));
  done(driver.get(&handle, device.index()));
  done(driver.name(name, sizeof name, handle));
  done(driver.total(&bytes, handle));
  Napi::Object out = Napi::Object::New(env.env());
  out.Set("name", std::string(name));
  out.Set("totalMemory", static_cast<double>(bytes));
  const auto set = [&](const char* key, Attribute attribute) {
    int value = 0;
    done(driver.attribute(&value, attribute, handle));
    out.Set(key, value);
  };
  set("major", kMajor);
  set("minor", kMinor);
  set("multiProcessorCount", kMultiProcessorCount);
  set("maxThreadsPerMultiProcessor", kMaxThreadsPerMultiProcessor);
  set("warpSize", kWarpSize);
  set("L2CacheSize", kL2CacheSize);
  return out;
}

}  // namespace

void register_cuda_driver(Environment& env, napi_value exports) {
  define<device_properties>(env, exports, "cudaDeviceProperties");
}

}  // namespace ltn
