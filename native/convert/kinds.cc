#include "convert/kinds.h"

#include <ATen/core/jit_type.h>

namespace ltn {

namespace {

Kind scalar_kind(const c10::Type& type) {
  switch (type.kind()) {
    case c10::TypeKind::TensorType:
      return Kind::Tensor;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      return Kind::Int;
    case c10::TypeKind::FloatType:
    case c10::TypeKind::SymFloatType:
      return Kind::Float;
    case c10::TypeKind::BoolType:
    case c10::TypeKind::SymBoolType:
      return Kind::Bool;
    case c10::TypeKind::NumberType:
      return Kind::Scalar;
    case c10::TypeKind::ComplexType:
      return Kind::Complex;
    case c10::TypeKind::StringType:
      return Kind::String;
    case c10::TypeKind::ScalarTypeType:
      return Kind::Dtype;
    case c10::TypeKind::LayoutType:
      return Kind::Layout;
    case c10::TypeKind::MemoryFormatType:
      return Kind::MemoryFormat;
    case c10::TypeKind::DeviceObjType:
      return Kind::Device;
    case c10::TypeKind::GeneratorType:
      return Kind::Generator;
    default:
      return Kind::Unsupported;
  }
}

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::Tensor:
      return "Tensor";
    case Kind::Int:
      return "int";
    case Kind::Float:
      return "float";
    case Kind::Bool:
      return "bool";
    case Kind::Scalar:
      return "Scalar";
    case Kind::Complex:
      return "complex";
    case Kind::String:
      return "str";
    case Kind::Dtype:
      return "ScalarType";
    case Kind::Layout:
      return "Layout";
    case Kind::MemoryFormat:
      return "MemoryFormat";
    case Kind::Device:
      return "Device";
    case Kind::Generator:
      return "Generator";
    case Kind::Unsupported:
      break;
  }
  return "unsupported";
}

}  // namespace

std::string ValueKind::name() const {
  std::string out = kind_name(kind);
  if (optional_element) out += "?";
  if (list) out += "[]";
  if (optional) out += "?";
  return out;
}

ValueKind kind_of(const c10::Argument& argument) {
  ValueKind out;
  c10::TypePtr type = argument.real_type();
  if (const auto optional = type->cast<c10::OptionalType>()) {
    out.optional = true;
    type = optional->getElementType();
  }
  if (const auto list = type->cast<c10::ListType>()) {
    out.list = true;
    out.fixed_size = argument.N().value_or(0);
    type = list->getElementType();
    if (const auto optional = type->cast<c10::OptionalType>()) {
      out.optional_element = true;
      type = optional->getElementType();
    }
  }
  out.kind = scalar_kind(*type);
  // Lists of other things exist in no schema that a kernel can be called by, but in principle.
  if (out.list) {
    const bool known = out.kind == Kind::Tensor || out.kind == Kind::Int || out.kind == Kind::Float ||
                       out.kind == Kind::Bool || out.kind == Kind::Scalar || out.kind == Kind::String;
    if (!known || (out.optional_element && out.kind != Kind::Tensor && out.kind != Kind::Scalar))
      out.kind = Kind::Unsupported;
  }
  return out;
}

}  // namespace ltn
