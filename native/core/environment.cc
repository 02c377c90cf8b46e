#include "core/environment.h"

#include <ATen/Context.h>
#include <ATen/quantized/QTensorImpl.h>
#include <c10/util/Exception.h>

#include <cstring>

#include "core/capture.h"
#include "core/errors.h"
#include "core/recording.h"

namespace ltn {

void ReferenceReaper::reap(napi_env env) {
  std::vector<napi_ref> dead;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    dead.swap(dead_);
  }
  for (napi_ref ref : dead) napi_delete_reference(env, ref);
}

void ReferenceReaper::close() {
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  dead_.clear();  // the environment deletes its references itself
}

void TensorTable::settle(Held& held) {
  if (const PendingPtr pending = held.pending) {
    refuse_in_recording("the forward reads a value");
    queue_.wait_for(*pending->job);
    held.tensor = pending->get();
    held.pending.reset();
  }
  queue_.wait_for(held.tensor);
}

Environment::Environment(napi_env env) : queue(env), env_(env) { stack.reserve(64); }

Environment& Environment::create(napi_env env) {
  auto* created = new Environment(env);
  napi_set_instance_data(env, created, on_teardown, nullptr);
  return *created;
}

Environment& Environment::of(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<Environment*>(data);
}

// Finalizers of tensors may still run after the instance data are gone, so the last one of them frees the object.
void Environment::on_teardown(napi_env, void* data, void*) {
  auto* env = static_cast<Environment*>(data);
  env->close();
  if (env->attached_ == 0) delete env;
}

void Environment::close() {
  closed_ = true;
  queue.stop();
  reaper->close();
  rooms_.clear();
  for (Finalized* entry : finalized_) delete entry;
  finalized_.clear();
  for (Finalized* entry : spare_) delete entry;
  spare_.clear();
  tensors.clear([](Held&&) {});
  generators.clear([](at::Generator&&) {});
}

void Environment::on_collected(napi_env, void* data, void*) {
  auto* entry = static_cast<Finalized*>(data);
  Environment* env = entry->env;
  --env->attached_;
  if (!env->closed_) {
    env->finalized_.push_back(entry);
    return;
  }
  delete entry;
  if (env->attached_ == 0) delete env;
}

// What a live tensor costs: its own bookkeeping, and its data where nobody else holds them.
static int64_t cost(const at::Tensor& tensor) {
  constexpr int64_t kBookkeeping = 400;
  if (!tensor.defined() || !tensor.has_storage() || !tensor.device().is_cpu()) return kBookkeeping;
  const c10::Storage& storage = tensor.storage();
  return kBookkeeping + (storage.use_count() == 1 ? static_cast<int64_t>(storage.nbytes()) : 0);
}

SlotId Environment::put(at::Tensor&& tensor) {
  // `from_blob` makes such tensors, and the quantized kernels then read a quantizer that is not there
  if (tensor.defined() && c10::isQIntType(tensor.scalar_type()) && tensor.is_quantized() &&
      dynamic_cast<at::QTensorImpl*>(tensor.unsafeGetTensorImpl()) == nullptr) [[unlikely]] {
    fail(code::kUnsupportedType, "a tensor of ", tensor.scalar_type(), " needs a scale; quantize_per_tensor makes one");
  }
  const int64_t bytes = cost(tensor);
  live_bytes_ += bytes;
  bytes_since_collection_ += bytes;
  if (bytes_since_collection_ > pressure_bytes_) flags[kPressure] = 1;
  account();
  return tensors.insert(Held{std::move(tensor), {}}, bytes);
}

SlotId Environment::put_pending(at::Tensor&& outline, PendingPtr pending) {
  constexpr int64_t kBookkeeping = 800;
  live_bytes_ += kBookkeeping;
  bytes_since_collection_ += kBookkeeping;
  return tensors.insert(Held{std::move(outline), std::move(pending)}, kBookkeeping);
}

void Environment::attach(napi_value object, SlotId id) {
  Finalized* entry;
  if (spare_.empty()) {
    entry = new Finalized{this, 0, 0};
  } else {
    entry = spare_.back();
    spare_.pop_back();
  }
  entry->index = tensors.index_of(id);
  entry->generation = tensors.generation_at(entry->index);
  if (napi_add_finalizer(env_, object, entry, on_collected, nullptr, nullptr) != napi_ok) {
    spare_.push_back(entry);
    fail(code::kArgType, "a tensor's handle must be an object");
  }
  ++attached_;
}

SlotId Environment::put_in(napi_value object, at::Tensor&& tensor) {
  const SlotId id = put(std::move(tensor));
  if (!scope_open_) attach(object, id);
  return id;
}

SlotId Environment::put_pending_in(napi_value object, at::Tensor&& outline, PendingPtr pending) {
  const SlotId id = put_pending(std::move(outline), std::move(pending));
  if (!scope_open_) attach(object, id);
  return id;
}

void Environment::enqueue(std::unique_ptr<Task> task) {
  if (open_recording != nullptr) {
    ++open_recording->tasks;
    return;
  }
  const uint64_t sequence = queue.push(std::move(task));
  if (tracer_ == nullptr) return;
  napi_value trace, undefined, number;
  napi_get_reference_value(env_, tracer_, &trace);
  napi_get_undefined(env_, &undefined);
  napi_create_double(env_, static_cast<double>(sequence), &number);
  if (napi_call_function(env_, undefined, trace, 1, &number, nullptr) != napi_ok) throw PendingException();
}

void Environment::release_at(uint32_t index) {
  live_bytes_ -= tensors.slot_at(index).bytes;
  tensors.release(index);
}

void Environment::drop(SlotId id) {
  if (tensors.find(id) == nullptr) return;
  release_at(tensors.index_of(id));
  account();
}

void Environment::release_queued(size_t count) {
  while (count > 0 && !finalized_.empty()) {
    Finalized* entry = finalized_.back();
    finalized_.pop_back();
    const uint32_t index = entry->index;
    const bool alive =
        index < tensors.size() && tensors.slot_at(index).used && tensors.generation_at(index) == entry->generation;
    spare_.push_back(entry);
    if (alive) {
      release_at(index);
      --count;
    }
  }
}

void Environment::release_all() {
  for (const auto& release : releases_) release();
  release_queued(SIZE_MAX);
  reaper->reap(env_);
  account();
}

// Tells V8 in steps: a call for each tensor would cost more than the tensor.
void Environment::account() {
  constexpr int64_t kStep = 8ll << 20;
  const int64_t change = live_bytes_ - reported_bytes_;
  if (change < kStep && change > -kStep) [[likely]]
    return;
  if (closed_) return;
  int64_t total;
  reported_bytes_ = live_bytes_;
  napi_adjust_external_memory(env_, change, &total);
}

void Environment::set_reference(napi_ref& slot, napi_value value) {
  if (slot != nullptr) napi_delete_reference(env_, slot);
  slot = nullptr;
  napi_create_reference(env_, value, 1, &slot);
}

bool Environment::collect_garbage() {
  if (collector_ == nullptr) return false;
  napi_value collect, undefined;
  napi_get_reference_value(env_, collector_, &collect);
  napi_get_undefined(env_, &undefined);
  napi_call_function(env_, undefined, collect, 0, nullptr, nullptr);
  release_all();
  return true;
}

// libtorch's messages may carry a C++ backtrace and the place of the check; people want the first part.
static std::string readable(const std::string& text) {
  std::string out = text;
  for (const char* marker : {"\nException raised from ", "\nC++ CapturedTraceback:", "\n\nCPU: registered at "}) {
    const size_t at = out.find(marker);
    if (at != std::string::npos) out.resize(at);
  }
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

void Environment::throw_current_exception(const char* operation, uint64_t sequence) {
  const char* code = code::kLibtorch;
  std::string message, cause;
  try {
    throw;
  } catch (const PendingException&) {
    return;
  } catch (const QueuedError& queued) {
    try {
      std::rethrow_exception(queued.error);
    } catch (...) {
      throw_current_exception(queued.operation.empty() ? nullptr : queued.operation.c_str(), queued.sequence);
    }
    return;
  } catch (const Napi::Error& error) {
    // Not `ThrowAsJavaScriptException`: in a worker that is being terminated nothing can be thrown, and it would leave
    // this handler, and with it the process, by a C++ exception
    try {
      napi_throw(env_, error.Value());
    } catch (const Napi::Error&) {
    }
    return;
  } catch (const Error& error) {
    code = error.code();
    message = error.what();
  } catch (const c10::OutOfMemoryError& error) {
    code = code::kOutOfMemory;
    message = cause = readable(error.what_without_backtrace());
  } catch (const c10::Error& error) {
    message = cause = readable(error.what_without_backtrace());
    if (message.find("can't allocate memory") != std::string::npos) code = code::kOutOfMemory;
    if (message.find("Found no NVIDIA driver") != std::string::npos ||
        message.find("not compiled with CUDA") != std::string::npos ||
        message.find("not linked with support for cuda") != std::string::npos ||
        (!at::hasCUDA() && message.find("from the 'CUDA' backend") != std::string::npos) ||
        message.find("without CUDA") != std::string::npos) {
      code = code::kCudaUnavailable;
      message = "CUDA is asked for, and there is none: " + message;
    }
    if (capturing && message.find("captur") != std::string::npos) {
      code = code::kCudaCapture;
      message = "not allowed while a CUDA graph is captured: " + message;
    }
  } catch (const std::bad_alloc&) {
    code = code::kOutOfMemory;
    message = cause = "out of memory";
  } catch (const std::exception& error) {
    message = cause = readable(error.what());
  } catch (...) {
    message = cause = "an exception that is no std::exception";
  }
  bool pending = false;
  napi_is_exception_pending(env_, &pending);
  if (pending) return;
  if (operation != nullptr) message = std::string(operation) + ": " + message;
  if (error_factory_ == nullptr) {
    napi_throw_error(env_, code, message.c_str());
    return;
  }
  napi_value factory, undefined, error;
  napi_value args[5];
  napi_get_reference_value(env_, error_factory_, &factory);
  napi_get_undefined(env_, &undefined);
  napi_create_string_utf8(env_, code, NAPI_AUTO_LENGTH, &args[0]);
  napi_create_string_utf8(env_, message.data(), message.size(), &args[1]);
  args[2] = args[3] = args[4] = undefined;
  if (operation != nullptr) napi_create_string_utf8(env_, operation, NAPI_AUTO_LENGTH, &args[2]);
  if (!cause.empty()) napi_create_string_utf8(env_, cause.data(), cause.size(), &args[3]);
  if (sequence != 0) napi_create_double(env_, static_cast<double>(sequence), &args[4]);
  if (napi_call_function(env_, undefined, factory, 5, args, &error) == napi_ok) napi_throw(env_, error);
}

}  // namespace ltn
