#include "dispatch/deferred.h"

#include <c10/util/Exception.h>

#include "core/outline.h"
#include "core/recording.h"
#include "core/stack_tensors.h"

namespace ltn {

namespace {

using torch::jit::Stack;

// Lists are shared when an IValue is copied, and these are changed.
Stack copy_of(const Stack& stack) {
  Stack out;
  out.reserve(stack.size() + 4);
  for (const c10::IValue& value : stack) {
    if (value.isTensorList()) {
      out.emplace_back(value.toTensorList().copy());
    } else if (value.isOptionalTensorList()) {
      out.emplace_back(value.toOptionalTensorList().copy());
    } else {
      out.push_back(value);
    }
  }
  return out;
}

// The tensors of one result, none where it is an argument.
using Expected = c10::SmallVector<PendingPtr, 1>;

class OperatorTask final : public Task {
 public:
  OperatorTask(Operator& op, Stack&& arguments, std::vector<std::pair<at::Tensor, PendingPtr>>&& expected,
               std::vector<Expected>&& results)
      : Task(op.name),
        op_(op),
        stack_(std::move(arguments)),
        expected_(std::move(expected)),
        results_(std::move(results)) {}

  void run() override {
    for_each_tensor(stack_, [this](at::Tensor& tensor) {
      for (const auto& [outline, pending] : expected_) {
        if (tensor.is_same(outline)) {
          tensor = pending->get();
          return;
        }
      }
    });
    expected_.clear();
    op_.handle.callBoxed(stack_);
    for (size_t i = 0; i < results_.size(); ++i) {
      if (results_[i].empty()) continue;
      if (!stack_[i].isTensorList()) {
        results_[i][0]->value = std::move(stack_[i]).toTensor();
        continue;
      }
      const auto list = stack_[i].toTensorList();
      for (size_t k = 0; k < results_[i].size(); ++k) results_[i][k]->value = list.get(k);
    }
  }

 private:
  Operator& op_;
  Stack stack_;
  std::vector<std::pair<at::Tensor, PendingPtr>> expected_;
  std::vector<Expected> results_;
};

// The call on outlines: what is known before it runs.
struct Preview {
  Stack outlines;
  std::optional<c10::Device> device;
  bool possible = true;
};

bool is_wrapped_number(const at::Tensor& tensor) {
  return tensor.dim() == 0 && tensor.unsafeGetTensorImpl()->is_wrapped_number();
}

Preview preview(Operator& op, const Stack& arguments, const QueuedArguments& queued) {
  Preview out;
  out.outlines = copy_of(arguments);
  std::vector<std::pair<at::Tensor, at::Tensor>> made;
  for_each_tensor(out.outlines, [&](at::Tensor& tensor) {
    const Held* held = queued.find(tensor);
    const c10::Device device = held != nullptr ? held->device() : tensor.device();
    if (is_wrapped_number(tensor)) return;
    if (tensor.layout() != c10::kStrided || tensor.is_quantized()) out.possible = false;
    if (!out.device) out.device = device;
    if (*out.device != device) out.possible = false;
    if (!out.possible || held != nullptr) return;
    for (const auto& [real, outline] : made) {
      if (real.is_same(tensor)) {
        tensor = outline;
        return;
      }
    }
    made.emplace_back(tensor, outline_of(tensor));
    tensor = made.back().second;
  });
  for (size_t i = 0; i < op.arguments.size(); ++i) {
    if (op.arguments[i].kind.kind != Kind::Device) continue;
    c10::IValue& value = out.outlines[i];
    if (value.isDevice()) out.device = value.toDevice();
    if (value.isDevice() || !out.device) value = c10::Device(c10::kMeta);
  }
  if (!out.device) out.device = c10::Device(c10::kCPU);
  if (!out.possible) return out;
  std::vector<std::pair<at::Tensor, std::vector<int64_t>>> sizes;
  for (const auto& [real, outline] : made) sizes.emplace_back(outline, outline.sizes().vec());
  try {
    OutlineGuard guard(*out.device);
    op.handle.callBoxed(out.outlines);
  } catch (const c10::NotImplementedError&) {
    op.has_no_outline = true;
    out.possible = false;
  } catch (const c10::Error&) {
    out.possible = false;
  }
  // A tensor that is there keeps its sizes in plain sight; nobody may change them behind its reader's back.
  for (const auto& [outline, before] : sizes) out.possible = out.possible && outline.sizes() == before;
  return out;
}

}  // namespace

std::optional<napi_value> defer_operator(Operator& op, napi_value* values) {
  Environment& env = op.env;
  const auto here_and_now = [&]() -> std::optional<napi_value> {
    refuse_in_recording(op.name.c_str());
    env.queue.settle_open_job();
    return std::nullopt;
  };
  if (!op.gives_tensors || op.has_no_outline) return here_and_now();
  QueuedArguments queued;
  Stack arguments;
  arguments.reserve(op.arguments.size() + 4);
  read_arguments(op, values, arguments, &queued);
  Preview seen = preview(op, arguments, queued);
  if (!seen.possible) return here_and_now();
  std::vector<Expected> pending(op.results.size());
  for (size_t i = 0; i < pending.size(); ++i) {
    if (op.results[i].alias >= 0) continue;
    const bool list = seen.outlines[i].isTensorList();
    if (!list && !seen.outlines[i].toTensor().defined()) return here_and_now();
    const size_t count = list ? seen.outlines[i].toTensorList().size() : 1;
    for (size_t k = 0; k < count; ++k) {
      pending[i].push_back(c10::make_intrusive<Pending>(env.queue.open_job(), env.queue.next(), *seen.device));
    }
  }

  for_each_tensor(arguments, [&](at::Tensor& tensor) {
    if (queued.find(tensor) == nullptr) env.queue.touch(tensor);
  });
  for (const Held& held : queued.held()) env.queue.touch(held);
  std::vector<std::pair<at::Tensor, PendingPtr>> expected;
  for (const Held& held : queued.held()) expected.emplace_back(held.tensor, held.pending);
  RecordedCall* recorded = nullptr;
  if (open_recording != nullptr) {
    open_recording->calls.push_back({op.name, -1, copy_of(arguments), {}});
    recorded = &open_recording->calls.back();
  }
  env.enqueue(
      std::make_unique<OperatorTask>(op, std::move(arguments), std::move(expected), std::vector<Expected>(pending)));

  const auto own = [&](at::Tensor outline) {
    // An operator may give its argument itself, and an outline stands for one tensor
    if (queued.find(outline) != nullptr) outline = outline_of(outline);
    if (recorded != nullptr) recorded->results.push_back(outline);
    return outline;
  };
  const auto result = [&](size_t i) {
    const c10::IValue& outlines = seen.outlines[i];
    if (op.results[i].alias >= 0) {
      const size_t argument = static_cast<size_t>(op.results[i].alias);
      if (recorded != nullptr && recorded->arguments[argument].isTensor()) {
        recorded->results.push_back(recorded->arguments[argument].toTensor());
      }
      return js_undefined(env);
    }
    if (op.one_fresh_tensor) {
      return js_int(
          env, env.put_pending_in(values[op.arguments.size()], own(outlines.toTensor()), std::move(pending[i][0])));
    }
    if (!outlines.isTensorList())
      return js_int(env, env.put_pending(own(outlines.toTensor()), std::move(pending[i][0])));
    const auto list = outlines.toTensorList();
    napi_value slots;
    napi_create_array_with_length(env.env(), list.size(), &slots);
    for (size_t k = 0; k < list.size(); ++k) {
      napi_set_element(env.env(), slots, static_cast<uint32_t>(k),
                       js_int(env, env.put_pending(own(list.get(k)), std::move(pending[i][k]))));
    }
    return slots;
  };
  if (pending.size() == 1) return result(0);
  napi_value out;
  napi_create_array_with_length(env.env(), pending.size(), &out);
  for (size_t i = 0; i < pending.size(); ++i) napi_set_element(env.env(), out, static_cast<uint32_t>(i), result(i));
  return out;
}

}  // namespace ltn
