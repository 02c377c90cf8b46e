// What happens while a CUDA graph is captured, operator by operator: those that wait for the GPU are refused before
// they do, for the driver then spoils the capture and libtorch's allocator with it; and what they read is remembered,
// so that a graph never replays on memory that was freed since.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace ltn {

class Watch {
 public:
  // Where `strict`, operators on the CPU are refused as well: a graph does not replay them.
  explicit Watch(bool strict) : strict_(strict) {}

  // Begins and ends on the thread that captures. Backward passes on libtorch's threads are watched as well.
  static void begin(std::shared_ptr<Watch> watch);
  static void end();
  // The capture that is under way in this process, on whatever thread, or null.
  static std::shared_ptr<Watch> current();

  // A parameter, a buffer: may get other memory one day.
  struct Leaf {
    at::Tensor tensor;
    const void* data;
  };
  // What the capture read and did not make: alive as long as these are.
  using Storages = std::unordered_map<const void*, c10::Storage>;
  using Leaves = std::unordered_map<const void*, Leaf>;
  // Once the capture has ended.
  Storages take_storages() { return std::move(storages_); }
  Leaves take_leaves() { return std::move(leaves_); }
  std::unordered_set<const void*> take_made() { return std::move(made_); }

  bool strict() const { return strict_; }
  void read(const at::Tensor& tensor);
  void made(const at::Tensor& tensor);
  bool is_made(const at::Tensor& tensor);

 private:
  const bool strict_;
  std::mutex mutex_;
  std::unordered_set<const void*> made_;
  Storages storages_;
  Leaves leaves_;
};

}  // namespace ltn
