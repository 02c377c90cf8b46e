// What every layer is to the rest of the addon.
//
// A layer is a torch::nn module plus the forward that Python's class of the same name runs. The module brings options,
// parameters and their initialisation, which draws from the random stream as Python's does. Its own C++ forward is not
// called: in places it is another function than Python's (`Linear` adds its bias in a second step where the input has
// three dimensions, `Conv2d` with 'same' and a padding mode pads the wrong side), and then the bits differ.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/outline.h"

namespace ltn {

class Layer {
 public:
  struct Member {
    const char* name;
    bool buffer;
    at::Tensor tensor;  // undefined where Python has None
  };

  virtual ~Layer() = default;
  virtual torch::nn::Module& module() = 0;
  virtual std::vector<Member> members() const = 0;
  virtual void set(const std::string& name, const at::Tensor& tensor) = 0;

  virtual size_t inputs() const = 0;
  virtual size_t outputs() const = 0;
  virtual at::Tensor forward(const at::Tensor& x, const at::Tensor& y) = 0;
  virtual std::tuple<at::Tensor, at::Tensor> forward_two(const at::Tensor& x) = 0;

  // This layer as it is now: the same tensors, and a mode of its own. For a forward that runs later, when this one's
  // mode or tensors may be others. One copy serves until something changes.
  virtual std::shared_ptr<Layer> snapshot() = 0;
  // The same with outlines of its tensors.
  virtual std::shared_ptr<Layer> outline() = 0;
  // Another layer of the same kind, options and mode, with the same tensors until others are set.
  virtual std::shared_ptr<Layer> duplicate() const = 0;
  // Call it after the mode was changed through `module()`.
  virtual void changed() = 0;
};

// A parameter or buffer, as the module's code reads it. libtorch keeps a second reference in a dictionary of its own,
// which for buffers nobody else can write to; `members` and `set` are what the rest of the addon goes by.
template <typename Impl>
struct MemberSpec {
  const char* name;
  bool buffer;
  at::Tensor Impl::* tensor;
};

// `Forward` is called with the module and one or two tensors; it returns a tensor, or a pair of them.
template <typename Impl, typename Forward>
class HostedLayer final : public Layer {
  static constexpr bool kTakesTwo = std::is_invocable_v<Forward&, Impl&, const at::Tensor&, const at::Tensor&>;

 public:
  HostedLayer(std::shared_ptr<Impl> module, std::vector<MemberSpec<Impl>> members, Forward forward)
      : module_(std::move(module)), members_(std::move(members)), forward_(std::move(forward)) {}

  torch::nn::Module& module() override { return *module_; }

  std::vector<Member> members() const override {
    std::vector<Member> out;
    for (const auto& member : members_) out.push_back({member.name, member.buffer, (*module_).*member.tensor});
    return out;
  }

  void set(const std::string& name, const at::Tensor& tensor) override {
    for (const auto& member : members_) {
      if (name != member.name) continue;
      (*module_).*member.tensor = tensor;
      changed();
      return;
    }
    fail(code::kArgValue, "the module has no tensor '", name, "'");
  }

  size_t inputs() const override { return kTakesTwo ? 2 : 1; }
  size_t outputs() const override { return kGivesTwo ? 2 : 1; }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& y) override {
    if constexpr (kGivesTwo) {
      fail(code::kArgType, "the module gives two tensors");
    } else if constexpr (kTakesTwo) {
      return forward_(*module_, x, y);
    } else {
      return forward_(*module_, x);
    }
  }

  std::tuple<at::Tensor, at::Tensor> forward_two(const at::Tensor& x) override {
    if constexpr (kGivesTwo) {
      return forward_(*module_, x);
    } else {
      fail(code::kArgType, "the module gives one tensor");
    }
  }

  std::shared_ptr<Layer> snapshot() override {
    if (!snapshot_) snapshot_ = copy();
    return snapshot_;
  }

  std::shared_ptr<Layer> outline() override {
    if (!outline_) {
      const auto made = copy();
      for (const auto& member : members_) {
        at::Tensor& tensor = (*made->module_).*member.tensor;
        // a count of batches, whose value a forward may read, is a copy
        const bool count = tensor.defined() && tensor.dim() == 0 && tensor.scalar_type() == c10::kLong;
        tensor = count ? at::zeros({}, at::TensorOptions().dtype(c10::kLong)) : outline_of(tensor);
      }
      outline_ = made;
    }
    return outline_;
  }

  std::shared_ptr<Layer> duplicate() const override { return copy(); }

  void changed() override { snapshot_ = outline_ = nullptr; }

 private:
  template <bool two>
  static auto result_of() {
    if constexpr (two) {
      return std::invoke_result<Forward&, Impl&, const at::Tensor&, const at::Tensor&>{};
    } else {
      return std::invoke_result<Forward&, Impl&, const at::Tensor&>{};
    }
  }
  static constexpr bool kGivesTwo = !std::is_convertible_v<typename decltype(result_of<kTakesTwo>())::type, at::Tensor>;

  std::shared_ptr<HostedLayer> copy() const {
    return std::make_shared<HostedLayer>(std::make_shared<Impl>(*module_), members_, forward_);
  }

  std::shared_ptr<Impl> module_;
  std::vector<MemberSpec<Impl>> members_;
  Forward forward_;
  std::shared_ptr<Layer> snapshot_, outline_;
};

template <typename Impl, typename Forward>
std::shared_ptr<Layer> host(std::shared_ptr<Impl> module, std::vector<MemberSpec<Impl>> members, Forward forward) {
  return std::make_shared<HostedLayer<Impl, Forward>>(std::move(module), std::move(members), std::move(forward));
}

}  // namespace ltn
