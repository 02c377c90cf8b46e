// IValue to JavaScript values.
#include "convert/names.h"
#include "convert/values.h"

namespace ltn {

const char* layout_name(c10::Layout layout) {
  for (const auto& [name, item] : kLayouts) {
    if (item == layout) return name;
  }
  return "unknown";
}

napi_value from_scalar(Environment& env, const at::Scalar& value, bool bigint) {
  if (value.isBoolean()) return js_bool(env, value.toBool());
  if (value.type() == c10::ScalarType::UInt64 && value.toUInt64() > static_cast<uint64_t>(INT64_MAX)) {
    if (!bigint) {
      fail(code::kOutOfRange, "the uint64 value ", value.toUInt64(),
           " is no safe integer; ask for bigints with { bigint: true }");
    }
    napi_value out;
    napi_create_bigint_uint64(env.env(), value.toUInt64(), &out);
    return out;
  }
  if (value.isIntegral(false)) return js_int64(env, value.toLong(), bigint);
  if (value.isFloatingPoint()) return js_number(env, value.toDouble());
  const c10::complex<double> complex = value.toComplexDouble();
  Napi::Object out = Napi::Object::New(env.env());
  out.Set("re", complex.real());
  out.Set("im", complex.imag());
  return out;
}

napi_value from_ivalue(Environment& env, const c10::IValue& value, const ValueKind& kind) {
  if (value.isNone()) return js_null(env);
  if (kind.list) {
    if (value.isTensorList()) return js_tensor_list(env, value.toTensorVector());
    const c10::List<c10::IValue> list = value.toList();
    ValueKind element = kind;
    element.list = element.optional = false;
    napi_value out;
    napi_create_array_with_length(env.env(), list.size(), &out);
    for (size_t i = 0; i < list.size(); ++i) {
      const c10::IValue item = list.get(i);
      napi_set_element(env.env(), out, static_cast<uint32_t>(i), from_ivalue(env, item, element));
    }
    return out;
  }
  switch (kind.kind) {
    case Kind::Tensor:
      return js_tensor(env, value.toTensor());
    case Kind::Int:
      if (value.isSymInt()) return js_int64(env, value.toSymInt().guard_int(__FILE__, __LINE__));
      return js_int64(env, value.toInt());
    case Kind::Float:
      return js_number(env, value.toDouble());
    case Kind::Bool:
      return js_bool(env, value.toBool());
    case Kind::Scalar:
      return from_scalar(env, value.toScalar());
    case Kind::Complex:
      return from_scalar(env, at::Scalar(value.toComplexDouble()));
    case Kind::String:
      return js_string(env, value.toStringRef());
    case Kind::Dtype:
      return js_int(env, static_cast<int32_t>(value.toScalarType()));
    case Kind::Layout:
      return js_string(env, layout_name(value.toLayout()));
    case Kind::MemoryFormat:
      for (const auto& [name, format] : kMemoryFormats) {
        if (format == value.toMemoryFormat()) return js_string(env, name);
      }
      break;
    case Kind::Device:
      return js_string(env, value.toDevice().str());
    case Kind::Generator:
      return js_int(env, env.generators.insert(at::Generator(value.toGenerator())));
    case Kind::Unsupported:
      break;
  }
  fail(code::kUnsupportedType, "a result has a type that JavaScript has no form for");
}

}  // namespace ltn
