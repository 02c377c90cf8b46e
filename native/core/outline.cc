#include "core/outline.h"

#include <ATen/ExpandUtils.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/native/ReduceOpsUtils.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/result_type.h>
#include <torch/library.h>

#include <mutex>

namespace ltn {

at::Tensor outline_of(const at::Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  return at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(at::kMeta).requires_grad(false));
}

at::Tensor outline_of(const Held& held) { return held.pending ? held.tensor : outline_of(held.tensor); }

namespace {

using at::Tensor;

Tensor like(const Tensor& self) { return at::empty_like(self); }

Tensor& same(Tensor& self) { return self; }

Tensor hardtanh(const Tensor& self, const at::Scalar&, const at::Scalar&) { return at::empty_like(self); }

Tensor& hardtanh_(Tensor& self, const at::Scalar&, const at::Scalar&) { return self; }

// What the operators do with sizes, as their CPU kernels check them; a wrong size is found by the kernel itself, which
// the caller then runs on the data.
Tensor convolution(const Tensor& input, const Tensor& weight, const std::optional<Tensor>&, at::IntArrayRef stride,
                   at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed, at::IntArrayRef output_padding,
                   int64_t groups) {
  const int64_t spatial = weight.dim() - 2;
  const bool batched = input.dim() == weight.dim();
  TORCH_CHECK(spatial >= 1 && (batched || input.dim() == weight.dim() - 1), "convolution of other dimensions");
  const int64_t first = batched ? 2 : 1;
  TORCH_CHECK(input.size(first - 1) == (transposed ? weight.size(0) : weight.size(1) * groups), "other channels");
  const auto at_dim = [](at::IntArrayRef list, int64_t i) { return list.size() == 1 ? list[0] : list[i]; };
  std::vector<int64_t> sizes(input.sizes().begin(), input.sizes().begin() + first);
  sizes[first - 1] = transposed ? weight.size(1) * groups : weight.size(0);
  for (int64_t i = 0; i < spatial; ++i) {
    const int64_t in = input.size(first + i), reach = at_dim(dilation, i) * (weight.size(2 + i) - 1);
    const int64_t pad = at_dim(padding, i), step = at_dim(stride, i);
    TORCH_CHECK(step > 0 && pad >= 0, "a stride or a padding out of range");
    const int64_t room = in + 2 * pad - reach - 1;
    TORCH_CHECK(transposed || room >= 0, "the kernel is larger than its input");
    sizes.push_back(transposed ? (in - 1) * step - 2 * pad + reach + at_dim(output_padding, i) + 1 : room / step + 1);
    TORCH_CHECK(sizes.back() > 0, "no output");
  }
  return at::empty(sizes, input.options());
}

std::tuple<Tensor, Tensor, Tensor> native_batch_norm(const Tensor& input, const std::optional<Tensor>&,
                                                     const std::optional<Tensor>&, const std::optional<Tensor>&,
                                                     const std::optional<Tensor>&, bool training, double, double) {
  TORCH_CHECK(input.dim() >= 2, "batch norm of fewer than two dimensions");
  const Tensor saved = at::empty({training ? input.size(1) : 0}, input.options());
  return {at::empty_like(input), saved, at::empty_like(saved)};
}

Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index) {
  TORCH_CHECK(self.dim() > 0 && index.dim() <= 1, "index_select of other dimensions");
  std::vector<int64_t> sizes = self.sizes().vec();
  sizes[c10::maybe_wrap_dim(dim, self.dim())] = index.numel();
  return at::empty(sizes, self.options());
}

Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other) {
  const auto sizes = at::infer_size(at::infer_size(condition.sizes(), self.sizes()), other.sizes());
  return at::empty(sizes, self.options().dtype(at::result_type(self, other)));
}

std::tuple<Tensor, Tensor, Tensor> native_layer_norm(const Tensor& input, at::IntArrayRef normalized,
                                                     const std::optional<Tensor>&, const std::optional<Tensor>&,
                                                     double) {
  const int64_t kept = input.dim() - static_cast<int64_t>(normalized.size());
  TORCH_CHECK(kept >= 0 && !normalized.empty() && input.sizes().slice(kept) == normalized, "other sizes");
  std::vector<int64_t> sizes = input.sizes().vec();
  std::fill(sizes.begin() + kept, sizes.end(), 1);
  const Tensor saved = at::empty(sizes, input.options());
  return {at::empty_like(input), saved, at::empty_like(saved)};
}

std::tuple<Tensor, Tensor, Tensor> native_group_norm(const Tensor& input, const std::optional<Tensor>&,
                                                     const std::optional<Tensor>&, int64_t n, int64_t, int64_t,
                                                     int64_t groups, double) {
  const Tensor saved = at::empty({n, groups}, input.options());
  return {at::empty_like(input), saved, at::empty_like(saved)};
}

template <int64_t spatial>
Tensor adaptive_avg_pool(const Tensor& self, at::IntArrayRef output) {
  TORCH_CHECK(self.dim() > spatial && output.size() == spatial, "pooling of other dimensions");
  std::vector<int64_t> sizes = self.sizes().slice(0, self.dim() - spatial).vec();
  sizes.insert(sizes.end(), output.begin(), output.end());
  return at::empty(sizes, self.options());
}

Tensor extremum(const Tensor& self) {
  TORCH_CHECK(self.numel() > 0, "no elements");
  return at::empty({}, self.options());
}

Tensor deviation(const Tensor& self, at::OptionalIntArrayRef dim, const std::optional<at::Scalar>&, bool keepdim) {
  TORCH_CHECK(self.is_floating_point(), "only of floating numbers");
  return at::empty(at::meta::get_reduction_shape(self, dim.value_or(at::IntArrayRef()), keepdim), self.options());
}

std::tuple<Tensor, Tensor> native_dropout(const Tensor& input, double, std::optional<bool> train) {
  TORCH_CHECK(train.value_or(true) && input.numel() > 0, "nothing is dropped");
  return {at::empty_like(input), at::empty_like(input, input.options().dtype(c10::kBool))};
}

Tensor flip(const Tensor& self, at::IntArrayRef dims) {
  for (const int64_t dim : dims) c10::maybe_wrap_dim(dim, self.dim());
  return at::empty_like(self);
}

Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, const std::optional<Tensor>&, double,
                 bool, std::optional<double>, bool) {
  TORCH_CHECK(query.dim() >= 2 && key.dim() == query.dim() && value.dim() == query.dim(), "other dimensions");
  TORCH_CHECK(query.sizes().slice(0, query.dim() - 2) == value.sizes().slice(0, query.dim() - 2), "broadcasting");
  std::vector<int64_t> sizes = query.sizes().vec();
  sizes.back() = value.size(-1);
  return at::empty(sizes, query.options());
}

template <typename Function>
void add(torch::Library& library, const char* name, Function&& function) {
  const std::string full = std::string("aten::") + name;
  const size_t dot = full.find('.');
  const auto found = c10::Dispatcher::singleton().findSchema(
      {full.substr(0, dot), dot == std::string::npos ? "" : full.substr(dot + 1)});
  if (!found || found->hasKernelForDispatchKey(c10::DispatchKey::Meta)) return;  // a libtorch with one of its own
  library.impl(name, std::forward<Function>(function));
}

}  // namespace

void register_outline_kernels() {
  static std::once_flag once;
  std::call_once(once, [] {
    register_autocast_outlines();
    // for as long as the process: other environments use the kernels too
    static auto* library = new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__);
    add(*library, "convolution", &convolution);
    add(*library, "native_batch_norm", &native_batch_norm);
    add(*library, "relu", &like);
    add(*library, "hardtanh", &hardtanh);
    add(*library, "hardtanh_", &hardtanh_);
    add(*library, "hardswish", &like);
    add(*library, "hardswish_", &same);
    add(*library, "index_select", &index_select);
    add(*library, "where.self", &where);
    add(*library, "native_layer_norm", &native_layer_norm);
    add(*library, "native_group_norm", &native_group_norm);
    add(*library, "_adaptive_avg_pool2d", &adaptive_avg_pool<2>);
    add(*library, "_adaptive_avg_pool3d", &adaptive_avg_pool<3>);
    add(*library, "max", &extremum);
    add(*library, "min", &extremum);
    add(*library, "std.correction", &deviation);
    add(*library, "var.correction", &deviation);
    add(*library, "native_dropout", &native_dropout);
    add(*library, "flip", &flip);
    add(*library, "scaled_dot_product_attention", &attention);
  });
}

}  // namespace ltn
