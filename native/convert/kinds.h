// What a schema's type asks of a JavaScript value. Everything outside this list is refused by name.
#pragma once

#include <ATen/core/function_schema.h>

#include <string>

namespace ltn {

enum class Kind : uint8_t {
  Tensor,
  Int,
  Float,
  Bool,
  Scalar,
  Complex,
  String,
  Dtype,
  Layout,
  MemoryFormat,
  Device,
  Generator,
  Unsupported,
};

struct ValueKind {
  Kind kind = Kind::Unsupported;
  bool optional = false;
  bool list = false;
  bool optional_element = false;
  int fixed_size = 0;  // of a broadcasting list: int[2] takes one int too

  // One tensor that is neither optional nor in a list.
  bool plain_tensor() const { return kind == Kind::Tensor && !optional && !list; }
  std::string name() const;
};

ValueKind kind_of(const c10::Argument& argument);

}  // namespace ltn
