#include "core/autocast.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <atomic>
#include <string>
#include <unordered_set>

#include "core/stack_tensors.h"

namespace ltn {

namespace {

thread_local Autocast thread_state;
thread_local c10::DeviceType outline_device = c10::kCPU;

// The key whose kernels see every operator on outlines. libtorch leaves it to devices that it does not know.
constexpr c10::DispatchKey kOutlines = c10::DispatchKey::AutocastPrivateUse1;

enum class Policy { None, Lower, Full, Widest };

using Names = std::unordered_set<std::string>;

// `conv2d, padding`, as libtorch's lists write an overload, is conv2d.padding.
std::string operator_name(std::string words) {
  const size_t comma = words.find(", ");
  return "aten::" + (comma == std::string::npos ? words : words.replace(comma, 2, "."));
}

#define LTN_NAME(...) operator_name(#__VA_ARGS__),
const Names& lower_of(c10::DeviceType device) {
  static const Names cuda = {AT_FORALL_LOWER_PRECISION_FP(LTN_NAME) "aten::cudnn_convolution",
                             "aten::cudnn_convolution_transpose"};
  static const Names cpu = {"aten::conv1d",
                            "aten::conv1d.padding",
                            "aten::conv2d",
                            "aten::conv2d.padding",
                            "aten::conv3d",
                            "aten::conv3d.padding",
                            "aten::bmm",
                            "aten::mm",
                            "aten::linalg_vecdot",
                            "aten::baddbmm",
                            "aten::addmm",
                            "aten::_addmm_activation",
                            "aten::addbmm",
                            "aten::linear",
                            "aten::_convolution.deprecated",
                            "aten::matmul",
                            "aten::conv_tbc",
                            "aten::mkldnn_rnn_layer",
                            "aten::conv_transpose1d",
                            "aten::conv_transpose2d.input",
                            "aten::conv_transpose3d.input",
                            "aten::prelu",
                            "aten::scaled_dot_product_attention",
                            "aten::_native_multi_head_attention"};
  return device == c10::kCUDA ? cuda : cpu;
}

const Names& widest_of(c10::DeviceType device) {
  static const Names cuda = {AT_FORALL_PROMOTE(LTN_NAME)};
  static const Names cpu = {"aten::stack", "aten::cat", "aten::index_copy"};
  return device == c10::kCUDA ? cuda : cpu;
}
#undef LTN_NAME

// libtorch's kernels say which operators autocast knows, its lists which dtype they are given: all others get float32.
Policy policy_of(const c10::OperatorHandle& op, c10::DeviceType device) {
  const bool cuda = device == c10::kCUDA;
  if (!op.hasKernelForDispatchKey(cuda ? c10::DispatchKey::AutocastCUDA : c10::DispatchKey::AutocastCPU)) {
    return Policy::None;
  }
  const std::string name = c10::toString(op.operator_name());
  TORCH_CHECK(!cuda || name != "aten::binary_cross_entropy", "unsafe to autocast");
  if (lower_of(device).count(name) > 0) return Policy::Lower;
  return widest_of(device).count(name) > 0 ? Policy::Widest : Policy::Full;
}

bool is_cast(const at::Tensor& tensor) { return tensor.is_floating_point() && tensor.scalar_type() != at::kDouble; }

void cast_arguments(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
  const Policy policy = policy_of(op, outline_device);
  if (policy == Policy::None) {
    op.redispatchBoxed(keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kOutlines), stack);
    return;
  }
  // what the operator is made of is not cast again
  c10::impl::ExcludeDispatchKeyGuard once{c10::DispatchKeySet(kOutlines)};
  const at::ScalarType lower = thread_state.of(outline_device).dtype;
  at::ScalarType to = policy == Policy::Full ? at::kFloat : lower;
  if (policy == Policy::Widest) {
    for_each_tensor(*stack, [&](at::Tensor& tensor) {
      if (!is_cast(tensor)) return;
      TORCH_CHECK(tensor.scalar_type() == at::kFloat || tensor.scalar_type() == lower, "autocast knows no such dtype");
      if (tensor.scalar_type() == at::kFloat) to = at::kFloat;
    });
  }
  for_each_tensor(*stack, [&](at::Tensor& tensor) {
    if (is_cast(tensor) && tensor.is_meta()) tensor = tensor.to(to);
  });
  op.callBoxed(stack);
}

}  // namespace

const Autocast& Autocast::here() { return thread_state; }

uint64_t Autocast::new_region() {
  static std::atomic<uint64_t> regions{0};
  return ++regions;
}

void Autocast::apply(bool keep_cache) const {
  const uint64_t before = thread_state.region;
  if (before == 0 && region == 0) return;  // as libtorch begins
  if (before != 0 && before != region && !keep_cache) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(at::kCPU, cpu.enabled);
  at::autocast::set_autocast_dtype(at::kCPU, cpu.dtype);
  at::autocast::set_autocast_enabled(at::kCUDA, cuda.enabled);
  at::autocast::set_autocast_dtype(at::kCUDA, cuda.dtype);
  at::autocast::set_autocast_cache_enabled(cache);
  thread_state = *this;
}

AutocastOutlines::AutocastOutlines(c10::DeviceType device) {
  if (thread_state.region == 0 || !thread_state.of(device).enabled) return;
  outline_device = device;
  const auto now = c10::impl::tls_local_dispatch_key_set();
  // numbers beside the outlines are on the CPU: libtorch's own kernels must not see them
  keys_.emplace(now.included_.add(kOutlines), (now.excluded_ | c10::autocast_dispatch_keyset).remove(kOutlines));
}

void register_autocast_outlines() {
  // for as long as the process: other environments use it too
  static auto* library = [] {
    auto* made = new torch::Library(torch::Library::IMPL, "_", kOutlines, __FILE__, __LINE__);
    made->fallback(torch::CppFunction::makeFromBoxedFunction<&cast_arguments>());
    return made;
  }();
  (void)library;
}

}  // namespace ltn
