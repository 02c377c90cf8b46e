#include "convert/values.h"

#include <ATen/ScalarOps.h>
#include <ATen/core/List.h>

#include <array>
#include <cmath>
#include <limits>

#include "convert/names.h"

namespace ltn {

namespace {

[[noreturn]] void refuse(const ConvertContext& context, const std::string& expected, napi_value got) {
  fail(code::kArgType, "'", context.name, "' must be ", expected, ", got ", describe(context.env, got));
}

napi_valuetype type_of(const ConvertContext& context, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(context.env.env(), value, &type);
  return type;
}

bool is_nullish(const ConvertContext& context, napi_value value) {
  const napi_valuetype type = type_of(context, value);
  return type == napi_null || type == napi_undefined;
}

int64_t bigint_value(const ConvertContext& context, napi_value value) {
  int64_t out = 0;
  bool lossless = false;
  napi_get_value_bigint_int64(context.env.env(), value, &out, &lossless);
  if (!lossless) fail(code::kOutOfRange, "'", context.name, "' does not fit into 64 bits");
  return out;
}

int64_t to_int(const ConvertContext& context, napi_value value) {
  double number;
  if (napi_get_value_double(context.env.env(), value, &number) == napi_ok) {
    if (is_safe_integer(number)) [[likely]]
      return static_cast<int64_t>(number);
    if (std::isfinite(number) && number == std::trunc(number)) {
      fail(code::kOutOfRange, "'", context.name, "' must be a safe integer or a bigint, got ",
           describe(context.env, value));
    }
  } else if (type_of(context, value) == napi_bigint) {
    return bigint_value(context, value);
  }
  refuse(context, "a safe integer or a bigint", value);
}

double to_float(const ConvertContext& context, napi_value value) {
  double number;
  if (napi_get_value_double(context.env.env(), value, &number) != napi_ok) refuse(context, "a number", value);
  return number;
}

bool to_bool(const ConvertContext& context, napi_value value) {
  bool out;
  if (napi_get_value_bool(context.env.env(), value, &out) != napi_ok) refuse(context, "a boolean", value);
  return out;
}

std::string to_string(const ConvertContext& context, napi_value value) {
  if (type_of(context, value) != napi_string) refuse(context, "a string", value);
  return Napi::String(context.env.env(), value).Utf8Value();
}

at::Tensor to_tensor(ConvertContext& context, napi_value value) {
  int32_t id;
  if (napi_get_value_int32(context.env.env(), value, &id) != napi_ok) refuse(context, "a tensor", value);
  return tensor_at(context, id);
}

bool is_complex_literal(const ConvertContext& context, napi_value value, c10::complex<double>& out) {
  if (type_of(context, value) != napi_object) return false;
  napi_value re, im;
  double real, imag;
  napi_env env = context.env.env();
  if (napi_get_named_property(env, value, "re", &re) != napi_ok) throw PendingException();
  if (napi_get_named_property(env, value, "im", &im) != napi_ok) throw PendingException();
  if (napi_get_value_double(env, re, &real) != napi_ok || napi_get_value_double(env, im, &imag) != napi_ok) {
    return false;
  }
  out = c10::complex<double>(real, imag);
  return true;
}

template <typename Enum, size_t N>
Enum named(const ConvertContext& context, napi_value value, const std::array<std::pair<const char*, Enum>, N>& table) {
  std::string known;
  if (type_of(context, value) == napi_string) {
    const std::string text = to_string(context, value);
    for (const auto& [name, item] : table) {
      if (text == name) return item;
    }
  }
  for (const auto& entry : table) known += (known.empty() ? "'" : ", '") + std::string(entry.first) + "'";
  refuse(context, "one of " + known, value);
}

// The elements of a JavaScript array, each handed to `each(element)`.
template <typename Each>
void for_each_element(const ConvertContext& context, napi_value value, const char* expected, Each&& each) {
  napi_env env = context.env.env();
  bool is_array = false;
  napi_is_array(env, value, &is_array);
  if (!is_array) refuse(context, expected, value);
  uint32_t length = 0;
  napi_get_array_length(env, value, &length);
  for (uint32_t i = 0; i < length; ++i) {
    Napi::HandleScope scope(env);
    napi_value element;
    if (napi_get_element(env, value, i, &element) != napi_ok) throw PendingException();
    each(element);
  }
}

c10::IValue int_list(ConvertContext& context, napi_value value) {
  c10::List<int64_t> out;
  double count;
  if (napi_get_value_double(context.env.env(), value, &count) == napi_ok) {
    const ScratchInts ints = scratch_ints(context, count);
    out.reserve(ints.size());
    for (const int64_t item : ints) out.push_back(item);
  } else {
    for_each_element(context, value, "an array of integers",
                     [&](napi_value element) { out.push_back(to_int(context, element)); });
  }
  return out;
}

c10::IValue to_list(ConvertContext& context, napi_value value, const ValueKind& kind) {
  switch (kind.kind) {
    case Kind::Int:
      return int_list(context, value);
    case Kind::Tensor:
      if (kind.optional_element) {
        c10::List<std::optional<at::Tensor>> out;
        for_each_element(context, value, "an array of tensors and nulls", [&](napi_value element) {
          if (is_nullish(context, element)) {
            out.push_back(std::nullopt);
          } else {
            out.push_back(to_tensor(context, element));
          }
        });
        return out;
      } else {
        c10::List<at::Tensor> out;
        for_each_element(context, value, "an array of tensors",
                         [&](napi_value element) { out.push_back(to_tensor(context, element)); });
        return out;
      }
    case Kind::Float: {
      c10::List<double> out;
      for_each_element(context, value, "an array of numbers",
                       [&](napi_value element) { out.push_back(to_float(context, element)); });
      return out;
    }
    case Kind::Bool: {
      c10::List<bool> out;
      for_each_element(context, value, "an array of booleans",
                       [&](napi_value element) { out.push_back(to_bool(context, element)); });
      return out;
    }
    case Kind::String: {
      c10::List<std::string> out;
      for_each_element(context, value, "an array of strings",
                       [&](napi_value element) { out.push_back(to_string(context, element)); });
      return out;
    }
    case Kind::Scalar: {
      const auto number = c10::NumberType::get();
      const bool nullable = kind.optional_element;
      c10::impl::GenericList out(nullable ? c10::TypePtr(c10::OptionalType::create(number)) : c10::TypePtr(number));
      for_each_element(context, value, nullable ? "an array of numbers and nulls" : "an array of numbers",
                       [&](napi_value element) {
                         const bool none = nullable && is_nullish(context, element);
                         out.push_back(none ? c10::IValue() : c10::IValue(to_scalar(context, element)));
                       });
      return out;
    }
    default:
      break;
  }
  fail(code::kUnsupportedType, "'", context.name, "' has a type that JavaScript has no form for");
}

}  // namespace

at::Tensor& tensor_at(ConvertContext& context, SlotId id) {
  if (context.queued == nullptr) [[likely]]
    return context.env.tensors.at(id);
  Held& held = context.env.tensors.peek(id);
  if (held.pending) context.queued->add(held);
  return held.tensor;
}

ScratchInts scratch_ints(ConvertContext& context, double count) {
  // the front has put nothing there but numbers
  const int n = static_cast<int>(count);
  if (n < 0 || n != count || context.scratch_at + n > Environment::kScratch) {
    fail(code::kArgType, "'", context.name, "' must be an array of integers");
  }
  const double* from = context.env.scratch + context.scratch_at;
  context.scratch_at += n;
  ScratchInts out(n);
  for (int i = 0; i < n; ++i) {
    if (!is_safe_integer(from[i])) {
      if (std::isfinite(from[i]) && from[i] == std::trunc(from[i])) {
        fail(code::kOutOfRange, "'", context.name, "' must hold safe integers or bigints, got ", from[i], " at index ",
             i);
      }
      fail(code::kArgType, "'", context.name, "' must be an array of safe integers, got ", from[i], " at index ", i);
    }
    out[i] = static_cast<int64_t>(from[i]);
  }
  return out;
}

at::Scalar to_scalar(ConvertContext& context, napi_value value) {
  double number;
  if (napi_get_value_double(context.env.env(), value, &number) == napi_ok) {
    // JavaScript cannot tell 2 from 2.0: an integer, unless the operand is floating (or it is the float -0)
    if (!context.floating_operand && is_safe_integer(number) && !(number == 0 && std::signbit(number))) {
      return at::Scalar(static_cast<int64_t>(number));
    }
    return at::Scalar(number);
  }
  switch (type_of(context, value)) {
    case napi_boolean:
      return at::Scalar(to_bool(context, value));
    case napi_bigint:
      return at::Scalar(bigint_value(context, value));
    default:
      break;
  }
  c10::complex<double> complex;
  if (is_complex_literal(context, value, complex)) return at::Scalar(complex);
  refuse(context, "a number, a bigint, a boolean or { re, im }", value);
}

c10::ScalarType to_dtype(Environment& env, napi_value code) {
  int32_t value;
  if (napi_get_value_int32(env.env(), code, &value) != napi_ok || value < 0 ||
      value >= static_cast<int>(c10::ScalarType::Undefined)) {
    fail(code::kArgType, "expected a dtype, got ", describe(env, code));
  }
  return static_cast<c10::ScalarType>(value);
}

c10::Device to_device(Environment& env, napi_value value) {
  napi_valuetype type;
  napi_typeof(env.env(), value, &type);
  if (type != napi_string)
    fail(code::kArgType, "expected a device such as 'cpu' or 'cuda:0', got ", describe(env, value));
  return c10::Device(Napi::String(env.env(), value).Utf8Value());
}

c10::IValue to_ivalue(ConvertContext& context, napi_value value, const ValueKind& kind) {
  if (kind.optional) {
    if (is_nullish(context, value)) return c10::IValue();
  }
  if (kind.list) return to_list(context, value, kind);
  switch (kind.kind) {
    case Kind::Tensor:
      return to_tensor(context, value);
    case Kind::Int:
      return to_int(context, value);
    case Kind::Float:
      return to_float(context, value);
    case Kind::Bool:
      return to_bool(context, value);
    case Kind::Scalar:
      return to_scalar(context, value);
    case Kind::Complex: {
      const at::Scalar scalar = to_scalar(context, value);
      return scalar.toComplexDouble();
    }
    case Kind::String:
      return to_string(context, value);
    case Kind::Dtype:
      return to_dtype(context.env, value);
    case Kind::Layout:
      return named(context, value, kLayouts);
    case Kind::MemoryFormat:
      return named(context, value, kMemoryFormats);
    case Kind::Device:
      return to_device(context.env, value);
    case Kind::Generator: {
      int32_t id;
      if (napi_get_value_int32(context.env.env(), value, &id) != napi_ok) refuse(context, "a Generator", value);
      return context.env.generators.at(id);
    }
    case Kind::Unsupported:
      break;
  }
  fail(code::kUnsupportedType, "'", context.name, "' has a type that JavaScript has no form for");
}

at::Tensor wrapped_number(ConvertContext& context, napi_value value, const at::Tensor& operand) {
  const at::Scalar scalar = to_scalar(context, value);
  at::Tensor out;
  const double magnitude = scalar.isFloatingPoint() ? std::fabs(scalar.toDouble()) : 0;
  const bool fits = magnitude <= std::numeric_limits<float>::max() || !std::isfinite(magnitude);
  if (operand.scalar_type() == at::kFloat && scalar.isFloatingPoint() && fits) {
    // the kernel would round a float64 scalar to float32 anyway; a float32 one gives the same bits for less
    out = at::detail::scalar_tensor_static(scalar, at::kFloat, at::kCPU);
  } else {
    out = at::scalar_to_tensor(scalar);
  }
  out.unsafeGetTensorImpl()->set_wrapped_number(true);
  return out;
}

}  // namespace ltn
