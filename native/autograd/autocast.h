#pragma once

#include "core/guard.h"

namespace ltn {

void register_autocast(Environment& env, napi_value exports);

}  // namespace ltn
