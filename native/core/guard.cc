#include "core/guard.h"

#include <cmath>

namespace ltn {

namespace {

napi_valuetype type_of(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type;
}

[[noreturn]] void wrong(Environment& env, size_t i, const char* expected, napi_value got) {
  fail(code::kArgType, "argument ", i, " must be ", expected, ", got ", describe(env, got));
}

}  // namespace

std::string describe(Environment& env, napi_value value) {
  switch (type_of(env.env(), value)) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean: {
      bool b = false;
      napi_get_value_bool(env.env(), value, &b);
      return b ? "the boolean true" : "the boolean false";
    }
    case napi_number: {
      napi_value text;
      if (napi_coerce_to_string(env.env(), value, &text) != napi_ok) return "a number";
      return "the number " + Napi::String(env.env(), text).Utf8Value();
    }
    case napi_bigint:
      return "a bigint";
    case napi_string: {
      std::string text = Napi::String(env.env(), value).Utf8Value();
      if (text.size() > 40) text = text.substr(0, 40) + "...";
      return "the string '" + text + "'";
    }
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    default: {
      bool is_array = false;
      napi_is_array(env.env(), value, &is_array);
      return is_array ? "an array" : "an object";
    }
  }
}

bool Args::absent(size_t i) const {
  const napi_valuetype type = type_of(env_.env(), values_[i]);
  return type == napi_undefined || type == napi_null;
}

SlotId Args::id(size_t i) const {
  double value;
  if (napi_get_value_double(env_.env(), values_[i], &value) != napi_ok || value != std::trunc(value) || value < -1 ||
      value > INT32_MAX) {
    wrong(env_, i, "a handle", values_[i]);
  }
  return static_cast<SlotId>(value);
}

void Args::for_each_id(size_t i, const std::function<void(SlotId)>& each) const {
  bool is_array = false;
  napi_is_array(env_.env(), values_[i], &is_array);
  if (!is_array) wrong(env_, i, "an array of tensors", values_[i]);
  uint32_t length = 0;
  napi_get_array_length(env_.env(), values_[i], &length);
  for (uint32_t k = 0; k < length; ++k) {
    napi_value element;
    int32_t id;
    if (napi_get_element(env_.env(), values_[i], k, &element) != napi_ok) throw PendingException();
    if (napi_get_value_int32(env_.env(), element, &id) != napi_ok) wrong(env_, i, "an array of tensors", element);
    each(id);
  }
}

std::vector<at::Tensor> Args::tensor_list(size_t i) const {
  std::vector<at::Tensor> out;
  for_each_id(i, [&](SlotId id) { out.push_back(env_.tensors.at(id)); });
  return out;
}

std::string Args::string(size_t i) const {
  if (type_of(env_.env(), values_[i]) != napi_string) wrong(env_, i, "a string", values_[i]);
  return Napi::String(env_.env(), values_[i]).Utf8Value();
}

double Args::number(size_t i) const {
  double value;
  if (napi_get_value_double(env_.env(), values_[i], &value) != napi_ok) wrong(env_, i, "a number", values_[i]);
  return value;
}

int64_t Args::int64(size_t i) const {
  if (type_of(env_.env(), values_[i]) == napi_bigint) {
    int64_t value;
    bool lossless = false;
    napi_get_value_bigint_int64(env_.env(), values_[i], &value, &lossless);
    if (!lossless) fail(code::kOutOfRange, "argument ", i, " does not fit into 64 bits");
    return value;
  }
  double value;
  if (napi_get_value_double(env_.env(), values_[i], &value) != napi_ok || !is_safe_integer(value)) {
    wrong(env_, i, "a safe integer or a bigint", values_[i]);
  }
  return static_cast<int64_t>(value);
}

bool Args::boolean(size_t i) const {
  bool value;
  if (napi_get_value_bool(env_.env(), values_[i], &value) != napi_ok) wrong(env_, i, "a boolean", values_[i]);
  return value;
}

std::vector<int64_t> Args::int64_list(size_t i) const {
  bool is_array = false;
  napi_is_array(env_.env(), values_[i], &is_array);
  if (!is_array) wrong(env_, i, "an array of integers", values_[i]);
  uint32_t length = 0;
  napi_get_array_length(env_.env(), values_[i], &length);
  std::vector<int64_t> out;
  out.reserve(length);
  for (uint32_t k = 0; k < length; ++k) {
    napi_value element;
    double value;
    if (napi_get_element(env_.env(), values_[i], k, &element) != napi_ok) throw PendingException();
    if (napi_get_value_double(env_.env(), element, &value) != napi_ok || !is_safe_integer(value)) {
      wrong(env_, i, "an array of integers", element);
    }
    out.push_back(static_cast<int64_t>(value));
  }
  return out;
}

Napi::Object Args::object(size_t i) const {
  if (type_of(env_.env(), values_[i]) != napi_object) wrong(env_, i, "an object", values_[i]);
  return Napi::Object(env_.env(), values_[i]);
}

napi_value js_undefined(Environment& env) {
  napi_value out;
  napi_get_undefined(env.env(), &out);
  return out;
}

napi_value js_null(Environment& env) {
  napi_value out;
  napi_get_null(env.env(), &out);
  return out;
}

napi_value js_bool(Environment& env, bool value) {
  napi_value out;
  napi_get_boolean(env.env(), value, &out);
  return out;
}

napi_value js_int(Environment& env, int32_t value) {
  napi_value out;
  napi_create_int32(env.env(), value, &out);
  return out;
}

napi_value js_number(Environment& env, double value) {
  napi_value out;
  napi_create_double(env.env(), value, &out);
  return out;
}

napi_value js_int64(Environment& env, int64_t value, bool bigint) {
  napi_value out;
  if (bigint) {
    napi_create_bigint_int64(env.env(), value, &out);
    return out;
  }
  if (value > static_cast<int64_t>(kMaxSafeInteger) || value < -static_cast<int64_t>(kMaxSafeInteger)) {
    fail(code::kOutOfRange, "the int64 value ", value, " is no safe integer; ask for bigints with { bigint: true }");
  }
  napi_create_double(env.env(), static_cast<double>(value), &out);
  return out;
}

napi_value js_string(Environment& env, const std::string& value) {
  napi_value out;
  napi_create_string_utf8(env.env(), value.data(), value.size(), &out);
  return out;
}

napi_value js_tensor(Environment& env, const at::Tensor& tensor) {
  return tensor.defined() ? js_int(env, env.put(tensor)) : js_null(env);
}

napi_value js_tensor_list(Environment& env, at::ArrayRef<at::Tensor> tensors) {
  napi_value out;
  napi_create_array_with_length(env.env(), tensors.size(), &out);
  for (size_t i = 0; i < tensors.size(); ++i) {
    napi_set_element(env.env(), out, static_cast<uint32_t>(i), js_tensor(env, tensors[i]));
  }
  return out;
}

napi_value js_int64_list(Environment& env, at::IntArrayRef values) {
  napi_value out;
  napi_create_array_with_length(env.env(), values.size(), &out);
  for (size_t i = 0; i < values.size(); ++i) {
    napi_set_element(env.env(), out, static_cast<uint32_t>(i), js_number(env, static_cast<double>(values[i])));
  }
  return out;
}

}  // namespace ltn
