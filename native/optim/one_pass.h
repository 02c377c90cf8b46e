// A step of Adam, AdamW or SGD without libtorch's operators: some ten calls for each parameter cost more than all
// arithmetic of a small network.
#pragma once

#include <torch/optim/optimizer.h>

namespace ltn {

// `optimizer.step()`, bit for bit. In a pass or two where each parameter is a plain one in the CPU's memory, no option
// asks for another way, and this processor was seen to round as libtorch's operators do; else by those.
void step_in_one_pass(torch::optim::Optimizer& optimizer);

}  // namespace ltn
