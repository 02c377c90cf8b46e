// Training steps on a GPU, as far as they are fused; src/compile/cuda-train.ts decides whether they are believed.
#include <ATen/Context.h>

#include "core/errors.h"
#include "graph/cuda_train.h"
#include "graph/graph.h"

namespace ltn {

namespace {

// graphCudaTrains(convolution, norm): whether there are kernels for these stages
napi_value trains(Environment& env, Args& args) {
  return js_bool(env, graph::trains_on_gpu(read_stage(env, args.object(0)), read_stage(env, args.object(1))));
}

// graphCudaTrainBlock(convolution, norm, x, result): the slot of the output, which belongs to `result`; launched now,
// on the current stream, and so not inside of a job
napi_value train_block(Environment& env, Args& args) {
  if (env.queue.deferring()) fail(code::kArgValue, "fused kernels are not launched by a job");
  const graph::Stage convolution = read_stage(env, args.object(0)), norm = read_stage(env, args.object(1));
  const at::Tensor x = args.tensor(2);
  env.release_some();
  return js_int(env, env.put_in(args[3], graph::train_block(convolution, norm, x)));
}

at::Generator generator_of(Args& args) {
  const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(args.int64(0)));
  return at::globalContext().defaultGenerator(device);
}

// cudaRandomState(device, result): the slot of the state of a GPU's random numbers, which belongs to `result`
napi_value random_state(Environment& env, Args& args) {
  return js_int(env, env.put_in(args[1], generator_of(args).get_state()));
}

// cudaSetRandomState(device, state)
napi_value set_random_state(Environment& env, Args& args) {
  at::Generator generator = generator_of(args);
  generator.set_state(args.tensor(1));
  return js_undefined(env);
}

}  // namespace

void register_cuda_train(Environment& env, napi_value exports) {
  define<trains>(env, exports, "graphCudaTrains");
  define<train_block>(env, exports, "graphCudaTrainBlock");
  define<random_state>(env, exports, "cudaRandomState");
  define<set_random_state>(env, exports, "cudaSetRandomState");
}

}  // namespace ltn
