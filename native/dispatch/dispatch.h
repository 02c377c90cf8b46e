// Operators by schema, through the boxed dispatcher.
#pragma once

#include "core/guard.h"

namespace ltn {

void register_dispatch(Environment& env, napi_value exports);

}  // namespace ltn
