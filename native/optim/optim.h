// Optimizers: classes that derive from libtorch's and step as Python's do, told apart by a table.
#pragma once

#include <memory>

#include "core/guard.h"
#include "core/handles.h"
#include "optim/hosted.h"

namespace ltn {

using Optimizer = std::shared_ptr<HostedOptimizer>;

struct OptimRoom {
  HandleTable<Optimizer> optimizers{"optimizer"};
};

// The optimizer that the first argument names.
Optimizer optimizer_of(Environment& env, Args& args);

// Runs `work(optimizer)`: inside a job's section when its turn comes, else now, when nothing is at work.
template <typename Work>
void work_on(Environment& env, const Optimizer& optimizer, Work work) {
  if (!env.queue.deferring()) {
    env.queue.wait_for_all();
    work(*optimizer);
    return;
  }
  for (auto& group : optimizer->optimizer().param_groups()) {
    for (const at::Tensor& param : group.params()) env.queue.touch(param);
  }
  env.enqueue("", [optimizer, work] { work(*optimizer); });
}

void register_captured(Environment& env, napi_value exports);
void register_optim(Environment& env, napi_value exports);

}  // namespace ltn
