// The few operators of inner loops that take a shape, called without boxing: the boxed list of integers alone costs
// more than the operator does.
#include "dispatch/direct.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/reshape.h>
#include <c10/util/SmallVector.h>

#include <cmath>

namespace ltn {

namespace {

using Shape = c10::SmallVector<int64_t, 8>;

// `count` sizes wait in scratch memory; see src/ops/encode.ts
Shape shape_of(Environment& env, napi_value count) {
  double number;
  if (napi_get_value_double(env.env(), count, &number) != napi_ok || number < 0 || number > Environment::kScratch ||
      number != std::trunc(number)) {
    fail(code::kArgType, "'size' must be an array of integers");
  }
  Shape out(static_cast<size_t>(number));
  for (size_t i = 0; i < out.size(); ++i) {
    const double size = env.scratch[i];
    if (size != std::trunc(size) || std::fabs(size) > 9007199254740991.0) {
      fail(code::kArgType, "'size' must be an array of safe integers, got ", size, " at index ", i);
    }
    out[i] = static_cast<int64_t>(size);
  }
  return out;
}

at::Tensor view(const at::Tensor& self, const Shape& shape) { return self.view(shape); }
at::Tensor reshape(const at::Tensor& self, const Shape& shape) { return at::reshape(self, shape); }

// (slot, count, result): slot
template <at::Tensor (*operation)(const at::Tensor&, const Shape&), const char* const* name>
napi_value shaped(napi_env raw_env, napi_callback_info info) {
  Environment& env = Environment::of(raw_env);
  try {
    napi_value values[3];
    size_t count = 3;
    napi_get_cb_info(raw_env, info, &count, values, nullptr, nullptr);
    int32_t id = -1;
    napi_get_value_int32(raw_env, values[0], &id);
    const at::Tensor self = env.tensors.at(id);
    const Shape shape = shape_of(env, values[1]);
    env.release_some();
    return js_int(env, env.put_in(values[2], operation(self, shape)));
  } catch (...) {
    env.throw_current_exception(*name);
    return nullptr;
  }
}

// (count, result): slot
napi_value empty(napi_env raw_env, napi_callback_info info) {
  Environment& env = Environment::of(raw_env);
  try {
    napi_value values[2];
    size_t count = 2;
    napi_get_cb_info(raw_env, info, &count, values, nullptr, nullptr);
    const Shape shape = shape_of(env, values[0]);
    env.release_some();
    return js_int(env, env.put_in(values[1], at::empty(shape)));
  } catch (...) {
    env.throw_current_exception("aten::empty");
    return nullptr;
  }
}

constexpr const char* kView = "aten::view";
constexpr const char* kReshape = "aten::reshape";

void define_raw(Environment& env, napi_value exports, const char* name, napi_callback call) {
  napi_value function;
  napi_create_function(env.env(), name, NAPI_AUTO_LENGTH, call, nullptr, &function);
  napi_set_named_property(env.env(), exports, name, function);
}

}  // namespace

void register_direct(Environment& env, napi_value exports) {
  define_raw(env, exports, "directView", shaped<view, &kView>);
  define_raw(env, exports, "directReshape", shaped<reshape, &kReshape>);
  define_raw(env, exports, "directEmpty", empty);
}

}  // namespace ltn
