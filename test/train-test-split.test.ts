import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { trainTestSplit } from '../src/data'
import { arange, type Tensor, tensor, zeros } from '../src/tensor'

type Rows = number[] | { length: number; first: number[]; sha256: string }
const fixture = JSON.parse(readFileSync(join(__dirname, 'reference/fixtures/train-test-split.json'), 'utf8'))

function summary(rows: readonly number[]): Rows {
  if (rows.length <= 24) return [...rows]
  const sha256 = createHash('sha256').update(Uint32Array.from(rows)).digest('hex')
  return { length: rows.length, first: rows.slice(0, 3), sha256 }
}

test(`tensors are split by the rows of scikit-learn ${fixture['made by']['scikit-learn']}`, () => {
  let stratified = 0
  for (const { n, options, train, test, error } of fixture.cases) {
    const what = JSON.stringify({ n, ...options, stratify: options.stratify?.slice(0, 4) })
    if (error !== undefined) {
      const code = 'ERR_INVALID_ARG_VALUE'
      assert.throws(() => trainTestSplit(arange(n) as Tensor, options), { code, message: error }, what)
      continue
    }
    const [forTraining, forTesting] = trainTestSplit(arange(n) as Tensor, options)
    assert.deepEqual(summary(forTraining.tolist() as number[]), train, what)
    assert.deepEqual(summary(forTesting.tolist() as number[]), test, what)
    const labels: unknown = options.stratify?.[0]
    if (typeof labels !== 'number' && typeof labels !== 'boolean') continue
    stratified++
    const stratify = tensor(options.stratify) as Tensor
    const [again] = trainTestSplit(arange(n) as Tensor, { ...options, stratify })
    assert.deepEqual(summary(again.tolist() as number[]), train, `stratify as a tensor: ${what}`)
  }
  assert.ok(stratified > 15)
})

test('any number of arrays, of any kind, keep their rows together', () => {
  const x = arange(40).view([20, 2]).to({ dtype: 'float16' })
  const y = arange(20).to({ dtype: 'uint8' })
  const names = Array.from({ length: 20 }, (_, i) => `n${i}`)
  const numbers = Float64Array.from(names, (_, i) => i / 2)
  const [xTrain, xTest, yTrain, yTest, nTrain, nTest, dTrain, dTest] = trainTestSplit(x, y, names, numbers, {
    testSize: 5,
    randomState: 1,
  })
  assert.deepEqual([xTrain.shape, xTest.shape, yTrain.shape, yTest.shape], [[15, 2], [5, 2], [15], [5]])
  assert.deepEqual([xTrain.dtype, yTest.dtype], ['float16', 'uint8'])
  assert.ok(dTrain instanceof Float64Array && Array.isArray(nTrain))
  const rows = yTest.tolist() as number[]
  assert.deepEqual(
    xTest.tolist(),
    rows.map(row => [2 * row, 2 * row + 1]),
  )
  assert.deepEqual(
    nTest,
    rows.map(row => `n${row}`),
  )
  assert.deepEqual(
    [...dTest],
    rows.map(row => row / 2),
  )
})

test('stratify by tensors and typed arrays of any dtype, and by rows', () => {
  const labels = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]
  const rows = arange(12) as Tensor
  const split = (stratify: any) => trainTestSplit(rows, { testSize: 0.5, randomState: 2, stratify })[0].tolist()
  const expected = split(labels)
  for (const dtype of ['int64', 'int32', 'uint8', 'float32', 'bfloat16'] as const) {
    assert.deepEqual(split(tensor(labels, { dtype })), expected, dtype)
  }
  assert.deepEqual(split(Uint8Array.from(labels)), expected)
  assert.deepEqual(split(Float32Array.from(labels)), expected)
  assert.deepEqual(split(BigInt64Array.from(labels, BigInt)), expected)
  const oneHot = labels.map(label => [0, 1, 2].map(i => (i === label ? 1 : 0)))
  assert.deepEqual(split(tensor(oneHot, { dtype: 'int64' })), split(oneHot))
  assert.throws(() => split(tensor(oneHot, { dtype: 'float16' })), { code: 'ERR_UNSUPPORTED_TYPE' })
})

test('gradients flow through a split', () => {
  const x = zeros([4], { requiresGrad: true })
  const [train] = trainTestSplit(x, { testSize: 1, randomState: 0 })
  train.sum().backward()
  assert.equal(
    (x.grad!.tolist() as number[]).reduce((a, b) => a + b),
    3,
  )
})

test('arguments that are refused', () => {
  const split = trainTestSplit as (...args: unknown[]) => unknown
  assert.throws(() => split(), { code: 'ERR_INVALID_ARG_VALUE', message: 'At least one array required as input' })
  assert.throws(() => split({ testSize: 1 }), { message: 'At least one array required as input' })
  assert.throws(() => split([1, 2], [1]), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: 'Found input variables with inconsistent numbers of samples: [2, 1]',
  })
  assert.throws(() => split(5), { code: 'ERR_INVALID_ARG_TYPE', message: /got the number 5/ })
  assert.throws(() => split('text'), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => split(tensor(5)), { code: 'ERR_INVALID_ARG_TYPE', message: /no dimensions/ })
  assert.throws(() => split([1, 2], { testsize: 1 }), {
    code: 'ERR_UNKNOWN_OPTION',
    message: /did you mean 'testSize'/,
  })
  assert.throws(() => split([1, 2], { testSize: 'a' }), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: /The 'testSize' parameter of trainTestSplit must be a float in the range .* Got the string 'a' instead\./,
  })
  assert.throws(() => split([1, 2], { shuffle: 'no' }), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: /'shuffle' parameter/,
  })
  assert.throws(() => split([1, 2], { randomState: 'x' }), { code: 'ERR_INVALID_ARG_TYPE' })
  for (const stratify of [5, 'ab', tensor(5)]) {
    assert.throws(() => split([1, 2], { stratify }), { code: 'ERR_INVALID_ARG_TYPE', message: /'stratify' parameter/ })
  }
})
