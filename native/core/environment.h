// Everything that belongs to one JavaScript environment (the main thread, or a worker). Nothing here is shared.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/stack.h>

#include <functional>
#include <memory>
#include <mutex>
#include <typeindex>
#include <unordered_map>
#include <vector>

#include "core/napi.h"
#include "core/queue.h"
#include "core/slots.h"

namespace ltn {

class Environment;

// What a garbage-collected JavaScript object leaves behind: which slot of which table it named.
struct Finalized {
  Environment* env;
  uint32_t index;
  uint32_t generation;
};

// References to JavaScript values whose last native user may die on any thread, or inside a finalizer, where
// Node-API must not be called. They wait here for the next entry from JavaScript.
class ReferenceReaper {
 public:
  void add(napi_ref ref) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!closed_) dead_.push_back(ref);
  }
  void reap(napi_env env);
  void close();

 private:
  std::mutex mutex_;
  std::vector<napi_ref> dead_;
  bool closed_ = false;
};

// The tensors of one environment. Whoever wants a tensor's data or its place in the autograd graph waits for what is
// queued on it; whoever only wants its sizes, dtype or device peeks.
class TensorTable : public SlotTable<Held> {
 public:
  explicit TensorTable(Queue& queue) : SlotTable("tensor"), queue_(queue) {}

  at::Tensor& at(SlotId id) {
    Held& held = peek(id);
    if (held.pending || queue_.busy()) [[unlikely]]
      settle(held);
    return held.tensor;
  }
  Held& peek(SlotId id) { return SlotTable<Held>::at(id); }

 private:
  void settle(Held& held);

  Queue& queue_;
};

class Environment {
 public:
  static Environment& create(napi_env env);
  static Environment& of(napi_env env);

  napi_env env() const { return env_; }

  // Before the tables: what it still holds may be in them.
  Queue queue;
  TensorTable tensors{queue};

  // True where operators are to be queued instead of run: typed calls then take the boxed way, which knows how.
  bool deferring() const { return queue.deferring(); }

  SlotTable<at::Generator> generators{"generator"};

  // --- tensors out
  // A slot for a tensor that JavaScript is about to wrap; without a finalizer until `attach`.
  SlotId put(at::Tensor&& tensor);
  SlotId put(const at::Tensor& tensor) { return put(at::Tensor(tensor)); }
  // The slot's value is released some time after `object` is collected.
  void attach(napi_value object, SlotId id);
  // The hot form of both: no finalizer inside a disposal scope, which keeps its own list.
  SlotId put_in(napi_value object, at::Tensor&& tensor);
  // A slot for a tensor that a task of the open job will make; `outline` is its outline on the meta device.
  SlotId put_pending(at::Tensor&& outline, PendingPtr pending);
  SlotId put_pending_in(napi_value object, at::Tensor&& outline, PendingPtr pending);
  void drop(SlotId id);
  void set_scope(bool open) { scope_open_ = open; }

  // --- garbage
  // Called by each operator once its arguments are references of their own: an optimised caller may have dropped its
  // last use of `this` already, so the finalizer must not free anything itself.
  void release_some() {
    if (!finalized_.empty()) [[unlikely]]
      release_queued(finalized_.size() > 4096 ? 8 : 1);
  }
  void release_all();
  // What a room has to release besides, whenever everything is.
  void on_release(std::function<void()> release) { releases_.push_back(std::move(release)); }

  int64_t live_bytes() const { return live_bytes_; }
  size_t queued() const { return finalized_.size(); }
  void set_pressure_bytes(int64_t bytes) { pressure_bytes_ = bytes; }
  void reset_pressure() {
    bytes_since_collection_ = 0;
    flags[kPressure] = 0;
  }

  // --- errors
  void set_error_factory(napi_value factory) { set_reference(error_factory_, factory); }
  // Called with each queued task's sequence, so that JavaScript notes where it was asked for.
  void set_tracer(napi_value trace) { set_reference(tracer_, trace); }
  void enqueue(std::unique_ptr<Task> task);
  template <typename Run>
  void enqueue(std::string operation, Run&& run) {
    using Function = FunctionTask<std::decay_t<Run>>;
    enqueue(std::make_unique<Function>(std::move(operation), std::forward<Run>(run)));
  }
  void set_collector(napi_value collect) { set_reference(collector_, collect); }
  // Throws the JavaScript error of the exception in flight. `operation` names what was running, or is null.
  void throw_current_exception(const char* operation, uint64_t sequence = 0);
  // Runs the JavaScript garbage collector and releases all that it found; for one retry after an out-of-memory.
  bool collect_garbage();

  // --- scratch memory that JavaScript writes to: int lists without reading elements of an array one by one
  static constexpr int kScratch = 1024;
  double* scratch = nullptr;
  // --- flags that JavaScript reads without a call
  enum Flag { kPressure = 0, kFlags = 8 };
  int32_t* flags = nullptr;

  torch::jit::Stack stack;
  int depth = 0;

  std::shared_ptr<ReferenceReaper> reaper = std::make_shared<ReferenceReaper>();

  // State that a room keeps for this environment: made on first use, destroyed with it.
  template <typename T>
  T& room() {
    std::shared_ptr<void>& state = rooms_[std::type_index(typeid(T))];
    if (!state) state = std::make_shared<T>();
    return *static_cast<T*>(state.get());
  }

 private:
  explicit Environment(napi_env env);
  void set_reference(napi_ref& slot, napi_value value);
  void release_queued(size_t count);
  void release_at(uint32_t index);
  void account();
  void close();
  static void on_collected(napi_env env, void* data, void* hint);
  static void on_teardown(napi_env env, void* data, void* hint);

  napi_env env_;
  napi_ref error_factory_ = nullptr;
  napi_ref collector_ = nullptr;
  napi_ref tracer_ = nullptr;
  std::vector<Finalized*> finalized_;
  std::vector<Finalized*> spare_;
  std::vector<std::function<void()>> releases_;
  size_t attached_ = 0;
  bool closed_ = false;
  bool scope_open_ = false;
  int64_t live_bytes_ = 0;
  int64_t reported_bytes_ = 0;
  int64_t bytes_since_collection_ = 0;
  int64_t pressure_bytes_ = 256ll << 20;
  std::unordered_map<std::type_index, std::shared_ptr<void>> rooms_;
};

}  // namespace ltn
