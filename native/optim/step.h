// What the steps of all optimizers share. Each has Python's three ways through a group: tensor by tensor, lists of
// tensors at once (`foreach`), one fused kernel.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace ltn {

enum class Way { Single, Foreach, Fused };

// Python's choice where neither `foreach` nor `fused` is said: lists on a GPU, tensor by tensor elsewhere.
Way choose_way(at::TensorList params, std::optional<bool> foreach, std::optional<bool> fused, bool differentiable);

// Indices of tensors that share a device and a dtype, as lists and fused kernels want them.
std::vector<std::vector<size_t>> by_device_and_dtype(at::TensorList tensors);

std::vector<at::Tensor> pick(at::TensorList tensors, const std::vector<size_t>& indices);

// ERR_INVALID_ARG_VALUE in Python's words for a parameter that no fused kernel takes.
void check_fused(const at::Tensor& param);

// A step count of zero, as Python keeps it: float32, or float64 where that is the default dtype.
at::Tensor new_count(std::optional<c10::Device> device, bool fused);

// count += 1, without an operator where the count is a number in the CPU's memory.
void increment(const at::Tensor& count);
void increment(at::TensorList counts);

// The L2 penalty as Python's lists add it: into the gradients themselves where `maximize` has copied them already.
void decay_gradients(std::vector<at::Tensor>& grads, at::TensorList params, double weight_decay, bool maximize);

// Zeros of the size of `param` where nothing is kept yet.
void fill_if_missing(at::Tensor& kept, const at::Tensor& param);

// ERR_INVALID_ARG_VALUE in Python's words: `what` is "learning rate", and the value must be at least 0.
void check_range(const char* what, double value);
void check_betas(const std::tuple<double, double>& betas);

// The same for what a CUDA graph cannot capture: numbers that are not on the parameter's device.
void check_capturable(at::TensorList params, at::TensorList numbers, bool xla = true,
                      const char* what = "params and state_steps");

// The C library's `pow`, as Python's `**`: never another function for a known exponent.
double power(double base, double exponent);

// A number as Python writes it: `-1e-08`; whole ones without a point, for JavaScript does not tell 1 from 1.0.
std::string python_text(double value);

}  // namespace ltn
