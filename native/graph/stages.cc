// Stages of a plan as JavaScript describes them; src/compile/stages.ts is the other side.
#include "graph/graph.h"

namespace ltn {

namespace {

using graph::Activation;
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

Activation activation_named(const std::string& name) {
  for (const auto& [activation, its_name] : kActivations)
    if (its_name == name) return activation;
  fail(code::kArgValue, "no activation '", name, "'");
}

}  // namespace

const char* activation_name(Activation activation) {
  for (const auto& [one, name] : kActivations)
    if (one == activation) return name;
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
    s.activation = activation_named(v.Get("activation").ToString());
  } else if (kind == "pool") {
    s.kind = Stage::Kind::Pool;
    s.kernel = read_pair(v, "kernel");
    s.stride = read_pair(v, "stride");
    s.padding = read_pair(v, "padding");
    check_positive(s.kernel, "kernel");
    check_positive(s.stride, "stride");
    s.average = v.Get("average").ToBoolean();
    s.count_padding = v.Get("countPadding").ToBoolean();
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
