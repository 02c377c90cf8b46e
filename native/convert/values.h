// JavaScript values to and from IValue, by the declared kind alone: nothing is guessed from the value.
#pragma once

#include <ATen/core/ivalue.h>
#include <c10/util/SmallVector.h>

#include "convert/kinds.h"
#include "core/guard.h"

namespace ltn {

// The tensors among a call's arguments that are still to come; in the arguments themselves are their outlines.
class QueuedArguments {
 public:
  void add(const Held& held) { held_.push_back(held); }
  // The one with this outline, or null.
  const Held* find(const at::Tensor& outline) const {
    for (const Held& held : held_) {
      if (held.tensor.is_same(outline)) return &held;
    }
    return nullptr;
  }
  const c10::SmallVector<Held, 4>& held() const { return held_; }

 private:
  c10::SmallVector<Held, 4> held_;
};

// What a conversion must know beyond the value.
struct ConvertContext {
  Environment& env;
  const char* name;                   // of the argument, for messages
  bool floating_operand = false;      // a tensor argument before this one is floating or complex
  int scratch_at = 0;                 // where the next list of numbers begins in the scratch memory
  QueuedArguments* queued = nullptr;  // where tensors that are still to come are noted, instead of waiting for them
};

// Encoded value -> IValue. Tensors and generators arrive as slots, dtypes as codes, a list of numbers as its length
// with the elements in scratch memory, everything else as it is.
c10::IValue to_ivalue(ConvertContext& context, napi_value value, const ValueKind& kind);

// IValue -> encoded value: a tensor is a slot or null, a dtype its code.
napi_value from_ivalue(Environment& env, const c10::IValue& value, const ValueKind& kind);

// The tensor of a slot; with `queued`, the outline of one that is still to come.
at::Tensor& tensor_at(ConvertContext& context, SlotId id);

// A JavaScript number where a tensor is expected: a zero-dimensional tensor that takes no part in type promotion
// beyond its category, as Python's numbers.
at::Tensor wrapped_number(ConvertContext& context, napi_value value, const at::Tensor& operand);

using ScratchInts = c10::SmallVector<int64_t, 8>;
// The next `count` integers that wait in scratch memory; see src/ops/encode.ts.
ScratchInts scratch_ints(ConvertContext& context, double count);

at::Scalar to_scalar(ConvertContext& context, napi_value value);
c10::ScalarType to_dtype(Environment& env, napi_value code);
c10::Device to_device(Environment& env, napi_value value);
// The name that JavaScript has for a layout: strided, sparse_coo, ...
const char* layout_name(c10::Layout layout);

napi_value from_scalar(Environment& env, const at::Scalar& value, bool bigint = false);

}  // namespace ltn
