#include "optim/step.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/DefaultDtype.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/errors.h"

namespace ltn {

Way choose_way(at::TensorList params, std::optional<bool> foreach, std::optional<bool> fused, bool differentiable) {
  if (fused.value_or(false)) return Way::Fused;
  if (foreach) return *foreach ? Way::Foreach : Way::Single;
  if (fused || differentiable) return Way::Single;
  for (const at::Tensor& param : params) {
    const c10::DeviceType device = param.device().type();
    if (device != c10::kCUDA && device != c10::kXPU && device != c10::kPrivateUse1 && device != c10::kMTIA) {
      return Way::Single;
    }
  }
  return Way::Foreach;
}

std::vector<std::vector<size_t>> by_device_and_dtype(at::TensorList tensors) {
  std::vector<std::vector<size_t>> groups;
  for (size_t i = 0; i < tensors.size(); ++i) {
    bool found = false;
    for (auto& group : groups) {
      const at::Tensor& first = tensors[group.front()];
      if (first.device() != tensors[i].device() || first.scalar_type() != tensors[i].scalar_type()) continue;
      group.push_back(i);
      found = true;
      break;
    }
    if (!found) groups.push_back({i});
  }
  return groups;
}

std::vector<at::Tensor> pick(at::TensorList tensors, const std::vector<size_t>& indices) {
  std::vector<at::Tensor> out;
  out.reserve(indices.size());
  for (const size_t i : indices) out.push_back(tensors[i]);
  return out;
}

void check_fused(const at::Tensor& param) {
  const c10::DeviceType device = param.device().type();
  const bool supported = device == c10::kCPU || device == c10::kCUDA || device == c10::kMPS || device == c10::kXPU ||
                         device == c10::kHPU || device == c10::kMTIA || device == c10::kPrivateUse1;
  if (supported && param.is_floating_point()) return;
  fail(code::kArgValue,
       "`fused=True` requires all the params to be floating point Tensors of supported devices: "
       "['mps', 'cuda', 'xpu', 'hpu', 'cpu', 'mtia'] but ",
       c10::toString(param.scalar_type()), " and ", c10::DeviceTypeName(device, true));
}

at::Tensor new_count(std::optional<c10::Device> device, bool fused) {
  const bool wide = !fused && c10::get_default_dtype_as_scalartype() == c10::kDouble;
  return at::zeros({}, at::TensorOptions().dtype(wide ? c10::kDouble : c10::kFloat).device(device.value_or(c10::kCPU)));
}

void increment(const at::Tensor& count) {
  if (count.is_cpu() && count.numel() == 1 && !count.is_inference() && !count.requires_grad()) {
    if (count.scalar_type() == c10::kFloat) {
      *count.mutable_data_ptr<float>() += 1;
      count.unsafeGetTensorImpl()->bump_version();
      return;
    }
    if (count.scalar_type() == c10::kDouble) {
      *count.mutable_data_ptr<double>() += 1;
      count.unsafeGetTensorImpl()->bump_version();
      return;
    }
  }
  count.add_(1);
}

void increment(at::TensorList counts) {
  if (counts.front().is_cpu()) {
    for (const at::Tensor& count : counts) increment(count);
  } else {
    at::_foreach_add_(counts, 1);
  }
}

void decay_gradients(std::vector<at::Tensor>& grads, at::TensorList params, double weight_decay, bool maximize) {
  if (weight_decay == 0) return;
  if (maximize) {
    at::_foreach_add_(grads, params, weight_decay);
  } else {
    grads = at::_foreach_add(grads, params, weight_decay);
  }
}

void fill_if_missing(at::Tensor& kept, const at::Tensor& param) {
  if (!kept.defined()) kept = at::zeros_like(param, {}, at::MemoryFormat::Preserve);
}

void check_range(const char* what, double value) {
  if (!(0.0 <= value)) fail(code::kArgValue, "Invalid ", what, ": ", python_text(value));
}

void check_betas(const std::tuple<double, double>& betas) {
  const auto [beta1, beta2] = betas;
  if (!(0.0 <= beta1 && beta1 < 1.0)) fail(code::kArgValue, "Invalid beta parameter at index 0: ", python_text(beta1));
  if (!(0.0 <= beta2 && beta2 < 1.0)) fail(code::kArgValue, "Invalid beta parameter at index 1: ", python_text(beta2));
}

void check_capturable(at::TensorList params, at::TensorList numbers, bool xla, const char* what) {
  for (size_t i = 0; i < params.size(); ++i) {
    const c10::DeviceType device = params[i].device().type();
    const bool supported = device == c10::kCUDA || device == c10::kXPU || device == c10::kHPU ||
                           device == c10::kPrivateUse1 || (xla && device == c10::kXLA);
    if (supported && numbers[i].device().type() == device) continue;
    fail(code::kArgValue, "If capturable=True, ", what, " must be on supported devices: ['cuda', 'xpu', 'hpu'",
         xla ? ", 'xla'" : "", "].");
  }
}

double power(double base, double exponent) {
  // Volatile: compilers know `pow(x, 0.5)` for a square root, which rounds otherwise.
  volatile double e = exponent;
  return std::pow(base, e);
}

std::string python_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char text[400];
  for (int digits = 0; digits < 17; ++digits) {  // the fewest that read back as the same number
    std::snprintf(text, sizeof text, "%.*e", digits, value);
    if (std::strtod(text, nullptr) != value) continue;
    const int exponent = std::atoi(std::strchr(text, 'e') + 1);
    if (exponent >= -4 && exponent < 16) {
      std::snprintf(text, sizeof text, "%.*f", std::max(digits - exponent, 0), value);
    }
    break;
  }
  return text;
}

}  // namespace ltn
