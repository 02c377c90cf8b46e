#pragma once

#include "core/guard.h"

namespace ltn {

void register_direct(Environment& env, napi_value exports);

}  // namespace ltn
