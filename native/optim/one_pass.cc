#include "optim/one_pass.h"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros_like.h>

#include <memory>
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

// A plain tensor with as many elements as the parameter.
bool fits_to(const Tensor& tensor, const Tensor& param) {
  return tensor.defined() && tensor.is_cpu() && tensor.layout() == at::kStrided &&
         tensor.scalar_type() == c10::kFloat && tensor.is_contiguous() && !tensor.is_inference() && !tensor.is_neg() &&
         tensor.numel() == param.numel();
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

bool fits(Adam& optimizer, const std::vector<Tensor>& params, const AdamOptions& o) {
  if (!single(params, o) || o.capturable || o.amsgrad()) return false;
  for (const Tensor& param : params) {
    const Tensor& grad = param.grad();
    if (!grad.defined()) continue;
    if (!fits_to(param, param) || !fits_to(grad, param)) return false;
    const auto* state = state_of<AdamState>(optimizer, param);
    if (state == nullptr) continue;
    if (!fits_to(state->exp_avg(), param) || !fits_to(state->exp_avg_sq(), param)) return false;
    if (!state->count.is_cpu() || state->count.numel() != 1 || state->count.requires_grad()) return false;
  }
  return true;
}

void step(Adam& optimizer, const std::vector<Tensor>& params, const AdamOptions& o) {
  const auto [beta1, beta2] = o.betas();
  const bool decays = o.weight_decay() != 0;
  AdamPass pass{};
  pass.maximize = o.maximize;
  pass.decay = decays && o.decoupled_weight_decay ? 1 - o.lr() * o.weight_decay() : 1;
  pass.penalty = decays && !o.decoupled_weight_decay ? o.weight_decay() : 0;
  pass.first = 1 - beta1;
  pass.second = beta2;
  pass.squares = 1 - beta2;
  pass.eps = o.eps();
  double known = -1;  // the count of which `pass` holds the corrections
  for (const Tensor& param : params) {
    const Tensor& grad = param.grad();
    if (!grad.defined() || param.numel() == 0) continue;
    AdamState& state = optimizer.state_of(param, o);
    increment(state.count);
    const double count = state.count.item<double>();
    if (count != known) {
      known = count;
      pass.step = -(o.lr() / (1 - power(beta1, count)));
      pass.correction = power(1 - power(beta2, count), 0.5);
    }
    const float* gradient = grad.const_data_ptr<float>();
    float *to = written(param), *average = written(state.exp_avg()), *square = written(state.exp_avg_sq());
    at::parallel_for(0, param.numel(), kGrain, [&](int64_t i, int64_t end) {
      adam_pass(pass, end - i, gradient + i, to + i, average + i, square + i);
    });
  }
}

// --- SGD

// Undefined before the first step.
Tensor buffer_of(Sgd& optimizer, const Tensor& param) {
  const auto* state = state_of<Sgd::State>(optimizer, param);
  return state == nullptr ? Tensor() : state->momentum_buffer();
}

bool fits(Sgd& optimizer, const std::vector<Tensor>& params, const SgdOptions& o) {
  if (!single(params, o)) return false;
  for (const Tensor& param : params) {
    const Tensor& grad = param.grad();
    if (!grad.defined()) continue;
    if (!fits_to(param, param) || !fits_to(grad, param)) return false;
    if (o.momentum() == 0) continue;
    const Tensor buffer = buffer_of(optimizer, param);
    if (buffer.defined() && !fits_to(buffer, param)) return false;
  }
  return true;
}

void step(Sgd& optimizer, const std::vector<Tensor>& params, const SgdOptions& o) {
  SgdPass pass{};
  pass.maximize = o.maximize;
  pass.nesterov = o.nesterov();
  pass.penalty = o.weight_decay();
  pass.momentum = o.momentum();
  pass.step = -o.lr();
  for (const Tensor& param : params) {
    const Tensor& grad = param.grad();
    if (!grad.defined()) continue;
    float* buffer = nullptr;
    if (o.momentum() != 0) {
      Tensor kept = buffer_of(optimizer, param);
      pass.kept = kept.defined() ? o.momentum() : 0;
      pass.fresh = kept.defined() ? 1 - o.dampening() : 1;
      if (!kept.defined()) {
        kept = at::zeros_like(grad);
        auto state = std::make_unique<Sgd::State>();
        state->momentum_buffer(kept);
        optimizer.state()[param.unsafeGetTensorImpl()] = std::move(state);
      }
      buffer = written(kept);
    }
    const float* gradient = grad.const_data_ptr<float>();
    float* to = written(param);
    at::parallel_for(0, param.numel(), kGrain, [&](int64_t i, int64_t end) {
      sgd_pass(pass, end - i, gradient + i, to + i, buffer == nullptr ? nullptr : buffer + i);
    });
  }
}

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

}  // namespace

void step_in_one_pass(torch::optim::Optimizer& optimizer) {
  const at::AutoGradMode no_grad(false);
  if (auto* adam = dynamic_cast<Adam*>(&optimizer)) {
    if (try_step(*adam)) return;
  } else if (auto* sgd = dynamic_cast<Sgd*>(&optimizer)) {
    if (try_step(*sgd)) return;
  }
  optimizer.step();
}

}  // namespace ltn
