#include "dispatch/dispatch.h"

#include <algorithm>
#include <deque>

#include "dispatch/direct.h"
#include "dispatch/operator.h"

namespace ltn {

namespace {

struct Operators {
  std::deque<std::unique_ptr<Operator>> made;  // functions hold plain pointers, so none moves or goes
};

c10::OperatorHandle find_operator(const std::string& name, const std::string& overload) {
  const auto found = c10::Dispatcher::singleton().findSchema({name, overload});
  if (!found.has_value()) {
    fail(code::kUnknownOperator, "no operator ", name, overload.empty() ? "" : "." + overload,
         " is registered in this libtorch");
  }
  return *found;
}

// operatorNames(): every registered 'ns::name.overload' that has a schema
napi_value operator_names(Environment& env, Args&) {
  std::vector<c10::OperatorName> names = c10::Dispatcher::singleton().getAllOpNames();
  std::vector<std::string> out;
  out.reserve(names.size());
  for (const c10::OperatorName& name : names) {
    if (c10::Dispatcher::singleton().findSchema(name).has_value()) out.push_back(c10::toString(name));
  }
  std::sort(out.begin(), out.end());
  napi_value array;
  napi_create_array_with_length(env.env(), out.size(), &array);
  for (size_t i = 0; i < out.size(); ++i) {
    Napi::HandleScope scope(env.env());
    napi_set_element(env.env(), array, static_cast<uint32_t>(i), js_string(env, out[i]));
  }
  return array;
}

Napi::Array describe_arguments(Environment& env, const std::vector<c10::Argument>& arguments) {
  Napi::Array out = Napi::Array::New(env.env(), arguments.size());
  for (size_t i = 0; i < arguments.size(); ++i) {
    const c10::Argument& argument = arguments[i];
    const ValueKind kind = kind_of(argument);
    Napi::Object entry = Napi::Object::New(env.env());
    entry.Set("name", argument.name());
    entry.Set("kind", kind.kind == Kind::Unsupported ? argument.real_type()->str() : kind.name());
    entry.Set("supported", kind.kind != Kind::Unsupported);
    entry.Set("size", static_cast<double>(kind.fixed_size));
    entry.Set("keywordOnly", argument.kwarg_only());
    entry.Set("optional", argument.default_value().has_value() || kind.optional);
    if (argument.default_value().has_value()) {
      std::ostringstream text;
      text << *argument.default_value();
      entry.Set("default", text.str());
    }
    entry.Set("writes", argument.alias_info() != nullptr && argument.alias_info()->isWrite());
    out.Set(static_cast<uint32_t>(i), entry);
  }
  return out;
}

// operatorSchema(name, overload): what the operator takes and gives, for encoding calls and for types
napi_value operator_schema(Environment& env, Args& args) {
  const c10::OperatorHandle handle = find_operator(args.string(0), args.string(1));
  const c10::FunctionSchema& schema = handle.schema();
  Napi::Object out = Napi::Object::New(env.env());
  std::ostringstream text;
  text << schema;
  out.Set("text", text.str());
  out.Set("arguments", describe_arguments(env, schema.arguments()));
  out.Set("returns", describe_arguments(env, schema.returns()));
  return out;
}

// operatorFunction(name, overload, numberMask, boxed): { call, oneFreshTensor, aliases }; unboxed where the table has a
// row, unless `boxed` asks for the general way, as tests do that compare the two
napi_value operator_function(Environment& env, Args& args) {
  const c10::OperatorHandle handle = find_operator(args.string(0), args.string(1));
  const auto number_mask = static_cast<uint64_t>(args.int64(2));
  auto& made = env.room<Operators>().made;
  made.push_back(std::make_unique<Operator>(env, handle, number_mask));
  Operator& op = *made.back();
  napi_callback call = args.size() > 3 && args.boolean(3) ? nullptr : direct_call(op, number_mask);
  if (call == nullptr) call = call_operator;
  napi_value function;
  napi_create_function(env.env(), op.name.c_str(), op.name.size(), call, &op, &function);
  Napi::Object out = Napi::Object::New(env.env());
  out.Set("call", function);
  out.Set("oneFreshTensor", op.one_fresh_tensor);
  Napi::Array aliases = Napi::Array::New(env.env(), op.results.size());
  for (size_t i = 0; i < op.results.size(); ++i) aliases.Set(static_cast<uint32_t>(i), op.results[i].alias);
  out.Set("aliases", aliases);
  return out;
}

}  // namespace

void register_dispatch(Environment& env, napi_value exports) {
  register_direct(env, exports);
  define<operator_names>(env, exports, "operatorNames");
  define<operator_schema>(env, exports, "operatorSchema");
  define<operator_function>(env, exports, "operatorFunction");
}

}  // namespace ltn
