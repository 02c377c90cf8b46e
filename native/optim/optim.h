// Optimizers: classes that derive from libtorch's and step as Python's do, told apart by a table.
#pragma once

#include <memory>

#include "core/environment.h"
#include "core/handles.h"
#include "optim/hosted.h"

namespace ltn {

struct OptimRoom {
  HandleTable<std::shared_ptr<HostedOptimizer>> optimizers{"optimizer"};
};

void register_optim(Environment& env, napi_value exports);

}  // namespace ltn
