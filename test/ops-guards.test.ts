import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as torch from '../src/index'

const { aten } = torch.ops
const x = torch.rand([2, 3])
const list = (count: number) => Array.from({ length: count }, () => torch.rand([2]))

// Each of these ends a process in which libtorch's kernel is called with it, Python's too.
test('calls that libtorch does not check are refused instead of ending the process', () => {
  const refused = (call: () => unknown, message: RegExp) => assert.throws(call, { code: 'ERR_LIBTORCH', message })
  refused(() => aten._native_batch_norm_legit!.no_stats!(x, null, null, false, 0.1, 1e-5), /'training' must be true/)
  refused(() => aten.native_batch_norm!.default(x, null, null, null, null, false, 0.1, 1e-5), /must be tensors unless/)
  refused(() => aten._batch_norm_no_update!.default(x, null, null, null, null, 0.1, 1e-5), /'running_mean'/)
  refused(() => aten._stack!.default([]), /non-empty list/)
  refused(() => aten._foreach_copy!.default([], list(2)), /the lists/)
  refused(() => aten._foreach_copy!.default(list(2), list(1)), /the lists/)
  refused(() => aten.reflection_pad1d_backward!.default(x, x, []), /padding size is expected to be 2/)
  refused(() => aten.reflection_pad2d_backward!.default(x, x, [1]), /padding size is expected to be 4/)
  const gates = [x, x, null, null, x, x]
  refused(() => aten._thnn_differentiable_lstm_cell_backward!.default(null, null, ...gates), /the gradients/)
})

test('what libtorch can do, these operators still do', () => {
  const [normal] = aten.native_batch_norm!.default(x, null, null, null, null, true, 0.1, 1e-5) as [torch.Tensor]
  assert.deepEqual(normal.shape, [2, 3])
  assert.deepEqual(aten._stack!.default([x, x]).shape, [2, 2, 3])
  assert.equal((aten._foreach_copy!.default(list(2), list(2)) as torch.Tensor[]).length, 2)
})

const ones = (...shape: number[]) => torch.ones(shape) as torch.Tensor
const ints = (...values: number[]) => torch.tensor(values.map(BigInt)) as torch.Tensor

/** Calls that a family's kernels do (first), and those that would end the process. */
const FAMILIES: Record<
  string,
  { does: unknown[][]; refused: [operator: string, message: RegExp, ...args: unknown[]][] }
> = {
  'Fourier transforms': {
    does: [
      ['_fft_r2c.default', ones(2, 4), [0, 1], 0, true],
      ['_fft_r2c.out', ones(4), [0], 2, false, { out: torch.zeros([4], { dtype: 'complex64' }) }],
      ['_fft_c2r.default', torch.ones([3], { dtype: 'complex64' }), [0], 1, 4],
      ['_fft_c2c.default', torch.ones([2, 3], { dtype: 'complex64' }), [1], 0, true],
    ],
    refused: [
      ['_fft_r2c.default', /dimension 8 is not in/, ones(2, 3), [8, 0, 0], 1, true],
      ['_fft_r2c.default', /dimension -1 is not in/, ones(2, 3), [-1], 1, true],
      ['_fft_c2c.default', /given twice/, torch.ones([2, 3], { dtype: 'complex64' }), [1, 1], 0, true],
      ['_fft_c2c.default', /normalization/, torch.ones([2, 3], { dtype: 'complex64' }), [1], 8, true],
      ['_fft_r2c.out', /'out' must be of dtype ComplexFloat/, ones(4), [0], 0, false, { out: ones(4) }],
      ['_fft_c2r.default', /last_dim_size/, torch.ones([2], { dtype: 'complex64' }), [0], 0, 0],
      ['_fft_c2r.default', /complex tensor/, ones(2), [0], 0, 2],
    ],
  },
  convolutions: {
    does: [
      ['_slow_conv2d_backward.output_mask', ones(1, 2, 2, 2), ones(1, 3, 3, 3), ones(2, 3, 2, 2), [2, 2], [1, 1], [0, 0], [true, true, true]], // biome-ignore format: one call
    ],
    refused: [
      ['_slow_conv2d_backward.output_mask', /must hold 2 integers/, ones(1, 2, 2, 2), ones(1, 3, 3, 3), ones(2, 3, 2, 2), [], [1, 1], [0, 0], [true, true, true]], // biome-ignore format: one call
      ['_slow_conv2d_backward.output_mask', /grad_output must have the sizes/, ones(1, 2, 9, 9), ones(1, 3, 3, 3), ones(2, 3, 2, 2), [2, 2], [1, 1], [0, 0], [true, true, true]], // biome-ignore format: one call
      ['_slow_conv2d_backward.output_mask', /three booleans|expected 3/, ones(1, 2, 2, 2), ones(1, 3, 3, 3), ones(2, 3, 2, 2), [2, 2], [1, 1], [0, 0], [true]], // biome-ignore format: one call
      ['_nnpack_spatial_convolution.default', /must hold 2 integers/, ones(1, 1, 4, 4), ones(1, 1, 2, 2), null, []],
      ['_nnpack_spatial_convolution.default', /other channels/, ones(1, 1, 4, 4), ones(1, 3, 2, 2), null, [0, 0]],
      ['_nnpack_spatial_convolution.default', /bias must have the sizes/, ones(1, 1, 4, 4), ones(2, 1, 2, 2), ones(9), [0, 0]], // biome-ignore format: one call
    ],
  },
  'fractional pooling': {
    does: [
      ['fractional_max_pool2d_backward.default', ones(1, 2, 2), ones(1, 4, 4), [2, 2], [2, 2], ints(0, 2, 8, 15).reshape([1, 2, 2])], // biome-ignore format: one call
      ['fractional_max_pool3d_backward.default', ones(1, 1, 1, 1), ones(1, 2, 2, 2), [2, 2, 2], [1, 1, 1], ints(7).reshape([1, 1, 1, 1])], // biome-ignore format: one call
    ],
    refused: [
      ['fractional_max_pool2d_backward.default', /indices must be in \[0, 16\)/, ones(1, 2, 2), ones(1, 4, 4), [2, 2], [2, 2], ints(0, 2, 8, 16).reshape([1, 2, 2])], // biome-ignore format: one call
      ['fractional_max_pool2d_backward.default', /indices must have the sizes/, ones(1, 2, 2), ones(1, 4, 4), [2, 2], [2, 2], ints(0)], // biome-ignore format: one call
      ['fractional_max_pool3d_backward.default', /must hold 3 integers/, ones(1, 1, 1, 1), ones(1, 2, 2, 2), [2], [1, 1, 1], ints(7)], // biome-ignore format: one call
    ],
  },
  'recurrent cells': {
    does: [
      ['mkldnn_rnn_layer.default', ones(2, 1, 3), ones(8, 3), ones(8, 2), ones(8), ones(8), ones(1, 1, 2), ones(1, 1, 2), false, [], 2, 2, 1, true, false, false, false], // biome-ignore format: one call
      ['_thnn_differentiable_gru_cell_backward.default', ones(2, 2), ones(2, 6), ones(2, 6), ones(2, 2), null, null],
    ],
    refused: [
      ['mkldnn_rnn_layer.default', /weight0 must have the sizes/, ones(2, 1, 3), ones(7, 3), ones(8, 2), ones(8), ones(8), ones(1, 1, 2), ones(1, 1, 2), false, [], 2, 2, 1, true, false, false, false], // biome-ignore format: one call
      ['mkldnn_rnn_layer.default', /mode must be 2/, ones(2, 1, 3), ones(8, 3), ones(8, 2), ones(8), ones(8), ones(1, 1, 2), ones(1, 1, 2), false, [], 7, 2, 1, true, false, false, false], // biome-ignore format: one call
      ['mkldnn_rnn_layer_backward.default', /call backward\(\) instead/, ...Array.from({ length: 10 }, () => ones(1)), null, null, null, false, 2, 1, 1, true, true, false, [], false, ones(1)], // biome-ignore format: one call
      ['_thnn_differentiable_gru_cell_backward.default', /expected gates/, ones(2, 2), ones(2, 2), ones(2, 2), ones(2, 2), null, null], // biome-ignore format: one call
      ['_thnn_differentiable_gru_cell_backward.default', /hx must have the sizes/, ones(2, 2), ones(2, 6), ones(2, 6), ones(1), null, null], // biome-ignore format: one call
      ['quantized_lstm_cell.default', /hx must hold two tensors/, ones(1, 2), [], ...Array.from({ length: 8 }, () => ones(1)), 1, 1, 1, 1], // biome-ignore format: one call
    ],
  },
  weights: {
    does: [
      ['_weight_norm_interface.default', ones(3, 2), ones(3, 1), 0],
      ['_weight_norm_interface_backward.default', ones(3, 2), ones(3, 2), ones(3, 1), ones(3, 1), 0],
      ['_dyn_quant_matmul_4bit.default', ones(2, 32), ones(4 * 16 + 4), 32, 32, 4],
      ['_reshape_alias_copy.default', ones(2, 3), [3, 2], [2, 1]],
    ],
    refused: [
      ['_weight_norm_interface.default', /g must have 3 elements/, ones(3, 2), ones(1), 0],
      ['_weight_norm_interface.default', /first or last dimension/, ones(3, 2, 2), ones(2), 1],
      ['_weight_norm_interface_backward.default', /saved_norms/, ones(3, 2), ones(3, 2), ones(3, 1), ones(1), 0],
      ['_dyn_quant_matmul_4bit.default', /whole blocks/, ones(1, 3), ones(3), 0, 3, 8],
      ['_dyn_quant_matmul_4bit.default', /that _dyn_quant_pack_4bit_weight packed/, ones(1, 32), ones(3), 32, 32, 8],
      ['_reshape_alias_copy.default', /beyond the storage/, ones(2, 3), [3, 3], [3, 1]],
      ['_reshape_alias_copy.default', /must hold 1 integers/, ones(2, 3), [6], []],
      ['_reshape_alias.default', /beyond the storage/, ones(2, 3), [100], [1]],
    ],
  },
  indices: {
    does: [
      ['_convert_indices_from_csr_to_coo.default', ints(0, 1, 3), ints(0, 0, 1)],
      ['_convert_indices_from_coo_to_csr.default', ints(0, 1, 1), 2],
    ],
    refused: [
      ['_convert_indices_from_csr_to_coo.default', /last of crow_indices must be in/, ints(0, 1, 50), ints(0, 0, 1)],
      ['_convert_indices_from_csr_to_coo.default', /steps of crow_indices/, ints(0, 9, 3), ints(0, 0, 1)],
      ['_convert_indices_from_csr_to_coo.default', /expected int32 or int64/, ones(3), ones(3)],
      ['_convert_indices_from_coo_to_csr.default', /indices of rows must be in/, ints(0, 1, 90), 2],
    ],
  },
  'connectionist temporal classification': {
    does: [
      ['ctc_loss.IntList', ones(4, 2, 3), ints(1, 2, 1), [4, 4], [1, 2]],
      ['ctc_loss.Tensor', ones(4, 3), ints(1, 2), ints(4), ints(2)],
      ['_ctc_loss.default', ones(4, 2, 3), ints(1, 9, 1, 2).reshape([2, 2]), [4, 4], [1, 2]], // 9 is behind its target
      ['_ctc_loss.Tensor', ones(4, 2, 3), ints(1, 2, 1).int(), ints(4, 4), ints(1, 2)],
      ['_ctc_loss_backward.default', ones(2), ones(4, 2, 3), ints(1, 2, 1), [4, 4], [1, 2], ones(2), ones(2, 4, 5), 0],
    ],
    refused: [
      ['ctc_loss.IntList', /label 9 is out of range for 3 classes/, ones(4, 2, 3), ints(1, 9, 1), [4, 4], [1, 2]],
      ['ctc_loss.Tensor', /label -1 is out of range for 3 classes/, ones(4, 3), ints(1, -1), ints(4), ints(2)],
      ['_ctc_loss.default', /label 3 is/, ones(4, 2, 3), ints(1, 1, 3, 2).reshape([2, 2]), [4, 4], [1, 2]],
      ['_ctc_loss_backward.default', /label 7 is/, ones(2), ones(4, 2, 3), ints(1, 7, 1), [4, 4], [1, 2], ones(2), ones(2, 4, 5), 0], // biome-ignore format: one call
      ['_ctc_loss_backward.default', /input_lengths/, ones(2), ones(4, 2, 3), ints(1, 2, 1), [4, 5], [1, 2], ones(2), ones(2, 4, 5), 0], // biome-ignore format: one call
      ['_ctc_loss_backward.default', /fewer targets/, ones(2), ones(4, 2, 3), ints(1, 2, 1), [4, 4], [1, 3], ones(2), ones(2, 4, 7), 0], // biome-ignore format: one call
      ['_ctc_loss_backward.default', /at least 0/, ones(2), ones(4, 2, 3), ints(1, 2, 1), [4, -4], [1, 2], ones(2), ones(2, 4, 5), 0], // biome-ignore format: one call
      ['_ctc_loss_backward.default', /must be 2 lengths/, ones(2), ones(4, 2, 3), ints(1, 2, 1), [4], [1, 2], ones(2), ones(2, 4, 5), 0], // biome-ignore format: one call
      ['_ctc_loss_backward.default', /log_alpha/, ones(2), ones(4, 2, 3), ints(1, 2, 1), [4, 4], [1, 2], ones(2), ones(2, 4, 4), 0], // biome-ignore format: one call
      ['_ctc_loss_backward.default', /blank/, ones(2), ones(4, 2, 3), ints(1, 2, 1), [4, 4], [1, 2], ones(2), ones(2, 4, 5), 3], // biome-ignore format: one call
      ['_ctc_loss_backward.default', /grad must have/, ones(1), ones(4, 2, 3), ints(1, 2, 1), [4, 4], [1, 2], ones(2), ones(2, 4, 5), 0], // biome-ignore format: one call
    ],
  },
  'lists and combinations': {
    does: [
      ['_compute_linear_combination.default', ones(2, 3), ones(4, 2)],
      ['_fused_sgd.out', [ones(2)], [ones(2)], [], { weight_decay: 0, momentum: 0, lr: 0.1, dampening: 0, nesterov: false, maximize: false, is_first_step: true, out: [ones(2)] }], // biome-ignore format: one call
    ],
    refused: [
      ['_compute_linear_combination.default', /expected coefficients/, ones(2, 3), ones(4, 50)],
      ['_compute_linear_combination.out', /out must have the sizes/, ones(2, 3), ones(4, 2), { out: ones(1) }],
      ['_fused_sgd.out', /as many tensors/, [ones(2)], [], [], { weight_decay: 0, momentum: 0, lr: 0.1, dampening: 0, nesterov: false, maximize: false, is_first_step: true, out: [ones(2)] }], // biome-ignore format: one call
      ['_fused_sgd.out', /must have the sizes \[2\]/, [ones(2)], [ones(90)], [], { weight_decay: 0, momentum: 0, lr: 0.1, dampening: 0, nesterov: false, maximize: false, is_first_step: true, out: [ones(2)] }], // biome-ignore format: one call
    ],
  },
}

const call = (path: string, args: unknown[]) => {
  const [name, overload] = path.split('.') as [string, string]
  return aten[name]![overload]!(...args)
}

for (const [family, { does, refused }] of Object.entries(FAMILIES)) {
  test(`${family}: what would end the process is refused, what fits is done`, () => {
    for (const [operator, ...args] of does) call(operator as string, args)
    for (const [operator, message, ...args] of refused) {
      assert.throws(() => call(operator, args), { code: 'ERR_LIBTORCH', message }, `${operator} ${message}`)
    }
  })
}

test('lists of numbers and nulls have a form', () => {
  const pointwise = torch.ops.mkldnn!._linear_pointwise!.default!
  const [x, w] = [torch.tensor([[-1, 2]]), torch.tensor([[1, 0], [0, 1]])] // biome-ignore format: a matrix
  const leaky = pointwise(x, w, null, 'leaky_relu', [0.5], '') as torch.Tensor
  assert.deepEqual(leaky.tolist(), [[-0.5, 2]])
  const clamped = pointwise(x, w, null, 'hardtanh', [-0.25, 1], '') as torch.Tensor
  assert.deepEqual(clamped.tolist(), [[-0.25, 1]])
  assert.throws(() => pointwise(x, w, null, 'leaky_relu', ['a'], ''), { code: 'ERR_INVALID_ARG_TYPE' })
})
