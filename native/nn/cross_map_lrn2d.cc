#include "nn/cross_map_lrn2d.h"

#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace ltn {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Both ways are Python's, step for step: its backward is not the gradient of its forward where there are few channels.
class CrossMapLrn : public torch::autograd::Function<CrossMapLrn> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const CrossMapLrnOptions& options) {
    const int64_t channels = x.size(1);
    const int64_t reach = (options.size - 1) / 2 + 1;
    const at::Tensor squares = x.pow(2);
    at::Tensor scale = at::zeros_like(x);
    for (int64_t c = 0; c < std::min(reach, channels); ++c) scale.select(1, 0).add_(squares.select(1, c));
    for (int64_t c = 1; c < channels; ++c) {
      const at::Tensor here = scale.select(1, c);
      here.copy_(scale.select(1, c - 1));
      if (c < channels - reach + 1) here.add_(squares.select(1, c + reach - 1));
      if (c > reach) here.sub_(squares.select(1, c - reach));
    }
    scale.mul_(options.alpha / static_cast<double>(options.size)).add_(options.k);
    at::Tensor output = scale.pow(-options.beta).mul_(x);
    context->save_for_backward({x, output, scale});
    context->saved_data["size"] = options.size;
    context->saved_data["factor"] = 2 * options.alpha * options.beta / static_cast<double>(options.size);
    context->saved_data["beta"] = options.beta;
    return output;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const int64_t size = context->saved_data["size"].toInt();
    const double factor = context->saved_data["factor"].toDouble();
    const double beta = context->saved_data["beta"].toDouble();
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& input = saved[0];
    const at::Tensor& output = saved[1];
    const at::Tensor& scale = saved[2];
    const at::Tensor& above = gradients[0];
    const int64_t channels = input.size(1);

    at::Tensor below = scale.pow(-beta).mul_(above);
    at::Tensor padded = at::zeros({channels + size - 1, input.size(2), input.size(3)}, input.options());
    const at::Tensor center = padded.narrow(0, (size + 1) / 2, channels);
    for (int64_t n = 0; n < input.size(0); ++n) {
      center.copy_(above[n].mul(output[n]).div_(scale[n]));
      at::Tensor sum = at::sum(padded.narrow(0, 0, size - 1), 0);
      for (int64_t c = 0; c < channels; ++c) {
        sum.add_(padded[c + size - 1]);
        below[n][c].addcmul_(input[n][c], sum, -factor);
        sum.sub_(padded[c]);
      }
    }
    return {below, at::Tensor()};
  }
};

}  // namespace

at::Tensor cross_map_lrn2d(const at::Tensor& x, const CrossMapLrnOptions& options) {
  TORCH_CHECK(x.dim() == 4, "expected 4D input (got ", x.dim(), "D input)");
  return CrossMapLrn::apply(x, options);
}

}  // namespace ltn
