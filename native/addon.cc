// The door of the addon: makes the state of one JavaScript environment and lets each room register what it offers.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include "autograd/autograd.h"
#include "core/guard.h"
#include "cuda/cuda.h"
#include "dispatch/dispatch.h"
#include "graph/graph.h"
#include "jobs/jobs.h"
#include "memory/memory.h"
#include "nn/nn.h"
#include "optim/optim.h"
#include "serialize/serialize.h"
#include "tensor/tensor.h"

namespace ltn {

namespace {

// setHooks(makeError, collectGarbage)
napi_value set_hooks(Environment& env, Args& args) {
  env.set_error_factory(args[0]);
  env.set_collector(args[1]);
  return js_undefined(env);
}

napi_value version(Environment& env, Args&) { return js_string(env, TORCH_VERSION); }
napi_value cpu_capability(Environment& env, Args&) { return js_string(env, at::get_cpu_capability()); }
napi_value show_config(Environment& env, Args&) { return js_string(env, at::show_config()); }
napi_value get_num_threads(Environment& env, Args&) { return js_int(env, at::get_num_threads()); }

napi_value set_num_threads(Environment& env, Args& args) {
  const int64_t count = args.int64(0);
  if (count < 1 || count > 4096) fail(code::kOutOfRange, "expected a number of threads from 1 to 4096, got ", count);
  at::set_num_threads(static_cast<int>(count));
  return js_undefined(env);
}

napi_value initialize(napi_env raw_env, napi_value exports) {
  Environment& env = Environment::create(raw_env);
  try {
    register_memory(env, exports);  // first: its allocator and its shared arrays serve the others
    register_tensor(env, exports);
    register_dispatch(env, exports);
    register_autograd(env, exports);
    register_nn(env, exports);
    register_optim(env, exports);
    register_cuda(env, exports);
    register_graph(env, exports);
    register_jobs(env, exports);
    register_serialize(env, exports);
    define<set_hooks>(env, exports, "setHooks");
    define<version>(env, exports, "version");
    define<cpu_capability>(env, exports, "cpuCapability");
    define<show_config>(env, exports, "showConfig");
    define<get_num_threads>(env, exports, "getNumThreads");
    define<set_num_threads>(env, exports, "setNumThreads");
  } catch (...) {
    env.throw_current_exception("loading libtorch-node");
  }
  return exports;
}

}  // namespace

}  // namespace ltn

// Registered by hand, as an experimental module: only then does Node run finalizers at once, during the garbage
// collection, instead of when a synchronous loop is over and its tensors have filled the memory. The headers stay at
// a stable version, and so does everything that is called. Node's headers strip the official switch for it.
extern "C" {
NAPI_MODULE_EXPORT int32_t node_api_module_get_api_version_v1() { return 2147483647; }
NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  return ltn::initialize(env, exports);
}
}
