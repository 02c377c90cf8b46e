// One overload called without boxing: a template over libtorch's own description of the operator (`at::_ops::relu`),
// whose signature says how each argument is read. It reads plain arguments only; whatever else a call may hold, wrong
// arguments included, it leaves to the boxed call, so that meaning and errors are written once.
#pragma once

#include <ATen/core/IListRef.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <c10/core/GradMode.h>
#include <c10/core/SymIntArrayRef.h>

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "convert/values.h"
#include "dispatch/attempt.h"
#include "dispatch/operator.h"

namespace ltn {

struct TypedInput {
  Operator& op;
  ConvertContext context;
  const at::Tensor* first = nullptr;  // the first tensor: what a number beside it is made for

  napi_env env() const { return op.env.env(); }
};

// --- single values; false where the value is not the plain one of its kind

template <typename T>
bool read_plain(TypedInput&, napi_value, T&) {
  return false;
}
inline bool read_plain(TypedInput& in, napi_value value, double& out) {
  return napi_get_value_double(in.env(), value, &out) == napi_ok;
}
inline bool read_plain(TypedInput& in, napi_value value, int64_t& out) {
  double number;
  if (napi_get_value_double(in.env(), value, &number) != napi_ok || !is_safe_integer(number)) return false;
  out = static_cast<int64_t>(number);
  return true;
}
inline bool read_plain(TypedInput& in, napi_value value, bool& out) {
  return napi_get_value_bool(in.env(), value, &out) == napi_ok;
}
inline bool read_plain(TypedInput& in, napi_value value, at::Scalar& out) {
  double number;
  if (napi_get_value_double(in.env(), value, &number) != napi_ok) return false;
  out = to_scalar(in.context, value);
  return true;
}
inline bool read_plain(TypedInput& in, napi_value value, at::ScalarType& out) {
  double number;
  if (napi_get_value_double(in.env(), value, &number) != napi_ok) return false;
  out = to_dtype(in.op.env, value);
  return true;
}
inline bool read_plain(TypedInput& in, napi_value value, at::Tensor& out) {
  int32_t id;
  if (napi_get_value_int32(in.env(), value, &id) != napi_ok) return false;
  out = in.op.env.tensors.at(id);
  return true;
}
inline bool read_plain(TypedInput& in, napi_value value, ScratchInts& out) {
  double count;
  if (napi_get_value_double(in.env(), value, &count) != napi_ok) return false;
  out = scratch_ints(in.context, count);
  return true;
}
inline bool read_plain(TypedInput& in, napi_value value, std::vector<at::Tensor>& out) {
  napi_env env = in.env();
  bool is_array = false;
  if (napi_is_array(env, value, &is_array) != napi_ok || !is_array) return false;
  uint32_t length = 0;
  napi_get_array_length(env, value, &length);
  out.reserve(length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element;
    if (napi_get_element(env, value, i, &element) != napi_ok) throw PendingException();
    at::Tensor tensor;
    if (!read_plain(in, element, tensor)) return false;
    out.push_back(std::move(tensor));
  }
  return true;
}

inline napi_valuetype type_of_value(TypedInput& in, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(in.env(), value, &type);
  return type;
}

// --- arguments by the type in the operator's signature: `read`, then `get` in the call

// A value of type T, or the schema's default.
template <typename T>
struct Plain {
  T value{};
  bool read(TypedInput& in, napi_value js, size_t i, bool given) {
    if (given) {
      if (read_plain(in, js, value)) [[likely]]
        return true;
      if (type_of_value(in, js) != napi_undefined) return false;
    }
    const Operator::Argument& argument = in.op.arguments[i];
    if constexpr (std::is_constructible_v<c10::IValue, T>) {
      if (!argument.has_default) return false;
      value = argument.default_value.template to<T>();
      return true;
    }
    return false;
  }
};

template <typename T>
struct Argument : Plain<T> {
  const T& get() const { return this->value; }
};

template <>
struct Argument<at::Tensor> {
  at::Tensor value;
  bool read(TypedInput& in, napi_value js, size_t, bool given) {
    if (!given || !read_plain(in, js, value)) return false;
    if (in.first == nullptr) in.first = &value;
    in.context.floating_operand =
        in.context.floating_operand || at::isFloatingType(value.scalar_type()) || value.is_complex();
    return true;
  }
  at::Tensor& get() { return value; }
};

template <typename T>
struct Argument<std::optional<T>> {
  std::optional<T> value;
  bool read(TypedInput& in, napi_value js, size_t i, bool given) {
    const napi_valuetype type = given ? type_of_value(in, js) : napi_undefined;
    if (type == napi_null) return true;
    if (type != napi_undefined) {
      if constexpr (std::is_default_constructible_v<T>) {
        return read_plain(in, js, value.emplace());
      } else {
        return false;
      }
    }
    // an optional without a default stands for None, as everywhere
    return in.op.arguments[i].default_value.isNone();
  }
  const std::optional<T>& get() const { return value; }
};

template <>
struct Argument<at::OptionalIntArrayRef> : Argument<std::optional<ScratchInts>> {
  at::OptionalIntArrayRef get() const {
    return value ? at::OptionalIntArrayRef(at::IntArrayRef(*value)) : at::OptionalIntArrayRef();
  }
};

// Lists have no plain default: without one they are left to the boxed call.
template <>
struct Argument<at::IntArrayRef> {
  ScratchInts value;
  bool read(TypedInput& in, napi_value js, size_t, bool given) { return given && read_plain(in, js, value); }
  at::IntArrayRef get() const { return value; }
};

template <>
struct Argument<c10::SymIntArrayRef> : Argument<at::IntArrayRef> {
  c10::SymIntArrayRef get() const { return c10::fromIntArrayRefSlow(value); }
};

template <>
struct Argument<c10::SymInt> : Plain<int64_t> {
  c10::SymInt get() const { return c10::SymInt(value); }
};

template <>
struct Argument<at::TensorList> {
  std::vector<at::Tensor> value;
  bool read(TypedInput& in, napi_value js, size_t, bool given) { return given && read_plain(in, js, value); }
  at::TensorList get() const { return value; }
};

template <>
struct Argument<at::ITensorListRef> : Argument<at::TensorList> {
  at::ITensorListRef get() const { return at::ITensorListRef(value); }
};

// A JavaScript number where the signature has a tensor.
struct NumberArgument {
  at::Tensor value;
  bool read(TypedInput& in, napi_value js, size_t, bool given) {
    double number;
    if (!given || in.first == nullptr || napi_get_value_double(in.env(), js, &number) != napi_ok) return false;
    in.context.floating_operand = at::isFloatingType(in.first->scalar_type()) || in.first->is_complex();
    value = wrapped_number(in.context, js, *in.first);
    return true;
  }
  at::Tensor& get() { return value; }
};

// --- the dispatch

// True where recording for autograd would do nothing with this argument: then its kernels need not run.
bool unrecorded(const at::Tensor& tensor);
inline bool unrecorded(const std::optional<at::Tensor>& tensor) { return !tensor || unrecorded(*tensor); }
inline bool unrecorded(const at::ITensorListRef&) { return false; }
inline bool unrecorded(at::TensorList) { return false; }
template <typename T>
bool unrecorded(const T&) {
  return true;
}

// What is known of an operator's result.
enum class Result {
  Any,
  // A tensor of its own, which is no view, from a kernel that autograd has a formula for: what autograd would do around
  // it is nothing unless an argument is recorded, so that its part of the dispatch can be passed by.
  Fresh,
  // The same where every tensor has two dimensions: operators that are made of others, and may be views otherwise.
  FreshOfMatrices,
};

inline bool is_matrix(const at::Tensor& tensor) { return tensor.dim() == 2; }
template <typename T>
bool is_matrix(const T&) {
  return true;
}

template <typename Op, Result result, bool number, typename Schema = typename Op::schema>
class Typed;

template <typename Op, Result result, bool number, typename Returned, typename... Parameters>
class Typed<Op, result, number, Returned(Parameters...)> {
  static constexpr size_t kCount = sizeof...(Parameters);
  static constexpr bool kReturnsTensor = std::is_same_v<Returned, at::Tensor>;
  static_assert(kReturnsTensor || std::is_same_v<Returned, at::Tensor&>, "a fresh tensor, or an argument in place");

  template <size_t I, typename P>
  using ArgumentAt =
      std::conditional_t<number && I == 1, NumberArgument, Argument<std::remove_const_t<std::remove_reference_t<P>>>>;
  template <size_t... I>
  static std::tuple<ArgumentAt<I, Parameters>...> arguments_of(std::index_sequence<I...>);
  using Indices = std::make_index_sequence<kCount>;
  using Arguments = decltype(arguments_of(Indices()));

 public:
  static napi_value call(napi_env env, napi_callback_info info) {
    napi_value values[kCount + 1];
    void* data = nullptr;
    size_t count = kCount + 1;
    napi_get_cb_info(env, info, &count, values, nullptr, &data);
    Operator& op = *static_cast<Operator*>(data);
    if (count > kCount + 1) count = kCount + 1;
    return attempt(op.env, op.name.c_str(), [&] { return run(op, values, count, Indices()); });
  }

 private:
  template <size_t... I>
  static napi_value run(Operator& op, napi_value* values, size_t count, std::index_sequence<I...>) {
    const size_t given = kReturnsTensor && count > 0 ? count - 1 : count;
    TypedInput in{op, {op.env, nullptr}};
    Arguments arguments;
    if (op.env.deferring() || count == 0 || !(read<I>(in, std::get<I>(arguments), values[I], I < given) && ...))
        [[unlikely]] {
      fill_left_out(op, values, count);
      return run_boxed(op, values);
    }
    op.env.release_some();
    if constexpr (kReturnsTensor) {
      at::Tensor out = dispatch(std::get<I>(arguments).get()...);
      if (!out.defined()) return js_null(op.env);
      return js_int(op.env, op.env.put_in(values[count - 1], std::move(out)));
    } else {
      Op::call(std::get<I>(arguments).get()...);
      return js_undefined(op.env);  // the result is the argument itself, and so is its JavaScript object
    }
  }

  template <size_t I, typename A>
  static bool read(TypedInput& in, A& argument, napi_value js, bool given) {
    in.context.name = in.op.arguments[I].name.c_str();
    return argument.read(in, js, I, given);
  }

  template <typename... A>
  static at::Tensor dispatch(A&&... arguments) {
    if constexpr (result != Result::Any) {
      if ((unrecorded(arguments) && ...) && (result == Result::Fresh || (is_matrix(arguments) && ...))) {
        at::AutoDispatchBelowADInplaceOrView below_autograd;
        return Op::call(std::forward<A>(arguments)...);
      }
    }
    return Op::call(std::forward<A>(arguments)...);
  }
};

}  // namespace ltn
