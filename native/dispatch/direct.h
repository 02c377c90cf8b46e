// The hottest operators, called without boxing: a row names one of libtorch's own operator structs, which bring name,
// overload and signature.
#pragma once

#include "dispatch/operator.h"

namespace ltn {

// The typed function of an operator, with the very arguments and results of `call_operator`; null where no row is its.
napi_callback direct_call(const Operator& op, uint64_t number_mask);

void register_direct(Environment& env, napi_value exports);

}  // namespace ltn
