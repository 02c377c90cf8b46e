#include "core/outline.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/empty_strided.h>
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

template <typename Function>
void add(torch::Library& library, const char* name, Function&& function) {
  const auto found = c10::Dispatcher::singleton().findSchema({std::string("aten::") + name, ""});
  if (!found || found->hasKernelForDispatchKey(c10::DispatchKey::Meta)) return;  // a libtorch with one of its own
  library.impl(name, std::forward<Function>(function));
}

}  // namespace

void register_outline_kernels() {
  static std::once_flag once;
  std::call_once(once, [] {
    // for as long as the process: other environments use the kernels too
    static auto* library = new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__);
    add(*library, "convolution", &convolution);
    add(*library, "native_batch_norm", &native_batch_norm);
    add(*library, "relu", &like);
    add(*library, "index_select", &index_select);
  });
}

}  // namespace ltn
