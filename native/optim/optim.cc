#include "optim/optim.h"

#include <algorithm>
#include <cmath>

#include "core/guard.h"
#include "optim/adadelta.h"
#include "optim/adagrad.h"
#include "optim/adam.h"
#include "optim/adamax.h"
#include "optim/lbfgs.h"
#include "optim/nadam.h"
#include "optim/radam.h"
#include "optim/rmsprop.h"
#include "optim/scaler.h"
#include "optim/sgd.h"
#include "optim/step.h"

namespace ltn {

namespace {

// --- options between JavaScript and where they are kept

[[noreturn]] void wrong(Environment& env, const char* kind, const char* name, const char* expected, napi_value got) {
  fail(code::kArgType, kind, ": '", name, "' must be ", expected, ", got ", describe(env, got));
}

void write_option(Environment& env, const char* kind, const char* name, OptionPlace place, Napi::Value value) {
  if (auto** number = std::get_if<double*>(&place)) {
    if (!value.IsNumber()) wrong(env, kind, name, "a number", value);
    **number = value.As<Napi::Number>().DoubleValue();
  } else if (auto** flag = std::get_if<bool*>(&place)) {
    if (!value.IsBoolean()) wrong(env, kind, name, "a boolean", value);
    **flag = value.As<Napi::Boolean>().Value();
  } else if (auto** maybe = std::get_if<std::optional<bool>*>(&place)) {
    if (value.IsNull()) {
      maybe[0]->reset();
      return;
    }
    if (!value.IsBoolean()) wrong(env, kind, name, "a boolean or null", value);
    **maybe = value.As<Napi::Boolean>().Value();
  } else if (auto** integer = std::get_if<int64_t*>(&place)) {
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0.5;
    if (!is_safe_integer(number)) wrong(env, kind, name, "an integer", value);
    **integer = static_cast<int64_t>(number);
  } else if (auto** text = std::get_if<std::optional<std::string>*>(&place)) {
    if (value.IsNull()) {
      text[0]->reset();
      return;
    }
    if (!value.IsString()) wrong(env, kind, name, "a string or null", value);
    **text = value.As<Napi::String>().Utf8Value();
  } else {
    constexpr const char* kExpected = "a pair of numbers";
    if (!value.IsArray()) wrong(env, kind, name, kExpected, value);
    const auto array = value.As<Napi::Array>();
    const Napi::Value first = array.Get(0u), second = array.Get(1u);
    if (array.Length() != 2 || !first.IsNumber() || !second.IsNumber()) wrong(env, kind, name, kExpected, value);
    *std::get<std::tuple<double, double>*>(place) = {first.As<Napi::Number>().DoubleValue(),
                                                     second.As<Napi::Number>().DoubleValue()};
  }
}

napi_value read_option(Environment& env, OptionPlace place) {
  if (auto** number = std::get_if<double*>(&place)) return js_number(env, **number);
  if (auto** flag = std::get_if<bool*>(&place)) return js_bool(env, **flag);
  if (auto** maybe = std::get_if<std::optional<bool>*>(&place)) {
    return *maybe && (*maybe)->has_value() ? js_bool(env, ***maybe) : js_null(env);
  }
  if (auto** integer = std::get_if<int64_t*>(&place)) return js_number(env, static_cast<double>(**integer));
  if (auto** text = std::get_if<std::optional<std::string>*>(&place)) {
    return text[0]->has_value() ? napi_value(Napi::String::New(env.env(), ***text)) : js_null(env);
  }
  const auto [first, second] = *std::get<std::tuple<double, double>*>(place);
  Napi::Array out = Napi::Array::New(env.env(), 2);
  out.Set(0u, Napi::Number::New(env.env(), first));
  out.Set(1u, Napi::Number::New(env.env(), second));
  return out;
}

// `values` by name into options of an optimizer; a name that it has no row for is refused.
void write_options(Environment& env, const HostedOptimizer& optimizer, torch::optim::OptimizerOptions& options,
                   Napi::Object values) {
  const auto names = optimizer.option_names();
  const Napi::Array keys = values.GetPropertyNames();
  for (uint32_t i = 0; i < keys.Length(); ++i) {
    const std::string key = keys.Get(i).ToString();
    const Napi::Value value = values.Get(key);
    if (value.IsUndefined()) continue;
    const auto name = std::find(names.begin(), names.end(), key);
    if (name == names.end()) fail(code::kUnknownOption, optimizer.kind(), " has no option '", key, "'");
    write_option(env, optimizer.kind(), *name, optimizer.place(options, name - names.begin()), value);
  }
}

// libtorch's own `zero_grad` also detaches a gradient that it only lets go of, which others may still hold.
void clear_gradient(const at::Tensor& param, bool set_to_none) {
  at::Tensor& gradient = param.mutable_grad();
  if (!gradient.defined()) return;
  if (set_to_none) {
    gradient.reset();
    return;
  }
  if (gradient.grad_fn()) {
    gradient.detach_();
  } else {
    gradient.set_requires_grad(false);
  }
  gradient.zero_();
}

// --- the table

struct OptimizerRow {
  const char* kind;
  Optimizer (*create)(Environment& env, Napi::Object options);
};

template <typename T>
Optimizer create(Environment& env, Napi::Object values) {
  auto optimizer = std::make_shared<Hosted<T>>(typename T::Options());
  auto& defaults = optimizer->optimizer().defaults();
  write_options(env, *optimizer, defaults, values);
  T::check(static_cast<const typename T::Options&>(defaults));
  return optimizer;
}

constexpr OptimizerRow kOptimizers[] = {
    {Adam::kKind, create<Adam>},       {AdamW::kKind, create<AdamW>},     {Sgd::kKind, create<Sgd>},
    {Adagrad::kKind, create<Adagrad>}, {Rmsprop::kKind, create<Rmsprop>}, {Adadelta::kKind, create<Adadelta>},
    {Adamax::kKind, create<Adamax>},   {Nadam::kKind, create<Nadam>},     {Radam::kKind, create<Radam>},
    {Lbfgs::kKind, create<Lbfgs>},
};

// --- entries

HandleTable<Optimizer>& table(Environment& env) { return env.room<OptimRoom>().optimizers; }

// The same for whoever reads or changes what a queued step goes by.
Optimizer idle_optimizer(Environment& env, Args& args) {
  env.queue.wait_for_all();
  return optimizer_of(env, args);
}

// -1 for the defaults.
size_t group_index(Args& args, size_t i) {
  const int64_t group = args.int64(i);
  return group < 0 ? HostedOptimizer::kDefaults : static_cast<size_t>(group);
}

// optimizerCreate(kind, options, owner): the id of an optimizer without groups, which lives as long as `owner`.
napi_value optimizer_create(Environment& env, Args& args) {
  auto& optimizers = table(env);
  optimizers.release_some();
  const std::string kind = args.string(0);
  for (const OptimizerRow& row : kOptimizers) {
    if (kind == row.kind) return js_int(env, optimizers.put(env, args[2], row.create(env, args.object(1))));
  }
  fail(code::kArgValue, "there is no optimizer '", kind, "'");
}

// optimizerOptionNames(id)
napi_value optimizer_option_names(Environment& env, Args& args) {
  const auto names = optimizer_of(env, args)->option_names();
  Napi::Array out = Napi::Array::New(env.env(), names.size());
  for (uint32_t i = 0; i < names.size(); ++i) out.Set(i, Napi::String::New(env.env(), names[i]));
  return out;
}

// optimizerAddGroup(id, slots, options): the index of the new group; options that are not given are the defaults.
napi_value optimizer_add_group(Environment& env, Args& args) {
  const Optimizer o = idle_optimizer(env, args);
  auto options = o->optimizer().defaults().clone();
  write_options(env, *o, *options, args.object(2));
  return js_int(env, static_cast<int32_t>(o->add_group(args.tensor_list(1), std::move(options))));
}

// optimizerGetOption(id, group, index)
napi_value optimizer_get_option(Environment& env, Args& args) {
  const Optimizer o = idle_optimizer(env, args);
  return read_option(env, o->place(o->options(group_index(args, 1)), args.int64(2)));
}

// optimizerSetOption(id, group, index, value)
napi_value optimizer_set_option(Environment& env, Args& args) {
  const Optimizer o = idle_optimizer(env, args);
  const size_t index = args.int64(2);
  const OptionPlace place = o->place(o->options(group_index(args, 1)), index);
  write_option(env, o->kind(), o->option_names()[index], place, args.value(3));
  return js_undefined(env);
}

// optimizerStep(id)
napi_value optimizer_step(Environment& env, Args& args) {
  const Optimizer o = optimizer_of(env, args);
  env.release_some();
  work_on(env, o, [](HostedOptimizer& optimizer) { optimizer.optimizer().step(); });
  return js_undefined(env);
}

// optimizerZeroGrad(id, setToNone)
napi_value optimizer_zero_grad(Environment& env, Args& args) {
  const Optimizer o = optimizer_of(env, args);
  const bool set_to_none = args.boolean(1);
  env.release_some();
  work_on(env, o, [set_to_none](HostedOptimizer& optimizer) {
    for (auto& group : optimizer.optimizer().param_groups()) {
      for (const at::Tensor& param : group.params()) clear_gradient(param, set_to_none);
    }
  });
  return js_undefined(env);
}

// gradientsClear(slots, setToNone): the same for the parameters of a module.
napi_value gradients_clear(Environment& env, Args& args) {
  const bool set_to_none = args.boolean(1);
  if (env.queue.deferring()) {
    std::vector<Input> params;
    args.for_each_id(0, [&](SlotId id) { params.push_back(env.queue.use(env.tensors.peek(id))); });
    env.enqueue("", [params, set_to_none] {
      for (const Input& param : params) clear_gradient(param.get(), set_to_none);
    });
    return js_undefined(env);
  }
  for (const at::Tensor& param : args.tensor_list(0)) clear_gradient(param, set_to_none);
  return js_undefined(env);
}

// optimizerState(id, slot): [[name, slot], ...] of a parameter, the slots for JavaScript to adopt.
napi_value optimizer_state(Environment& env, Args& args) {
  const auto state = idle_optimizer(env, args)->state(args.tensor(1));
  Napi::Array out = Napi::Array::New(env.env(), state.size());
  for (uint32_t i = 0; i < state.size(); ++i) {
    env.queue.expose(state[i].second);
    Napi::Array entry = Napi::Array::New(env.env(), 2);
    entry.Set(0u, Napi::String::New(env.env(), state[i].first));
    entry.Set(1u, Napi::Value(env.env(), js_tensor(env, state[i].second)));
    out.Set(i, entry);
  }
  return out;
}

// optimizerSetState(id, slot, names, slots)
napi_value optimizer_set_state(Environment& env, Args& args) {
  const Optimizer o = idle_optimizer(env, args);
  const auto tensors = args.tensor_list(3);
  const auto names = args.value(2).As<Napi::Array>();
  HostedOptimizer::State state;
  for (uint32_t i = 0; i < tensors.size(); ++i) {
    env.queue.expose(tensors[i]);
    state.emplace_back(names.Get(i).ToString(), tensors[i]);
  }
  o->set_state(args.tensor(1), state);
  ++o->replaced;
  return js_undefined(env);
}

// optimizerClearState(id)
napi_value optimizer_clear_state(Environment& env, Args& args) {
  const Optimizer o = idle_optimizer(env, args);
  o->clear_state();
  ++o->replaced;
  return js_undefined(env);
}

// Schedulers count with the C library's functions, as Python does: JavaScript's have other last digits.
napi_value libc_power(Environment& env, Args& args) { return js_number(env, power(args.number(0), args.number(1))); }
napi_value libc_cosine(Environment& env, Args& args) { return js_number(env, std::cos(args.number(0))); }
napi_value libc_logarithm(Environment& env, Args& args) { return js_number(env, std::log(args.number(0))); }

// optimizersLive(): how many optimizers this environment holds.
napi_value optimizers_live(Environment& env, Args&) {
  auto& optimizers = table(env);
  optimizers.release_some();
  return js_number(env, static_cast<double>(optimizers.live()));
}

}  // namespace

Optimizer optimizer_of(Environment& env, Args& args) {
  auto& optimizers = table(env);
  Optimizer found = optimizers.at(args.id(0));
  optimizers.release_some();
  return found;
}

void register_optim(Environment& env, napi_value exports) {
  env.on_release([&env] { table(env).release_some(); });
  define<optimizer_create>(env, exports, "optimizerCreate");
  define<optimizer_option_names>(env, exports, "optimizerOptionNames");
  define<optimizer_add_group>(env, exports, "optimizerAddGroup");
  define<optimizer_get_option>(env, exports, "optimizerGetOption");
  define<optimizer_set_option>(env, exports, "optimizerSetOption");
  define<optimizer_step>(env, exports, "optimizerStep");
  define<optimizer_zero_grad>(env, exports, "optimizerZeroGrad");
  define<gradients_clear>(env, exports, "gradientsClear");
  define<optimizer_state>(env, exports, "optimizerState");
  define<optimizer_set_state>(env, exports, "optimizerSetState");
  define<libc_power>(env, exports, "libcPower");
  define<libc_cosine>(env, exports, "libcCosine");
  define<libc_logarithm>(env, exports, "libcLogarithm");
  define<optimizers_live>(env, exports, "optimizersLive");
  define<optimizer_clear_state>(env, exports, "optimizerClearState");
  register_captured(env, exports);
  register_scaler(env, exports);
}

}  // namespace ltn
