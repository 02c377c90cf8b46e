// Jobs: work that JavaScript queues for the addon's own thread; see core/queue.h.
#pragma once

#include "core/guard.h"

namespace ltn {

void register_jobs(Environment& env, napi_value exports);

}  // namespace ltn
