import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DataLoader, TensorDataset } from '../src/data'
import { tidy } from '../src/memory'
import { arange, Generator, manualSeed, randint, type Tensor, tensor, zeros } from '../src/tensor'

interface Case {
  n: number
  options: { batchSize: number; shuffle: boolean; dropLast: boolean }
  seed: number
  own: boolean
  stop: number | null
  length: number
  passes: number[][][]
  after: number[]
  generatorAfter: number[] | null
}

const fixture = JSON.parse(readFileSync(join(__dirname, 'reference/fixtures/data-loader.json'), 'utf8'))
const cases: Case[] = fixture.cases

function draw(generator: Generator | null): number[] {
  return randint(0, 2 ** 31, [3], { generator }).tolist() as number[]
}

test(`batches and random states are Python's (torch ${fixture['made by'].torch})`, () => {
  assert.ok(cases.length > 70)
  for (const { n, options, seed, own, stop, length, passes, after, generatorAfter } of cases) {
    const what = JSON.stringify({ n, options, seed, own, stop })
    manualSeed(seed)
    const generator = own ? new Generator().manualSeed(seed + 100) : null
    const loader = new DataLoader([arange(n) as Tensor], { ...options, generator })
    assert.equal(loader.length, length, what)
    const found = passes.map(() => {
      const batches: unknown[] = []
      const iterator = loader[Symbol.iterator]()
      while (stop === null || batches.length < stop) {
        const { done, value } = iterator.next()
        if (done) break
        batches.push(value[0]!.tolist())
      }
      iterator.return?.()
      return batches
    })
    assert.deepEqual(found, passes, what)
    assert.deepEqual(draw(null), after, `the default generator after ${what}`)
    if (generator) assert.deepEqual(draw(generator), generatorAfter, `its generator after ${what}`)
  }
})

test('several tensors keep their rows together, of any shape and dtype', () => {
  manualSeed(3)
  const x = arange(60).view([10, 2, 3])
  const y = arange(10).to({ dtype: 'uint8' })
  const rows = new Set<number>()
  for (const [images, labels] of new DataLoader([x, y], { batchSize: 4, shuffle: true })) {
    assert.deepEqual(images.shape.slice(1), [2, 3])
    assert.equal(labels.dtype, 'uint8')
    const first = images.tolist() as number[][][]
    const second = labels.tolist() as number[]
    second.forEach((label, i) => {
      rows.add(label)
      assert.deepEqual(
        first[i]!.flat(),
        [0, 1, 2, 3, 4, 5].map(k => 6 * label + k),
      )
    })
  }
  assert.equal(rows.size, 10)
})

test('batches are tensors of their own', () => {
  const x = zeros([4, 2])
  for (const [batch] of new DataLoader([x], 2)) batch.fill_(1)
  assert.deepEqual(x.tolist(), [
    [0, 0],
    [0, 0],
    [0, 0],
    [0, 0],
  ])
})

test('a pass may run from one disposal scope into the next', () => {
  const batches = new DataLoader([arange(4) as Tensor], 1)[Symbol.iterator]()
  for (let i = 0; i < 4; i++)
    assert.equal(
      tidy(() => batches.next().value[0].item()),
      i,
    )
  assert.equal(batches.next().done, true)
})

test('a data set: length, rows, and what it refuses', () => {
  const set = new TensorDataset(
    tensor([
      [1, 2],
      [3, 4],
    ]),
    tensor([5n, 6n]),
  )
  assert.equal(set.length, 2)
  assert.deepEqual(
    set.get(1).map((row: Tensor) => row.tolist()),
    [[3, 4], 6],
  )
  assert.deepEqual(
    set.get(-2).map((row: Tensor) => row.tolist()),
    [[1, 2], 5],
  )
  assert.throws(() => set.get(2), { code: 'ERR_OUT_OF_RANGE', message: /from -2 to 1, got 2/ })
  assert.throws(() => new TensorDataset(tensor([1]), tensor([1, 2])), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /Size mismatch between tensors: they have 1, 2 rows/,
  })
  assert.throws(() => new TensorDataset(tensor(1)), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => new TensorDataset(), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => new TensorDataset([1] as never), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: /an array of length 1/,
  })
})

test('arguments: positions, options, mistakes', () => {
  const x = arange(10) as Tensor
  assert.equal(new DataLoader([x], 3).length, 4)
  assert.equal(new DataLoader([x], 3, false, { dropLast: true }).length, 3)
  assert.equal(new DataLoader(new TensorDataset(x), { batchSize: 5 }).length, 2)
  assert.equal(new DataLoader([x]).length, 10)
  const make =
    (...args: unknown[]) =>
    () =>
      new (DataLoader as any)(...args)
  assert.throws(make([x], { batchsize: 3 }), { code: 'ERR_UNKNOWN_OPTION', message: /did you mean 'batchSize'/ })
  assert.throws(make([x], 0), { code: 'ERR_INVALID_ARG_TYPE', message: /'batchSize' must be an integer of at least 1/ })
  assert.throws(make([x], 3, 'yes'), { code: 'ERR_INVALID_ARG_TYPE', message: /'shuffle'/ })
  assert.throws(make([x], 3, true, [1, 2]), { code: 'ERR_INVALID_ARG_TYPE', message: /as options/ })
  assert.throws(make([x], { generator: {} }), { code: 'ERR_INVALID_ARG_TYPE', message: /'generator'/ })
  assert.throws(make(5), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: /takes a TensorDataset or tensors, got the number 5/,
  })
  assert.throws(make([arange(0)], { shuffle: true }), { code: 'ERR_INVALID_ARG_VALUE', message: /num_samples=0/ })
})
