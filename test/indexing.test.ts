import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as torch from '../src/index'
import { type Coded, decode as decodeCoded } from './reference/operators'
import { assertTensor, readFixture, type TensorFixture } from './reference/tensors'

const { slice } = torch

interface Case {
  index: unknown[]
  result: TensorFixture
  value: TensorFixture
  /** After `x[index] = value`, and after `x[index] = -1`. */
  filled: TensorFixture
  numbered: TensorFixture
}

const { shape, cases } = readFixture<{ shape: number[]; cases: Case[] }>('indexing')
const base = () => torch.arange(60).reshape(shape).long() as torch.Tensor

function indexOf(coded: unknown): torch.TensorIndex {
  const item = coded as Coded | null
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return coded as torch.TensorIndex
  return item.slice ? slice(...(item.slice as [number, number, number])) : (decodeCoded(item) as torch.Tensor)
}

for (const { index, result, value, filled, numbered } of cases) {
  test(`x[${index.map(item => JSON.stringify(item).slice(0, 40)).join(', ')}] is read and written as in Python`, () => {
    const given = () => index.map(indexOf)
    const x = base()
    assertTensor((x.at(...given()) as torch.Tensor).contiguous(), result, 'at')
    const target = base()
    assert.equal(target.setAt(decodeCoded({ tensor: value }) as torch.Tensor, ...given()), target)
    assertTensor(target, filled, 'setAt of a tensor')
    assertTensor(base().setAt(-1, ...given()), numbered, 'setAt of a number')
    assertTensor(x, { ...filled, data: Buffer.from(base().bytes()).toString('base64') }, 'reading changes nothing')
  })
}

test('without index tensors the result is a view', () => {
  const x = torch.zeros([4, 3])
  x.at(slice(1, 3), 0).fill_(2)
  assert.deepEqual(x.tolist(), [
    [0, 0, 0],
    [2, 0, 0],
    [2, 0, 0],
    [0, 0, 0],
  ])
  assert.notEqual(x.at(), x)
  assert.equal(x.at().dataPtr(), x.dataPtr())
})

test('setAt casts to the tensor, and takes numbers of every kind', () => {
  const floats = torch.zeros([3])
  floats.setAt(torch.tensor([1n, 2n]), slice(1, null))
  assert.deepEqual(floats.tolist(), [0, 1, 2])
  assert.deepEqual(torch.zeros([2], { dtype: 'int64' }).setAt(7n, 0).tolist(), [7, 0])
  assert.deepEqual(
    torch
      .zeros([2], { dtype: 'bool' })
      .setAt(true, torch.tensor([1n]))
      .tolist(),
    [false, true],
  )
  assert.deepEqual(torch.zeros([1], { dtype: 'complex64' }).setAt({ re: 1, im: 2 }, [0]).tolist(), [{ re: 1, im: 2 }])
})

test('reading and writing are recorded by autograd', () => {
  const x = torch.ones([3], { requiresGrad: true })
  const value = torch.tensor([5], { requiresGrad: true })
  const y = x.mul(2)
  y.setAt(value, slice(0, 1))
  y.at([0, 1, 1]).sum().backward()
  assert.deepEqual(x.grad!.tolist(), [0, 4, 0])
  assert.deepEqual(value.grad!.tolist(), [1])
})

test('a wrong index is refused by name', () => {
  const x = torch.zeros([2, 3])
  const wrong = (call: () => unknown, code: string, message: RegExp) => assert.throws(call, { code, message })
  wrong(() => x.at('x' as never), 'ERR_INVALID_ARG_TYPE', /at: an index is a number, a slice/)
  wrong(() => x.at({} as never), 'ERR_INVALID_ARG_TYPE', /got an object/)
  wrong(() => (x as torch.Tensor).at(0, 0, 0), 'ERR_LIBTORCH', /too many indices for tensor of dimension 2/)
  wrong(() => x.at('...', 0, '...'), 'ERR_INVALID_ARG_TYPE', /a single '\.\.\.'/)
  wrong(() => (x as torch.Tensor).at(2), 'ERR_LIBTORCH', /index 2 out of range/)
  wrong(() => x.at(0.5), 'ERR_INVALID_ARG_TYPE', /index/)
  wrong(() => x.at([0.5]), 'ERR_INVALID_ARG_TYPE', /an index holds integers/)
  wrong(
    () => (x as torch.Tensor).setAt('1' as never, 0),
    'ERR_INVALID_ARG_TYPE',
    /the value must be a tensor or a number/,
  )
  wrong(() => (x as torch.Tensor).setAt(torch.ones([4]), 0), 'ERR_LIBTORCH', /must match/)
  wrong(() => slice(0.5), 'ERR_INVALID_ARG_TYPE', /'stop' must be an integer or null/)
  wrong(() => slice(0, 2, -1), 'ERR_OUT_OF_RANGE', /'step' must be at least 1, got -1/)
})
