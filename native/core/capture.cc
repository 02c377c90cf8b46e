#include "core/capture.h"

#include "core/errors.h"

namespace ltn {

thread_local bool capturing = false;

void refuse_while_capturing(const std::string& what) {
  if (!capturing) return;
  fail(code::kCudaCapture, what, " waits for the GPU, which is not allowed while a CUDA graph is captured");
}

}  // namespace ltn
