import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as torch from '../src/index'

const F = torch.nn.functional

test('finfo and iinfo say what Python says', () => {
  const { eps, max, tiny, resolution, bits } = torch.finfo()
  // torch.finfo(torch.float32)
  assert.deepEqual(
    [eps, max, tiny, resolution, bits],
    [1.1920928955078125e-7, 3.4028234663852886e38, 1.1754943508222875e-38, 1e-6, 32],
  )
  assert.deepEqual(
    (['float16', 'bfloat16', 'float64', 'complex64'] as const).map(dtype => {
      const info = torch.finfo(dtype)
      return [info.max, info.min, info.eps, info.smallestNormal, info.dtype]
    }),
    [
      [65504, -65504, 0.0009765625, 0.00006103515625, 'float16'],
      [3.3895313892515355e38, -3.3895313892515355e38, 0.0078125, 1.1754943508222875e-38, 'bfloat16'],
      [Number.MAX_VALUE, -Number.MAX_VALUE, Number.EPSILON, 2.2250738585072014e-308, 'float64'],
      [3.4028234663852886e38, -3.4028234663852886e38, 1.1920928955078125e-7, 1.1754943508222875e-38, 'float32'],
    ],
  )
  assert.deepEqual([torch.iinfo('int8').min, torch.iinfo('int8').max, torch.iinfo('uint16').max], [-128, 127, 65535])
  assert.deepEqual([torch.iinfo('int64').max, torch.iinfo('uint64').min], [9223372036854775807n, 0n])
  assert.throws(() => torch.finfo('int8'), { code: 'ERR_INVALID_ARG_TYPE', message: /finfo takes float16/ })
  assert.throws(() => torch.iinfo('bool'), { code: 'ERR_INVALID_ARG_TYPE', message: /iinfo takes an integer dtype/ })
})

test('unique gives what is asked for: a tensor, or a tuple', () => {
  const x = torch.tensor([3n, 1n, 3n, 1n, 2n])
  const values: torch.Tensor<any, 'int64'> = torch.unique(x)
  assert.deepEqual(values.tolist(), [1, 2, 3])
  const [output, counts] = torch.unique(x, { returnCounts: true })
  assert.deepEqual(
    [output.tolist(), counts.tolist()],
    [
      [1, 2, 3],
      [2, 1, 2],
    ],
  )
  const [, inverse] = x.unique(true, true)
  assert.deepEqual(inverse.tolist(), [2, 0, 2, 0, 1])
  const rows = torch.tensor([
    [1, 2],
    [0, 1],
    [1, 2],
  ])
  const [different, where, times] = torch.unique(rows, { dim: 0, returnInverse: true, returnCounts: true })
  assert.deepEqual(
    [different.tolist(), where.tolist(), times.tolist()],
    [
      [
        [0, 1],
        [1, 2],
      ],
      [1, 0, 1],
      [1, 2],
    ],
  )
  const runs = torch.tensor([1n, 1n, 2n, 1n])
  assert.deepEqual(torch.uniqueConsecutive(runs).tolist(), [1, 2, 1])
  assert.deepEqual(runs.uniqueConsecutive({ returnCounts: true })[1].tolist(), [2, 1, 1])
  assert.throws(() => torch.unique([1] as never), { code: 'ERR_INVALID_ARG_TYPE', message: /expected a tensor/ })
  assert.throws(() => x.unique({ returnCount: true } as never), { code: 'ERR_UNKNOWN_OPTION', message: /returnCounts/ })
})

test('where is a method too', () => {
  const x = torch.tensor([1, 2, 3])
  assert.deepEqual(x.where(x.gt(1), 0).tolist(), [0, 2, 3])
  assert.deepEqual(x.where(x.gt(1), x.neg()).tolist(), [-1, 2, 3])
  assert.throws(() => (x.where as (a: unknown) => unknown)(x), { code: 'ERR_INVALID_ARG_TYPE' })
})

test('nn.functional.pad fills the ends of the last dimensions', () => {
  const x = torch.tensor([[[1, 2, 3]]])
  assert.deepEqual(F.pad(x, [1, 2]).tolist(), [[[0, 1, 2, 3, 0, 0]]])
  assert.deepEqual(F.pad(x, [1, 1], 'constant', 7).tolist(), [[[7, 1, 2, 3, 7]]])
  assert.deepEqual(F.pad(x, [2, 0], { mode: 'reflect' }).tolist(), [[[3, 2, 1, 2, 3]]])
  assert.deepEqual(F.pad(x, [1, 1], 'circular').tolist(), [[[3, 1, 2, 3, 1]]])
  assert.deepEqual(F.pad(x, [-1, 0]).tolist(), [[[2, 3]]])
  assert.throws(() => F.pad(x, [1, 1], 'mirror' as never), { code: 'ERR_INVALID_ARG_TYPE', message: /'mode'/ })
  assert.throws(() => F.pad(x, [1]), { code: 'ERR_LIBTORCH' })
})
