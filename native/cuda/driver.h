// The NVIDIA driver's library, which is there wherever a GPU is, and nowhere else.
#pragma once

namespace ltn {

// A function of the driver's, or null.
void* driver_function(const char* symbol);

}  // namespace ltn
