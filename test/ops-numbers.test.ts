import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as torch from '../src/index'

const { aten } = torch.ops

test('an exact overload takes a number for a tensor where Python does, and the number takes no part in the dtype', () => {
  const floats = torch.tensor([1, 2])
  const ints = torch.tensor([1n, 2n])
  const bytes = torch.tensor([1, 2], { dtype: 'uint8' })
  const half = torch.tensor([1, 2], { dtype: 'bfloat16' })
  const told = (tensor: torch.Tensor) => [tensor.dtype, tensor.tolist()]
  assert.deepEqual(told(aten.add!.Tensor!(floats, 2.5)), ['float32', [3.5, 4.5]])
  assert.deepEqual(told(aten.add!.Tensor!(floats, 2.5, { alpha: 2 })), ['float32', [6, 7]])
  assert.deepEqual(told(aten.mul!.Tensor!(ints, 2)), ['int64', [2, 4]])
  assert.deepEqual(told(aten.mul!.Tensor!(ints, 2.5)), ['float32', [2.5, 5]])
  assert.deepEqual(told(aten.sub!.Tensor!(bytes, 2)), ['uint8', [255, 0]])
  assert.deepEqual(told(aten.add!.Tensor!(bytes, 300)), ['uint8', [45, 46]])
  assert.deepEqual(told(aten.div!.Tensor_mode!(ints, 2, { rounding_mode: 'floor' })), ['int64', [0, 1]])
  assert.deepEqual(told(aten.mul!.Tensor!(half, 0.5)), ['bfloat16', [0.5, 1]])
  assert.deepEqual(told(aten.add!.Tensor!(ints, true)), ['int64', [2, 3]])
  assert.deepEqual(told(aten.add!.Tensor!(floats, { re: 0, im: 1 })), [
    'complex64',
    [
      { re: 1, im: 1 },
      { re: 2, im: 1 },
    ],
  ])
  assert.equal(aten.mul_!.Tensor!(floats, 2), floats)
  assert.deepEqual(floats.tolist(), [2, 4])
  const out = torch.empty([2])
  assert.equal(aten.mul!.out!(floats, 2, { out }), out)
  assert.deepEqual(out.tolist(), [4, 8])
})

test('the number may stand first', () => {
  assert.deepEqual(aten.sub!.Tensor!(1, torch.tensor([0.5, 2])).tolist(), [0.5, -1])
  assert.equal(aten.sub!.Tensor!(1, torch.tensor([1n])).dtype, 'int64')
  assert.throws(() => aten.sub!.Tensor!(1, 2), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: /needs a tensor beside the number/,
  })
})

test('other operators take none', () => {
  assert.throws(() => aten.atan2!.default(torch.tensor([1]), 2), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => aten.add!.Tensor!(torch.tensor([1]), 'x'), { code: 'ERR_INVALID_ARG_TYPE' })
})
