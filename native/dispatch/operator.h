// One overload as JavaScript calls it: the schema, read once.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <string>
#include <vector>

#include "convert/kinds.h"
#include "convert/values.h"
#include "core/environment.h"
#include "dispatch/guards.h"

namespace ltn {

struct Operator {
  static constexpr size_t kMaxArguments = 64;

  struct Argument {
    std::string name;
    ValueKind kind;
    bool wraps_number = false;  // this function takes a JavaScript number where the schema has a tensor
    bool has_default = false;
    c10::IValue default_value;
  };
  struct Result {
    ValueKind kind;
    int alias = -1;  // the argument that this result is, for in-place and `out` operators
  };

  Operator(Environment& env, c10::OperatorHandle handle, uint64_t number_mask);

  Environment& env;
  c10::OperatorHandle handle;
  std::string name;  // aten::add.Tensor
  std::vector<Argument> arguments;
  std::vector<Result> results;
  bool gives_tensors = false;  // fresh ones, lists of them, its arguments: and nothing else
  ArgumentGuard guard = nullptr;
  bool has_no_outline = false;    // found out when it was first queued; see dispatch/deferred.h
  bool one_fresh_tensor = false;  // the common result: filled into the object that the caller made for it
};

// Reads the encoded arguments onto a stack; with `queued`, without waiting for tensors that are still to come.
void read_arguments(Operator& op, napi_value* values, torch::jit::Stack& stack, QueuedArguments* queued = nullptr);

// The native function behind an operator's JavaScript face. Takes the encoded arguments in the schema's order
// (`undefined`, or not there: the default), then the object that becomes the result where there is one fresh tensor.
napi_value call_operator(napi_env env, napi_callback_info info);

// The boxed call itself, or its queueing where a job's section is open, under the caller's guard: every argument of the
// schema, then the result object.
napi_value run_boxed(Operator& op, napi_value* values);

// Moves the result object, the last of `count` values, behind the arguments that were left out, which become undefined.
void fill_left_out(const Operator& op, napi_value* values, size_t count);

}  // namespace ltn
