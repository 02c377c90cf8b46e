#include "cuda/cuda_graph.h"

#ifndef _WIN32
#include <dlfcn.h>
#endif
#include <torch/version.h>

#include <cstring>
#include <new>
#include <utility>

#include "core/errors.h"

namespace ltn {

namespace {

using Pool = c10::MempoolId_t;

// Member functions are called as the Itanium C++ ABI calls them: the object first. A function that libtorch changes has
// another name then, and is missing here.
struct Functions {
  void (*construct)(void*, bool) = nullptr;
  void (*destroy)(void*) = nullptr;
  void (*capture_begin)(void*, Pool, CaptureMode) = nullptr;
  void (*capture_end)(void*) = nullptr;
  void (*instantiate)(void*) = nullptr;
  void (*replay)(void*) = nullptr;
  void (*reset)(void*) = nullptr;
  Pool (*pool)(void*) = nullptr;
  Pool (*new_pool)() = nullptr;
  const char* missing = nullptr;

  Functions() {
    find("_ZN2at4cuda9CUDAGraphC1Eb", construct);
    find("_ZN2at4cuda9CUDAGraphD1Ev", destroy);
    find("_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode", capture_begin);
    find("_ZN2at4cuda9CUDAGraph11capture_endEv", capture_end);
    find("_ZN2at4cuda9CUDAGraph11instantiateEv", instantiate);
    find("_ZN2at4cuda9CUDAGraph6replayEv", replay);
    find("_ZN2at4cuda9CUDAGraph5resetEv", reset);
    find("_ZN2at4cuda9CUDAGraph4poolEv", pool);
    find("_ZN2at4cuda17graph_pool_handleEv", new_pool);
  }

 private:
  template <typename F>
  void find(const char* symbol, F& function) {
#ifdef _WIN32
    missing = symbol;
#else
    function = reinterpret_cast<F>(dlsym(RTLD_DEFAULT, symbol));  // among what the addon is linked with, too
    if (function == nullptr && missing == nullptr) missing = symbol;
#endif
  }
};

const Functions& looked_up() {
  static const Functions functions;
  return functions;
}

const Functions& functions() {
  const Functions& found = looked_up();
  if (found.missing != nullptr) {
    fail(code::kLibtorch, "CUDA graphs cannot be had: libtorch ", TORCH_VERSION, " has no ", found.missing);
  }
  return found;
}

// The object is some hundred bytes; how many, only its header knows. It gets far more, and what it must not have
// touched is looked at once it is made.
constexpr size_t kReserved = 8192;
constexpr size_t kUntouched = kReserved / 2;
constexpr unsigned char kMark = 0xA5;

}  // namespace

const char* CudaGraph::missing() { return looked_up().missing; }

CudaGraph::CudaGraph(bool keep_graph) {
  const Functions& call = functions();
  object_ = ::operator new(kReserved);
  std::memset(object_, kMark, kReserved);
  try {
    call.construct(object_, keep_graph);
  } catch (...) {
    ::operator delete(object_);
    throw;
  }
  const auto* const bytes = static_cast<const unsigned char*>(object_);
  for (size_t i = kUntouched; i < kReserved; ++i) {
    if (bytes[i] == kMark) continue;
    // larger than is known here: it is left where it is, and never touched again
    fail(code::kLibtorch, "CUDA graphs cannot be had: those of libtorch ", TORCH_VERSION, " are not known");
  }
}

CudaGraph::~CudaGraph() {
  if (broken_) return;  // the allocator may ask it about streams still
  functions().destroy(object_);
  ::operator delete(object_);
}

void CudaGraph::capture_begin(Pool pool, CaptureMode mode) {
  const Functions& call = functions();
  try {
    call.capture_begin(object_, pool, mode);
  } catch (...) {
    broken_ = true;
    throw;
  }
}

void CudaGraph::capture_end() {
  const Functions& call = functions();
  try {
    call.capture_end(object_);
  } catch (...) {
    broken_ = true;
    throw;
  }
}

void CudaGraph::instantiate() { functions().instantiate(object_); }
void CudaGraph::replay() { functions().replay(object_); }
void CudaGraph::reset() { functions().reset(object_); }
Pool CudaGraph::pool() { return functions().pool(object_); }
Pool CudaGraph::new_pool() { return functions().new_pool(); }

}  // namespace ltn
