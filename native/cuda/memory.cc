// The caching allocator of the GPU: statistics, peaks, what is free.
#include <c10/core/CachingDeviceAllocator.h>
#include <torch/version.h>

#include <utility>

#include "core/capture.h"
#include "cuda/rooms.h"

namespace ltn {

namespace {

c10::DeviceAllocator& allocator() { return *c10::getDeviceAllocator(c10::DeviceType::CUDA); }

using c10::CachingAllocator::Stat;
using c10::CachingAllocator::StatArray;
using c10::CachingDeviceAllocator::DeviceStats;

// Python's names, letter for letter: `allocated_bytes.all.peak`
void write(Napi::Object& out, const std::string& name, const Stat& stat) {
  out.Set(name + ".current", static_cast<double>(stat.current));
  out.Set(name + ".peak", static_cast<double>(stat.peak));
  out.Set(name + ".allocated", static_cast<double>(stat.allocated));
  out.Set(name + ".freed", static_cast<double>(stat.freed));
}

void write(Napi::Object& out, const std::string& name, const StatArray& stats) {
  static constexpr const char* kPools[] = {"all", "small_pool", "large_pool"};
  for (size_t i = 0; i < std::size(kPools); ++i) write(out, name + "." + kPools[i], stats[i]);
}

// cudaMemoryStats(device): {} before anything was allocated on any device, as in Python
napi_value memory_stats(Environment& env, Args& args) {
  const c10::DeviceIndex index = cuda_device(args, 0).index();
  Napi::Object out = Napi::Object::New(env.env());
  if (!allocator().initialized()) return out;
  const DeviceStats stats = allocator().getDeviceStats(index);
  write(out, "active", stats.active);
  write(out, "active_bytes", stats.active_bytes);
  write(out, "allocated_bytes", stats.allocated_bytes);
  write(out, "allocation", stats.allocation);
  write(out, "inactive_split", stats.inactive_split);
  write(out, "inactive_split_bytes", stats.inactive_split_bytes);
  out.Set("max_split_size", static_cast<double>(stats.max_split_size));
  out.Set("num_alloc_retries", static_cast<double>(stats.num_alloc_retries));
  out.Set("num_device_alloc", static_cast<double>(stats.num_device_alloc));
  out.Set("num_device_free", static_cast<double>(stats.num_device_free));
  out.Set("num_ooms", static_cast<double>(stats.num_ooms));
  out.Set("num_sync_all_streams", static_cast<double>(stats.num_sync_all_streams));
  write(out, "oversize_allocations", stats.oversize_allocations);
  write(out, "oversize_segments", stats.oversize_segments);
  write(out, "requested_bytes", stats.requested_bytes);
  write(out, "reserved_bytes", stats.reserved_bytes);
  write(out, "segment", stats.segment);
  return out;
}

napi_value reset_peak(Environment& env, Args& args) {
  const c10::DeviceIndex index = cuda_device(args, 0).index();
  if (allocator().initialized()) allocator().resetPeakStats(index);
  return js_undefined(env);
}

napi_value empty_cache(Environment& env, Args&) {
  refuse_while_capturing("emptyCache");
  env.release_all();
  if (cuda_device_count() > 0 && allocator().initialized()) allocator().emptyCache();
  return js_undefined(env);
}

// libtorch 2.9 cannot be asked what is free: templates take what the allocator at hand has.
template <typename A>
auto memory_info(A& allocator, c10::DeviceIndex index, int) -> decltype(allocator.getMemoryInfo(index)) {
  return allocator.getMemoryInfo(index);
}
template <typename A>
std::pair<size_t, size_t> memory_info(A&, c10::DeviceIndex, long) {
  fail(code::kLibtorch, "memGetInfo: libtorch ", TORCH_VERSION, " has no way to ask; 2.13 has one");
}

// cudaMemGetInfo(device): [free, total]
napi_value mem_get_info(Environment& env, Args& args) {
  const c10::DeviceIndex index = cuda_device(args, 0).index();
  const auto [free, total] = memory_info(allocator(), index, 0);
  Napi::Array out = Napi::Array::New(env.env(), 2);
  out.Set(0u, static_cast<double>(free));
  out.Set(1u, static_cast<double>(total));
  return out;
}

}  // namespace

void register_cuda_memory(Environment& env, napi_value exports) {
  define<memory_stats>(env, exports, "cudaMemoryStats");
  define<reset_peak>(env, exports, "cudaResetPeakStats");
  define<empty_cache>(env, exports, "cudaEmptyCache");
  define<mem_get_info>(env, exports, "cudaMemGetInfo");
}

}  // namespace ltn
