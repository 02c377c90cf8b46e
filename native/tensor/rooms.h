// The parts of the tensor room, each registered by its own file.
#pragma once

#include "core/guard.h"

namespace ltn {

void register_metadata(Environment& env, napi_value exports);
void register_data(Environment& env, napi_value exports);
void register_random(Environment& env, napi_value exports);

}  // namespace ltn
