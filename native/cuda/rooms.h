// What the files of this room share. No CUDA header is included anywhere in it, and none is needed: streams, events and
// the caching allocator are reached through c10's interfaces of any accelerator, which libtorch_cuda implements and
// which libtorch has since 2.9, and what only the driver knows is asked of the driver. So one binary serves every
// machine, and builds without a CUDA toolkit.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "core/guard.h"

namespace ltn {

// The number of GPUs; 0 where libtorch has no CUDA, too.
int cuda_device_count();

// The device that argument `i` names by its index, or the current one. Throws ERR_CUDA_UNAVAILABLE where there is none:
// every function of this room that needs a GPU asks here first.
c10::Device cuda_device(Args& args, size_t i);

// ERR_CUDA_UNAVAILABLE where there is no GPU.
void need_cuda();

// Only where there is a GPU: a libtorch without CUDA has no such guard.
inline c10::impl::VirtualGuardImpl cuda_guard() { return c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA); }

void register_cuda_graphs(Environment& env, napi_value exports);
void register_cuda_memory(Environment& env, napi_value exports);
void register_cuda_streams(Environment& env, napi_value exports);
void register_cuda_driver(Environment& env, napi_value exports);

}  // namespace ltn
