// The stand-in's CUDA graphs. As on a GPU, what is asked of a stream that is captured is not done: it is done once to
// learn the results' sizes, then undone when the capture ends (what was there has its values back, what was made holds
// garbage), and done for good by each replay, on the same memory. What waits for the GPU spoils the capture.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Stream.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

// Of CUDA's driver_types.h.
enum cudaStreamCaptureMode { cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeRelaxed };

namespace stand_in {

struct Recorded {
  std::vector<std::function<void()>> work;
  std::map<const void*, c10::Storage> made;                              // as the private pool keeps them
  std::map<const void*, std::pair<c10::Storage, std::string>> changed;  // and what they held
  bool spoilt = false;

  void changes(const at::Tensor& tensor) {
    const auto* const storage = tensor.storage().unsafeGetStorageImpl();
    if (made.count(storage) > 0 || changed.count(storage) > 0) return;
    const auto* const data = static_cast<const char*>(tensor.storage().data());
    changed.emplace(storage, std::pair(tensor.storage(), std::string(data, tensor.storage().nbytes())));
  }
  void undo() {
    for (const auto& [_, before] : changed) {
      std::memcpy(before.first.mutable_data(), before.second.data(), before.second.size());
    }
    for (const auto& [_, storage] : made) std::memset(storage.mutable_data(), 0xFF, storage.nbytes());
    changed.clear();
  }
};

// The time that events tell: it moves with them, and with every operator and kernel of a replay.
inline std::atomic<int> clock{0};

inline std::mutex captures_mutex;
inline std::map<std::pair<c10::DeviceIndex, c10::StreamId>, Recorded*> captures;

inline Recorded* capture_of(const c10::Stream& stream) {
  std::lock_guard<std::mutex> lock(captures_mutex);
  const auto found = captures.find({stream.device_index(), stream.id()});
  return found == captures.end() ? nullptr : found->second;
}

}  // namespace stand_in

namespace at::cuda {

// With the names that libtorch_cuda exports.
struct CUDAGraph {
  explicit CUDAGraph(bool keep_graph);
  ~CUDAGraph();
  void capture_begin(c10::MempoolId_t pool, cudaStreamCaptureMode mode);
  void capture_end();
  void instantiate();
  void replay();
  void reset();
  c10::MempoolId_t pool();

  stand_in::Recorded* recorded = nullptr;
  c10::Stream stream;
  c10::MempoolId_t pool_id{0, 0};
  bool keep;
  bool ended = false;
  bool ready = false;
};

c10::MempoolId_t graph_pool_handle();

}  // namespace at::cuda
