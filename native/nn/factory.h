// Makes a torch::nn module whose parameters have another dtype or device than new tensors have by default.
#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <memory>
#include <mutex>
#include <utility>

#include "nn/layer.h"
#include "nn/options.h"

namespace ltn {

// Gives back the random numbers that were drawn while it lived.
class RandomStateGuard {
 public:
  RandomStateGuard() : generator_(at::detail::getDefaultCPUGenerator()) {
    std::lock_guard<std::mutex> lock(generator_.mutex());
    state_ = generator_.get_state();
  }
  ~RandomStateGuard() {
    std::lock_guard<std::mutex> lock(generator_.mutex());
    generator_.set_state(state_);
  }
  RandomStateGuard(const RandomStateGuard&) = delete;
  RandomStateGuard& operator=(const RandomStateGuard&) = delete;

 private:
  at::Generator generator_;
  at::Tensor state_;
};

// torch::nn takes neither dtype nor device, and a cast afterwards is another network than Python's: float64 values are
// drawn in another way than float32 ones, a GPU has a random stream of its own. So the parameters are made anew where
// they belong and initialised there, and what the first initialisation drew is given back.
template <typename Impl, typename Options>
std::shared_ptr<Impl> make_module(const Factory& factory, const Options& options,
                                  const std::vector<MemberSpec<Impl>>& members) {
  if (factory.plain()) return std::make_shared<Impl>(options);
  std::shared_ptr<Impl> module;
  {
    RandomStateGuard undrawn;
    module = std::make_shared<Impl>(options);
  }
  const auto hosted = host(module, members, [](Impl&, const at::Tensor& x) { return x; });
  for (const auto& member : members) {
    const at::Tensor& made = (*module).*member.tensor;
    if (!made.defined()) continue;
    at::TensorOptions target = made.options();
    if (factory.device) target = target.device(*factory.device);
    if (factory.dtype && made.is_floating_point()) target = target.dtype(*factory.dtype);
    hosted->set(member.name, at::empty(made.sizes(), target).set_requires_grad(made.requires_grad()));
  }
  module->reset_parameters();
  return module;
}

// A module whose weight has no elements, made of one with elements (`options`) and the sizes that it is to have.
// libtorch's initialisation divides by the weight's fan-in of zero; Python's leaves such a weight alone, warns, and
// draws a bias between zero and zero.
template <typename Impl, typename Options>
std::shared_ptr<Impl> make_empty_module(const Factory& factory, const Options& options,
                                        const std::vector<MemberSpec<Impl>>& members, at::IntArrayRef weight,
                                        int64_t bias) {
  TORCH_WARN_ONCE("Initializing zero-element tensors is a no-op");
  std::shared_ptr<Impl> module;
  {
    RandomStateGuard undrawn;
    module = make_module<Impl>(factory, options, members);
  }
  module->weight = at::empty(weight, module->weight.options()).set_requires_grad(true);
  if (module->bias.defined()) {
    const at::Tensor drawn = at::empty({bias}, module->bias.options()).uniform_(0.0, 0.0);
    module->bias = drawn.set_requires_grad(true);
  }
  return module;
}

}  // namespace ltn
