#include "cuda/launch.h"

#include <torch/version.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>

#include "core/errors.h"
#include "cuda/driver.h"
#include "cuda/rooms.h"
#include "cuda/watch.h"

#ifdef LTN_FATBIN
extern "C" __attribute__((visibility("hidden"))) const unsigned char libtorch_node_fatbin[];
asm(".pushsection .rodata\n"
    ".balign 16\n"
    ".local libtorch_node_fatbin\n"
    "libtorch_node_fatbin:\n"
    ".incbin \"" LTN_FATBIN
    "\"\n"
    ".popsection\n");
#endif

namespace ltn {

namespace {

using Context = void*;
using Module = void*;
using Function = void*;
using StreamHandle = void*;

// The functions that are called; a result of 0 is CUDA_SUCCESS.
struct Driver {
  int (*device)(int* device, int ordinal) = nullptr;
  int (*retain)(Context*, int device) = nullptr;
  int (*current)(Context*) = nullptr;
  int (*make_current)(Context) = nullptr;
  int (*load)(Module*, const void* image) = nullptr;
  int (*function)(Function*, Module, const char* name) = nullptr;
  int (*launch)(Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned shared, StreamHandle,
                void** arguments, void** extra) = nullptr;
  const char* missing = nullptr;

  Driver() {
    find("cuDeviceGet", device);
    find("cuDevicePrimaryCtxRetain", retain);
    find("cuCtxGetCurrent", current);
    find("cuCtxSetCurrent", make_current);
    find("cuModuleLoadData", load);
    find("cuModuleGetFunction", function);
    find("cuLaunchKernel", launch);
  }

 private:
  template <typename F>
  void find(const char* symbol, F& found) {
    if (!find_in_driver(symbol, found) && missing == nullptr) missing = symbol;
  }
};

const Driver& driver() {
  static const Driver found;
  return found;
}

// What the environment variable LIBTORCH_NODE_CUDA_KERNELS says: `0` for none, or a file that nvcc made.
struct Image {
  const void* data = nullptr;
  std::string file;  // its bytes
  std::string missing;

  Image() {
    const char* const given = std::getenv("LIBTORCH_NODE_CUDA_KERNELS");
    const std::string name = given == nullptr ? "" : given;
    if (name == "0") {
      missing = "LIBTORCH_NODE_CUDA_KERNELS is 0";
      return;
    }
    if (!name.empty()) {
      std::ifstream stream(name, std::ios::binary);
      file.assign(std::istreambuf_iterator<char>(stream), {});
      if (file.empty()) missing = "LIBTORCH_NODE_CUDA_KERNELS names no file of kernels: " + name;
      data = file.data();
      return;
    }
#ifdef LTN_FATBIN
    data = libtorch_node_fatbin;
#else
    missing = "the addon was built without them (no nvcc was found, or LIBTORCH_NODE_CUDA_KERNELS was 0)";
#endif
  }
};

const Image& image() {
  static const Image found;
  return found;
}

void check(int result, const char* what) {
  if (result != 0) fail(code::kLibtorch, "the NVIDIA driver does not ", what, ": its error ", result);
}

// Of one device. Modules stay loaded: graphs have their kernels.
struct Loaded {
  Context context = nullptr;
  Module module = nullptr;
  std::map<std::string, Function> functions;
};

// A thread that asked CUDA's runtime for nothing yet has no context.
void need_context(const Driver& call, Loaded& loaded, int index) {
  if (loaded.context == nullptr) {
    int device = 0;
    check(call.device(&device, index), "know the device");
    check(call.retain(&loaded.context, device), "give its context");
  }
  Context now = nullptr;
  check(call.current(&now), "tell the current context");
  if (now != loaded.context) check(call.make_current(loaded.context), "change the context");
}

Function function_of(const c10::Device& device, const char* kernel) {
  static std::mutex mutex;
  static auto* const all = new std::map<int, Loaded>;
  const std::lock_guard<std::mutex> lock(mutex);
  const Driver& call = driver();
  Loaded& loaded = (*all)[device.index()];
  need_context(call, loaded, device.index());
  if (loaded.module == nullptr) check(call.load(&loaded.module, image().data), "load the fused kernels");
  Function& function = loaded.functions[kernel];
  if (function == nullptr) check(call.function(&function, loaded.module, kernel), "find a fused kernel");
  return function;
}

// libtorch 2.9 may have no such question.
template <typename S>
auto handle_of(const S& stream, int) -> decltype(stream.native_handle()) {
  return stream.native_handle();
}
template <typename S>
void* handle_of(const S&, long) {
  fail(code::kLibtorch, "libtorch ", TORCH_VERSION, " does not tell the driver's name of a stream; 2.13 does");
}

}  // namespace

const std::string& fused_kernels_missing() {
  static const std::string missing = [] {
    if (!image().missing.empty()) return image().missing;
    if (driver().missing == nullptr) return std::string();
    return std::string("the NVIDIA driver is not found, or has no ") + driver().missing;
  }();
  return missing;
}

void Launch::start(void* arguments) const {
  if (blocks_x == 0) return;  // no images
  if (!fused_kernels_missing().empty()) fail(code::kLibtorch, "no fused kernels: ", fused_kernels_missing());
  const Function function = function_of(device, kernel);
  const c10::Stream stream = cuda_guard().getStream(device);
  void* list[] = {arguments};
  check(driver().launch(function, blocks_x, blocks_y, 1, threads, 1, 1, 0, handle_of(stream, 0), list, nullptr),
        "start a fused kernel");
}

void read_by_launches(std::initializer_list<at::Tensor> tensors) {
  const std::shared_ptr<Watch> watch = Watch::current();
  if (!watch) return;
  for (const at::Tensor& tensor : tensors) {
    if (tensor.defined()) watch->read(tensor);
  }
}

}  // namespace ltn
