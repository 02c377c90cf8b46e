// Layers: torch::nn modules for JavaScript, one wrapper for all, told apart by a table of kinds.
#pragma once

#include <memory>

#include "core/environment.h"
#include "core/handles.h"
#include "nn/layer.h"

namespace ltn {

struct NnRoom {
  HandleTable<std::shared_ptr<Layer>> layers{"module"};
  ~NnRoom();
};

NnRoom& nn_room(Environment& env);

void register_nn(Environment& env, napi_value exports);

}  // namespace ltn
