// Files of tensors: written and read on the executor.
#pragma once

#include "core/guard.h"

namespace ltn {

void register_serialize(Environment& env, napi_value exports);

}  // namespace ltn
