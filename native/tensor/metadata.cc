// What a tensor is: shape, dtype, device, its place in the autograd graph. And its handle: attach, drop, scopes.
#include <torch/csrc/autograd/variable.h>

#include "convert/values.h"
#include "tensor/rooms.h"

namespace ltn {

namespace {

napi_value shape(Environment& env, Args& args) { return js_int64_list(env, args.peek(0).tensor.sizes()); }
napi_value stride(Environment& env, Args& args) { return js_int64_list(env, args.tensor(0).strides()); }
napi_value ndim(Environment& env, Args& args) { return js_int(env, static_cast<int32_t>(args.peek(0).tensor.dim())); }
napi_value numel(Environment& env, Args& args) {
  return js_number(env, static_cast<double>(args.peek(0).tensor.numel()));
}
napi_value dtype(Environment& env, Args& args) {
  return js_int(env, static_cast<int32_t>(args.peek(0).tensor.scalar_type()));
}
napi_value device(Environment& env, Args& args) { return js_string(env, args.peek(0).device().str()); }
napi_value layout(Environment& env, Args& args) { return js_string(env, layout_name(args.peek(0).tensor.layout())); }
napi_value is_contiguous(Environment& env, Args& args) { return js_bool(env, args.tensor(0).is_contiguous()); }
napi_value storage_offset(Environment& env, Args& args) {
  return js_number(env, static_cast<double>(args.tensor(0).storage_offset()));
}
// The address of the first element, for telling whether two tensors share memory
napi_value data_address(Environment& env, Args& args) {
  const at::Tensor& tensor = args.tensor(0);
  return js_number(
      env, tensor.has_storage() ? static_cast<double>(reinterpret_cast<uintptr_t>(tensor.const_data_ptr())) : 0);
}
napi_value version(Environment& env, Args& args) {
  const at::Tensor& tensor = args.tensor(0);
  return js_number(env, tensor.is_inference() ? 0 : static_cast<double>(tensor._version()));
}
napi_value is_same(Environment& env, Args& args) { return js_bool(env, args.tensor(0).is_same(args.tensor(1))); }

napi_value requires_grad(Environment& env, Args& args) { return js_bool(env, args.tensor(0).requires_grad()); }

napi_value set_requires_grad(Environment& env, Args& args) {
  at::Tensor& tensor = args.tensor(0);
  const bool wanted = args.boolean(1);
  if (!tensor.is_leaf() && !wanted) {
    fail(code::kLibtorch,
         "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
         "subgraph that doesn't require differentiation use var_no_grad = var.detach().");
  }
  tensor.set_requires_grad(wanted);
  return js_undefined(env);
}

// tensorDetach(slot): the same memory without a graph. It reads nothing that tasks may write, so it does not wait.
napi_value detach(Environment& env, Args& args) {
  const Held& held = args.peek(0);
  return js_tensor(env, held.pending ? args.tensor(0).detach() : held.tensor.detach());
}

napi_value is_leaf(Environment& env, Args& args) { return js_bool(env, args.tensor(0).is_leaf()); }

napi_value grad_fn(Environment& env, Args& args) {
  const at::Tensor& tensor = args.tensor(0);
  if (!tensor.defined() || tensor.is_inference() || !tensor.grad_fn()) return js_null(env);
  return js_string(env, tensor.grad_fn()->name());
}

napi_value grad(Environment& env, Args& args) {
  const at::Tensor grad = args.tensor(0).grad();
  env.queue.expose(grad);
  return js_tensor(env, grad);
}

napi_value set_grad(Environment& env, Args& args) {
  at::Tensor& tensor = args.tensor(0);
  const at::Tensor grad = args.optional_tensor(1);
  if (grad.defined()) {
    if (grad.is_same(tensor)) fail(code::kArgValue, "can't assign a tensor as its own grad");
    if (grad.sizes() != tensor.sizes()) {
      fail(code::kArgValue, "the grad must have the tensor's shape ", tensor.sizes(), ", got ", grad.sizes());
    }
    if (grad.scalar_type() != tensor.scalar_type()) {
      fail(code::kArgValue, "the grad must have the tensor's dtype ", tensor.scalar_type(), ", got ",
           grad.scalar_type());
    }
    if (grad.device() != tensor.device()) {
      fail(code::kArgValue, "the grad must be on the tensor's device ", tensor.device(), ", got ", grad.device());
    }
  }
  env.queue.expose(grad);
  tensor.mutable_grad() = grad;
  return js_undefined(env);
}

napi_value retain_grad(Environment& env, Args& args) {
  args.tensor(0).retain_grad();
  return js_undefined(env);
}

// Python's `tensor.data = source`: the same tensor with another storage
napi_value set_data(Environment& env, Args& args) {
  args.tensor(0).set_data(args.tensor(1));
  return js_undefined(env);
}

// --- handles

napi_value attach(Environment& env, Args& args) {
  const SlotId id = args.id(1);
  env.tensors.peek(id);
  env.attach(args[0], id);
  return js_undefined(env);
}

napi_value drop(Environment& env, Args& args) {
  env.drop(args.id(0));
  return js_undefined(env);
}

napi_value drop_many(Environment& env, Args& args) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env.env(), args[0], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_int32_array) {
    fail(code::kArgType, "expected an Int32Array of handles");
  }
  const auto* ids = static_cast<const int32_t*>(data);
  const size_t count = std::min(length, static_cast<size_t>(args.int64(1)));
  for (size_t i = 0; i < count; ++i) env.drop(ids[i]);
  return js_undefined(env);
}

napi_value set_scope(Environment& env, Args& args) {
  env.set_scope(args.boolean(0));
  return js_undefined(env);
}

// A handle that a scope must not free, for the same tensor: another slot
napi_value duplicate(Environment& env, Args& args) { return js_int(env, env.put(args.tensor(0))); }

}  // namespace

void register_metadata(Environment& env, napi_value exports) {
  define<shape>(env, exports, "tensorShape");
  define<stride>(env, exports, "tensorStride");
  define<ndim>(env, exports, "tensorNdim");
  define<numel>(env, exports, "tensorNumel");
  define<dtype>(env, exports, "tensorDtype");
  define<device>(env, exports, "tensorDevice");
  define<layout>(env, exports, "tensorLayout");
  define<is_contiguous>(env, exports, "tensorIsContiguous");
  define<storage_offset>(env, exports, "tensorStorageOffset");
  define<data_address>(env, exports, "tensorDataAddress");
  define<version>(env, exports, "tensorVersion");
  define<is_same>(env, exports, "tensorIsSame");
  define<requires_grad>(env, exports, "tensorRequiresGrad");
  define<set_requires_grad>(env, exports, "tensorSetRequiresGrad");
  define<is_leaf>(env, exports, "tensorIsLeaf");
  define<grad_fn>(env, exports, "tensorGradFn");
  define<grad>(env, exports, "tensorGrad");
  define<set_grad>(env, exports, "tensorSetGrad");
  define<retain_grad>(env, exports, "tensorRetainGrad");
  define<set_data>(env, exports, "tensorSetData");
  define<attach>(env, exports, "tensorAttach");
  define<drop>(env, exports, "tensorDrop");
  define<drop_many>(env, exports, "tensorDropMany");
  define<set_scope>(env, exports, "setScope");
  define<detach>(env, exports, "tensorDetach");
  define<duplicate>(env, exports, "tensorDuplicate");
}

}  // namespace ltn
