#include "optim/one_pass.h"

#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/sqrt.h>

#include <c10/core/InferenceMode.h>

#include <unordered_set>
#include <vector>

#include "optim/adam.h"
#include "optim/passes.h"
#include "optim/sgd.h"
#include "optim/step.h"

namespace ltn {

namespace {

using at::Tensor;

constexpr int64_t kGrain = 32768;
// What libtorch takes roots of on one thread: more at once would wake the others.
constexpr int64_t kRootsAtOnce = 2048;

bool plain(const Tensor& tensor) {
  return tensor.defined() && tensor.is_cpu() && tensor.layout() == at::kStrided &&
         tensor.scalar_type() == c10::kFloat && tensor.is_contiguous() && !tensor.is_inference() && !tensor.is_neg();
}

float* written(const Tensor& tensor) {
  float* data = tensor.mutable_data_ptr<float>();
  tensor.unsafeGetTensorImpl()->bump_version();
  return data;
}

template <typename State>
State* state_of(torch::optim::Optimizer& optimizer, const Tensor& param) {
  const auto found = optimizer.state().find(param.unsafeGetTensorImpl());
  return found == optimizer.state().end() ? nullptr : static_cast<State*>(found->second.get());
}

// Whether a group's step goes tensor by tensor, and no two of those are the same memory.
template <typename Options>
bool single(const std::vector<Tensor>& params, const Options& o) {
  if (o.differentiable || choose_way(params, o.foreach, o.fused, false) != Way::Single) return false;
  std::unordered_set<const void*> seen;
  for (const Tensor& param : params) {
    if (!param.has_storage() || !seen.insert(param.storage().unsafeGetStorageImpl()).second) return false;
  }
  return true;
}

// --- Adam

bool fits(torch::optim::Optimizer& optimizer, const std::vector<Tensor>& params, const AdamOptions& o) {
  if (!single(params, o) || o.capturable || o.amsgrad()) return false;
  for (const Tensor& param : params) {
    const Tensor& grad = param.grad();
    if (!grad.defined()) continue;
    const auto* state = state_of<AdamState>(optimizer, param);
    if (state == nullptr || !plain(param) || !plain(grad) || !plain(state->exp_avg()) || !plain(state->exp_avg_sq())) {
      return false;
    }
    const auto fit = [&](const Tensor& other) { return other.numel() == param.numel(); };
    if (!fit(grad) || !fit(state->exp_avg()) || !fit(state->exp_avg_sq())) return false;
    if (!state->count.is_cpu() || state->count.numel() != 1 || state->count.requires_grad()) return false;
  }
  return true;
}

struct AdamWork {
  AdamPass pass;
  int64_t count;
  const float* gradient;
  float *param, *average, *square;
};

void run(const std::vector<AdamWork>& batch, int64_t count) {
  const Tensor roots = at::empty({count}, at::TensorOptions().dtype(c10::kFloat));
  float* to = roots.mutable_data_ptr<float>();
  for (const AdamWork& w : batch) {
    at::parallel_for(0, w.count, kGrain, [&](int64_t i, int64_t end) {
      adam_averages(w.pass, end - i, w.gradient + i, w.param + i, w.average + i, w.square + i, to + i);
    });
    to += w.count;
  }
  roots.sqrt_();
  to = roots.mutable_data_ptr<float>();
  for (const AdamWork& w : batch) {
    at::parallel_for(0, w.count, kGrain,
                     [&](int64_t i, int64_t end) { adam_update(w.pass, end - i, w.average + i, to + i, w.param + i); });
    to += w.count;
  }
}

void step(torch::optim::Optimizer& optimizer, const std::vector<Tensor>& params, const AdamOptions& o) {
  const auto [beta1, beta2] = o.betas();
  const bool decays = o.weight_decay() != 0;
  AdamPass pass{};
  pass.maximize = o.maximize;
  pass.decay = decays && o.decoupled_weight_decay ? static_cast<float>(1 - o.lr() * o.weight_decay()) : 1;
  pass.penalty = decays && !o.decoupled_weight_decay ? static_cast<float>(o.weight_decay()) : 0;
  pass.first = static_cast<float>(1 - beta1);
  pass.second = static_cast<float>(beta2);
  pass.squares = static_cast<float>(1 - beta2);
  pass.eps = static_cast<float>(o.eps());
  double known = -1;  // the count of which `pass` holds the corrections
  std::vector<AdamWork> batch;
  int64_t together = 0;
  for (const Tensor& param : params) {
    const Tensor& grad = param.grad();
    if (!grad.defined() || param.numel() == 0) continue;
    auto* state = state_of<AdamState>(optimizer, param);
    increment(state->count);
    const double count = state->count.item<double>();
    if (count != known) {
      known = count;
      pass.step = static_cast<float>(-(o.lr() / (1 - power(beta1, count))));
      pass.correction = static_cast<float>(power(1 - power(beta2, count), 0.5));
    }
    if (together > 0 && together + param.numel() > kRootsAtOnce) {
      run(batch, together);
      batch.clear();
      together = 0;
    }
    batch.push_back({pass, param.numel(), grad.const_data_ptr<float>(), written(param), written(state->exp_avg()),
                     written(state->exp_avg_sq())});
    together += param.numel();
  }
  if (together > 0) run(batch, together);
}

// --- SGD

bool fits(torch::optim::Optimizer& optimizer, const std::vector<Tensor>& params, const SgdOptions& o) {
  if (!single(params, o)) return false;
  for (const Tensor& param : params) {
    const Tensor& grad = param.grad();
    if (!grad.defined()) continue;
    if (!plain(param) || !plain(grad) || grad.numel() != param.numel()) return false;
    if (o.momentum() == 0) continue;
    const auto* state = state_of<Sgd::State>(optimizer, param);
    if (state == nullptr || !plain(state->momentum_buffer()) || state->momentum_buffer().numel() != param.numel()) {
      return false;
    }
  }
  return true;
}

void step(torch::optim::Optimizer& optimizer, const std::vector<Tensor>& params, const SgdOptions& o) {
  const SgdPass pass{o.maximize,
                     o.nesterov(),
                     static_cast<float>(o.weight_decay()),
                     static_cast<float>(o.momentum()),
                     static_cast<float>(1 - o.dampening()),
                     static_cast<float>(-o.lr())};
  for (const Tensor& param : params) {
    const Tensor& grad = param.grad();
    if (!grad.defined()) continue;
    const float* gradient = grad.const_data_ptr<float>();
    float* to = written(param);
    float* buffer = o.momentum() == 0 ? nullptr : written(state_of<Sgd::State>(optimizer, param)->momentum_buffer());
    at::parallel_for(0, param.numel(), kGrain, [&](int64_t i, int64_t end) {
      sgd_pass(pass, end - i, gradient + i, to + i, buffer == nullptr ? nullptr : buffer + i);
    });
  }
}

// --- whether this processor rounds alike

template <typename T>
bool try_step(T& optimizer) {
  for (const auto& group : optimizer.param_groups()) {
    if (!fits(optimizer, group.params(), static_cast<const typename T::Options&>(group.options()))) return false;
  }
  for (const auto& group : optimizer.param_groups()) {
    step(optimizer, group.params(), static_cast<const typename T::Options&>(group.options()));
  }
  return true;
}

// Both ways on some numbers, of a count that is no multiple of any vector.
template <typename T>
bool agrees(const typename T::Options& options) {
  const c10::InferenceMode no_inference(false);
  const Tensor start = at::arange(347, at::TensorOptions().dtype(c10::kFloat)).mul_(12.9898).sin();
  std::vector<Tensor> params;
  for (const bool one_pass : {true, false}) {
    T optimizer(options);
    const Tensor param = start.clone().set_requires_grad(true);
    optimizer.param_groups().emplace_back(std::vector<Tensor>{param}, options.clone());
    for (int i = 0; i < 4; ++i) {
      param.mutable_grad() = (start * (3 + i)).sin();
      if (one_pass && i > 0) {
        if (!try_step(optimizer)) return false;
      } else {
        optimizer.step();
      }
    }
    params.push_back(param);
  }
  return at::equal(params[0].detach(), params[1].detach());
}

bool adam_agrees() {
  static const bool yes = [] {
    AdamOptions plain, penalty;
    AdamWOptions decoupled;
    plain.maximize = true;
    penalty.weight_decay(0.1);
    penalty.betas({0.3, 0.9});
    return agrees<Adam>(plain) && agrees<Adam>(penalty) && agrees<Adam>(decoupled);
  }();
  return yes;
}

bool sgd_agrees() {
  static const bool yes = [] {
    SgdOptions plain, momentum, nesterov;
    plain.weight_decay(0.1);
    momentum.momentum(0.9);
    momentum.dampening(0.3);
    momentum.maximize = true;
    nesterov.momentum(0.8);
    nesterov.nesterov(true);
    return agrees<Sgd>(plain) && agrees<Sgd>(momentum) && agrees<Sgd>(nesterov);
  }();
  return yes;
}

}  // namespace

void step_in_one_pass(torch::optim::Optimizer& optimizer) {
  const at::AutoGradMode no_grad(false);
  if (auto* adam = dynamic_cast<Adam*>(&optimizer)) {
    if (adam_agrees() && try_step(*adam)) return;
  } else if (auto* sgd = dynamic_cast<Sgd*>(&optimizer)) {
    if (sgd_agrees() && try_step(*sgd)) return;
  }
  optimizer.step();
}

}  // namespace ltn
