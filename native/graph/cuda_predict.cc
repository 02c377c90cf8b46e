// Predictions of a plan on a GPU; src/compile/cuda-fused.ts decides whether they are believed.
#include <ATen/Context.h>

#include "cuda/launch.h"
#include "graph/cuda_forward.h"
#include "graph/graph.h"

namespace ltn {

namespace {

// cudaFusedMissing(): why there are no fused kernels for GPUs, or null
napi_value fused_missing(Environment& env, Args&) {
  const std::string& why = fused_kernels_missing();
  return why.empty() ? js_null(env) : js_string(env, why);
}

// graphCudaConvolutions(id): those that fused kernels can compute
napi_value convolutions(Environment& env, Args& args) {
  return js_int(env, graph::CudaForward(network_at(env, args)->plan).convolutions());
}

// graphCudaSteps(id, direct): what is done, in words, where fused kernels compute that many of them, the first ones
napi_value steps(Environment& env, Args& args) {
  const graph::CudaForward forward(network_at(env, args)->plan);
  Napi::Array out = Napi::Array::New(env.env());
  for (const std::string& step : forward.steps(static_cast<int>(args.int64(1)))) out.Set(out.Length(), step);
  return out;
}

// graphCudaPredict(id, x, direct, result): the slot of the output, which belongs to `result`; launched now, on the
// current stream, and so not inside of a job
napi_value predict(Environment& env, Args& args) {
  const NetworkPtr network = network_at(env, args);
  const graph::Plan& plan = network->plan;
  const at::Tensor x = args.tensor(1);
  const bool fits = x.device() == plan.device && x.dim() == plan.rank && x.scalar_type() == c10::kFloat &&
                    x.is_contiguous() && x.numel() == x.size(0) * plan.in_c * plan.in_h * plan.in_w;
  if (!fits) fail(code::kArgValue, "the plan does not take this input");
  if (env.queue.busy()) plan.for_each_tensor([&](const at::Tensor& t) { env.queue.wait_for(t); });
  env.release_some();
  const at::Tensor y = graph::CudaForward(plan).run(x, static_cast<int>(args.int64(2)));
  const graph::Block& last = plan.blocks().back();
  if (plan.output_rank == 2) return js_int(env, env.put_in(args[3], y.view({x.size(0), last.size()})));
  return js_int(env, env.put_in(args[3], y.view({x.size(0), last.c, last.h, last.w})));
}

// cudaTf32Convolutions(allow): whether those of float32 were allowed to round their inputs to TF32 until now
napi_value tf32_convolutions(Environment& env, Args& args) {
  at::Context& context = at::globalContext();
  const bool before = context.allowTF32CuDNN(), wanted = args.boolean(0);
  if (before != wanted) context.setAllowTF32CuDNN(wanted);
  return js_bool(env, before);
}

}  // namespace

void register_cuda_predict(Environment& env, napi_value exports) {
  define<fused_missing>(env, exports, "cudaFusedMissing");
  define<tf32_convolutions>(env, exports, "cudaTf32Convolutions");
  define<convolutions>(env, exports, "graphCudaConvolutions");
  define<steps>(env, exports, "graphCudaSteps");
  define<predict>(env, exports, "graphCudaPredict");
}

}  // namespace ltn
