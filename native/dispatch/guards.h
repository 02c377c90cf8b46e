// Checks that some kernels of libtorch leave out, in Python as well: a call that would end the process is refused.
#pragma once

#include <ATen/core/stack.h>

#include <string>

namespace ltn {

// Throws where the arguments on the stack are such that the kernel reads memory that is not there.
using ArgumentGuard = void (*)(const torch::jit::Stack&);

// The guard of an operator (aten::add.Tensor); null for nearly all.
ArgumentGuard guard_of(const std::string& name);

}  // namespace ltn
