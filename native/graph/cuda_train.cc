#include "graph/cuda_train.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/DeviceGuard.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/errors.h"
#include "cuda/launch.h"
#include "graph/cuda_convolution.h"

namespace ltn::graph {

namespace {

using fused::Training;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The kernels that compute a convolution anew.
struct Kernels {
  at::Tensor x;
  Training a{};
  std::string name;

  Kernels(const at::Tensor& given, const at::Tensor& weight, int64_t pad_h, int64_t pad_w) : x(given) {
    fused::Convolution& c = a.convolution;
    c.images = static_cast<int>(x.size(0));
    c.in_c = static_cast<int>(x.size(1));
    c.in_h = static_cast<int>(x.size(2));
    c.in_w = static_cast<int>(x.size(3));
    c.out_c = static_cast<int>(weight.size(0));
    c.kernel_h = c.kernel_w = static_cast<int>(weight.size(2));
    c.stride_h = c.stride_w = c.dilation_h = c.dilation_w = 1;
    c.pad_h = static_cast<int>(pad_h);
    c.pad_w = static_cast<int>(pad_w);
    c.conv_h = c.out_h = c.in_h + 2 * c.pad_h - c.kernel_h + 1;
    c.conv_w = c.out_w = c.in_w + 2 * c.pad_w - c.kernel_w + 1;
    a.pooled_h = c.conv_h / 2;
    a.pooled_w = c.conv_w / 2;
    if (a.pooled_h < 1 || a.pooled_w < 1) fail(code::kArgValue, "the image is smaller than a window");
    c.tiles_h = divide_up(c.conv_h, 2);
    c.tiles_w = divide_up(c.conv_w, 2);
    c.x = address(x);
    c.weight = address(weight);
    read_by_launches({x, weight});
    need_countable(tiles());
    name = "training_" + std::to_string(c.kernel_h);
    a.blocks = std::min(divide_up(tiles(), fused::kThreads), fused::kMostBlocks);
  }

  int64_t tiles() const { return int64_t{a.convolution.images} * a.convolution.tiles_h * a.convolution.tiles_w; }

  void set_affine(const at::Tensor& mean, const at::Tensor& variance, const at::Tensor& weight, const at::Tensor& shift,
                  double eps) {
    fused::Affine& affine = a.convolution.tail.affine;
    affine.mean = address(mean);
    affine.variance = address(variance);
    affine.weight = address(weight);
    affine.shift = address(shift);
    affine.eps = static_cast<float>(eps);
    read_by_launches({mean, variance, weight, shift});
  }

  void start(Training::Pass pass) {
    a.pass = pass;
    const unsigned groups = groups_of(a.convolution, fused::kTrainingChannels);
    Launch{name.c_str(), x.device(), static_cast<unsigned>(a.blocks), groups, fused::kThreads}(a);
  }

  // What the pass gathers, summed up over all threads.
  void gather(Training::Pass pass, fused::Totals totals, const at::Tensor& first, const at::Tensor& second) {
    const int channels = a.convolution.out_c;
    const int64_t doubles = int64_t{channels} * a.blocks * 3;
    static_assert(sizeof(fused::Sums) == 3 * sizeof(double));
    const at::Tensor partial = at::empty({doubles}, x.options().dtype(c10::kDouble));
    a.partial = reinterpret_cast<fused::Sums*>(partial.mutable_data_ptr<double>());
    start(pass);
    totals.moments = pass == Training::Pass::Moments;
    totals.partial = a.partial;
    totals.channels = channels;
    totals.blocks = a.blocks;
    totals.first = first.mutable_data_ptr<float>();
    totals.second = second.mutable_data_ptr<float>();
    Launch{"totals", x.device(), static_cast<unsigned>(channels), 1, fused::kThreads}(totals);
  }

  at::Tensor each_channel() const { return at::empty({a.convolution.out_c}, x.options()); }
};

fused::Totals moved_by(const Stage& norm, const at::Tensor& bias) {
  fused::Totals totals{};
  totals.bias = address(bias);
  totals.running_mean = norm.running_mean.mutable_data_ptr<float>();
  totals.running_var = norm.running_var.mutable_data_ptr<float>();
  static_assert(sizeof(long long) == sizeof(int64_t));
  totals.batches = reinterpret_cast<long long*>(norm.batches.mutable_data_ptr<int64_t>());
  totals.momentum = norm.momentum;
  read_by_launches({bias, norm.running_mean, norm.running_var, norm.batches});
  for (const at::Tensor* moved : {&norm.running_mean, &norm.running_var, &norm.batches}) {
    moved->unsafeGetTensorImpl()->bump_version();
  }
  return totals;
}

using Optional = std::optional<at::Tensor>;

constexpr size_t kInputs = 8;  // of `forward`

struct TrainBlock : torch::autograd::Function<TrainBlock> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const Optional& given_bias, const Optional& given_gamma, const Optional& given_beta,
                            const Stage& norm, int64_t pad_h, int64_t pad_w) {
    const c10::DeviceGuard device(x.device());
    const at::Tensor bias = given_bias.value_or(at::Tensor()), gamma = given_gamma.value_or(at::Tensor()),
                     beta = given_beta.value_or(at::Tensor());
    Kernels kernels(x, weight, pad_h, pad_w);
    const fused::Convolution& c = kernels.a.convolution;
    if (int64_t{c.images} * c.conv_h * c.conv_w < 2) {
      fail(code::kArgValue, "batch norm needs more than one value of each channel in training");
    }
    const at::Tensor mean = kernels.each_channel(), variance = kernels.each_channel();
    kernels.gather(Training::Pass::Moments, moved_by(norm, bias), mean, variance);

    kernels.set_affine(mean, variance, gamma, beta, norm.eps);
    fused::Convolution pooled = c;
    pooled.out_h = pooled.tiles_h = kernels.a.pooled_h;
    pooled.out_w = pooled.tiles_w = kernels.a.pooled_w;
    pooled.tail.before.map = fused::Map::Relu;
    fused::Pool& pool = pooled.tail.pool;
    pool.kind = fused::Pool::Kind::Maximum;
    pool.kernel_h = pool.kernel_w = pool.stride_h = pool.stride_w = 2;
    const at::Tensor y = at::empty({x.size(0), c.out_c, pooled.out_h, pooled.out_w}, x.options());
    start_convolution(pooled, x, weight, y);

    context->save_for_backward({x, weight, gamma, beta, mean, variance});
    context->saved_data["eps"] = norm.eps;
    context->saved_data["padding"] = c10::List<int64_t>({pad_h, pad_w});
    context->saved_data["bias"] = bias.defined();
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    if (at::GradMode::is_enabled()) fail(code::kArgValue, "a fused block has no second derivatives");
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &gamma = saved[2], &beta = saved[3];
    const c10::DeviceGuard device(x.device());
    const std::vector<int64_t> padding = context->saved_data["padding"].toIntVector();
    Kernels kernels(x, weight, padding[0], padding[1]);
    kernels.set_affine(saved[4], saved[5], gamma, beta, context->saved_data["eps"].toDouble());
    const at::Tensor above = gradients[0].contiguous();
    kernels.a.gradient = address(above);
    const at::Tensor sum = kernels.each_channel(), along = kernels.each_channel();
    kernels.gather(Training::Pass::Gradients, {}, sum, along);

    const bool wants_x = context->needs_input_grad(0), wants_weight = context->needs_input_grad(1);
    variable_list out(kInputs);
    if (wants_x || wants_weight) {
      const fused::Convolution& c = kernels.a.convolution;
      const at::Tensor values = at::empty({x.size(0), c.out_c, c.conv_h, c.conv_w}, x.options());
      kernels.a.sum = address(sum);
      kernels.a.along = address(along);
      kernels.a.y = values.mutable_data_ptr<float>();
      kernels.start(Training::Pass::Values);
      std::tie(out[0], out[1], std::ignore) = at::convolution_backward(
          values, x, weight, std::nullopt, {1, 1}, padding, {1, 1}, false, {0, 0}, 1, {wants_x, wants_weight, false});
    }
    // the edges are those of the tensors that are there
    size_t edge = 2;
    const auto give = [&](size_t input, bool there, const at::Tensor& gradient) {
      if (there && context->needs_input_grad(edge++)) out[input] = gradient;
    };
    const bool biased = context->saved_data["bias"].toBool();
    give(2, biased, biased ? at::zeros_like(sum) : at::Tensor());
    give(3, gamma.defined(), along);
    give(4, beta.defined(), sum);
    return out;
  }
};

bool plain(const at::Tensor& tensor, c10::ScalarType dtype, const c10::Device& device) {
  return !tensor.defined() || (tensor.scalar_type() == dtype && tensor.device() == device &&
                               tensor.layout() == c10::kStrided && tensor.is_contiguous());
}

}  // namespace

bool trains_on_gpu(const Stage& convolution, const Stage& norm) {
  const at::Tensor& weight = convolution.weight;
  if (weight.dim() != 4 || weight.numel() == 0 || weight.size(2) != weight.size(3)) return false;
  if (!has_square_kernels(weight.size(2))) return false;
  for (size_t i = 0; i < 2; ++i) {
    if (convolution.stride[i] != 1 || convolution.dilation[i] != 1 || convolution.padding[i] >= weight.size(2)) {
      return false;
    }
  }
  // all weights of a group are staged at once
  if (weight.numel() / weight.size(0) * fused::kTrainingChannels > fused::kStagedWeights) return false;
  if (norm.cumulative || !norm.running_mean.defined() || !norm.running_var.defined() || !norm.batches.defined()) {
    return false;
  }
  for (const at::Tensor* t :
       {&weight, &convolution.bias, &norm.weight, &norm.bias, &norm.running_mean, &norm.running_var}) {
    if (!plain(*t, c10::kFloat, weight.device()) || (t->defined() && t != &weight && t->numel() != weight.size(0))) {
      return false;
    }
  }
  return plain(norm.batches, c10::kLong, weight.device());
}

at::Tensor train_block(const Stage& convolution, const Stage& norm, const at::Tensor& x) {
  const at::Tensor& weight = convolution.weight;
  if (!trains_on_gpu(convolution, norm)) fail(code::kArgValue, convolution.name, ": no kernels to train it");
  if (x.dim() != 4 || x.size(1) != weight.size(1) || !plain(x, c10::kFloat, weight.device())) {
    fail(code::kArgValue, convolution.name, ": fused kernels take contiguous float32 inputs where the weights are");
  }
  const auto optional = [](const at::Tensor& t) { return t.defined() ? Optional(t) : std::nullopt; };
  return TrainBlock::apply(x, weight, optional(convolution.bias), optional(norm.weight), optional(norm.bias), norm,
                           convolution.padding[0], convolution.padding[1]);
}

}  // namespace ltn::graph
