// The one guard around every entry from JavaScript: reads the arguments, runs the body, turns whatever it throws into
// a JavaScript error. Bodies have no try of their own.
#pragma once

#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/environment.h"

namespace ltn {

// Number.MAX_SAFE_INTEGER
inline constexpr double kMaxSafeInteger = 9007199254740991.0;
inline bool is_safe_integer(double value) { return value == std::trunc(value) && std::fabs(value) <= kMaxSafeInteger; }

// The arguments of one call. Readers throw ERR_INVALID_ARG_TYPE that names the argument's position.
class Args {
 public:
  static constexpr size_t kMax = 12;

  Args(Environment& env, napi_callback_info info) : env_(env) {
    size_t count = kMax;
    napi_get_cb_info(env.env(), info, &count, values_, nullptr, nullptr);
    count_ = count;
  }

  size_t size() const { return count_; }
  napi_value operator[](size_t i) const { return values_[i]; }
  Napi::Value value(size_t i) const { return Napi::Value(env_.env(), values_[i]); }

  bool absent(size_t i) const;  // undefined or null
  SlotId id(size_t i) const;
  at::Tensor& tensor(size_t i) const { return env_.tensors.at(id(i)); }
  const Held& peek(size_t i) const { return env_.tensors.peek(id(i)); }  // for sizes and dtype: does not wait
  at::Tensor optional_tensor(size_t i) const { return absent(i) ? at::Tensor() : tensor(i); }
  std::vector<at::Tensor> tensor_list(size_t i) const;
  // An array of slots, each handed to `each`.
  void for_each_id(size_t i, const std::function<void(SlotId)>& each) const;
  std::string string(size_t i) const;
  double number(size_t i) const;
  int64_t int64(size_t i) const;  // a safe integer, or a bigint
  bool boolean(size_t i) const;
  std::vector<int64_t> int64_list(size_t i) const;
  Napi::Object object(size_t i) const;

 private:
  Environment& env_;
  size_t count_ = 0;
  napi_value values_[kMax];
};

using Body = napi_value (*)(Environment&, Args&);

template <Body body>
napi_value guarded(napi_env env, napi_callback_info info) {
  Environment& environment = Environment::of(env);
  try {
    Args args(environment, info);
    return body(environment, args);
  } catch (...) {
    environment.throw_current_exception(nullptr);
    return nullptr;
  }
}

// Puts `body` on `exports` under `name`.
template <Body body>
void define(Environment& env, napi_value exports, const char* name) {
  napi_value function;
  napi_create_function(env.env(), name, NAPI_AUTO_LENGTH, guarded<body>, nullptr, &function);
  napi_set_named_property(env.env(), exports, name, function);
}

// --- results
napi_value js_undefined(Environment& env);
napi_value js_null(Environment& env);
napi_value js_bool(Environment& env, bool value);
napi_value js_int(Environment& env, int32_t value);
napi_value js_number(Environment& env, double value);
// A number; ERR_OUT_OF_RANGE, naming `{ bigint: true }`, where it is no safe integer. With `bigint`, always a bigint.
napi_value js_int64(Environment& env, int64_t value, bool bigint = false);
napi_value js_string(Environment& env, const std::string& value);
// The slot of a tensor for JavaScript to adopt, or null for an undefined tensor.
napi_value js_tensor(Environment& env, const at::Tensor& tensor);
napi_value js_tensor_list(Environment& env, at::ArrayRef<at::Tensor> tensors);
napi_value js_int64_list(Environment& env, at::IntArrayRef values);
// A few words for 'got ...'.
std::string describe(Environment& env, napi_value value);

}  // namespace ltn
