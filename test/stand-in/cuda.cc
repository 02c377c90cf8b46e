// A CUDA that is made of the CPU, for a libtorch without CUDA: two devices, streams, events, a caching allocator's
// statistics and pinned memory behind the interfaces that libtorch_cuda implements; operators run on the CPU, at once.
// With it everything on this side of those interfaces runs on a machine without a GPU. It tells nothing of kernels, of
// speed, or of a wait that was forgotten.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/view_native.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <node_api.h>
#include <torch/library.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

#include "graphs.h"
#include "kernels.h"

namespace {

constexpr c10::DeviceIndex kDevices = 2;

// --- what was asked of it, for the tests to read
std::mutex mutex;
std::string journal;
int live_events = 0;

void note(const std::string& line) {
  std::lock_guard<std::mutex> lock(mutex);
  journal += line + "\n";
}

thread_local c10::DeviceIndex current_device = 0;
thread_local c10::StreamId current_streams[kDevices] = {0, 0};
std::atomic<c10::StreamId> next_stream{1};
std::atomic<int> next_event{1};

struct MadeEvent {
  int number = next_event++;
  double time = 0;
};

std::string name_of(const c10::Stream& stream) {
  return std::to_string(stream.id()) + "@" + std::to_string(stream.device_index());
}
std::string name_of(void* event) { return "event " + std::to_string(static_cast<MadeEvent*>(event)->number); }

c10::Stream current_stream(c10::DeviceIndex device) {
  return c10::Stream(c10::Stream::UNSAFE, c10::Device(c10::kCUDA, device), current_streams[device]);
}

struct StandInGuard final : c10::impl::DeviceGuardImplInterface {
  static c10::DeviceIndex index(c10::Device device) { return device.index() < 0 ? current_device : device.index(); }

  c10::DeviceType type() const override { return c10::kCUDA; }
  c10::Device exchangeDevice(c10::Device device) const override {
    const c10::Device before = getDevice();
    setDevice(device);
    return before;
  }
  c10::Device getDevice() const override { return c10::Device(c10::kCUDA, current_device); }
  void setDevice(c10::Device device) const override {
    TORCH_CHECK(device.is_cuda() && index(device) < kDevices, "no device ", device);
    current_device = index(device);
  }
  void uncheckedSetDevice(c10::Device device) const noexcept override { current_device = index(device); }
  c10::Stream getStream(c10::Device device) const override { return current_stream(index(device)); }
  c10::Stream getDefaultStream(c10::Device device) const override {
    return c10::Stream(c10::Stream::DEFAULT, c10::Device(c10::kCUDA, index(device)));
  }
  c10::Stream getNewStream(c10::Device device, int priority) const override {
    TORCH_CHECK(priority <= 0, "priority ", priority);
    return c10::Stream(c10::Stream::UNSAFE, c10::Device(c10::kCUDA, index(device)), next_stream++);
  }
  c10::Stream exchangeStream(c10::Stream stream) const override {
    const c10::Stream before = current_stream(stream.device_index());
    current_streams[stream.device_index()] = stream.id();
    return before;
  }
  c10::DeviceIndex deviceCount() const noexcept override { return kDevices; }

  void record(void** event, const c10::Stream& stream, const c10::DeviceIndex device,
              const c10::EventFlag flag) const override {
    TORCH_CHECK(device == -1 || device == stream.device_index(), "an event of another device");
    if (*event == nullptr) {
      *event = new MadeEvent;
      std::lock_guard<std::mutex> lock(mutex);
      ++live_events;
    }
    static_cast<MadeEvent*>(*event)->time = ++stand_in::clock;
    note(name_of(*event) + (flag == c10::EventFlag::BACKEND_DEFAULT ? " with time" : "") + " on " + name_of(stream));
  }
  void block(void* event, const c10::Stream& stream) const override {
    note(name_of(stream) + " waits for " + name_of(event));
  }
  bool queryEvent(void*) const override { return true; }
  void destroyEvent(void* event, const c10::DeviceIndex) const noexcept override {
    delete static_cast<MadeEvent*>(event);
    std::lock_guard<std::mutex> lock(mutex);
    --live_events;
  }
  double elapsedTime(void* start, void* end, const c10::DeviceIndex) const override {
    return static_cast<MadeEvent*>(end)->time - static_cast<MadeEvent*>(start)->time;
  }
  void synchronizeEvent(void* event) const override { note("wait for " + name_of(event)); }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream& stream) const override { note("wait for " + name_of(stream)); }
  void synchronizeDevice(const c10::DeviceIndex device) const override {
    note("wait for device " + std::to_string(device));
  }
#if __has_include(<ATen/accelerator/Graph.h>)
  bool isStreamCapturing(const c10::Stream& stream) const override { return stand_in::capture_of(stream) != nullptr; }
#endif
  void* getStreamNativeHandle(const c10::Stream stream) const override {
    return reinterpret_cast<void*>(static_cast<intptr_t>(stream.id()) * kDevices + stream.device_index());
  }
  void recordDataPtrOnStream(const c10::DataPtr&, const c10::Stream& stream) const override {
    note("memory used on " + name_of(stream));
  }
};

c10::impl::DeviceGuardImplRegistrar registrar(c10::kCUDA, new StandInGuard);

// --- memory: that of the CPU, counted by devices
struct Block {
  void* memory;
  size_t bytes;
  c10::DeviceIndex device;
};

struct StandInAllocator final : c10::DeviceAllocator {
  c10::CachingDeviceAllocator::DeviceStats stats[kDevices];

  static StandInAllocator& get() {
    static auto* const allocator = new StandInAllocator;
    return *allocator;
  }
  static void release(void* context) {
    auto* const block = static_cast<Block*>(context);
    get().count(block->device, -static_cast<int64_t>(block->bytes));
    std::free(block->memory);
    delete block;
  }
  void count(c10::DeviceIndex device, int64_t bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    for (auto* stat : {&stats[device].allocated_bytes[0], &stats[device].reserved_bytes[0]}) {
      bytes < 0 ? stat->decrease(-bytes) : stat->increase(bytes);
    }
  }
  c10::DataPtr allocate(size_t bytes) override {
    auto* const block = new Block{std::malloc(bytes + 1), bytes, current_device};
    count(block->device, static_cast<int64_t>(bytes));
    return {block->memory, block, &release, c10::Device(c10::kCUDA, block->device)};
  }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t) override { note("empty the cache"); }
  void recordStream(const c10::DataPtr&, c10::Stream) override {}
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex device) override { return stats[device]; }
  void resetAccumulatedStats(c10::DeviceIndex) override {}
  void resetPeakStats(c10::DeviceIndex device) override {
    stats[device].allocated_bytes[0].reset_peak();
    stats[device].reserved_bytes[0].reset_peak();
  }
#if __has_include(<ATen/accelerator/Graph.h>)
  std::pair<size_t, size_t> getMemoryInfo(c10::DeviceIndex) override { return {1 << 20, 1 << 30}; }
#endif
};

std::map<uintptr_t, size_t> pinned;  // by where it begins

struct PinnedAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    void* const memory = std::malloc(bytes + 1);
    std::lock_guard<std::mutex> lock(mutex);
    pinned[reinterpret_cast<uintptr_t>(memory)] = bytes;
    return {memory, memory,
            [](void* memory) {
              std::lock_guard<std::mutex> lock(mutex);
              pinned.erase(reinterpret_cast<uintptr_t>(memory));
              std::free(memory);
            },
            c10::kCPU};
  }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
};

}  // namespace

namespace at {

struct CUDAHooks final : CUDAHooksInterface {
  explicit CUDAHooks(CUDAHooksArgs) {}
  void init() const override {}
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasCUDA() const override { return true; }
  bool hasPrimaryContext(DeviceIndex) const override { return true; }
  DeviceIndex deviceCount() const override { return kDevices; }
  int getNumGPUs() const override { return kDevices; }
  DeviceIndex getCurrentDevice() const override { return ::current_device; }
  DeviceIndex current_device() const override { return ::current_device; }
  const Generator& getDefaultGenerator(DeviceIndex) const override {
    return detail::getDefaultCPUGenerator();
  }
  Device getDeviceFromPtr(void*) const override { return Device(kCUDA, ::current_device); }
  bool isPinnedPtr(const void* data) const override {
    std::lock_guard<std::mutex> lock(mutex);
    const auto address = reinterpret_cast<uintptr_t>(data);
    auto next = pinned.upper_bound(address);
    if (next == pinned.begin()) return false;
    --next;
    return address < next->first + next->second;
  }
  Allocator* getPinnedMemoryAllocator() const override {
    static auto* const allocator = new PinnedAllocator;
    return allocator;
  }
  void deviceSynchronize(DeviceIndex device) const override { note("wait for device " + std::to_string(device)); }
};

REGISTER_CUDA_HOOKS(CUDAHooks)

}  // namespace at

namespace {

// --- operators: what makes memory and views is done here, all else by the kernels of the CPU on copies
using Sizes = at::IntArrayRef;

c10::Device placed(std::optional<c10::Device> device) {
  return c10::Device(c10::kCUDA, StandInGuard::index(device.value_or(c10::Device(c10::kCUDA))));
}

struct OnDevice {
  explicit OnDevice(c10::Device device) : before(current_device) { current_device = device.index(); }
  ~OnDevice() { current_device = before; }
  c10::DeviceIndex before;
};

stand_in::Recorded* capture_here() { return stand_in::capture_of(current_stream(current_device)); }

at::Tensor made(at::Tensor tensor) {
  if (auto* const capture = capture_here()) {
    capture->made.emplace(tensor.storage().unsafeGetStorageImpl(), tensor.storage());
  }
  return tensor;
}

at::Tensor empty(Sizes size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                 std::optional<at::Device> device, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  const OnDevice on(placed(device));
  return made(at::detail::empty_generic(size, &StandInAllocator::get(), c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                        c10::dtype_or_default(dtype), format));
}

at::Tensor empty_strided(Sizes size, Sizes stride, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                         std::optional<at::Device> device, std::optional<bool>) {
  const OnDevice on(placed(device));
  return made(at::detail::empty_strided_generic(size, stride, &StandInAllocator::get(),
                                                c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                                c10::dtype_or_default(dtype)));
}

at::Tensor on_cpu(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return tensor;
  return at::from_blob(const_cast<void*>(tensor.const_data_ptr()), tensor.sizes(), tensor.strides(),
                       tensor.options().device(at::kCPU));
}

// How many operators are running on the CPU for this thread: their own copies are not noted.
thread_local int fallbacks = 0;

struct Inside {
  Inside() { ++fallbacks; }
  ~Inside() { --fallbacks; }
  c10::impl::ExcludeDispatchKeyGuard no_modes{c10::DispatchKey::DeferredInit};
};

// The memory of a tensor without its autograd graph, which a capture must not keep.
at::Tensor bare(const at::Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  return at::Tensor(tensor.unsafeGetTensorImpl()->shallow_copy_and_detach(c10::VariableVersion(0), true));
}

// What a kernel that waits for the GPU ends with.
[[noreturn]] void spoil(stand_in::Recorded& capture) {
  capture.spoilt = true;
  TORCH_CHECK(false, "CUDA error: operation not permitted when stream is capturing");
}

at::Tensor& copy_(at::Tensor& self, const at::Tensor& source, bool non_blocking) {
  auto* const capture = fallbacks == 0 ? capture_here() : nullptr;
  if (self.device() != source.device() && fallbacks == 0) {
    const c10::Device there = self.is_cuda() ? self.device() : source.device();
    const std::string stream = name_of(current_stream(there.index()));
    const bool is_pinned = (self.is_cuda() ? source : self).is_pinned();
    // a GPU makes the program wait where memory is not pinned, too
    note((non_blocking && is_pinned ? "copy on " : "copy and wait on ") + stream);
    if (capture != nullptr && !(non_blocking && is_pinned)) spoil(*capture);
  }
  const Inside inside;
  const auto copy = [to = bare(self), from = bare(source)] { on_cpu(to).copy_(on_cpu(from)); };
  if (capture != nullptr) {
    capture->changes(self);
    capture->work.emplace_back(copy);
  }
  copy();
  return self;
}

at::Tensor copy_from_and_resize(const at::Tensor& source, const at::Tensor& to) {
  at::Tensor target = to;
  if (target.sizes() != source.sizes()) {
    const at::Tensor fresh = at::empty(source.sizes(), target.options());
    target.unsafeGetTensorImpl()->set_storage_keep_dtype(fresh.storage());
    target.unsafeGetTensorImpl()->set_sizes_contiguous(source.sizes());
  }
  return copy_(target, source, false);
}

// Its schema does not say that it moves the running statistics, so the copies of the fallback would be lost.
std::tuple<at::Tensor, at::Tensor, at::Tensor> batch_norm(const at::Tensor& input,
                                                          const std::optional<at::Tensor>& weight,
                                                          const std::optional<at::Tensor>& bias,
                                                          const std::optional<at::Tensor>& mean,
                                                          const std::optional<at::Tensor>& variance, bool training,
                                                          double momentum, double eps) {
  const auto there = [](const std::optional<at::Tensor>& tensor) {
    return tensor && tensor->defined() ? std::optional(on_cpu(*tensor)) : std::nullopt;
  };
  const Inside inside;
  auto* const capture = capture_here();
  if (capture != nullptr) {
    for (const auto& moved : {mean, variance}) {
      if (moved && moved->defined()) capture->changes(*moved);
    }
  }
  const auto bared = [](const std::optional<at::Tensor>& tensor) {
    return tensor ? std::optional(bare(*tensor)) : std::nullopt;
  };
  const auto compute = [=, input = bare(input), weight = bared(weight), bias = bared(bias), mean = bared(mean),
                        variance = bared(variance)] {
    return at::native_batch_norm(on_cpu(input), there(weight), there(bias), there(mean), there(variance), training,
                                 momentum, eps);
  };
  const auto [output, saved_mean, saved_invstd] = compute();
  const auto device = input.device();
  auto out = std::tuple(output.to(device), saved_mean.to(device), saved_invstd.to(device));
  if (capture != nullptr) {
    const auto& [first, second, third] = out;
    capture->work.emplace_back([compute, out = std::tuple(bare(first), bare(second), bare(third))] {
      const auto [output, mean, invstd] = compute();
      on_cpu(std::get<0>(out)).copy_(output);
      on_cpu(std::get<1>(out)).copy_(mean);
      on_cpu(std::get<2>(out)).copy_(invstd);
    });
  }
  return out;
}

at::Tensor view(const at::Tensor& self, c10::SymIntArrayRef size) {
  return at::native::view(self, C10_AS_INTARRAYREF_SLOW(size));
}
at::Tensor as_strided(const at::Tensor& self, c10::SymIntArrayRef size, c10::SymIntArrayRef stride,
                      std::optional<c10::SymInt> offset) {
  const auto start = offset ? std::optional(offset->guard_int(__FILE__, __LINE__)) : std::nullopt;
  return at::native::as_strided_tensorimpl(self, C10_AS_INTARRAYREF_SLOW(size), C10_AS_INTARRAYREF_SLOW(stride), start);
}
at::Tensor reshape_alias(const at::Tensor& self, c10::SymIntArrayRef size, c10::SymIntArrayRef stride) {
  return at::native::_reshape_alias(self, C10_AS_INTARRAYREF_SLOW(size), C10_AS_INTARRAYREF_SLOW(stride));
}

void for_tensors(const c10::IValue& value, const std::function<void(const at::Tensor&)>& each) {
  if (value.isTensor() && value.toTensor().defined()) each(value.toTensor());
  if (value.isTensorList()) {
    for (const at::Tensor& tensor : value.toTensorVector()) each(tensor);
  }
}

torch::jit::Stack own(const torch::jit::Stack& stack) {
  torch::jit::Stack out;
  for (const c10::IValue& value : stack) {
    if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(bare(tensor));
      out.emplace_back(list);
    } else {
      out.push_back(value.isTensor() ? c10::IValue(bare(value.toTensor())) : value);
    }
  }
  return out;
}

// Kernels of a GPU that wait, though nothing of their schema says so.
bool waits(const std::string& name) {
  return name == "aten::_local_scalar_dense" || name == "aten::nonzero" || name == "aten::_linalg_eigh";
}

void on_the_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const std::string& name = op.schema().name();
  if (name == "aten::_local_scalar_dense") note("read a number");
  auto* const capture = fallbacks == 0 ? capture_here() : nullptr;
  if (capture != nullptr && waits(name)) spoil(*capture);
  const Inside inside;
  if (capture == nullptr) {
    at::native::cpu_fallback(op, stack);
    return;
  }
  const size_t first = stack->size() - op.schema().arguments().size();
  torch::jit::Stack arguments(stack->begin() + static_cast<ptrdiff_t>(first), stack->end());
  arguments = own(arguments);
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto* const alias = op.schema().arguments()[i].alias_info();
    if (alias == nullptr || !alias->isWrite()) continue;
    for_tensors(arguments[i], [&](const at::Tensor& tensor) {
      if (tensor.is_cuda()) capture->changes(tensor);
    });
  }
  at::native::cpu_fallback(op, stack);
  torch::jit::Stack results = own(*stack);
  capture->work.emplace_back([op, arguments, results] {
    torch::jit::Stack again = own(arguments);
    at::native::cpu_fallback(op, &again);
    for (size_t i = 0; i < op.schema().returns().size(); ++i) {
      if (op.schema().returns()[i].alias_info() != nullptr) continue;
      std::vector<at::Tensor> kept, fresh;
      for_tensors(results[i], [&](const at::Tensor& tensor) { kept.push_back(tensor); });
      for_tensors(again[i], [&](const at::Tensor& tensor) { fresh.push_back(tensor); });
      for (size_t k = 0; k < kept.size(); ++k) on_cpu(kept[k]).copy_(on_cpu(fresh[k]));
    }
  });
}

TORCH_LIBRARY_IMPL(aten, CUDA, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  m.impl("copy_", copy_);
  m.impl("_copy_from_and_resize", copy_from_and_resize);
  m.impl("native_batch_norm", batch_norm);
  m.impl("view", view);
  m.impl("as_strided", as_strided);
  m.impl("_reshape_alias", reshape_alias);
}
TORCH_LIBRARY_IMPL(_, CUDA, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&on_the_cpu>()); }

const bool allocator_is_set = [] {
  c10::SetAllocator(c10::kCUDA, &StandInAllocator::get(), 100);
  return true;
}();

}  // namespace

// --- graphs
namespace at::cuda {

CUDAGraph::CUDAGraph(bool keep_graph) : stream(::current_stream(::current_device)), keep(keep_graph) {}
CUDAGraph::~CUDAGraph() { reset(); }

void CUDAGraph::capture_begin(c10::MempoolId_t pool, cudaStreamCaptureMode mode) {
  TORCH_CHECK(recorded == nullptr && mode <= cudaStreamCaptureModeRelaxed, "capture_begin");
  TORCH_CHECK((pool.first == 0) != (pool.second == 0), "no pool");
  stream = ::current_stream(::current_device);
  TORCH_CHECK(stream.id() != 0, "the default stream");
  pool_id = pool;
  recorded = new stand_in::Recorded;
  note("capture on " + name_of(stream));
  std::lock_guard<std::mutex> lock(stand_in::captures_mutex);
  TORCH_CHECK(stand_in::captures.emplace(std::pair(stream.device_index(), stream.id()), recorded).second, "nested");
}

void CUDAGraph::capture_end() {
  TORCH_CHECK(::current_stream(::current_device) == stream, "Capture must end on the same stream it began on.");
  {
    std::lock_guard<std::mutex> lock(stand_in::captures_mutex);
    TORCH_CHECK(stand_in::captures.erase({stream.device_index(), stream.id()}) == 1, "capture_end");
  }
  note("captured");
  recorded->undo();
  TORCH_CHECK(!recorded->spoilt, "CUDA error: operation failed due to a previous error during capture");
  ended = true;
  if (!keep) instantiate();
}

void CUDAGraph::instantiate() {
  TORCH_CHECK(ended && (!ready || keep), "instantiate");
  ready = true;
}

void CUDAGraph::replay() {
  TORCH_CHECK(ended, "Called CUDAGraph::replay without a preceding successful capture.");
  if (!ready) instantiate();
  note("replay on " + name_of(::current_stream(::current_device)));
  const Inside inside;
  at::AutoDispatchBelowAutograd no_autograd;
  for (const auto& step : recorded->work) {
    ++stand_in::clock;
    step();
  }
}

void CUDAGraph::reset() {
  delete recorded;
  recorded = nullptr;
  ended = ready = false;
}

c10::MempoolId_t CUDAGraph::pool() {
  TORCH_CHECK(ended, "Called CUDAGraph::pool() without a preceding successful capture.");
  return pool_id;
}

c10::MempoolId_t graph_pool_handle() {
  static std::atomic<unsigned long long> next{1};
  return {0, next++};
}

}  // namespace at::cuda

// --- the driver, as far as kernels need it
namespace {

// What the tests ask for: that launches take longer, or give other numbers.
std::atomic<int> convolution_cost{0}, pass_cost{0};
std::atomic<float> launch_error{0};

}  // namespace

extern "C" {
NAPI_MODULE_EXPORT int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return ordinal < kDevices ? 0 : 101;
}
NAPI_MODULE_EXPORT int cuDevicePrimaryCtxRetain(void** context, int device) {
  static char contexts[kDevices];
  *context = contexts + device;
  return 0;
}
NAPI_MODULE_EXPORT int cuCtxGetCurrent(void** context) { return cuDevicePrimaryCtxRetain(context, ::current_device); }
NAPI_MODULE_EXPORT int cuCtxSetCurrent(void*) { return 201; }  // the current device is that of the launch
NAPI_MODULE_EXPORT int cuModuleLoadData(void** module, const void* image) {
  *module = const_cast<void*>(image);
  return image == nullptr ? 200 : 0;
}
NAPI_MODULE_EXPORT int cuModuleGetFunction(void** function, void*, const char* name) {
  const auto found = stand_in::kernels().find(name);
  if (found == stand_in::kernels().end()) return 500;
  *function = &found->second;
  return 0;
}
NAPI_MODULE_EXPORT int cuLaunchKernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                      unsigned block_x, unsigned block_y, unsigned block_z, unsigned, void* handle,
                                      void** arguments, void**) {
  if (grid_x == 0 || grid_y == 0 || grid_z != 1 || block_x != ltn::fused::kThreads || block_y != 1 || block_z != 1) {
    return 1;
  }
  const auto& kernel = *static_cast<stand_in::Kernel*>(function);
  const bool is_pass = &kernel == &stand_in::kernels().at("pass");
  const auto [run, y] = kernel.prepare(arguments[0], static_cast<int>(grid_x), static_cast<int>(grid_y));
  const auto launch = [run = run, y = y, is_pass] {
    run();
    if (y != nullptr) *y += launch_error;
    stand_in::clock += is_pass ? pass_cost : convolution_cost;
  };
  const auto stream = reinterpret_cast<intptr_t>(handle);
  const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(stream % kDevices));
  if (device.index() != ::current_device) return 400;
  auto* const capture = stand_in::capture_of(c10::Stream(c10::Stream::UNSAFE, device, stream / kDevices));
  if (capture != nullptr) {
    capture->work.emplace_back(launch);
  } else {
    launch();
  }
  return 0;
}
}

namespace {

// --- what the tests read
napi_value take_journal(napi_env env, napi_callback_info) {
  std::lock_guard<std::mutex> lock(mutex);
  napi_value out;
  napi_create_string_utf8(env, journal.data(), journal.size(), &out);
  journal.clear();
  return out;
}
napi_value count_events(napi_env env, napi_callback_info) {
  std::lock_guard<std::mutex> lock(mutex);
  napi_value out;
  napi_create_int32(env, live_events, &out);
  return out;
}

// setLaunches({ convolution, pass, error }): what they cost, and what is wrong with their first element
napi_value set_launches(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value options;
  napi_get_cb_info(env, info, &count, &options, nullptr, nullptr);
  const auto read = [&](const char* name) {
    napi_value value;
    double number = 0;
    napi_get_named_property(env, options, name, &value);
    napi_get_value_double(env, value, &number);
    return number;
  };
  convolution_cost = static_cast<int>(read("convolution"));
  pass_cost = static_cast<int>(read("pass"));
  launch_error = static_cast<float>(read("error"));
  return nullptr;
}

}  // namespace

extern "C" {
NAPI_MODULE_EXPORT int32_t node_api_module_get_api_version_v1() { return 8; }
NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  using Function = std::pair<const char*, napi_callback>;
  for (const auto& [name, body] : {Function{"takeJournal", take_journal}, Function{"countEvents", count_events},
                                   Function{"setLaunches", set_launches}}) {
    napi_value function;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, body, nullptr, &function);
    napi_set_named_property(env, exports, name, function);
  }
  return exports;
}
}
