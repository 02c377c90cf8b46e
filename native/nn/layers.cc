#include "nn/layers.h"

#include <ATen/Context.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/pad.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/loss.h>
#include <torch/nn/modules/pooling.h>

#include "nn/cross_map_lrn2d.h"
#include "nn/factory.h"

namespace ltn {

namespace {

namespace nn = torch::nn;
using at::Tensor;
using LayerPtr = std::shared_ptr<Layer>;

template <typename Impl>
std::vector<MemberSpec<Impl>> weight_and_bias() {
  return {{"weight", false, &Impl::weight}, {"bias", false, &Impl::bias}};
}

LayerPtr identity(LayerOptions&) {
  return host<nn::IdentityImpl>(std::make_shared<nn::IdentityImpl>(), {},
                                [](nn::IdentityImpl&, const Tensor& x) { return x; });
}

LayerPtr linear(LayerOptions& o) {
  const int64_t in = o.integer("inFeatures");
  const int64_t out = o.integer("outFeatures");
  const auto options = nn::LinearOptions(in, out).bias(o.flag("bias", true));
  const Factory factory = o.factory();
  o.done();
  const auto members = weight_and_bias<nn::LinearImpl>();
  const auto module = in == 0 ? make_empty_module<nn::LinearImpl>(factory, nn::LinearOptions(1, 1).bias(options.bias()),
                                                                  members, {out, in}, out)
                              : make_module<nn::LinearImpl>(factory, options, members);
  return host(module, members, [](nn::LinearImpl& m, const Tensor& x) { return at::linear(x, m.weight, m.bias); });
}

LayerPtr conv2d(LayerOptions& o) {
  const int64_t in = o.integer("inChannels");
  const int64_t out = o.integer("outChannels");
  const auto kernel = o.pair("kernelSize");
  const auto stride = o.pair("stride", {{1, 1}});
  const bool named_padding = o.is_string("padding");
  const std::string padding_word = named_padding ? o.word("padding", "valid", {"same", "valid"}) : "";
  const auto padding = named_padding ? LayerOptions::Pair{0, 0} : o.pair("padding", {{0, 0}});
  const auto dilation = o.pair("dilation", {{1, 1}});
  const int64_t groups = o.integer("groups", 1);
  const bool bias = o.flag("bias", true);
  const std::string mode = o.word("paddingMode", "zeros", {"zeros", "reflect", "replicate", "circular"});
  const Factory factory = o.factory();
  o.done();
  if (groups <= 0) fail(code::kArgValue, "groups must be a positive integer");
  if (in % groups != 0) fail(code::kArgValue, "in_channels must be divisible by groups");
  if (out % groups != 0) fail(code::kArgValue, "out_channels must be divisible by groups");
  if (padding_word == "same" && (stride[0] != 1 || stride[1] != 1)) {
    fail(code::kArgValue, "padding='same' is not supported for strided convolutions");
  }

  auto options = nn::Conv2dOptions(in, out, at::IntArrayRef(kernel))
                     .stride(at::IntArrayRef(stride))
                     .dilation(at::IntArrayRef(dilation))
                     .groups(groups)
                     .bias(bias);
  if (padding_word == "same") {
    options.padding(torch::kSame);
  } else if (padding_word == "valid") {
    options.padding(torch::kValid);
  } else {
    options.padding(nn::detail::conv_padding_t<2>(torch::ExpandingArray<2>(at::IntArrayRef(padding))));
  }
  const auto members = weight_and_bias<nn::Conv2dImpl>();
  const bool empty = in == 0 || out == 0 || kernel[0] == 0 || kernel[1] == 0;
  const auto module = empty ? make_empty_module<nn::Conv2dImpl>(factory, nn::Conv2dOptions(1, 1, 1).bias(bias), members,
                                                                {out, in / groups, kernel[0], kernel[1]}, out)
                            : make_module<nn::Conv2dImpl>(factory, options, members);

  if (mode == "zeros" && named_padding) {
    return host(module, members, [=](nn::Conv2dImpl& m, const Tensor& x) {
      return at::conv2d(x, m.weight, m.bias, stride, c10::string_view(padding_word), dilation, groups);
    });
  }
  if (mode == "zeros") {
    return host(module, members, [=](nn::Conv2dImpl& m, const Tensor& x) {
      return at::conv2d(x, m.weight, m.bias, stride, padding, dilation, groups);
    });
  }
  if (mode == "reflect") module->options.padding_mode(torch::kReflect);
  if (mode == "replicate") module->options.padding_mode(torch::kReplicate);
  if (mode == "circular") module->options.padding_mode(torch::kCircular);
  // Left, right, top, bottom: `pad` counts from the last dimension.
  std::array<int64_t, 4> around = {padding[1], padding[1], padding[0], padding[0]};
  if (padding_word == "same") {
    for (size_t i = 0; i < 2; ++i) {
      const int64_t total = dilation[1 - i] * (kernel[1 - i] - 1);
      around[2 * i] = total / 2;
      around[2 * i + 1] = total - total / 2;
    }
  }
  return host(module, members, [=](nn::Conv2dImpl& m, const Tensor& x) {
    constexpr std::array<int64_t, 2> kNone = {0, 0};
    return at::conv2d(at::pad(x, around, mode), m.weight, m.bias, stride, kNone, dilation, groups);
  });
}

void count_batch(Tensor& batches) {
  // What `add_(1)` does, without its microsecond.
  if (batches.is_cpu() && batches.scalar_type() == c10::kLong && !batches.is_inference()) {
    ++*batches.mutable_data_ptr<int64_t>();
    batches.unsafeGetTensorImpl()->bump_version();
  } else {
    batches.add_(1);
  }
}

LayerPtr batch_norm2d(LayerOptions& o) {
  const int64_t features = o.integer("numFeatures");
  const double eps = o.number("eps", 1e-5);
  const std::optional<double> momentum = o.number_or_null("momentum", 0.1);
  const bool affine = o.flag("affine", true);
  const bool track = o.flag("trackRunningStats", true);
  const Factory factory = o.factory();
  const bool bias = o.flag("bias", true);
  o.done();
  using Impl = nn::BatchNorm2dImpl;
  const auto options =
      nn::BatchNorm2dOptions(features).eps(eps).momentum(momentum).affine(affine).track_running_stats(track);
  const std::vector<MemberSpec<Impl>> members = {{"weight", false, &Impl::weight},
                                                 {"bias", false, &Impl::bias},
                                                 {"running_mean", true, &Impl::running_mean},
                                                 {"running_var", true, &Impl::running_var},
                                                 {"num_batches_tracked", true, &Impl::num_batches_tracked}};
  const auto module = make_module<Impl>(factory, options, members);
  const auto layer = host(module, members, [=](Impl& m, const Tensor& x) {
    TORCH_CHECK(x.dim() == 4, "expected 4D input (got ", x.dim(), "D input)");
    const bool training = m.is_training();
    const std::optional<double> momentum = m.options.momentum();  // which may have been set since
    double factor = momentum.value_or(0.0);
    if (training && track && m.num_batches_tracked.defined()) {
      count_batch(m.num_batches_tracked);
      if (!momentum) factor = 1.0 / m.num_batches_tracked.item<double>();  // cumulative moving average
    }
    const bool use_batch = training || (!m.running_mean.defined() && !m.running_var.defined());
    if (use_batch) {
      TORCH_CHECK(x.size(0) * x.size(2) * x.size(3) != 1,
                  "Expected more than 1 value per channel when training, got input size ", x.sizes());
    }
    TORCH_CHECK(!(training && eps <= 0.0), "batch_norm eps must be positive during training, but got ", eps);
    TORCH_CHECK(!(eps < 0.0), "batch_norm eps must be non-negative, but got ", eps);
    const bool use_running = !training || track;
    return at::batch_norm(x, m.weight, m.bias, use_running ? m.running_mean : Tensor(),
                          use_running ? m.running_var : Tensor(), use_batch, factor, eps,
                          at::globalContext().userEnabledCuDNN());
  });
  if (!bias) layer->set("bias", Tensor());
  return layer;
}

LayerPtr relu(LayerOptions& o) {
  const bool inplace = o.flag("inplace", false);
  o.done();
  return host<nn::ReLUImpl>(std::make_shared<nn::ReLUImpl>(nn::ReLUOptions().inplace(inplace)), {},
                            [inplace](nn::ReLUImpl&, Tensor x) { return inplace ? at::relu_(x) : at::relu(x); });
}

LayerPtr softmax(LayerOptions& o) {
  const std::optional<int64_t> dim = o.integer_or_null("dim", {});
  o.done();
  return host<nn::SoftmaxImpl>(std::make_shared<nn::SoftmaxImpl>(nn::SoftmaxOptions(dim.value_or(0))), {},
                               [dim](nn::SoftmaxImpl&, const Tensor& x) {
                                 if (dim) return at::softmax(x, *dim);
                                 TORCH_WARN_ONCE(
                                     "Implicit dimension choice for softmax has been deprecated. Change the call to "
                                     "include dim as an argument.");
                                 return at::softmax(x, x.dim() == 0 || x.dim() == 1 || x.dim() == 3 ? 0 : 1);
                               });
}

LayerPtr max_pool2d(LayerOptions& o) {
  const auto kernel = o.pair("kernelSize");
  const auto stride = o.null("stride") ? kernel : o.pair("stride", kernel);
  const auto padding = o.pair("padding", {{0, 0}});
  const auto dilation = o.pair("dilation", {{1, 1}});
  const bool indices = o.flag("returnIndices", false);
  const bool ceil = o.flag("ceilMode", false);
  o.done();
  const auto module = std::make_shared<nn::MaxPool2dImpl>(nn::MaxPool2dOptions(at::IntArrayRef(kernel))
                                                              .stride(at::IntArrayRef(stride))
                                                              .padding(at::IntArrayRef(padding))
                                                              .dilation(at::IntArrayRef(dilation))
                                                              .ceil_mode(ceil));
  if (indices) {
    return host(module, {}, [=](nn::MaxPool2dImpl&, const Tensor& x) {
      return at::max_pool2d_with_indices(x, kernel, stride, padding, dilation, ceil);
    });
  }
  return host(module, {}, [=](nn::MaxPool2dImpl&, const Tensor& x) {
    return at::max_pool2d(x, kernel, stride, padding, dilation, ceil);
  });
}

LayerPtr dropout(LayerOptions& o) {
  const double p = o.number("p", 0.5);
  const bool inplace = o.flag("inplace", false);
  o.done();
  if (!(p >= 0 && p <= 1)) {
    fail(code::kArgValue, "dropout probability has to be between 0 and 1, but got ", p);
  }
  return host<nn::DropoutImpl>(
      std::make_shared<nn::DropoutImpl>(nn::DropoutOptions(p).inplace(inplace)), {}, [=](nn::DropoutImpl& m, Tensor x) {
        return inplace ? at::dropout_(x, p, m.is_training()) : at::dropout(x, p, m.is_training());
      });
}

LayerPtr flatten(LayerOptions& o) {
  const int64_t start = o.integer("startDim", 1);
  const int64_t end = o.integer("endDim", -1);
  o.done();
  return host<nn::FlattenImpl>(std::make_shared<nn::FlattenImpl>(nn::FlattenOptions().start_dim(start).end_dim(end)),
                               {}, [=](nn::FlattenImpl&, const Tensor& x) { return x.flatten(start, end); });
}

LayerPtr cross_map_lrn2d_layer(LayerOptions& o) {
  const CrossMapLrnOptions options = {o.integer("size"), o.number("alpha", 1e-4), o.number("beta", 0.75),
                                      o.number("k", 1)};
  o.done();
  if (options.size < 1) fail(code::kArgValue, "size must be at least 1, but got ", options.size);
  return host<nn::IdentityImpl>(std::make_shared<nn::IdentityImpl>(), {},
                                [options](nn::IdentityImpl&, const Tensor& x) { return cross_map_lrn2d(x, options); });
}

LayerPtr cross_entropy_loss(LayerOptions& o) {
  using Impl = nn::CrossEntropyLossImpl;
  const Tensor weight = o.tensor("weight");
  const int64_t ignore = o.integer("ignoreIndex", -100);
  const std::string word = o.word("reduction", "mean", {"none", "mean", "sum"});
  const double smoothing = o.number("labelSmoothing", 0.0);
  o.done();
  auto options = nn::CrossEntropyLossOptions().ignore_index(ignore).label_smoothing(smoothing);
  if (weight.defined()) options.weight(weight);
  at::Reduction::Reduction reduction = at::Reduction::Mean;
  if (word == "none") {
    reduction = at::Reduction::None;
    options.reduction(torch::kNone);
  } else if (word == "sum") {
    reduction = at::Reduction::Sum;
    options.reduction(torch::kSum);
  }
  const std::vector<MemberSpec<Impl>> members = {{"weight", true, &Impl::weight}};
  return host(std::make_shared<Impl>(options), members, [=](Impl& m, const Tensor& x, const Tensor& target) {
    return at::cross_entropy_loss(x, target, m.weight, reduction, ignore, smoothing);
  });
}

constexpr LayerRow kLayers[] = {
    {"BatchNorm2d", batch_norm2d},
    {"Conv2d", conv2d},
    {"CrossEntropyLoss", cross_entropy_loss},
    {"CrossMapLRN2d", cross_map_lrn2d_layer},
    {"Dropout", dropout},
    {"Flatten", flatten},
    {"Identity", identity},
    {"Linear", linear},
    {"MaxPool2d", max_pool2d},
    {"ReLU", relu},
    {"Softmax", softmax},
};

}  // namespace

const LayerRow& layer_row(const std::string& kind) {
  for (const LayerRow& row : kLayers) {
    if (kind == row.kind) return row;
  }
  fail(code::kArgValue, "there is no layer '", kind, "'");
}

}  // namespace ltn
