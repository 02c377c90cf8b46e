#include "cuda/watch.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/library.h>

#include <algorithm>
#include <string_view>

#include "core/errors.h"
#include "core/stack_tensors.h"

namespace ltn {

namespace {

using torch::jit::Stack;

// Modes from outside of libtorch have this key: it has no kernel there. It comes before autograd, so that tensors are
// seen as they were given; inner calls come by here, too.
constexpr c10::DispatchKey kKey = c10::DispatchKey::DeferredInit;

std::mutex current_mutex;
std::shared_ptr<Watch> current_watch;

const void* storage_of(const at::Tensor& tensor) {
  return tensor.has_storage() ? tensor.storage().unsafeGetStorageImpl() : nullptr;
}

bool is_wrapped_number(const at::Tensor& tensor) {
  return tensor.dim() == 0 && tensor.unsafeGetTensorImpl()->is_wrapped_number();
}

[[noreturn]] void refuse(const char* what, const char* why) {
  fail(code::kCudaCapture, what, " ", why, ", which is not allowed while a CUDA graph is captured");
}

// Those whose kernels wait for a number of the GPU. Most others that do so call one of these.
constexpr std::string_view kWaiting[] = {
    "aten::_local_scalar_dense",
    "aten::nonzero",
    "aten::masked_select",
    "aten::equal",
    "aten::_unique",
    "aten::_unique2",
    "aten::unique_dim",
    "aten::unique_consecutive",
    "aten::bincount",
};

void refuse_waiting(const c10::OperatorHandle& op, const Stack& arguments, size_t first) {
  const std::string& name = op.schema().name();
  const auto on_gpu = [&](size_t i) {
    return arguments[first + i].isTensor() && arguments[first + i].toTensor().defined() &&
           arguments[first + i].toTensor().is_cuda();
  };
  if (std::find(std::begin(kWaiting), std::end(kWaiting), name) != std::end(kWaiting) && on_gpu(0)) {
    refuse(name == "aten::_local_scalar_dense" ? "reading a value of a tensor" : name.c_str(), "waits for the GPU");
  }
  if (name != "aten::copy_" || on_gpu(0) == on_gpu(1)) return;
  const at::Tensor& on_cpu = arguments[first + (on_gpu(0) ? 1 : 0)].toTensor();
  if (!arguments[first + 2].toBool() || !on_cpu.is_pinned()) {
    refuse("a copy between the CPU and the GPU", "waits for the GPU unless memory is pinned and `nonBlocking` is set");
  }
}

// An operator on the CPU is done once, and not when the graph is replayed; what a number was is part of the graph.
void refuse_cpu(Watch& watch, const c10::OperatorHandle& op, const at::Tensor& tensor) {
  if (!tensor.is_cpu() || is_wrapped_number(tensor) || tensor.numel() == 0) return;
  if (tensor.dim() == 0 && watch.is_made(tensor)) return;  // a constant of an operator's own
  refuse(op.schema().name().c_str(), "works on the CPU");
}

void watched(const c10::OperatorHandle& op, c10::DispatchKeySet keys, Stack* stack) {
  const std::shared_ptr<Watch> watch = Watch::current();
  const size_t first = stack->size() - op.schema().arguments().size();
  if (watch) {
    refuse_waiting(op, *stack, first);
    for (size_t i = first; i < stack->size(); ++i) {
      Stack one{(*stack)[i]};
      for_each_tensor(one, [&](at::Tensor& tensor) {
        if (watch->strict()) refuse_cpu(*watch, op, tensor);
        watch->read(tensor);
      });
    }
  }
  op.redispatchBoxed(keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kKey), stack);
  if (!watch) return;
  for_each_tensor(*stack, [&](at::Tensor& tensor) {
    if (watch->strict() && tensor.is_cpu() && tensor.numel() > 0 &&
        (tensor.dim() > 0 || op.hasTag(at::Tag::nondeterministic_seeded))) {
      refuse(op.schema().name().c_str(), "works on the CPU");
    }
    watch->made(tensor);
  });
}

}  // namespace

void Watch::begin(std::shared_ptr<Watch> watch) {
  // Not when the addon is loaded: whoever never captures has no mode.
  static auto* const library = [] {
    auto* const made = new torch::Library(torch::Library::IMPL, "_", kKey, __FILE__, __LINE__);
    made->fallback(torch::CppFunction::makeFromBoxedFunction<&watched>());
    return made;
  }();
  (void)library;
  std::lock_guard<std::mutex> lock(current_mutex);
  if (current_watch) fail(code::kCudaCapture, "a CUDA graph is being captured already: one at a time in a process");
  current_watch = std::move(watch);
  c10::impl::tls_set_dispatch_key_included(kKey, true);
}

void Watch::end() {
  c10::impl::tls_set_dispatch_key_included(kKey, false);
  std::lock_guard<std::mutex> lock(current_mutex);
  current_watch.reset();
}

std::shared_ptr<Watch> Watch::current() {
  std::lock_guard<std::mutex> lock(current_mutex);
  return current_watch;
}

void Watch::read(const at::Tensor& tensor) {
  const void* storage = storage_of(tensor);
  if (storage == nullptr || !tensor.is_cuda()) return;
  std::lock_guard<std::mutex> lock(mutex_);
  if (made_.count(storage) > 0) return;
  storages_.emplace(storage, tensor.storage());
  if (tensor.is_leaf()) leaves_.try_emplace(tensor.unsafeGetTensorImpl(), Leaf{tensor, tensor.const_data_ptr()});
}

void Watch::made(const at::Tensor& tensor) {
  const void* storage = storage_of(tensor);
  if (storage == nullptr) return;
  std::lock_guard<std::mutex> lock(mutex_);
  if (storages_.count(storage) == 0) made_.insert(storage);  // else a view of what was there, or a result in place
}

bool Watch::is_made(const at::Tensor& tensor) {
  std::lock_guard<std::mutex> lock(mutex_);
  return made_.count(storage_of(tensor)) > 0;
}

}  // namespace ltn
