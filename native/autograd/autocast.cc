// The scopes of mixed precision; what they switch is in core/autocast.h.
#include "autograd/autocast.h"

#include <vector>

#include "convert/values.h"
#include "core/autocast.h"

namespace ltn {

namespace {

// What each open scope found, outermost first.
struct AutocastScopes {
  std::vector<Autocast> before;
};

c10::DeviceType device_type(Args& args, size_t i) { return args.boolean(i) ? c10::kCUDA : c10::kCPU; }

// autocastOpen(cuda, dtype, enabled, cache)
napi_value autocast_open(Environment& env, Args& args) {
  Autocast state = Autocast::here();
  const c10::ScalarType dtype = to_dtype(env, args[1]);
  env.room<AutocastScopes>().before.push_back(state);
  state.of(device_type(args, 0)) = {args.boolean(2), dtype};
  state.cache = args.boolean(3);
  if (state.region == 0) state.region = Autocast::new_region();
  state.apply();
  return js_undefined(env);
}

// autocastClose(): the innermost
napi_value autocast_close(Environment& env, Args&) {
  auto& before = env.room<AutocastScopes>().before;
  if (before.empty()) fail(code::kArgValue, "no autocast scope is open");
  const Autocast state = before.back();
  before.pop_back();
  // what was queued in the region still wants its cast weights; the first task behind it forgets them
  const bool queued = state.region == 0 && env.queue.deferring();
  state.apply(queued);
  if (queued) env.enqueue("", [] {});
  return js_undefined(env);
}

// autocastMode(cuda): [enabled, dtype]
napi_value autocast_mode(Environment& env, Args& args) {
  Autocast state = Autocast::here();
  const Autocast::Mode mode = state.of(device_type(args, 0));
  Napi::Array out = Napi::Array::New(env.env(), 2);
  out.Set(0u, mode.enabled);
  out.Set(1u, static_cast<double>(static_cast<int>(mode.dtype)));
  return out;
}

napi_value autocast_cache(Environment& env, Args&) { return js_bool(env, Autocast::here().cache); }

}  // namespace

void register_autocast(Environment& env, napi_value exports) {
  define<autocast_open>(env, exports, "autocastOpen");
  define<autocast_close>(env, exports, "autocastClose");
  define<autocast_mode>(env, exports, "autocastMode");
  define<autocast_cache>(env, exports, "isAutocastCacheEnabled");
}

}  // namespace ltn
