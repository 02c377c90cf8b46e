#include "dispatch/guards.h"

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <unordered_map>

#include "dispatch/guard_families.h"

namespace ltn {

namespace {

using torch::jit::Stack;

bool is_tensor(const c10::IValue& value) { return value.isTensor() && value.toTensor().defined(); }

// Without running statistics only training has anything to normalise by. `training` is the argument's place.
template <size_t training>
void needs_training(const Stack& stack) {
  TORCH_CHECK(stack[training].toBool(), "'training' must be true where there are no running statistics");
}

void batch_norm_statistics(const Stack& stack) {
  TORCH_CHECK((is_tensor(stack[3]) && is_tensor(stack[4])) || stack[5].toBool(),
              "'running_mean' and 'running_var' must be tensors unless training");
}

void always_statistics(const Stack& stack) {
  TORCH_CHECK(is_tensor(stack[3]) && is_tensor(stack[4]), "'running_mean' and 'running_var' must be tensors");
}

void tensors_to_stack(const Stack& stack) {
  TORCH_CHECK(!stack[0].toTensorVector().empty(), "stack expects a non-empty list of tensors");
}

void lists_alike(const Stack& stack) {
  const size_t count = stack[0].toTensorVector().size();
  TORCH_CHECK(count > 0 && stack[1].toTensorVector().size() == count, "the lists must hold as many tensors, and some");
}

void a_gradient(const Stack& stack) {
  TORCH_CHECK(is_tensor(stack[0]) && is_tensor(stack[1]), "the gradients must be tensors");
}

template <size_t count>
void paddings(const Stack& stack) {
  TORCH_CHECK(stack[2].toIntVector().size() == count, "padding size is expected to be ", count);
}

const std::unordered_map<std::string, ArgumentGuard>& guards() {
  static const std::unordered_map<std::string, ArgumentGuard> table = [] {
    std::unordered_map<std::string, ArgumentGuard> all = {
        {"aten::_native_batch_norm_legit.no_stats", &needs_training<3>},
        {"aten::_native_batch_norm_legit.no_stats_out", &needs_training<3>},
        {"aten::native_batch_norm", &batch_norm_statistics},
        {"aten::native_batch_norm.out", &batch_norm_statistics},
        {"aten::_batch_norm_no_update", &always_statistics},
        {"aten::_batch_norm_no_update.out", &always_statistics},
        {"aten::_stack", &tensors_to_stack},
        {"aten::_stack.out", &tensors_to_stack},
        {"aten::_foreach_copy", &lists_alike},
        {"aten::_foreach_copy.out", &lists_alike},
        {"aten::reflection_pad1d_backward", &paddings<2>},
        {"aten::reflection_pad1d_backward.grad_input", &paddings<2>},
        {"aten::reflection_pad2d_backward", &paddings<4>},
        {"aten::reflection_pad2d_backward.grad_input", &paddings<4>},
        {"aten::_thnn_differentiable_lstm_cell_backward", &a_gradient},
    };
    for (auto& [name, guard] : family_guards()) all.emplace(name, guard);
    return all;
  }();
  return table;
}

}  // namespace

ArgumentGuard guard_of(const std::string& name) {
  const auto found = guards().find(name);
  return found == guards().end() ? nullptr : found->second;
}

}  // namespace ltn
