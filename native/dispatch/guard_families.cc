#include "dispatch/guard_families.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/max.h>
#include <ATen/ops/min.h>
#include <c10/core/ScalarType.h>
#include <c10/util/Exception.h>

#include <algorithm>

namespace ltn {

namespace {

using at::Tensor;
using torch::jit::Stack;

const Tensor& tensor(const Stack& stack, size_t i) {
  TORCH_CHECK(stack[i].isTensor() && stack[i].toTensor().defined(), "argument ", i, " must be a tensor");
  return stack[i].toTensor();
}

bool given(const Stack& stack, size_t i) { return stack[i].isTensor() && stack[i].toTensor().defined(); }

std::vector<int64_t> ints(const Stack& stack, size_t i, size_t count) {
  std::vector<int64_t> out = stack[i].toIntVector();
  TORCH_CHECK(out.size() == count, "argument ", i, " must hold ", count, " integers, got ", out.size());
  return out;
}

void positive(at::IntArrayRef values, int64_t least, const char* what) {
  for (const int64_t value : values) TORCH_CHECK(value >= least, what, " must be at least ", least, ", got ", value);
}

void sizes(const Tensor& tensor, at::IntArrayRef expected, const char* what) {
  TORCH_CHECK(tensor.sizes() == expected, what, " must have the sizes ", expected, ", got ", tensor.sizes());
}

void alike(const Tensor& tensor, const Tensor& other, const char* what) {
  TORCH_CHECK(tensor.scalar_type() == other.scalar_type() && tensor.device() == other.device(), what,
              " must have the dtype and the device of the others");
}

// Indices lie in [low, high).
void indices(const Tensor& tensor, int64_t low, int64_t high, const char* what) {
  TORCH_CHECK(at::isIntegralType(tensor.scalar_type(), false), what, " must be integers");
  if (tensor.is_meta() || tensor.numel() == 0) return;
  TORCH_CHECK(at::min(tensor).item<int64_t>() >= low && at::max(tensor).item<int64_t>() < high, what, " must be in [",
              low, ", ", high, ")");
}

// --- Fourier transforms: (self, dim, normalization, ...)
void transform_dimensions(const Stack& stack) {
  const Tensor& self = tensor(stack, 0);
  std::vector<int64_t> dims = stack[1].toIntVector();
  for (const int64_t dim : dims) {
    TORCH_CHECK(dim >= 0 && dim < self.dim(), "dimension ", dim, " is not in [0, ", self.dim(), ")");
  }
  std::sort(dims.begin(), dims.end());
  TORCH_CHECK(std::unique(dims.begin(), dims.end()) == dims.end(), "a dimension is given twice");
  TORCH_CHECK(stack[2].toInt() >= 0 && stack[2].toInt() <= 2, "normalization must be 0, 1 or 2");
}

void real_transform(const Stack& stack) {
  transform_dimensions(stack);
  TORCH_CHECK(tensor(stack, 0).is_floating_point(), "expected a real tensor");
  if (stack.size() < 5) return;
  const auto complex = c10::toComplexType(tensor(stack, 0).scalar_type());
  TORCH_CHECK(tensor(stack, 4).scalar_type() == complex, "'out' must be of dtype ", complex);
}

void inverse_real_transform(const Stack& stack) {
  transform_dimensions(stack);
  TORCH_CHECK(tensor(stack, 0).is_complex() && !stack[1].toIntVector().empty(), "expected a complex tensor");
  TORCH_CHECK(stack[3].toInt() >= 1, "last_dim_size must be at least 1");
}

// --- convolutions
// (grad_output, self, weight, kernel_size, stride, padding, ...)
void slow_convolution_backward(const Stack& stack) {
  const Tensor &grad = tensor(stack, 0), &self = tensor(stack, 1), &weight = tensor(stack, 2);
  const auto kernel = ints(stack, 3, 2), stride = ints(stack, 4, 2), padding = ints(stack, 5, 2);
  positive(kernel, 1, "kernel_size");
  positive(stride, 1, "stride");
  positive(padding, 0, "padding");
  TORCH_CHECK(self.dim() == 4 && weight.dim() == 4, "expected inputs and weights of four dimensions");
  sizes(weight, {weight.size(0), self.size(1), kernel[0], kernel[1]}, "weight");
  std::vector<int64_t> expected = {self.size(0), weight.size(0)};
  for (size_t i = 0; i < 2; ++i) {
    const int64_t room = self.size(2 + static_cast<int64_t>(i)) + 2 * padding[i] - kernel[i];
    TORCH_CHECK(room >= 0, "the kernel is larger than its input");
    expected.push_back(room / stride[i] + 1);
  }
  sizes(grad, expected, "grad_output");
  alike(grad, self, "grad_output");
  alike(weight, self, "weight");
  if (stack.size() > 6 && stack[6].isBoolList()) {
    TORCH_CHECK(stack[6].toBoolList().size() == 3, "output_mask must hold three booleans");
    return;
  }
  for (size_t i = 6; i < 9; ++i) alike(tensor(stack, i), self, "a gradient");
}

// (input, weight, bias?, padding, stride)
void nnpack_convolution(const Stack& stack) {
  const Tensor &input = tensor(stack, 0), &weight = tensor(stack, 1);
  const auto padding = ints(stack, 3, 2), stride = ints(stack, 4, 2);
  positive(padding, 0, "padding");
  positive(stride, 1, "stride");
  TORCH_CHECK(input.dim() == 4 && weight.dim() == 4, "expected inputs and weights of four dimensions");
  TORCH_CHECK(input.scalar_type() == at::kFloat && input.numel() > 0 && weight.numel() > 0, "expected float32 data");
  alike(weight, input, "weight");
  TORCH_CHECK(weight.size(1) == input.size(1), "input and weight have other channels");
  for (int64_t i = 0; i < 2; ++i) {
    TORCH_CHECK(input.size(2 + i) + 2 * padding[i] >= weight.size(2 + i), "the kernel is larger than its input");
  }
  if (!given(stack, 2)) return;
  alike(tensor(stack, 2), input, "bias");
  sizes(tensor(stack, 2), {weight.size(0)}, "bias");
}

// --- pooling: (grad_output, self, kernel_size, output_size, indices)
template <int64_t spatial>
void fractional_pool_backward(const Stack& stack) {
  const Tensor &grad = tensor(stack, 0), &self = tensor(stack, 1), &places = tensor(stack, 4);
  positive(ints(stack, 2, spatial), 1, "kernel_size");
  const auto output = ints(stack, 3, spatial);
  TORCH_CHECK(self.dim() == spatial + 1 || self.dim() == spatial + 2, "self has other dimensions");
  std::vector<int64_t> expected = self.sizes().slice(0, self.dim() - spatial).vec();
  expected.insert(expected.end(), output.begin(), output.end());
  sizes(grad, expected, "grad_output");
  sizes(places, expected, "indices");
  alike(grad, self, "grad_output");
  TORCH_CHECK(places.scalar_type() == at::kLong, "indices must be int64");
  int64_t volume = 1;
  for (int64_t i = 0; i < spatial; ++i) volume *= self.size(-1 - i);
  indices(places, 0, volume, "indices");
}

// --- recurrent cells
// oneDNN's layer: (input, weights 1-4, hx, cx, reverse, batch_sizes, mode, hidden_size, num_layers, has_biases, ...)
void onednn_rnn(const Stack& stack) {
  const Tensor& input = tensor(stack, 0);
  const int64_t mode = stack[9].toInt(), hidden = stack[10].toInt();
  TORCH_CHECK(mode == 2 || mode == 3, "mode must be 2 (LSTM) or 3 (GRU)");
  TORCH_CHECK(input.dim() == 3 && input.numel() > 0 && hidden > 0, "expected an input [T, N, C]");
  TORCH_CHECK(input.is_floating_point() && input.scalar_type() != at::kDouble, "expected an input of float32 or less");
  TORCH_CHECK(stack[8].toIntVector().empty() && stack[11].toInt() == 1, "expected one layer without batch_sizes");
  const int64_t gates = (mode == 2 ? 4 : 3) * hidden;
  for (size_t i = 1; i <= 6; ++i) alike(tensor(stack, i), input, "a weight or a state");
  sizes(tensor(stack, 1), {gates, input.size(2)}, "weight0");
  sizes(tensor(stack, 2), {gates, hidden}, "weight1");
  if (stack[12].toBool()) {
    sizes(tensor(stack, 3), {gates}, "weight2");
    sizes(tensor(stack, 4), {gates}, "weight3");
  }
  const int64_t state = input.size(1) * hidden;
  TORCH_CHECK(tensor(stack, 5).numel() == state && tensor(stack, 6).numel() == state, "a state has other sizes");
}

void never_directly(const Stack&) {
  TORCH_CHECK(false, "reads memory that only libtorch's own forward pass lays out; call backward() instead");
}

// (grad_hy, input_gates, hidden_gates, hx, input_bias?, hidden_bias?)
void gru_cell_backward(const Stack& stack) {
  const Tensor &input = tensor(stack, 1), &hidden = tensor(stack, 2), &hx = tensor(stack, 3);
  TORCH_CHECK(input.dim() == 2 && input.size(1) > 0 && input.size(1) % 3 == 0, "expected gates [N, 3 * H]");
  sizes(hidden, input.sizes(), "hidden_gates");
  sizes(hx, {input.size(0), input.size(1) / 3}, "hx");
  sizes(tensor(stack, 0), hx.sizes(), "grad_hy");
}

// (input, hx[], ...)
void two_states(const Stack& stack) { TORCH_CHECK(stack[1].toTensorVector().size() == 2, "hx must hold two tensors"); }

// --- weights
// (v, g, dim)
void weight_norm(const Stack& stack) {
  const Tensor &v = tensor(stack, 0), &g = tensor(stack, 1);
  const int64_t dim = stack[2].toInt();
  TORCH_CHECK(v.dim() > 0 && v.numel() > 0 && v.is_floating_point() && (dim == 0 || dim == v.dim() - 1),
              "expected floating weights, and their first or last dimension");
  TORCH_CHECK(g.numel() == v.size(dim), "g must have ", v.size(dim), " elements, got ", g.numel());
  alike(g, v, "g");
}

// (grad_w, saved_v, saved_g, saved_norms, dim)
void weight_norm_backward(const Stack& stack) {
  const Tensor &v = tensor(stack, 1), &norms = tensor(stack, 3);
  weight_norm({stack[1], stack[2], stack[4]});
  sizes(tensor(stack, 0), v.sizes(), "grad_w");
  alike(tensor(stack, 0), v, "grad_w");
  const bool half = v.scalar_type() == at::kHalf || v.scalar_type() == at::kBFloat16;
  TORCH_CHECK(norms.scalar_type() == (half ? at::kFloat : v.scalar_type()), "saved_norms has another dtype");
  TORCH_CHECK(norms.numel() == v.size(stack[4].toInt()), "saved_norms has other sizes");
}

// (inp, packed_weights, block_size, in_features, out_features)
void four_bit_product(const Stack& stack) {
  const Tensor &input = tensor(stack, 0), &packed = tensor(stack, 1);
  const int64_t block = stack[2].toInt(), in = stack[3].toInt(), out = stack[4].toInt();
  TORCH_CHECK(in > 0 && out > 0 && block > 0 && in % block == 0 && in % 2 == 0, "expected whole blocks of features");
  TORCH_CHECK(input.dim() == 2 && input.size(1) == in && input.is_floating_point(), "expected an input [N, ", in, "]");
#ifndef __aarch64__  // where they are packed in another way
  TORCH_CHECK(packed.scalar_type() == at::kFloat && packed.numel() >= out * in / 2 + out * (in / block),
              "expected weights that _dyn_quant_pack_4bit_weight packed");
#endif
}

// (self, size, stride)
void alias_within(const Stack& stack) {
  const Tensor& self = tensor(stack, 0);
  const auto size = stack[1].toIntVector();
  const auto stride = ints(stack, 2, size.size());
  positive(size, 0, "size");
  positive(stride, 0, "stride");
  if (std::find(size.begin(), size.end(), 0) != size.end()) return;
  int64_t last = self.storage_offset();
  for (size_t i = 0; i < size.size(); ++i) last += (size[i] - 1) * stride[i];
  const auto bytes = static_cast<int64_t>(self.storage().nbytes());
  TORCH_CHECK(self.is_meta() || (last + 1) * static_cast<int64_t>(self.element_size()) <= bytes, "sizes ", size,
              " and strides ", stride, " reach beyond the storage");
}

// --- lists of an optimizer: (self, grads, momentum_buffer_list, ..., out)
void fused_sgd_out(const Stack& stack) {
  const auto params = stack[0].toTensorVector();
  for (const size_t i : {size_t{1}, size_t{2}, stack.size() - 1}) {
    const auto list = stack[i].toTensorVector();
    if (i == 2 && list.empty()) continue;
    TORCH_CHECK(list.size() == params.size(), "the lists must hold as many tensors");
    for (size_t k = 0; k < list.size(); ++k) {
      sizes(list[k], params[k].sizes(), "what belongs to a parameter");
      alike(list[k], params[k], "what belongs to a parameter");
    }
  }
}

// --- indices of compressed rows: (crow_indices, col_indices, ...)
void compressed_rows(const Stack& stack) {
  const Tensor &rows = tensor(stack, 0), &columns = tensor(stack, 1);
  TORCH_CHECK(rows.dim() >= 1 && rows.dim() == columns.dim() && rows.size(-1) >= 1, "expected indices of rows");
  TORCH_CHECK(rows.sizes().slice(0, rows.dim() - 1) == columns.sizes().slice(0, rows.dim() - 1), "other batches");
  TORCH_CHECK(rows.scalar_type() == at::kInt || rows.scalar_type() == at::kLong, "expected int32 or int64 indices");
  alike(columns, rows, "col_indices");
  if (rows.is_meta() || rows.numel() == 0) return;
  const int64_t count = columns.size(-1);
  const Tensor first = rows.select(-1, 0), last = rows.select(-1, -1);
  indices(first, 0, 1, "the first of crow_indices");
  indices(last, count, count + 1, "the last of crow_indices");
  indices(rows.diff(), 0, count + 1, "the steps of crow_indices");
}

// (self, size)
void rows_to_compress(const Stack& stack) {
  const Tensor& self = tensor(stack, 0);
  TORCH_CHECK(self.dim() == 1 && stack[1].toInt() >= 0, "expected indices of one dimension");
  indices(self, 0, std::max<int64_t>(stack[1].toInt(), 1), "indices of rows");
}

// (input, coefficients)
void linear_combination(const Stack& stack) {
  const Tensor &input = tensor(stack, 0), &coefficients = tensor(stack, 1);
  TORCH_CHECK(input.dim() >= 1 && coefficients.dim() == 2 && coefficients.size(1) == input.size(0),
              "expected coefficients [M, N] for N inputs");
  alike(coefficients, input, "coefficients");
  if (stack.size() < 3) return;
  std::vector<int64_t> expected = input.sizes().vec();
  expected[0] = coefficients.size(0);
  sizes(tensor(stack, 2), expected, "out");
  alike(tensor(stack, 2), input, "out");
}

// --- connectionist temporal classification: (log_probs [T, N, C] or [T, C], targets, input_lengths, target_lengths)
std::vector<int64_t> lengths(const Stack& stack, size_t i) {
  if (!stack[i].isTensor()) return stack[i].toIntVector();
  const Tensor all = tensor(stack, i).to(at::kCPU, at::kLong).contiguous();
  return {all.const_data_ptr<int64_t>(), all.const_data_ptr<int64_t>() + all.numel()};
}

// What lies behind a target's length is not read.
template <size_t first>
void labels(const Stack& stack) {
  const Tensor &scores = tensor(stack, first), &targets = tensor(stack, first + 1);
  if (targets.is_meta() || scores.dim() == 0 || !at::isIntegralType(targets.scalar_type(), false)) return;
  const Tensor all = targets.to(at::kCPU, at::kLong).contiguous();
  const int64_t *label = all.const_data_ptr<int64_t>(), *end = label + all.numel();
  const bool in_rows = all.dim() == 2;
  const int64_t classes = scores.size(-1), width = in_rows ? all.size(1) : 0;
  for (const int64_t length : lengths(stack, first + 3)) {
    const int64_t count = std::clamp<int64_t>(length, 0, in_rows ? std::min(width, end - label) : end - label);
    for (int64_t i = 0; i < count; ++i) {
      TORCH_CHECK(label[i] >= 0 && label[i] < classes, "label ", label[i], " is out of range for ", classes,
                  " classes");
    }
    label += in_rows ? std::min(width, end - label) : count;
  }
}

// (grad, log_probs, targets, input_lengths, target_lengths, neg_log_likelihood, log_alpha, blank, ...)
void ctc_backward(const Stack& stack) {
  const Tensor &scores = tensor(stack, 1), &targets = tensor(stack, 2), &alpha = tensor(stack, 6);
  TORCH_CHECK(scores.dim() == 3, "log_probs must be [T, N, C]");
  const int64_t most = scores.size(0), count = scores.size(1), blank = stack[7].toInt();
  TORCH_CHECK(blank >= 0 && blank < scores.size(2), "blank must be in label range");
  const std::vector<int64_t> of_inputs = lengths(stack, 3), of_targets = lengths(stack, 4);
  for (const auto* all : {&of_inputs, &of_targets}) {
    TORCH_CHECK(static_cast<int64_t>(all->size()) == count, "there must be ", count, " lengths, got ", all->size());
    positive(*all, 0, "lengths");
  }
  int64_t longest = 0, sum = 0;
  for (const int64_t length : of_inputs) TORCH_CHECK(length <= most, "input_lengths must be at most ", most);
  for (const int64_t length : of_targets) {
    longest = std::max(longest, length);
    TORCH_CHECK(length <= targets.numel() && (sum += length) <= targets.numel(),
                "there are fewer targets than lengths");
  }
  const bool in_rows = targets.dim() == 2 && targets.size(0) == count && targets.size(1) >= longest;
  TORCH_CHECK(in_rows || targets.dim() == 1, "targets must be [N, S], S at least ", longest, ", or all in a row");
  sizes(tensor(stack, 0), {count}, "grad");
  sizes(tensor(stack, 5), {count}, "neg_log_likelihood");
  TORCH_CHECK(alpha.dim() == 3 && alpha.size(0) == count && alpha.size(1) == most && alpha.size(2) >= 2 * longest + 1,
              "log_alpha must be what the forward gave");
  labels<1>(stack);
}

}  // namespace

std::vector<std::pair<std::string, ArgumentGuard>> family_guards() {
  return {
      {"aten::_fft_c2c", &transform_dimensions},
      {"aten::_fft_c2c.out", &transform_dimensions},
      {"aten::_fft_r2c", &real_transform},
      {"aten::_fft_r2c.out", &real_transform},
      {"aten::_fft_c2r", &inverse_real_transform},
      {"aten::_fft_c2r.out", &inverse_real_transform},
      {"aten::_slow_conv2d_backward.grad_input", &slow_convolution_backward},
      {"aten::_slow_conv2d_backward.output_mask", &slow_convolution_backward},
      {"aten::_slow_conv2d_backward.output_mask_out", &slow_convolution_backward},
      {"aten::_nnpack_spatial_convolution", &nnpack_convolution},
      {"aten::_nnpack_spatial_convolution.out", &nnpack_convolution},
      {"aten::fractional_max_pool2d_backward", &fractional_pool_backward<2>},
      {"aten::fractional_max_pool2d_backward.grad_input", &fractional_pool_backward<2>},
      {"aten::fractional_max_pool3d_backward", &fractional_pool_backward<3>},
      {"aten::fractional_max_pool3d_backward.grad_input", &fractional_pool_backward<3>},
      {"aten::mkldnn_rnn_layer", &onednn_rnn},
      {"aten::mkldnn_rnn_layer.out", &onednn_rnn},
      {"aten::mkldnn_rnn_layer_backward", &never_directly},
      {"aten::mkldnn_rnn_layer_backward.out", &never_directly},
      {"aten::_thnn_differentiable_gru_cell_backward", &gru_cell_backward},
      {"aten::quantized_lstm_cell", &two_states},
      {"aten::_weight_norm_interface", &weight_norm},
      {"aten::_weight_norm_interface.out", &weight_norm},
      {"aten::_weight_norm_interface_backward", &weight_norm_backward},
      {"aten::_weight_norm_interface_backward.out", &weight_norm_backward},
      {"aten::_dyn_quant_matmul_4bit", &four_bit_product},
      {"aten::_reshape_alias", &alias_within},
      {"aten::_reshape_alias_copy", &alias_within},
      {"aten::_reshape_alias_copy.out", &alias_within},
      {"aten::_fused_sgd.out", &fused_sgd_out},
      {"aten::_fused_sgd.tensor_lr_out", &fused_sgd_out},
      {"aten::_convert_indices_from_csr_to_coo", &compressed_rows},
      {"aten::_convert_indices_from_csr_to_coo.out", &compressed_rows},
      {"aten::_convert_indices_from_coo_to_csr", &rows_to_compress},
      {"aten::_convert_indices_from_coo_to_csr.out", &rows_to_compress},
      {"aten::_compute_linear_combination", &linear_combination},
      {"aten::_compute_linear_combination.out", &linear_combination},
      {"aten::ctc_loss.IntList", &labels<0>},
      {"aten::ctc_loss.Tensor", &labels<0>},
      {"aten::_ctc_loss", &labels<0>},
      {"aten::_ctc_loss.Tensor", &labels<0>},
      {"aten::_ctc_loss.out", &labels<0>},
      {"aten::_ctc_loss.Tensor_out", &labels<0>},
      {"aten::_cudnn_ctc_loss", &labels<0>},
      {"aten::_cudnn_ctc_loss.Tensor", &labels<0>},
      {"aten::_cudnn_ctc_loss.out", &labels<0>},
      {"aten::_ctc_loss_backward", &ctc_backward},
      {"aten::_ctc_loss_backward.Tensor", &ctc_backward},
      {"aten::_ctc_loss_backward.out", &ctc_backward},
  };
}

}  // namespace ltn
