// Stages of a plan as JavaScript describes them; src/compile/stages.ts is the other side.
#include "graph/graph.h"

namespace ltn {

namespace {

using graph::Activation;
using graph::Function;
using graph::Stage;

at::Tensor read_tensor(Environment& env, Napi::Object values, const char* name) {
  const Napi::Value slot = values.Get(name);
  if (!slot.IsNumber()) return {};
  return env.tensors.at(slot.As<Napi::Number>().Int32Value());
}

std::vector<int64_t> read_pair(Napi::Object values, const char* name) {
  const Napi::Value value = values.Get(name);
  if (!value.IsArray() || value.As<Napi::Array>().Length() != 2) fail(code::kArgType, name, " must be a pair");
  std::vector<int64_t> out;
  for (uint32_t i = 0; i < 2; ++i) {
    const double number = value.As<Napi::Array>().Get(i).ToNumber().DoubleValue();
    if (!is_safe_integer(number) || number < 0 || number > (1 << 24)) fail(code::kArgValue, name, " is out of range");
    out.push_back(static_cast<int64_t>(number));
  }
  return out;
}

double read_number(Napi::Object values, const char* name) { return values.Get(name).ToNumber().DoubleValue(); }

void check_positive(const std::vector<int64_t>& pair, const char* name) {
  for (const int64_t n : pair)
    if (n < 1) fail(code::kArgValue, name, " must be at least 1");
}

constexpr std::pair<Activation, const char*> kActivations[] = {
    {Activation::Relu, "relu"}, {Activation::Tanh, "tanh"}, {Activation::Sigmoid, "sigmoid"}};

constexpr std::pair<Function, const char*> kFunctions[] = {{Function::LeakyRelu, "leaky_relu"},
                                                           {Function::Hardtanh, "hardtanh"},
                                                           {Function::Elu, "elu"},
                                                           {Function::Softplus, "softplus"},
                                                           {Function::Gelu, "gelu"},
                                                           {Function::GeluTanh, "gelu_tanh"},
                                                           {Function::Silu, "silu"},
                                                           {Function::Hardswish, "hardswish"},
                                                           {Function::Hardsigmoid, "hardsigmoid"},
                                                           {Function::Mish, "mish"},
                                                           {Function::DropChannels, "dropout of channels"}};

void read_activation(Napi::Object v, Stage& s) {
  const std::string name = v.Get("activation").ToString();
  for (const auto& [activation, its_name] : kActivations)
    if (its_name == name) s.activation = activation;
  for (const auto& [function, its_name] : kFunctions)
    if (its_name == name) s.function = function;
  if (s.activation == Activation::None && s.function == Function::None) {
    fail(code::kArgValue, "no activation '", name, "'");
  }
  const Napi::Value given = v.Get("parameters");
  if (!given.IsArray()) return;
  const auto list = given.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length() && i < s.parameters.size(); ++i) {
    s.parameters[i] = static_cast<float>(list.Get(i).ToNumber().DoubleValue());
  }
}

}  // namespace

const char* activation_name(Activation activation, Function function) {
  for (const auto& [one, name] : kActivations)
    if (one == activation) return name;
  for (const auto& [one, name] : kFunctions)
    if (one == function) return name;
  return "";
}

Stage read_stage(Environment& env, Napi::Object v) {
  Stage s;
  const std::string kind = v.Get("kind").ToString();
  s.name = v.Get("name").ToString();
  s.weight = read_tensor(env, v, "weight");
  s.bias = read_tensor(env, v, "bias");
  if (kind == "conv") {
    s.kind = Stage::Kind::Conv;
    s.stride = read_pair(v, "stride");
    s.padding = read_pair(v, "padding");
    s.dilation = read_pair(v, "dilation");
    check_positive(s.stride, "stride");
    check_positive(s.dilation, "dilation");
  } else if (kind == "norm") {
    s.kind = Stage::Kind::Norm;
    s.eps = read_number(v, "eps");
    s.cumulative = v.Get("momentum").IsNull();
    s.momentum = s.cumulative ? 0 : read_number(v, "momentum");
    s.running_mean = read_tensor(env, v, "runningMean");
    s.running_var = read_tensor(env, v, "runningVar");
    s.batches = read_tensor(env, v, "batches");
  } else if (kind == "activation") {
    s.kind = Stage::Kind::Activation;
    read_activation(v, s);
  } else if (kind == "pool") {
    s.kind = Stage::Kind::Pool;
    s.kernel = read_pair(v, "kernel");
    s.stride = read_pair(v, "stride");
    s.padding = read_pair(v, "padding");
    check_positive(s.kernel, "kernel");
    check_positive(s.stride, "stride");
    s.average = v.Get("average").ToBoolean();
    s.count_padding = v.Get("countPadding").ToBoolean();
    s.ceil = v.Get("ceil").ToBoolean();
    const double divisor = read_number(v, "divisor");
    if (!is_safe_integer(divisor) || divisor < 0 || divisor > (1 << 24))
      fail(code::kArgValue, "divisor is out of range");
    s.divisor = static_cast<int>(divisor);
  } else if (kind == "flatten") {
    s.kind = Stage::Kind::Flatten;
  } else if (kind == "linear") {
    s.kind = Stage::Kind::Linear;
  } else if (kind == "dropout") {
    s.kind = Stage::Kind::Dropout;
    s.p = read_number(v, "p");
  } else {
    fail(code::kArgValue, "no stage '", kind, "'");
  }
  const bool weighted = s.kind == Stage::Kind::Conv || s.kind == Stage::Kind::Linear;
  if (weighted && !s.weight.defined()) fail(code::kArgValue, s.name, " has no weight");
  return s;
}

}  // namespace ltn
