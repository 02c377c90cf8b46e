// What every optimizer is to the rest of the addon, and the template that makes one of a libtorch optimizer, a table of
// its options and a table of its state.
#pragma once

#include <torch/optim/optimizer.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/errors.h"
#include "optim/captured.h"

namespace ltn {

// A place where an option is kept; its type is the option's.
using OptionPlace = std::variant<double*, bool*, std::optional<bool>*, std::tuple<double, double>*, int64_t*,
                                 std::optional<std::string>*>;

class HostedOptimizer {
 public:
  static constexpr size_t kDefaults = SIZE_MAX;

  virtual ~HostedOptimizer() = default;
  virtual torch::optim::Optimizer& optimizer() = 0;
  virtual const char* kind() const = 0;

  // --- options
  using OptionsPointer = std::unique_ptr<torch::optim::OptimizerOptions>;
  virtual std::vector<const char*> option_names() const = 0;
  virtual OptionPlace place(torch::optim::OptimizerOptions& options, size_t index) const = 0;
  // Of a group, or (kDefaults) those that a new group begins with.
  torch::optim::OptimizerOptions& options(size_t group) {
    if (group == kDefaults) return optimizer().defaults();
    auto& groups = optimizer().param_groups();
    if (group >= groups.size()) fail(code::kArgValue, kind(), " has no parameter group ", group);
    return groups[group].options();
  }

  // The index of the new group. Not by libtorch's `add_param_group`: it takes an option that equals the constructor's
  // default for one that was not given.
  size_t add_group(std::vector<at::Tensor> params, OptionsPointer options) {
    auto& groups = optimizer().param_groups();
    groups.emplace_back(std::move(params), std::move(options));
    begin(groups.back());
    return groups.size() - 1;
  }

 protected:
  // Fills the state of a new group, where an optimizer does so before its first step.
  virtual void begin(torch::optim::OptimizerParamGroup& group) = 0;

 public:
  // --- state, by Python's names
  using State = std::vector<std::pair<std::string, at::Tensor>>;
  virtual State state(const at::Tensor& param) = 0;  // empty before the first step
  virtual void set_state(const at::Tensor& param, const State& state) = 0;
  virtual void clear_state() = 0;

  // How often its state was replaced: what was captured then works on tensors that are no longer its own.
  int64_t replaced = 0;
  // How its steps can be captured in a CUDA graph; null for one that has no such way.
  virtual Captured* captured() { return nullptr; }
  // From now on the options say again how a step is taken, and where its counts are.
  virtual void end_captures() {}
};

// One option: its name in JavaScript (`weightDecay`; Python's is `weight_decay`), and where it is kept.
template <typename Options>
struct OptionRow {
  const char* name;
  OptionPlace (*place)(Options&);
};

// One tensor that an optimizer keeps for a parameter, by Python's name.
template <typename State>
struct StateRow {
  const char* name;
  at::Tensor& (*tensor)(State&);
  bool required;
};

template <typename Optimizer, typename = void>
struct Begins : std::false_type {};
template <typename Optimizer>
struct Begins<Optimizer, std::void_t<decltype(&Optimizer::begin)>> : std::true_type {};

template <typename Optimizer, typename = void>
struct Captures : std::false_type {};
template <typename Optimizer>
struct Captures<Optimizer, std::void_t<decltype(std::declval<Optimizer&>().captured)>> : std::true_type {};

// `Optimizer` has nested types Options and State, static tables `options()` and `state_rows()`, and maybe
// `begin(params, options)` and a member `captured` with `end_captures()`.
template <typename Optimizer>
class Hosted final : public HostedOptimizer {
  using Options = typename Optimizer::Options;
  using ParamState = typename Optimizer::State;

 public:
  explicit Hosted(const Options& defaults) : optimizer_(defaults) {}

  torch::optim::Optimizer& optimizer() override { return optimizer_; }
  const char* kind() const override { return Optimizer::kKind; }

  std::vector<const char*> option_names() const override {
    std::vector<const char*> names;
    for (const auto& row : Optimizer::options()) names.push_back(row.name);
    return names;
  }

  OptionPlace place(torch::optim::OptimizerOptions& options, size_t index) const override {
    if (index >= Optimizer::options().size()) fail(code::kArgValue, kind(), " has no option number ", index);
    return Optimizer::options()[index].place(static_cast<Options&>(options));
  }

  State state(const at::Tensor& param) override {
    State out;
    const auto found = optimizer_.state().find(param.unsafeGetTensorImpl());
    if (found == optimizer_.state().end()) return out;
    auto& state = static_cast<ParamState&>(*found->second);
    for (const auto& row : Optimizer::state_rows()) {
      const at::Tensor& tensor = row.tensor(state);
      if (tensor.defined()) out.emplace_back(row.name, tensor);
    }
    return out;
  }

  void set_state(const at::Tensor& param, const State& entries) override {
    auto state = std::make_unique<ParamState>();
    for (const auto& [name, tensor] : entries) {
      bool known = false;
      for (const auto& row : Optimizer::state_rows()) {
        if (name != row.name) continue;
        row.tensor(*state) = tensor;
        known = true;
      }
      if (!known) fail(code::kStateDict, kind(), " keeps no state '", name, "'");
    }
    for (const auto& row : Optimizer::state_rows()) {
      if (row.required && !row.tensor(*state).defined()) {
        fail(code::kStateDict, "the state of a parameter lacks '", row.name, "', which ", kind(), " keeps");
      }
    }
    optimizer_.state()[param.unsafeGetTensorImpl()] = std::move(state);
  }

  void clear_state() override { optimizer_.state().clear(); }

  Captured* captured() override {
    if constexpr (Captures<Optimizer>::value) return &optimizer_.captured;
    return nullptr;
  }
  void end_captures() override {
    if constexpr (Captures<Optimizer>::value) optimizer_.end_captures();
  }

 protected:
  void begin([[maybe_unused]] torch::optim::OptimizerParamGroup& group) override {
    if constexpr (Begins<Optimizer>::value) optimizer_.begin(group.params(), static_cast<Options&>(group.options()));
  }

 private:
  Optimizer optimizer_;
};

}  // namespace ltn
