import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { data, Generator, isTensor, manualSeed, ones, randint, type Tensor, tensor, zeros } from '../src'
import { arange } from '../src/tensor'
import { assertTensor, readFixture, type TensorFixture } from './reference/tensors'

interface Fixture {
  samplers: {
    kind: string
    seed: number
    own: boolean
    options: Record<string, any>
    passes: number[][]
    length: number
    after: number[]
    generatorAfter: number[] | null
  }[]
  splits: { n: number; lengths: number[]; seed: number; own: boolean; parts: number[][]; after: number[] }[]
  collated: Record<string, unknown>
  loaders: { name: string; passes: unknown[][]; after: number[] }[]
}

const fixture = readFixture<Fixture>('data-sets')
const draw = (generator: Generator | null = null) => randint(0, 2 ** 31, [3], { generator }).tolist() as number[]

/** Compares nested values, tensors as the fixture writes them down. */
function assertPlain(actual: unknown, expected: unknown, what: string): void {
  if (isTensor(actual)) {
    assertTensor(actual, (expected as { tensor: TensorFixture }).tensor, what)
  } else if (Array.isArray(actual)) {
    assert.equal(actual.length, (expected as unknown[]).length, what)
    for (const [i, item] of actual.entries()) assertPlain(item, (expected as unknown[])[i], `${what}[${i}]`)
  } else if (typeof actual === 'object') {
    assert.deepEqual(Object.keys(actual!), Object.keys(expected as object), what)
    for (const [key, item] of Object.entries(actual!)) assertPlain(item, (expected as any)[key], `${what}.${key}`)
  } else {
    assert.equal(actual, expected, what)
  }
}

class Items<T> extends data.Dataset<T> {
  constructor(readonly items: readonly T[]) {
    super()
  }
  get length() {
    return this.items.length
  }
  get(i: number) {
    return this.items[i]!
  }
}

class Later<T> extends data.Dataset<T> {
  constructor(readonly items: readonly T[]) {
    super()
  }
  get length() {
    return this.items.length
  }
  async get(i: number) {
    await new Promise(resolve => setTimeout(resolve, (7 * i) % 3))
    return this.items[i]!
  }
}

class Stream extends data.IterableDataset<bigint> {
  constructor(readonly n: number) {
    super()
  }
  override *[Symbol.iterator]() {
    for (let i = 0; i < this.n; i++) yield BigInt(i)
  }
}

describe('samplers draw as those of Python', () => {
  const make = (kind: string, o: Record<string, any>, generator: Generator | null): data.Sampler => {
    const rest = Object.fromEntries(Object.entries(o).filter(([key]) => key === 'replacement' || key === 'numSamples'))
    if (kind === 'SequentialSampler') return new data.SequentialSampler(Array(o.n))
    if (kind === 'RandomSampler') return new data.RandomSampler(Array(o.n), { ...rest, generator })
    if (kind === 'SubsetRandomSampler') return new data.SubsetRandomSampler(o.indices, { generator })
    return new data.WeightedRandomSampler(o.weights, o.numSamples, { replacement: o.replacement, generator })
  }
  for (const { kind, seed, own, options, passes, length, after, generatorAfter } of fixture.samplers) {
    test(`${kind} ${JSON.stringify(options)}, seed ${seed}${own ? ', its own generator' : ''}`, () => {
      manualSeed(seed)
      const generator = own ? new Generator().manualSeed(seed + 100) : null
      const sampler = make(kind, options, generator)
      assert.deepEqual([[...sampler], [...sampler]], passes)
      assert.equal(sampler.length, length)
      assert.deepEqual(draw(), after)
      if (generator) assert.deepEqual(draw(generator), generatorAfter)
    })
  }
})

test('randomSplit permutes as Python does', () => {
  assert.ok(fixture.splits.length >= 14)
  for (const { n, lengths, seed, own, parts, after } of fixture.splits) {
    manualSeed(seed)
    const generator = own ? new Generator().manualSeed(seed + 100) : null
    const found = data.randomSplit(new Items(Array(n).fill(0)), lengths, { generator })
    assert.deepEqual(
      found.map(part => part.indices),
      parts,
      JSON.stringify({ n, lengths, seed, own }),
    )
    assert.deepEqual(draw(), after)
  }
  const ten = new Items([...Array(10).keys()])
  assert.throws(() => data.randomSplit(ten, [3, 8]), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /Sum of input lengths does not equal the length of the input dataset!/,
  })
  assert.throws(() => data.randomSplit(ten, [1.5, -0.5]), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /Fraction at index 0 is not between 0 and 1/,
  })
  assert.throws(() => data.randomSplit(ten, [2.5, 7.5]), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => data.randomSplit([1] as never, [1]), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => data.randomSplit(ten, [5, 5], { generatr: null } as never), { code: 'ERR_UNKNOWN_OPTION' })
})

test('defaultCollate makes what Python makes', () => {
  const cases: Record<string, readonly unknown[]> = {
    floats: [0.5, 2, -1.25],
    ints: [1n, 2n ** 53n + 1n, -3n],
    bools: [true, false],
    strings: ['a', 'b'],
    tensors: [arange(6).view([2, 3]), arange(6, 12).view([2, 3])],
    scalars: [tensor(1.5), tensor(2.5)],
    tuples: [
      [ones([2]), 3n],
      [zeros([2]), 4n],
    ],
    objects: [
      { x: 0.5, name: 'a', deep: [1n, [2.5, true]] },
      { x: 1.5, name: 'b', deep: [2n, [3.5, false]] },
    ],
  }
  assert.deepEqual(Object.keys(cases), Object.keys(fixture.collated))
  for (const [name, items] of Object.entries(cases)) {
    assertPlain(data.defaultCollate(items), fixture.collated[name], name)
  }
  const arrays = data.defaultCollate([new Int16Array([1, 2]), new Int16Array([3, 4])])
  assert.deepEqual([arrays.dtype, arrays.tolist()], ['int16', [[1, 2], [3, 4]]]) // biome-ignore format: rows
})

test('defaultCollate refuses what cannot be one batch', () => {
  const refused = (items: unknown, code: string, message: RegExp) =>
    assert.throws(() => data.defaultCollate(items as unknown[]), { code, message })
  refused([], 'ERR_INVALID_ARG_VALUE', /at least one item/)
  refused(5, 'ERR_INVALID_ARG_TYPE', /takes an array, got the number 5/)
  refused([null], 'ERR_INVALID_ARG_TYPE', /found null/)
  refused([() => 1], 'ERR_INVALID_ARG_TYPE', /found the function/)
  refused([new Date()], 'ERR_INVALID_ARG_TYPE', /an instance of Date/)
  refused([[1, 2], [3]], 'ERR_INVALID_ARG_VALUE', /each element in list of batch should be of equal size/)
  refused([1, 2n], 'ERR_INVALID_ARG_TYPE', /expected numbers as the first item is, got the bigint 2n/)
  refused([{ x: 1 }, { y: 1 }], 'ERR_INVALID_ARG_TYPE', /expected 'x' in every item/)
  refused([zeros([2]), 3], 'ERR_INVALID_ARG_TYPE', /expected tensors as the first item is/)
  refused([zeros([2]), zeros([3])], 'ERR_LIBTORCH', /size/)
})

describe('loaders give what those of Python give', () => {
  const rows = new data.TensorDataset(arange(10) as Tensor, arange(10).mul(0.5) as Tensor)
  const { DataLoader, RandomSampler, Subset } = data
  const makers: Record<string, () => Iterable<unknown> & AsyncIterable<unknown>> = {
    stream: () => new DataLoader(new Stream(7), 3),
    'stream, full batches': () => new DataLoader(new Stream(7), { batchSize: 3, dropLast: true }),
    'stream, items': () => new DataLoader(new Stream(3), { batchSize: null, collate: i => Number(i) }),
    sampler: () =>
      new DataLoader(rows, { batchSize: 4, sampler: new RandomSampler(rows, { replacement: true, numSamples: 6 }) }),
    'batch sampler': () =>
      new DataLoader(rows, { batchSampler: new data.BatchSampler(new RandomSampler(rows), 4, true) }),
    items: () => new DataLoader(rows, { batchSize: null, shuffle: true }),
    subset: () => new DataLoader(new Subset(rows, [9, 3, 3, 1]), { batchSize: 3, shuffle: true }),
    concat: () =>
      new DataLoader(new data.ConcatDataset([rows, new Subset(rows, [0, 5])]), { batchSize: 5, shuffle: true }),
    collate: () => new DataLoader(rows, { batchSize: 5, collate: items => items.map(([x]) => x.item()) }),
  }
  for (const { name, passes, after } of fixture.loaders) {
    test(name, async () => {
      manualSeed(11)
      const loader = makers[name]!()
      for (const pass of passes) assertPlain([...loader], pass, name)
      assert.deepEqual(draw(), after)
      manualSeed(11)
      const later = makers[name]!()
      for (const pass of passes) assertPlain(await collect(later), pass, `${name}, asynchronously`)
      assert.deepEqual(draw(), after)
    })
  }
})

async function collect<T>(loader: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const batch of loader) found.push(batch)
  return found
}

test('data sets that need time', async () => {
  const loader = new data.DataLoader(new Later([0.5, 1.5, 2.5]), { batchSize: 2 })
  assert.deepEqual(
    (await collect(loader)).map(batch => batch.tolist()),
    [[0.5, 1.5], [2.5]],
  )
  assert.throws(() => [...loader], { code: 'ERR_INVALID_ARG_TYPE', message: /for await/ })
  async function* slow() {
    for (let i = 0; i < 3; i++) yield await Promise.resolve(i)
  }
  const chain = new data.ChainDataset([[7, 8].values(), { [Symbol.asyncIterator]: slow }])
  const batches = await collect(new data.DataLoader(chain, { batchSize: 4 }))
  assert.deepEqual(
    batches.map(batch => batch.tolist()),
    [[7, 8, 0, 1], [2]],
  )
})

test('a stream that is left early is closed', async () => {
  let closed = 0
  const stream = {
    *[Symbol.iterator]() {
      try {
        for (;;) yield 1
      } finally {
        closed++
      }
    },
  }
  for (const _ of new data.DataLoader(stream, 2)) break
  for await (const _ of new data.DataLoader(stream, 2)) break
  assert.equal(closed, 2)
})

test('an aborted pass', async () => {
  const controller = new AbortController()
  const loader = new data.DataLoader(new Stream(100), { signal: controller.signal })
  let seen = 0
  await assert.rejects(
    async () => {
      for await (const _ of loader) if (++seen === 3) controller.abort('enough')
    },
    { name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' },
  )
  assert.equal(seen, 3)
})

test('subsets and concatenations: places, methods of their own, what they refuse', () => {
  const letters = new Items(['a', 'b', 'c'])
  const subset = new data.Subset(letters, [2, 0])
  assert.deepEqual([subset.length, subset.get(0), subset.get(-1)], [2, 'c', 'a'])
  assert.throws(() => subset.get(2), { code: 'ERR_OUT_OF_RANGE', message: /Subset: expected an index from -2 to 1/ })
  const both = new data.ConcatDataset<string>([letters, subset])
  assert.deepEqual(both.cumulativeSizes, [3, 5])
  assert.deepEqual(
    [0, 2, 3, 4, -1, -5].map(i => both.get(i)),
    ['a', 'c', 'c', 'a', 'a', 'a'],
  )
  assert.throws(() => both.get(5), { code: 'ERR_OUT_OF_RANGE' })
  assert.throws(() => new data.ConcatDataset([]), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => new data.ConcatDataset([new Stream(2)] as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => new data.ChainDataset([letters] as never), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => new data.Subset(letters, [0.5]), { code: 'ERR_INVALID_ARG_TYPE' })

  class Loud extends data.Subset<string> {
    override get(i: number) {
      return (super.get(i) as string).toUpperCase()
    }
  }
  assert.deepEqual([...new data.DataLoader(new Loud(letters, [1, 2]), 2)], [['B', 'C']])

  let asked = 0
  const getItems = (at: readonly number[]) => {
    asked++
    return at.map(i => i + 0.5)
  }
  const many = { length: 4, get: () => 0, getItems }
  const [batch] = new data.DataLoader(new data.Subset(many, [3, 1]), 2)
  assert.deepEqual([batch!.tolist(), asked], [[3.5, 1.5], 1])
})

test('arguments of loaders and samplers: mistakes', () => {
  const rows = [arange(4) as Tensor] as const
  const refused = (make: () => unknown, code: string, message: RegExp) => assert.throws(make, { code, message })
  const loader = (options: object, source: unknown = rows) => new data.DataLoader(source as never, options as never)
  const value = 'ERR_INVALID_ARG_VALUE'
  refused(() => loader({ shuffle: true, sampler: [1, 2] }), value, /sampler option is mutually exclusive with shuffle/)
  refused(() => loader({ batchSampler: [[1]], batchSize: 2 }), value, /batchSampler option is mutually exclusive/)
  refused(() => loader({ batchSize: null, dropLast: true }), value, /disables auto-batching/)
  refused(() => loader({ shuffle: true }, new Stream(2)), value, /expected unspecified shuffle option/)
  refused(() => loader({ sampler: [0] }, new Stream(2)), value, /expected unspecified sampler option/)
  refused(() => loader({ collate: 5 }), 'ERR_INVALID_ARG_TYPE', /'collate' must be a function or null/)
  refused(() => loader({ sampler: 5 }), 'ERR_INVALID_ARG_TYPE', /'sampler' must be iterable or null/)
  refused(() => loader({ signal: 5 }), 'ERR_INVALID_ARG_TYPE', /'signal' must be an AbortSignal/)
  refused(() => loader({}, 'abc'), 'ERR_INVALID_ARG_TYPE', /got the string 'abc'/)
  refused(() => new data.DataLoader(new Stream(2)).length, 'ERR_INVALID_ARG_TYPE', /have no length/)
  refused(() => new data.RandomSampler([], {}), value, /num_samples=0/)
  refused(() => new data.RandomSampler([1], { numSamples: 0 }), value, /num_samples=0/)
  refused(() => new data.RandomSampler([], { numSamples: 3 }), value, /nothing to draw from/)
  refused(() => new data.RandomSampler([1], { replacemnt: true } as never), 'ERR_UNKNOWN_OPTION', /'replacement'/)
  refused(() => new data.WeightedRandomSampler([0.5], 0), value, /num_samples=0/)
  refused(() => new data.WeightedRandomSampler(ones([2, 2]), 1), value, /have shape \[2, 2\]/)
  refused(() => [...new data.WeightedRandomSampler([-1, 2], 1)], 'ERR_LIBTORCH', /prob/)
  refused(() => new data.BatchSampler([1], 0, false), 'ERR_INVALID_ARG_TYPE', /'batchSize'/)
  refused(() => new data.BatchSampler(new Stream(3) as never, 2, false).length, 'ERR_INVALID_ARG_TYPE', /no length/)
  refused(() => [...loader({ sampler: [7] })], 'ERR_OUT_OF_RANGE', /from -4 to 3, got 7/)
})
