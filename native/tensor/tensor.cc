#include "tensor/tensor.h"

#include "tensor/rooms.h"

namespace ltn {

void register_tensor(Environment& env, napi_value exports) {
  register_metadata(env, exports);
  register_data(env, exports);
  register_random(env, exports);
}

}  // namespace ltn
