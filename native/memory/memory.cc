#include "memory/memory.h"

#include "memory/allocator.h"
#include "memory/large_blocks.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace ltn {

namespace {

napi_value release_all(Environment& env, Args&) {
  env.release_all();
  return js_undefined(env);
}

napi_value reset_pressure(Environment& env, Args&) {
  env.reset_pressure();
  env.release_all();
  return js_undefined(env);
}

napi_value set_pressure_bytes(Environment& env, Args& args) {
  env.set_pressure_bytes(args.int64(0));
  return js_undefined(env);
}

napi_value stats(Environment& env, Args&) {
  Napi::Object out = Napi::Object::New(env.env());
  out.Set("tensors", static_cast<double>(env.tensors.live()));
  out.Set("bytes", static_cast<double>(env.live_bytes()));
  out.Set("queued", static_cast<double>(env.queued()));
  const LargeStats large = large_stats();
  out.Set("allocated", static_cast<double>(large.allocated));
  out.Set("maxAllocated", static_cast<double>(large.max_allocated));
  out.Set("reserved", static_cast<double>(large.reserved));
  out.Set("maxReserved", static_cast<double>(large.max_reserved));
  out.Set("hits", static_cast<double>(large.hits));
  out.Set("misses", static_cast<double>(large.misses));
  return out;
}

napi_value reset_peak_stats(Environment& env, Args&) {
  reset_large_peaks();
  return js_undefined(env);
}

napi_value empty_cache(Environment& env, Args&) {
  env.release_all();
  release_large();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return js_undefined(env);
}

// A Float64Array or Int32Array over memory of this environment's own, kept for its whole life.
template <typename T>
T* shared_array(Environment& env, napi_value exports, const char* name, napi_typedarray_type type, size_t count) {
  void* data = nullptr;
  napi_value buffer, array;
  napi_ref keep;
  // a worker may be terminated while it loads the addon
  if (napi_create_arraybuffer(env.env(), count * sizeof(T), &data, &buffer) != napi_ok ||
      napi_create_typedarray(env.env(), type, count, buffer, 0, &array) != napi_ok ||
      napi_create_reference(env.env(), array, 1, &keep) != napi_ok) {
    throw PendingException();
  }
  napi_set_named_property(env.env(), exports, name, array);
  return static_cast<T*>(data);
}

}  // namespace

void register_memory(Environment& env, napi_value exports) {
  install_allocator();
#ifdef __GLIBC__
  // glibc's threshold moves up with each large block that is freed, and then keeps over a gigabyte for itself
  static const int fixed = mallopt(M_MMAP_THRESHOLD, 32 << 20);
  (void)fixed;
#endif
  env.scratch = shared_array<double>(env, exports, "scratch", napi_float64_array, Environment::kScratch);
  env.flags = shared_array<int32_t>(env, exports, "flags", napi_int32_array, Environment::kFlags);
  define<release_all>(env, exports, "releaseAll");
  define<reset_pressure>(env, exports, "resetPressure");
  define<set_pressure_bytes>(env, exports, "setPressureBytes");
  define<stats>(env, exports, "memoryStats");
  define<reset_peak_stats>(env, exports, "resetPeakStats");
  define<empty_cache>(env, exports, "emptyCache");
}

}  // namespace ltn
