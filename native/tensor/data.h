// A tensor's data, for rooms that read or write them.
#pragma once

#include <ATen/core/Tensor.h>

namespace ltn {

// The tensor's elements as plain contiguous memory of the CPU, without conjugation or negation pending; its own memory
// where that is so already. On any thread.
at::Tensor plain_copy(const at::Tensor& tensor);

}  // namespace ltn
