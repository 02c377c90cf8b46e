// The table of layers.
#pragma once

#include <memory>
#include <string>

#include "nn/layer.h"
#include "nn/options.h"

namespace ltn {

struct LayerRow {
  const char* kind;
  std::shared_ptr<Layer> (*build)(LayerOptions& options);
};

// ERR_INVALID_ARG_VALUE for a kind that no row has.
const LayerRow& layer_row(const std::string& kind);

}  // namespace ltn
