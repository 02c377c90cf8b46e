// Data in and out: typed arrays, raw bytes, single values.
#include "tensor/data.h"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

#include <cstring>

#include "convert/values.h"
#include "tensor/rooms.h"

namespace ltn {

at::Tensor plain_copy(const at::Tensor& tensor) {
  at::NoGradGuard no_grad;
  at::Tensor out = tensor.detach();
  if (out.layout() != c10::kStrided) out = out.to_dense();
  return out.resolve_conj().resolve_neg().cpu().contiguous();
}

namespace {

// tensorItem(slot, bigint): the only element
napi_value item(Environment& env, Args& args) {
  const at::Tensor& tensor = args.tensor(0);
  const bool bigint = args.boolean(1);
  if (tensor.numel() != 1) {
    fail(code::kArgValue, "a Tensor with ", tensor.numel(), " elements cannot be converted to Scalar");
  }
  const at::Scalar value = tensor.item();
  if (bigint && !value.isIntegral(false)) {
    fail(code::kArgValue, "{ bigint: true } asks for an integer, and this is a ", tensor.scalar_type());
  }
  return from_scalar(env, value, bigint);
}

// tensorBytes(slot): ArrayBuffer, a contiguous copy
napi_value bytes(Environment& env, Args& args) {
  const at::Tensor tensor = plain_copy(args.tensor(0));
  const size_t length = tensor.numel() * tensor.element_size();
  void* data = nullptr;
  napi_value out;
  // By JavaScript's own constructor: where there is no memory, `napi_create_arraybuffer` ends the process
  napi_value global, constructor, size;
  napi_create_double(env.env(), static_cast<double>(length), &size);
  if (napi_get_global(env.env(), &global) != napi_ok ||
      napi_get_named_property(env.env(), global, "ArrayBuffer", &constructor) != napi_ok) {
    throw PendingException();
  }
  if (napi_new_instance(env.env(), constructor, 1, &size, &out) != napi_ok) {
    napi_value ignored;
    napi_get_and_clear_last_exception(env.env(), &ignored);
    fail(code::kOutOfMemory, "no memory for a copy of ", length, " bytes");
  }
  if (napi_get_arraybuffer_info(env.env(), out, &data, nullptr) != napi_ok) throw PendingException();
  if (length > 0) std::memcpy(data, tensor.const_data_ptr(), length);
  return out;
}

struct Buffer {
  char* data = nullptr;
  size_t length = 0;
};

// An ArrayBuffer or a view of one: where its bytes lie.
Buffer buffer_of(Environment& env, napi_value value) {
  Buffer out;
  void* data = nullptr;
  bool is = false;
  napi_is_typedarray(env.env(), value, &is);
  if (is) {
    napi_typedarray_type type;
    size_t count = 0;
    napi_get_typedarray_info(env.env(), value, &type, &count, &data, nullptr, nullptr);
    size_t width = 1;
    switch (type) {
      case napi_int16_array:
      case napi_uint16_array:
        width = 2;
        break;
      case napi_int32_array:
      case napi_uint32_array:
      case napi_float32_array:
        width = 4;
        break;
      case napi_float64_array:
      case napi_bigint64_array:
      case napi_biguint64_array:
        width = 8;
        break;
      default:
        break;
    }
    out.length = count * width;
  } else {
    napi_is_dataview(env.env(), value, &is);
    if (is) {
      napi_get_dataview_info(env.env(), value, &out.length, &data, nullptr, nullptr);
    } else {
      napi_is_arraybuffer(env.env(), value, &is);
      if (!is) fail(code::kArgType, "expected an ArrayBuffer or a view of one, got ", describe(env, value));
      napi_get_arraybuffer_info(env.env(), value, &data, &out.length);
    }
  }
  out.data = static_cast<char*>(data);
  return out;
}

int64_t element_count(const std::vector<int64_t>& sizes) {
  int64_t count = 1;
  for (const int64_t size : sizes) {
    if (size < 0) fail(code::kArgValue, "a shape has no negative dimension, got ", size);
    if (__builtin_mul_overflow(count, size, &count)) fail(code::kOutOfRange, "the shape has too many elements");
  }
  return count;
}

// tensorFromBuffer(buffer, dtype, sizes, byteOffset, share)
napi_value from_buffer(Environment& env, Args& args) {
  const c10::ScalarType dtype = to_dtype(env, args[1]);
  const std::vector<int64_t> sizes = args.int64_list(2);
  // after the sizes: an accessor among them may run JavaScript, which may take the buffer's memory away
  const Buffer buffer = buffer_of(env, args[0]);
  const int64_t offset = args.int64(3);
  const bool share = args.boolean(4);
  const int64_t width = static_cast<int64_t>(c10::elementSize(dtype));
  const int64_t count = element_count(sizes);
  const int64_t available = offset < 0 || static_cast<size_t>(offset) > buffer.length
                                ? -1
                                : (static_cast<int64_t>(buffer.length) - offset) / width;
  if (count > available) {
    fail(code::kArgValue, "the buffer's ", buffer.length, " bytes hold no ", count, " elements of ", dtype,
         " from byte ", offset);
  }
  const at::TensorOptions options = at::TensorOptions().dtype(dtype);
  char* data = buffer.data + offset;
  if (share && count > 0) {
    if (reinterpret_cast<uintptr_t>(data) % width != 0) {
      fail(code::kArgValue, "the data must begin at a multiple of ", width, " bytes to be shared as ", dtype);
    }
    napi_ref keep;
    if (napi_create_reference(env.env(), args[0], 1, &keep) != napi_ok) throw PendingException();
    // The last tensor may die on any thread, or inside a finalizer: the reference is let go at the next entry
    const std::shared_ptr<ReferenceReaper> reaper = env.reaper;
    return js_tensor(env, at::from_blob(data, sizes, [reaper, keep](void*) { reaper->add(keep); }, options));
  }
  at::Tensor out = at::empty(sizes, options);
  if (count > 0) std::memcpy(out.mutable_data_ptr(), data, static_cast<size_t>(count * width));
  return js_tensor(env, out);
}

}  // namespace

void register_data(Environment& env, napi_value exports) {
  define<item>(env, exports, "tensorItem");
  define<bytes>(env, exports, "tensorBytes");
  define<from_buffer>(env, exports, "tensorFromBuffer");
}

}  // namespace ltn
