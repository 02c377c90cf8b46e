// Outlines: tensors of the meta device that stand for tensors which are not there yet.
#pragma once

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include "core/autocast.h"
#include "core/queue.h"

namespace ltn {

// The outline of a tensor that is there, or of one that is to come.
at::Tensor outline_of(const Held& held);
at::Tensor outline_of(const at::Tensor& tensor);

// While it lives, operators on outlines of tensors on `device` are not recorded for autograd.
class OutlineGuard {
 public:
  explicit OutlineGuard(c10::Device device) : autocast_(device.type()) {}

 private:
  at::NoGradGuard no_grad_;
  at::AutoDispatchBelowADInplaceOrView below_autograd_;
  AutocastOutlines autocast_;
};

// Registers kernels for outlines that libtorch has in Python only. Once a process.
void register_outline_kernels();

}  // namespace ltn
