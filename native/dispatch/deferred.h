// Operators inside a section of a job: queued instead of run, with the result's sizes known at once.
//
// The sizes come from running the operator on outlines: tensors of the meta device, which have sizes and dtypes and no
// data. Where that is not possible (the operator has no kernel for outlines, or its result's sizes depend on the data,
// or it would fail), the operator runs here and now, after all that is queued: the same result or error, only the
// waiting is the caller's.
#pragma once

#include <optional>

#include "dispatch/operator.h"

namespace ltn {

// Queues the call and gives what the JavaScript caller gets; nothing where it has to be run here and now, in which case
// everything queued on the open job is done.
std::optional<napi_value> defer_operator(Operator& op, napi_value* values);

}  // namespace ltn
