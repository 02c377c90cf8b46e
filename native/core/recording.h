// A recording of what a forward asks for: inside a job's section, while a recording is open, operators and layers are
// noted down with their outlines instead of queued. Nothing runs, so no statistic moves and no random number is drawn;
// what would have to run at once (reading a value, an operator that has no outline) ends the recording with an error.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <string>
#include <vector>

namespace ltn {

struct RecordedCall {
  std::string operation;  // an operator's name with its overload; empty for a layer
  int32_t layer = -1;
  std::vector<c10::IValue> arguments;  // tensors: those that are there, and outlines
  std::vector<at::Tensor> results;     // outlines, or an argument itself
};

struct Recording {
  std::vector<RecordedCall> calls;
  size_t tasks = 0;  // what was asked for: one call each, unless something was not understood
};

// The one that is open on this thread, or null.
extern thread_local Recording* open_recording;

// Ends a recording, if one is open: `what` cannot be recorded.
void refuse_in_recording(const char* what);

}  // namespace ltn
