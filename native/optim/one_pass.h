// A step of Adam, AdamW or SGD without libtorch's operators: some ten calls for each parameter cost more than all
// arithmetic of a small network.
#pragma once

#include <torch/optim/optimizer.h>

namespace ltn {

// `optimizer.step()`, computed in double and stored in float: nearer to an exact step than libtorch's operators in
// float32. Where a parameter is no plain one in the CPU's memory, or an option asks for another way, by those.
void step_in_one_pass(torch::optim::Optimizer& optimizer);

}  // namespace ltn
