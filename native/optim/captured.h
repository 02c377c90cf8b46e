// Steps that a CUDA graph captures and replays: one fused kernel, whose counts of steps and learning rates are tensors
// on the GPU. A number would be part of the graph; a rate in a tensor may change between two replays.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <utility>

namespace ltn {

class Captured {
 public:
  // While it is on, steps are taken by the fused kernel whatever the options say.
  bool on = false;

  // The learning rate of a group as a tensor on the device: made once, written where the rate has changed.
  const at::Tensor& rate(size_t group, c10::Device device, double lr);
  // Writes the rates that have changed; `group` is one that has been asked for.
  void write(size_t group, double lr);

 private:
  struct Rate {
    double written;
    at::Tensor tensor;
  };
  std::map<std::pair<size_t, c10::DeviceIndex>, Rate> rates_;
};

}  // namespace ltn
