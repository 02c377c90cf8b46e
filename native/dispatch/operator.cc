#include "dispatch/operator.h"

#include "convert/values.h"
#include "dispatch/attempt.h"
#include "dispatch/deferred.h"

namespace ltn {

namespace {

// The environment's reserved stack, or one of its own where an operator calls back into JavaScript that calls again.
class StackLease {
 public:
  explicit StackLease(Environment& env) : env_(env), stack_(env.depth++ == 0 ? env.stack : own_) {}
  ~StackLease() {
    stack_.clear();
    --env_.depth;
  }
  StackLease(const StackLease&) = delete;
  StackLease& operator=(const StackLease&) = delete;
  torch::jit::Stack& operator*() { return stack_; }

 private:
  Environment& env_;
  torch::jit::Stack own_;
  torch::jit::Stack& stack_;
};

bool is_undefined(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type == napi_undefined;
}

// The tensor beside a number: the first that there is among the plain ones.
at::Tensor& operand_beside(Operator& op, napi_value* values, size_t number, ConvertContext& context) {
  for (size_t i = 0; i < op.arguments.size(); ++i) {
    int32_t id;
    const Operator::Argument& argument = op.arguments[i];
    if (i == number || argument.wraps_number || !argument.kind.plain_tensor()) continue;
    if (napi_get_value_int32(op.env.env(), values[i], &id) == napi_ok) return tensor_at(context, id);
  }
  fail(code::kArgType, "needs a tensor beside the number '", op.arguments[number].name, "'");
}

napi_value write_results(Operator& op, torch::jit::Stack& stack, napi_value result_object) {
  Environment& env = op.env;
  if (op.one_fresh_tensor) {
    at::Tensor tensor = std::move(stack[0]).toTensor();
    if (!tensor.defined()) return js_null(env);
    return js_int(env, env.put_in(result_object, std::move(tensor)));
  }
  const auto encode = [&](size_t i) {
    // an in-place result is the argument itself, and so is its JavaScript object
    return op.results[i].alias >= 0 ? js_undefined(env) : from_ivalue(env, stack[i], op.results[i].kind);
  };
  if (op.results.empty()) return js_undefined(env);
  if (op.results.size() == 1) return encode(0);
  napi_value out;
  napi_create_array_with_length(env.env(), op.results.size(), &out);
  for (size_t i = 0; i < op.results.size(); ++i) napi_set_element(env.env(), out, static_cast<uint32_t>(i), encode(i));
  return out;
}

}  // namespace

void read_arguments(Operator& op, napi_value* values, torch::jit::Stack& stack, QueuedArguments* queued) {
  ConvertContext context{op.env, nullptr};
  context.queued = queued;
  napi_env env = op.env.env();
  const size_t count = op.arguments.size();
  for (size_t i = 0; i < count; ++i) {
    const Operator::Argument& argument = op.arguments[i];
    context.name = argument.name.c_str();
    if (argument.kind.plain_tensor()) {
      int32_t id;
      if (argument.wraps_number) {
        const at::Tensor& operand = i > 0 ? stack[0].toTensor() : operand_beside(op, values, i, context);
        context.floating_operand = at::isFloatingType(operand.scalar_type()) || operand.is_complex();
        stack.emplace_back(wrapped_number(context, values[i], operand));
      } else if (napi_get_value_int32(env, values[i], &id) == napi_ok) [[likely]] {
        at::Tensor& tensor = tensor_at(context, id);
        context.floating_operand =
            context.floating_operand || at::isFloatingType(tensor.scalar_type()) || tensor.is_complex();
        stack.emplace_back(tensor);
      } else if (is_undefined(env, values[i])) {
        fail(code::kArgType, "needs '", argument.name, "', a tensor");
      } else {
        fail(code::kArgType, "'", argument.name, "' must be a tensor, got ", describe(op.env, values[i]));
      }
    } else if (is_undefined(env, values[i])) {
      if (!argument.has_default && !argument.kind.optional) {
        fail(code::kArgType, "needs '", argument.name, "' (", argument.kind.name(), ")");
      }
      stack.push_back(argument.default_value);
    } else {
      stack.push_back(to_ivalue(context, values[i], argument.kind));
    }
  }
}

napi_value run_boxed(Operator& op, napi_value* values) {
  if (op.env.queue.deferring()) [[unlikely]] {
    if (const auto queued = defer_operator(op, values)) return *queued;
  }
  StackLease lease(op.env);
  torch::jit::Stack& stack = *lease;
  read_arguments(op, values, stack);
  if (op.guard != nullptr) [[unlikely]]
    op.guard(stack);
  op.env.release_some();
  op.handle.callBoxed(stack);
  return write_results(op, stack, values[op.arguments.size()]);
}

void fill_left_out(const Operator& op, napi_value* values, size_t count) {
  const size_t wanted = op.arguments.size() + 1;
  if (!op.one_fresh_tensor || count == 0 || count >= wanted) return;
  std::swap(values[count - 1], values[op.arguments.size()]);  // what was not passed is undefined
}

Operator::Operator(Environment& environment, c10::OperatorHandle operator_handle, uint64_t number_mask)
    : env(environment), handle(operator_handle) {
  const c10::FunctionSchema& schema = handle.schema();
  name = schema.name() + (schema.overload_name().empty() ? "" : "." + schema.overload_name());
  for (const c10::Argument& argument : schema.arguments()) {
    Argument entry;
    entry.name = argument.name();
    entry.kind = kind_of(argument);
    entry.wraps_number = (number_mask >> std::min<size_t>(arguments.size(), 63)) & 1;
    if (argument.default_value().has_value()) {
      entry.has_default = true;
      entry.default_value = *argument.default_value();
    }
    if (entry.kind.kind == Kind::Unsupported) {
      fail(code::kUnsupportedType, name, ": '", entry.name, "' is a ", argument.real_type()->str(),
           ", which has no JavaScript form");
    }
    arguments.push_back(std::move(entry));
  }
  for (const c10::Argument& returned : schema.returns()) {
    Result entry;
    entry.kind = kind_of(returned);
    if (entry.kind.kind == Kind::Unsupported) {
      fail(code::kUnsupportedType, name, ": a result is a ", returned.real_type()->str(),
           ", which has no JavaScript form");
    }
    const c10::AliasInfo* alias = returned.alias_info();
    if (alias != nullptr && alias->isWrite() && entry.kind.plain_tensor()) {
      for (size_t i = 0; i < schema.arguments().size(); ++i) {
        const c10::AliasInfo* candidate = schema.arguments()[i].alias_info();
        if (candidate != nullptr && candidate->isWrite() && candidate->beforeSets() == alias->beforeSets() &&
            arguments[i].kind.plain_tensor()) {
          entry.alias = static_cast<int>(i);
          break;
        }
      }
    }
    results.push_back(entry);
  }
  guard = guard_of(name);
  has_no_outline = guard != nullptr;  // its arguments are looked at, so they must be there
  gives_tensors = !results.empty();
  for (size_t i = 0; i < results.size(); ++i) {
    const ValueKind& kind = results[i].kind;
    const c10::AliasInfo* alias = schema.returns()[i].alias_info();
    const bool list = kind.kind == Kind::Tensor && kind.list && !kind.optional_element && !kind.optional &&
                      (alias == nullptr || !alias->isWrite());
    gives_tensors = gives_tensors && (kind.plain_tensor() || list);
  }
  one_fresh_tensor = results.size() == 1 && results[0].kind.plain_tensor() && results[0].alias < 0;
  if (arguments.size() + 1 > kMaxArguments) fail(code::kUnsupportedType, name, " has too many arguments");
}

napi_value call_operator(napi_env env, napi_callback_info info) {
  napi_value values[Operator::kMaxArguments];
  void* data = nullptr;
  size_t count = 16;
  napi_get_cb_info(env, info, &count, values, nullptr, &data);
  Operator& op = *static_cast<Operator*>(data);
  if (op.arguments.size() >= 16) [[unlikely]] {
    count = op.arguments.size() + 1;
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  }
  fill_left_out(op, values, count);
  return attempt(op.env, op.name.c_str(), [&] { return run_boxed(op, values); });
}

}  // namespace ltn
