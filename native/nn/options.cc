#include "nn/options.h"

#include <algorithm>

#include "convert/values.h"

namespace ltn {

namespace {}  // namespace

Napi::Value LayerOptions::read(const char* name) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.emplace_back(name);
  return values_.Get(name);
}

void LayerOptions::wrong(const char* name, const char* expected, Napi::Value got) {
  fail(code::kArgType, kind_, ": '", name, "' must be ", expected, ", got ", describe(env_, got));
}

void LayerOptions::missing(const char* name) { fail(code::kArgType, kind_, " needs '", name, "'"); }

std::optional<int64_t> LayerOptions::as_integer(Napi::Value value) {
  if (!value.IsNumber()) return {};
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!is_safe_integer(number)) return {};
  return static_cast<int64_t>(number);
}

int64_t LayerOptions::integer(const char* name, std::optional<int64_t> fallback) {
  const Napi::Value value = read(name);
  if (value.IsUndefined()) {
    if (!fallback) missing(name);
    return *fallback;
  }
  const auto integer = as_integer(value);
  if (!integer) wrong(name, "an integer", value);
  return *integer;
}

std::optional<int64_t> LayerOptions::integer_or_null(const char* name, std::optional<int64_t> fallback) {
  const Napi::Value value = read(name);
  if (value.IsUndefined()) return fallback;
  if (value.IsNull()) return {};
  const auto integer = as_integer(value);
  if (!integer) wrong(name, "an integer or null", value);
  return integer;
}

double LayerOptions::number(const char* name, std::optional<double> fallback) {
  const Napi::Value value = read(name);
  if (value.IsUndefined()) {
    if (!fallback) missing(name);
    return *fallback;
  }
  if (!value.IsNumber()) wrong(name, "a number", value);
  return value.As<Napi::Number>().DoubleValue();
}

std::optional<double> LayerOptions::number_or_null(const char* name, std::optional<double> fallback) {
  const Napi::Value value = read(name);
  if (value.IsUndefined()) return fallback;
  if (value.IsNull()) return {};
  if (!value.IsNumber()) wrong(name, "a number or null", value);
  return value.As<Napi::Number>().DoubleValue();
}

bool LayerOptions::flag(const char* name, bool fallback) {
  const Napi::Value value = read(name);
  if (value.IsUndefined()) return fallback;
  if (!value.IsBoolean()) wrong(name, "a boolean", value);
  return value.As<Napi::Boolean>().Value();
}

LayerOptions::Pair LayerOptions::pair(const char* name, std::optional<Pair> fallback) {
  constexpr const char* kExpected = "an integer or a pair of integers";
  const Napi::Value value = read(name);
  if (value.IsUndefined()) {
    if (!fallback) missing(name);
    return *fallback;
  }
  if (const auto both = as_integer(value)) return {*both, *both};
  if (!value.IsArray()) wrong(name, kExpected, value);
  const auto array = value.As<Napi::Array>();
  if (array.Length() != 2) wrong(name, kExpected, value);
  const auto first = as_integer(array.Get(0u));
  const auto second = as_integer(array.Get(1u));
  if (!first || !second) wrong(name, kExpected, value);
  return {*first, *second};
}

bool LayerOptions::is_string(const char* name) { return read(name).IsString(); }

bool LayerOptions::null(const char* name) { return read(name).IsNull(); }

std::string LayerOptions::word(const char* name, const char* fallback, std::initializer_list<const char*> choices) {
  const Napi::Value value = read(name);
  if (value.IsUndefined()) return fallback;
  std::string expected = "one of ";
  for (const char* choice : choices) {
    if (choice != *choices.begin()) expected += ", ";
    expected += join("'", choice, "'");
  }
  if (!value.IsString()) wrong(name, expected.c_str(), value);
  std::string word = value.As<Napi::String>();
  if (std::find(choices.begin(), choices.end(), word) == choices.end()) {
    fail(code::kArgValue, kind_, ": '", name, "' must be ", expected, ", got '", word, "'");
  }
  return word;
}

at::Tensor LayerOptions::tensor(const char* name) {
  const Napi::Value value = read(name);
  const Napi::Value slot = tensors_.Get(name);
  if (slot.IsNumber()) return env_.tensors.at(slot.As<Napi::Number>().Int32Value());
  if (!value.IsUndefined() && !value.IsNull()) wrong(name, "a tensor or null", value);
  return {};
}

Factory LayerOptions::factory() {
  Factory out;
  const Napi::Value dtype = read("dtype");
  const Napi::Value device = read("device");
  if (!dtype.IsUndefined() && !dtype.IsNull()) out.dtype = to_dtype(env_, dtype);
  if (!device.IsUndefined() && !device.IsNull()) out.device = to_device(env_, device);
  return out;
}

void LayerOptions::done() {
  const Napi::Array keys = values_.GetPropertyNames();
  for (uint32_t i = 0; i < keys.Length(); ++i) {
    const std::string key = keys.Get(i).ToString();
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    std::string all;
    for (const std::string& name : known_) all += all.empty() ? name : ", " + name;
    fail(code::kUnknownOption, kind_, " has no option '", key, "'; known options: ", all);
  }
}

}  // namespace ltn
