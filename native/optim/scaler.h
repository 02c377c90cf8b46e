#pragma once

#include "core/environment.h"

namespace ltn {

void register_scaler(Environment& env, napi_value exports);

}  // namespace ltn
