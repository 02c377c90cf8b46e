// While a CUDA graph is captured (native/cuda/graphs.cc), work for the GPU is written down instead of done: nothing may
// wait for it. What would wait asks here first, for the driver's own answer is a capture that cannot be ended well.
#pragma once

#include <string>

namespace ltn {

// True while this thread captures.
extern thread_local bool capturing;

// ERR_CUDA_CAPTURE while this thread captures: `what` waits for the GPU.
void refuse_while_capturing(const std::string& what);

}  // namespace ltn
