// Work that JavaScript asks for now and a thread of the addon does later, in the order in which it was asked for: what
// a CUDA stream is to a GPU. One queue and one thread for each JavaScript environment (every thread that runs OpenMP
// has a team of its own, and two teams at work at once fight for the cores).
//
// Two threads, one rule: everything here belongs to the JavaScript thread, but for what is marked otherwise. The
// executor sees a task after `push` and gives it back by moving `done`; whatever it wrote before is then there to read.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Stream.h>
#include <c10/util/intrusive_ptr.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/autocast.h"
#include "core/napi.h"

namespace ltn {

struct Pending;

// The tasks of one piece of work (a training, an evaluation): they share one fate. After the first that fails the
// others are skipped, as the lines after a throw are.
struct Job {
  struct Failure {
    std::exception_ptr error;
    std::string operation;
    uint64_t sequence;
  };

  uint64_t last = 0;  // the sequence of its last task
  int sections = 0;   // open ones
  // The storages that its tasks read or write. Whoever wants them for himself waits for the job.
  std::unordered_set<const void*> touched;
  // The results of other jobs that its tasks use, until it is known which storages those are.
  std::vector<c10::weak_intrusive_ptr<Pending>> awaited;
  std::unique_ptr<Failure> failure;  // written by the executor, once, before `failed`
  std::atomic<bool> failed{false};
};

// A tensor that a task will make. `value` is the executor's until the task is done; it stays undefined where the task
// failed or was skipped.
struct Pending final : c10::intrusive_ptr_target {
  Pending(std::shared_ptr<Job> of, uint64_t by, c10::Device on) : job(std::move(of)), sequence(by), device(on) {}
  // The value, for a task that comes later. Ends with the error of the job where that has failed.
  const at::Tensor& get() const;

  const std::shared_ptr<Job> job;
  const uint64_t sequence;  // of the task that makes it
  const c10::Device device;
  at::Tensor value;
};
using PendingPtr = c10::intrusive_ptr<Pending>;

// What a slot of the tensor table holds: a tensor, or (with `pending`) one that is to come and its outline: a tensor of
// the meta device with the same sizes and dtype.
struct Held {
  at::Tensor tensor;
  PendingPtr pending;

  c10::Device device() const { return pending ? pending->device : tensor.device(); }
};

// An argument of a task.
class Input {
 public:
  Input() = default;
  explicit Input(const Held& held) : tensor_(held.pending ? at::Tensor() : held.tensor), pending_(held.pending) {}
  // On the executor, when everything before it is done.
  const at::Tensor& get() const { return pending_ ? pending_->get() : tensor_; }

 private:
  at::Tensor tensor_;
  PendingPtr pending_;
};

class Task {
 public:
  // `operation` names it in errors.
  explicit Task(std::string operation) : operation_(std::move(operation)) {}
  virtual ~Task() = default;
  virtual void run() = 0;  // on the executor

 private:
  friend class Queue;
  std::string operation_;
  std::shared_ptr<Job> job_;
  uint64_t sequence_ = 0;
  int threads_ = 0;
  bool grad_mode_ = true;
  bool inference_mode_ = false;
  Autocast autocast_;
  std::optional<c10::Stream> stream_;  // of a GPU, where there is one
};

// A task of a function.
template <typename Run>
class FunctionTask final : public Task {
 public:
  FunctionTask(std::string operation, Run run) : Task(std::move(operation)), run_(std::move(run)) {}
  void run() override { run_(); }

 private:
  Run run_;
};

// What a task threw, met again on the JavaScript thread.
class QueuedError : public std::exception {
 public:
  explicit QueuedError(const Job::Failure& failure)
      : error(failure.error), operation(failure.operation), sequence(failure.sequence) {}
  const std::exception_ptr error;
  const std::string operation;
  const uint64_t sequence;
};

class Queue {
 public:
  explicit Queue(napi_env env) : env_(env) {}
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // --- sections: while one is open, operators are queued for its job
  bool deferring() const { return open_ != nullptr; }
  const std::shared_ptr<Job>& open_job() const { return open_; }
  void enter(std::shared_ptr<Job> job);
  void leave();
  // Until `leave`, work inside a section is done on JavaScript's thread, as outside of one; what is queued is done
  // first.
  void suspend();

  // Queues a task for the open job; gives its sequence, from 1.
  uint64_t push(std::unique_ptr<Task> task);
  // The sequence that the next task will have.
  uint64_t next() const { return pushed_ + 1; }

  // --- who uses what
  // True where something may be at work.
  bool busy() const { return busy_; }
  // The open job uses this tensor's storage.
  void touch(const at::Tensor& tensor);
  void touch(const Held& held);
  // The same, as an argument of a task.
  Input use(const Held& held);
  // A tensor reached JavaScript that tasks may use unseen: a gradient, an optimizer's state.
  void expose(const at::Tensor& tensor);
  // Waits until no job uses this tensor.
  void wait_for(const at::Tensor& tensor);
  void wait_for(const Job& job);
  void wait_for_all();
  // Waits for the open job, and ends with the exception of its first failed task: for work that JavaScript's thread
  // must do itself, inside a section.
  void settle_open_job();
  // Ends with the exception of the job's first failed task, if one has failed by now.
  static void rethrow(const Job& job);

  // Calls `callback` from the event loop when the task with this sequence and all before it are done.
  void notify(uint64_t sequence, napi_value callback);

  // Ends the thread after the task that it is at; what is queued is dropped. For the end of the environment.
  void stop();

 private:
  struct Waiter {
    uint64_t sequence;
    napi_ref callback;
  };

  void start();
  void work();
  static void execute(Task& task);
  void wait_until(uint64_t sequence);
  void learn_storages(Job& job) const;
  void refresh();
  static void on_wake(napi_env env, napi_value, void* context, void*);
  static void on_cleanup(void* queue);

  napi_env env_;
  std::shared_ptr<Job> open_;  // the innermost of `sections_`
  std::vector<std::shared_ptr<Job>> sections_;
  bool busy_ = false;
  uint64_t pushed_ = 0;
  std::vector<std::shared_ptr<Job>> active_;
  std::unordered_map<const void*, c10::weak_intrusive_ptr<c10::StorageImpl>> exposed_;
  size_t sweep_exposed_at_ = 1024;
  std::vector<Waiter> waiters_;

  std::thread thread_;
  napi_threadsafe_function wake_ = nullptr;
  std::atomic<uint64_t> done_{0};
  // under `mutex_`:
  std::mutex mutex_;
  std::condition_variable ready_, finished_;
  std::deque<std::unique_ptr<Task>> tasks_;
  uint64_t wake_at_ = UINT64_MAX;  // the first sequence that somebody waits for in the event loop
  bool stopping_ = false;
};

}  // namespace ltn
