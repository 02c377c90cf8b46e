// The tensors among the boxed arguments of an operator.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/stack.h>

#include <optional>
#include <utility>

namespace ltn {

// Calls `each(tensor)`, which may replace it, for every tensor that there is in the arguments.
template <typename Each>
void for_each_tensor(torch::jit::Stack& stack, Each&& each) {
  for (c10::IValue& value : stack) {
    if (value.isTensor()) {
      at::Tensor tensor = std::move(value).toTensor();
      if (tensor.defined()) each(tensor);
      value = std::move(tensor);
    } else if (value.isTensorList()) {
      c10::List<at::Tensor> list = value.toTensorList();
      for (size_t i = 0; i < list.size(); ++i) {
        at::Tensor tensor = list.get(i);
        if (tensor.defined()) each(tensor);
        list.set(i, tensor);
      }
    } else if (value.isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> list = value.toOptionalTensorList();
      for (size_t i = 0; i < list.size(); ++i) {
        std::optional<at::Tensor> tensor = list.get(i);
        if (tensor && tensor->defined()) each(*tensor);
        list.set(i, tensor);
      }
    }
  }
}

}  // namespace ltn
