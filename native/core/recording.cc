#include "core/recording.h"

#include "core/errors.h"

namespace ltn {

thread_local Recording* open_recording = nullptr;

void refuse_in_recording(const char* what) {
  if (open_recording != nullptr) fail(code::kArgValue, what, " while it is recorded");
}

}  // namespace ltn
