// libtorch's `at::cuda::CUDAGraph`, without its header: that one includes CUDA's own, which only a toolkit has. The
// class has no interface of c10's as streams have, so its functions are looked up by name when the first graph is made,
// as those of the driver are (driver.cc).
#pragma once

#include <c10/core/Allocator.h>

namespace ltn {

// `cudaStreamCaptureMode` of driver_types.h: numbers that never change.
enum class CaptureMode : int { Global = 0, ThreadLocal = 1, Relaxed = 2 };

class CudaGraph {
 public:
  // ERR_LIBTORCH where this libtorch has no such class, or another one than this file knows.
  explicit CudaGraph(bool keep_graph);
  ~CudaGraph();
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;

  // All on the thread and the stream that are to be captured, or are.
  void capture_begin(c10::MempoolId_t pool, CaptureMode mode);
  void capture_end();
  void instantiate();
  void replay();
  void reset();
  c10::MempoolId_t pool();

  // True once a capture could not be ended: the allocator then knows this object for good.
  bool broken() const { return broken_; }

  // Why there are no graphs, or null; asks for symbols alone, so that it answers without a GPU too.
  static const char* missing();
  static c10::MempoolId_t new_pool();

 private:
  void* object_ = nullptr;
  bool broken_ = false;
};

}  // namespace ltn
