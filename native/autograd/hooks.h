// Functions of JavaScript that a backward pass calls with gradients.
#pragma once

#include "core/environment.h"

namespace ltn {

// True while there are any: a backward pass may then call JavaScript, so that it must run on JavaScript's thread.
bool gradient_hooks_live(Environment& env);

void register_gradient_hooks(Environment& env, napi_value exports);

}  // namespace ltn
