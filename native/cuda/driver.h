// The NVIDIA driver's library, which is there wherever a GPU is, and nowhere else.
#pragma once

namespace ltn {

// A function of the driver's, or null.
void* driver_function(const char* symbol);

// The same as what it is; false where it is not there.
template <typename F>
bool find_in_driver(const char* symbol, F& function) {
  function = reinterpret_cast<F>(driver_function(symbol));
  return function != nullptr;
}

}  // namespace ltn
