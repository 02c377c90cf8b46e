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
