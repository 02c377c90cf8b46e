// Starts the kernels of native/cuda/kernels/ on a GPU. They were compiled with the addon where a CUDA toolkit was there
// (LTN_FATBIN), or come from a file; the driver loads them, so that the addon needs no library of CUDA's itself.
#pragma once

#include <ATen/core/Tensor.h>

#include <initializer_list>
#include <string>

namespace ltn {

// Why there are no fused kernels, or empty; answers without a GPU too.
const std::string& fused_kernels_missing();

// A launch on the current stream of a device, which must be the current one. ERR_LIBTORCH where the driver refuses it.
struct Launch {
  const char* kernel;
  c10::Device device;
  unsigned blocks_x, blocks_y, threads;

  template <typename Arguments>
  void operator()(const Arguments& arguments) const {
    start(const_cast<Arguments*>(&arguments));
  }

 private:
  void start(void* arguments) const;
};

// Tells a capture that is under way what a launch reads: a graph never replays on memory that was freed since.
void read_by_launches(std::initializer_list<at::Tensor> tensors);

}  // namespace ltn
