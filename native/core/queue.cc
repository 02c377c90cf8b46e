#include "core/queue.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "core/errors.h"

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace ltn {

namespace {

std::atomic<int> tasks_at_work{0};
std::atomic<bool> leaving{false};

// `process.exit()` destroys what libtorch needs under the feet of a task that is at work, and waiting for the task
// would hold the exit up. So the process ends here, where everything else that wanted to run at exit has run.
void leave_in_time() {
#ifdef __GLIBC__
  static std::once_flag once;
  std::call_once(once, [] {
    on_exit(
        [](int status, void*) {
          leaving = true;  // before the look: a task either is seen at work here, or sees this and does not begin
          if (tasks_at_work.load() == 0) return;
          std::fflush(nullptr);
          _exit(status);
        },
        nullptr);
  });
#endif
}

const void* storage_of(const at::Tensor& tensor) {
  return tensor.defined() && tensor.has_storage() ? tensor.storage().unsafeGetStorageImpl() : nullptr;
}

// The stream that work asked for now goes to: each thread has a current one of its own.
std::optional<c10::Stream> current_stream() {
  if (!at::hasCUDA()) return std::nullopt;
  const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
  return guard.getStream(guard.getDevice());
}

}  // namespace

const at::Tensor& Pending::get() const {
  if (!value.defined()) {
    Queue::rethrow(*job);
    fail(code::kLibtorch, "the tensor was never made: the work that it belongs to was ended");
  }
  return value;
}

Queue::~Queue() { stop(); }

void Queue::start() {
  leave_in_time();
  napi_value name;
  napi_create_string_utf8(env_, "libtorch-node", NAPI_AUTO_LENGTH, &name);
  // The function before the hook: hooks run last added first, and the thread must have ended before the function is
  // closed.
  if (napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, on_wake, &wake_) !=
          napi_ok ||
      napi_unref_threadsafe_function(env_, wake_) != napi_ok ||
      napi_add_env_cleanup_hook(env_, on_cleanup, this) != napi_ok) {
    throw PendingException();  // a worker may be terminated at any moment
  }
  thread_ = std::thread([this] { work(); });
}

void Queue::on_cleanup(void* queue) { static_cast<Queue*>(queue)->stop(); }

void Queue::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_one();
  thread_.join();
  tasks_.clear();
  done_ = pushed_;
  refresh();
}

void Queue::enter(std::shared_ptr<Job> job) {
  ++job->sections;
  sections_.push_back(job);
  open_ = std::move(job);
}

void Queue::leave() {
  if (sections_.empty()) return;
  if (sections_.back()) --sections_.back()->sections;
  sections_.pop_back();
  open_ = sections_.empty() ? nullptr : sections_.back();
}

void Queue::suspend() {
  if (deferring()) settle_open_job();
  wait_for_all();
  sections_.push_back(nullptr);
  open_ = nullptr;
}

uint64_t Queue::push(std::unique_ptr<Task> task) {
  if (!thread_.joinable()) start();
  task->job_ = open_;
  task->grad_mode_ = at::GradMode::is_enabled();
  task->inference_mode_ = c10::InferenceMode::is_enabled();
  task->autocast_ = Autocast::here();
  task->threads_ = at::get_num_threads();
  task->stream_ = current_stream();
  task->sequence_ = open_->last = ++pushed_;
  if (std::find(active_.begin(), active_.end(), open_) == active_.end()) active_.push_back(open_);
  busy_ = true;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  ready_.notify_one();
  return pushed_;
}

// The event loop comes before a training: where all cores are at work, a thread that wakes up waits for its turn, and
// the threads of a step that takes seconds would have an equal claim (measured on two cores: the worst of 2,500 turns
// 6-7 ms late instead of 10-180). The threads that libtorch starts from here are as patient.
static void be_patient() {
#ifdef __linux__
  constexpr int kNice = 5;
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
#endif
}

void Queue::work() {
  be_patient();
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (stopping_) return;
    std::unique_ptr<Task> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    const uint64_t sequence = task->sequence_;
    tasks_at_work.fetch_add(1);
    if (leaving.load()) {
      tasks_at_work.fetch_sub(1);
      task.release();  // its inputs too would die in what is being destroyed
      return;
    }
    execute(*task);
    task.reset();  // its inputs die here, where others may already reuse their memory
    tasks_at_work.fetch_sub(1);
    lock.lock();
    done_.store(sequence, std::memory_order_release);
    finished_.notify_all();
    if (sequence >= wake_at_) {
      wake_at_ = UINT64_MAX;
      napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
    }
  }
}

void Queue::execute(Task& task) {
  task.autocast_.apply();  // before the look at failures: a region ends in any case
  if (task.job_->failed.load(std::memory_order_relaxed)) return;
  try {
    if (at::get_num_threads() != task.threads_) at::set_num_threads(task.threads_);
    at::AutoGradMode grad_mode(task.grad_mode_);
    std::optional<c10::InferenceMode> inference_mode;
    if (task.inference_mode_) inference_mode.emplace(true);
    std::optional<c10::StreamGuard> stream;
    if (task.stream_) stream.emplace(*task.stream_);
    task.run();
  } catch (...) {
    task.job_->failure.reset(new Job::Failure{std::current_exception(), task.operation_, task.sequence_});
    task.job_->failed.store(true, std::memory_order_release);
  }
}

// --- who uses what

void Queue::touch(const at::Tensor& tensor) {
  if (const void* storage = storage_of(tensor)) open_->touched.insert(storage);
}

void Queue::touch(const Held& held) {
  if (!held.pending) {
    touch(held.tensor);
  } else if (held.pending->sequence <= done_.load(std::memory_order_acquire)) {
    touch(held.pending->value);
  } else if (held.pending->job != open_) {
    open_->awaited.emplace_back(held.pending);
  }
}

Input Queue::use(const Held& held) {
  touch(held);
  return Input(held);
}

void Queue::learn_storages(Job& job) const {
  if (job.awaited.empty()) return;
  const uint64_t done = done_.load(std::memory_order_acquire);
  const auto known = [&](const c10::weak_intrusive_ptr<Pending>& weak) {
    const PendingPtr pending = weak.lock();
    if (!pending) return true;  // nobody uses it any more
    if (pending->sequence > done) return false;
    if (const void* storage = storage_of(pending->value)) job.touched.insert(storage);
    return true;
  };
  job.awaited.erase(std::remove_if(job.awaited.begin(), job.awaited.end(), known), job.awaited.end());
}

void Queue::expose(const at::Tensor& tensor) {
  const void* storage = storage_of(tensor);
  if (storage == nullptr) return;
  exposed_.insert_or_assign(storage, tensor.storage().getWeakStorageImpl());
  if (exposed_.size() < sweep_exposed_at_) return;
  for (auto at = exposed_.begin(); at != exposed_.end();)
    at = at->second.expired() ? exposed_.erase(at) : std::next(at);
  sweep_exposed_at_ = std::max<size_t>(1024, 2 * exposed_.size());
}

void Queue::refresh() {
  const uint64_t done = done_.load(std::memory_order_acquire);
  active_.erase(std::remove_if(active_.begin(), active_.end(),
                               [done](const std::shared_ptr<Job>& job) {
                                 // what a section has begun to use it may use again, in its `backward`
                                 if (job->sections > 0 || job->last > done) return false;
                                 job->touched.clear();
                                 job->awaited.clear();
                                 return true;
                               }),
                active_.end());
  busy_ = !active_.empty();
}

void Queue::wait_until(uint64_t sequence) {
  if (done_.load(std::memory_order_acquire) < sequence) {
    std::unique_lock<std::mutex> lock(mutex_);
    finished_.wait(lock, [&] { return done_.load(std::memory_order_acquire) >= sequence; });
  }
  refresh();
}

void Queue::wait_for(const Job& job) { wait_until(job.last); }
void Queue::wait_for_all() { wait_until(pushed_); }

void Queue::wait_for(const at::Tensor& tensor) {
  if (!tensor.defined()) return;
  const void* storage = storage_of(tensor);
  for (;;) {
    refresh();
    uint64_t last = 0;
    for (const auto& job : active_) {
      learn_storages(*job);
      const bool uses = storage == nullptr || exposed_.count(storage) > 0 || job->touched.count(storage) > 0;
      if (uses) last = std::max(last, job->last);
    }
    if (last <= done_.load(std::memory_order_acquire)) return;
    wait_until(last);  // and look again: what is done now may be this very memory, and used by another job
  }
}

void Queue::settle_open_job() {
  const std::shared_ptr<Job> job = open_;
  wait_for(*job);
  rethrow(*job);
}

void Queue::rethrow(const Job& job) {
  if (job.failed.load(std::memory_order_acquire)) throw QueuedError(*job.failure);
}

// --- the event loop

void Queue::notify(uint64_t sequence, napi_value callback) {
  if (!thread_.joinable()) start();
  napi_ref reference;
  if (napi_create_reference(env_, callback, 1, &reference) != napi_ok) throw PendingException();
  if (waiters_.empty()) napi_ref_threadsafe_function(env_, wake_);
  waiters_.push_back({sequence, reference});
  std::lock_guard<std::mutex> lock(mutex_);
  if (done_.load(std::memory_order_acquire) >= sequence) {
    napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
  } else {
    wake_at_ = std::min(wake_at_, sequence);
  }
}

void Queue::on_wake(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;  // the environment is ending
  auto* queue = static_cast<Queue*>(context);
  queue->refresh();
  const uint64_t done = queue->done_.load(std::memory_order_acquire);
  std::vector<Waiter> due;
  uint64_t next = UINT64_MAX;
  for (auto at = queue->waiters_.begin(); at != queue->waiters_.end();) {
    if (at->sequence <= done) {
      due.push_back(*at);
      at = queue->waiters_.erase(at);
    } else {
      next = std::min(next, at->sequence);
      ++at;
    }
  }
  if (queue->waiters_.empty()) {
    napi_unref_threadsafe_function(env, queue->wake_);
  } else {
    std::lock_guard<std::mutex> lock(queue->mutex_);
    queue->wake_at_ = std::min(queue->wake_at_, next);
    if (queue->done_.load(std::memory_order_acquire) >= next) {
      napi_call_threadsafe_function(queue->wake_, nullptr, napi_tsfn_nonblocking);
    }
  }
  for (const Waiter& waiter : due) {
    napi_value callback, undefined;
    if (napi_get_undefined(env, &undefined) != napi_ok ||
        napi_get_reference_value(env, waiter.callback, &callback) != napi_ok) {
      return;
    }
    napi_delete_reference(env, waiter.callback);
    napi_call_function(env, undefined, callback, 0, nullptr, nullptr);
  }
}

}  // namespace ltn
