#include "dispatch/direct.h"

#include <ATen/ops/abs_ops.h>
#include <ATen/ops/add_ops.h>
#include <ATen/ops/addmm_ops.h>
#include <ATen/ops/argmax_ops.h>
#include <ATen/ops/bmm_ops.h>
#include <ATen/ops/cat_ops.h>
#include <ATen/ops/clamp_ops.h>
#include <ATen/ops/clone_ops.h>
#include <ATen/ops/contiguous_ops.h>
#include <ATen/ops/cos_ops.h>
#include <ATen/ops/detach_ops.h>
#include <ATen/ops/div_ops.h>
#include <ATen/ops/empty_ops.h>
#include <ATen/ops/eq_ops.h>
#include <ATen/ops/exp_ops.h>
#include <ATen/ops/expand_ops.h>
#include <ATen/ops/flatten_ops.h>
#include <ATen/ops/gelu_ops.h>
#include <ATen/ops/gt_ops.h>
#include <ATen/ops/linear_ops.h>
#include <ATen/ops/log_ops.h>
#include <ATen/ops/log_softmax_ops.h>
#include <ATen/ops/lt_ops.h>
#include <ATen/ops/matmul_ops.h>
#include <ATen/ops/max_ops.h>
#include <ATen/ops/maximum_ops.h>
#include <ATen/ops/mean_ops.h>
#include <ATen/ops/min_ops.h>
#include <ATen/ops/minimum_ops.h>
#include <ATen/ops/mm_ops.h>
#include <ATen/ops/mul_ops.h>
#include <ATen/ops/neg_ops.h>
#include <ATen/ops/permute_ops.h>
#include <ATen/ops/pow_ops.h>
#include <ATen/ops/relu_ops.h>
#include <ATen/ops/reshape_ops.h>
#include <ATen/ops/rsqrt_ops.h>
#include <ATen/ops/select_ops.h>
#include <ATen/ops/sigmoid_ops.h>
#include <ATen/ops/silu_ops.h>
#include <ATen/ops/sin_ops.h>
#include <ATen/ops/softmax_ops.h>
#include <ATen/ops/sqrt_ops.h>
#include <ATen/ops/square_ops.h>
#include <ATen/ops/squeeze_ops.h>
#include <ATen/ops/stack_ops.h>
#include <ATen/ops/sub_ops.h>
#include <ATen/ops/sum_ops.h>
#include <ATen/ops/t_ops.h>
#include <ATen/ops/tanh_ops.h>
#include <ATen/ops/transpose_ops.h>
#include <ATen/ops/unsqueeze_ops.h>
#include <ATen/ops/view_ops.h>
#include <ATen/ops/where_ops.h>
#include <ATen/ops/zero_ops.h>
#include <c10/core/DispatchKeySet.h>

#include <string_view>

#include "dispatch/typed.h"

namespace ltn {

namespace {

namespace ops = at::_ops;

struct Row {
  std::string_view name;
  std::string_view overload;
  uint64_t number_mask;
  napi_callback call;
};

template <typename Op, Result result = Result::Any>
constexpr Row row() {
  return {Op::name, Op::overload_name, 0, Typed<Op, result, false>::call};
}
template <typename Op>
constexpr Row fresh() {
  return row<Op, Result::Fresh>();
}
// With a JavaScript number in place of the second tensor.
template <typename Op>
constexpr Row of_number() {
  return {Op::name, Op::overload_name, 0b10, Typed<Op, Result::Fresh, true>::call};
}

constexpr Row kRows[] = {
    // arithmetic
    fresh<ops::add_Tensor>(), of_number<ops::add_Tensor>(), fresh<ops::sub_Tensor>(), of_number<ops::sub_Tensor>(),
    fresh<ops::mul_Tensor>(), of_number<ops::mul_Tensor>(), fresh<ops::div_Tensor>(), of_number<ops::div_Tensor>(),
    fresh<ops::pow_Tensor_Scalar>(), fresh<ops::maximum>(), fresh<ops::minimum>(), fresh<ops::clamp>(),
    fresh<ops::eq_Tensor>(), fresh<ops::eq_Scalar>(), fresh<ops::gt_Tensor>(), fresh<ops::gt_Scalar>(),
    fresh<ops::lt_Tensor>(), fresh<ops::lt_Scalar>(), fresh<ops::where_self>(),
    // element by element
    fresh<ops::abs>(), fresh<ops::cos>(), fresh<ops::exp>(), fresh<ops::gelu>(), fresh<ops::log>(), fresh<ops::neg>(),
    fresh<ops::relu>(), fresh<ops::rsqrt>(), fresh<ops::sigmoid>(), fresh<ops::silu>(), fresh<ops::sin>(),
    fresh<ops::sqrt>(), row<ops::square>(), fresh<ops::tanh>(),
    // products
    fresh<ops::addmm>(), fresh<ops::bmm>(), fresh<ops::mm>(), row<ops::linear, Result::FreshOfMatrices>(),
    row<ops::matmul, Result::FreshOfMatrices>(),
    // reductions
    fresh<ops::argmax>(), fresh<ops::max>(), fresh<ops::mean>(), fresh<ops::mean_dim>(), fresh<ops::min>(),
    fresh<ops::sum>(), fresh<ops::sum_dim_IntList>(), row<ops::softmax_int>(), row<ops::log_softmax_int>(),
    // shapes
    row<ops::detach>(), row<ops::expand>(), row<ops::flatten_using_ints>(), row<ops::permute>(), row<ops::reshape>(),
    row<ops::select_int>(), row<ops::squeeze>(), row<ops::squeeze_dim>(), row<ops::t>(), row<ops::transpose_int>(),
    row<ops::unsqueeze>(), row<ops::view>(),
    // copies and fresh ones
    row<ops::cat>(), fresh<ops::clone>(), row<ops::contiguous>(), row<ops::empty_memory_format>(), row<ops::stack>(),
    // in place
    row<ops::add__Tensor>(), row<ops::add__Scalar>(), row<ops::sub__Tensor>(), row<ops::sub__Scalar>(),
    row<ops::mul__Tensor>(), row<ops::mul__Scalar>(), row<ops::div__Tensor>(), row<ops::div__Scalar>(),
    row<ops::exp_>(), row<ops::neg_>(), row<ops::relu_>(), row<ops::sigmoid_>(), row<ops::sqrt_>(), row<ops::tanh_>(),
    row<ops::zero_>()};

// directRows(): [name, overload, numberMask] of each row
napi_value direct_rows(Environment& env, Args&) {
  Napi::Array out = Napi::Array::New(env.env());
  for (const Row& row : kRows) {
    Napi::Array entry = Napi::Array::New(env.env(), 3);
    entry.Set(0u, std::string(row.name));
    entry.Set(1u, std::string(row.overload));
    entry.Set(2u, static_cast<double>(row.number_mask));
    out.Set(out.Length(), entry);
  }
  return out;
}

// The keys of an ordinary tensor, on whatever device: a difference of sets keeps the device, so only these are told.
constexpr c10::DispatchKeySet kOrdinary = c10::DispatchKeySet(c10::DispatchKey::Dense) |
                                          c10::autograd_dispatch_keyset_with_ADInplaceOrView |
                                          c10::autocast_dispatch_keyset;

}  // namespace

bool unrecorded(const at::Tensor& tensor) {
  const c10::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  if ((impl->key_set() - kOrdinary).highestFunctionalityKey() != c10::DispatchKey::Undefined) return false;
  if (impl->autograd_meta() == nullptr) [[likely]]
    return true;
  return !(impl->requires_grad() && c10::GradMode::is_enabled()) && !tensor._fw_grad(0).defined();
}

napi_callback direct_call(const Operator& op, uint64_t number_mask) {
  const c10::FunctionSchema& schema = op.handle.schema();
  for (const Row& row : kRows) {
    if (row.name == schema.name() && row.overload == schema.overload_name() && row.number_mask == number_mask) {
      return row.call;
    }
  }
  return nullptr;
}

void register_direct(Environment& env, napi_value exports) { define<direct_rows>(env, exports, "directRows"); }

}  // namespace ltn
