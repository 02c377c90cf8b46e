// The few operators of inner loops that take a shape, called without boxing: the boxed list of integers alone costs
// more than the operator does.
#include "dispatch/direct.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/reshape.h>

#include <memory>
#include <string>
#include <unordered_map>

#include "convert/values.h"
#include "dispatch/attempt.h"
#include "dispatch/operator.h"

namespace ltn {

namespace {

using Shape = ScratchInts;

Shape shape_of(Environment& env, napi_value count) {
  ConvertContext context{env, "size"};
  double number = -1;
  napi_get_value_double(env.env(), count, &number);
  return scratch_ints(context, number);
}

// The boxed form, which can be queued.
struct Boxed {
  std::unordered_map<std::string, std::unique_ptr<Operator>> made;
};

Operator& boxed(Environment& env, const char* name, const char* overload) {
  std::unique_ptr<Operator>& op = env.room<Boxed>().made[name];
  if (!op) {
    op = std::make_unique<Operator>(env, c10::Dispatcher::singleton().findSchemaOrThrow(name, overload), 0);
  }
  return *op;
}

at::Tensor view(const at::Tensor& self, const Shape& shape) { return self.view(shape); }
at::Tensor reshape(const at::Tensor& self, const Shape& shape) { return at::reshape(self, shape); }

// (slot, count, result): slot
template <at::Tensor (*operation)(const at::Tensor&, const Shape&), const char* const* name>
napi_value shaped(napi_env raw_env, napi_callback_info info) {
  Environment& env = Environment::of(raw_env);
  napi_value values[3];
  size_t count = 3;
  napi_get_cb_info(raw_env, info, &count, values, nullptr, nullptr);
  return attempt(env, *name, [&] {
    if (env.queue.deferring()) [[unlikely]]
      return run_operator(boxed(env, *name, ""), values);
    int32_t id = -1;
    napi_get_value_int32(raw_env, values[0], &id);
    const at::Tensor self = env.tensors.at(id);
    const Shape shape = shape_of(env, values[1]);
    env.release_some();
    return js_int(env, env.put_in(values[2], operation(self, shape)));
  });
}

// (count, result): slot
napi_value empty(napi_env raw_env, napi_callback_info info) {
  Environment& env = Environment::of(raw_env);
  napi_value values[2];
  size_t count = 2;
  napi_get_cb_info(raw_env, info, &count, values, nullptr, nullptr);
  return attempt(env, "aten::empty", [&] {
    if (env.queue.deferring()) [[unlikely]] {
      napi_value undefined;
      napi_get_undefined(raw_env, &undefined);
      napi_value all[] = {values[0], undefined, undefined, undefined, undefined, undefined, values[1]};
      return run_operator(boxed(env, "aten::empty", "memory_format"), all);
    }
    const Shape shape = shape_of(env, values[0]);
    env.release_some();
    return js_int(env, env.put_in(values[1], at::empty(shape)));
  });
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
