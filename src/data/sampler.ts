import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { Generator } from '../core/generator'
import { check, is, mergeArguments } from '../core/options'
import { empty, isTensor, randint, randperm, type Tensor, tensor } from '../tensor'

/** Places in the order of a pass; every iteration is a new pass. Any iterable will do; a `length` lets loaders have one. */
export interface Sampler<out Index = number> extends Iterable<Index> {
  readonly length?: number
}

/** Whatever has a length: a data set, an array. */
export interface Sized {
  readonly length: number
}

const isGenerator = (value: unknown) => value === null || value instanceof Generator
/** In the words of a check. */
export const GENERATOR = ['a Generator or null', isGenerator] as const
const SIZED = [
  'something with a length',
  (value: unknown) => Number.isSafeInteger((value as Sized | null | undefined)?.length),
] as const

/** `torch.empty((), dtype=torch.int64).random_(generator=generator).item()` */
export function drawSeed(generator: Generator | null): bigint {
  using seed = empty([], { dtype: 'int64' })
  return seed.random_({ generator }).item({ bigint: true })
}

/**
 * The places of one pass of `DataLoader` with `{ shuffle: true }` over `count` items, int64 `[count]`: the same draws, and the
 * same random state afterwards.
 */
export function drawShuffledOrder(count: number): Tensor<[number], 'int64'> {
  drawSeed(null) // the loader's base seed
  const generator = new Generator().manualSeed(drawSeed(null))
  return randperm(count, { generator }) as Tensor<[number], 'int64'>
}

function numbersOf(drawn: Tensor): number[] {
  const numbers = drawn.tolist() as number[]
  drawn.dispose()
  return numbers
}

function checkSamples(value: unknown): void {
  if (!is.positive[1](value)) {
    const got = typeof value === 'number' || typeof value === 'boolean' ? value : describe(value)
    throw new InvalidArgValueError(`num_samples should be a positive integer value, but got num_samples=${got}`)
  }
}

/**
 * The places of `dataSource` from first to last, as `torch.utils.data.SequentialSampler`.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.SequentialSampler
 */
export class SequentialSampler implements Sampler {
  readonly dataSource: Sized

  constructor(dataSource: Sized) {
    check('SequentialSampler', 'dataSource', dataSource, SIZED)
    this.dataSource = dataSource
  }

  get length(): number {
    return this.dataSource.length
  }

  *[Symbol.iterator](): Pass<number> {
    for (let i = 0; i < this.length; i++) yield i
  }
}

/** One pass over a sampler. */
type Pass<T> = globalThis.Generator<T, void, undefined>

/** Options of `RandomSampler`. */
export interface RandomSamplerOptions {
  /** Whether a place may come more than once; default false. */
  replacement?: boolean
  /** How many places a pass gives; default: the length of the data. */
  numSamples?: number | null
  /** What the order is drawn from; default: a new generator for every pass, seeded from the default one. */
  generator?: Generator | null
}

/**
 * The places of `dataSource` in a new random order at every pass, as `torch.utils.data.RandomSampler`, draw for draw.
 *
 * Throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for no samples, `ERR_UNKNOWN_OPTION`.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.RandomSampler
 * @example
 * const sampler = new data.RandomSampler(dataset, { replacement: true, numSamples: 1000 })
 */
export class RandomSampler implements Sampler {
  readonly dataSource: Sized
  readonly replacement: boolean
  readonly generator: Generator | null
  readonly #numSamples: number | null

  constructor(dataSource: Sized, replacement: boolean, numSamples: number | null, generator?: Generator | null)
  constructor(dataSource: Sized, replacement: boolean, options?: Omit<RandomSamplerOptions, 'replacement'>)
  constructor(dataSource: Sized, options?: RandomSamplerOptions)
  constructor(dataSource: Sized, ...args: unknown[]) {
    const names = ['dataSource', 'replacement', 'numSamples', 'generator']
    const merged = mergeArguments('RandomSampler', names, [dataSource, ...args])
    const { replacement = false, numSamples = null, generator = null } = merged
    check('RandomSampler', 'dataSource', dataSource, SIZED)
    check('RandomSampler', 'replacement', replacement, is.boolean)
    check('RandomSampler', 'generator', generator, GENERATOR)
    this.dataSource = dataSource
    this.replacement = replacement as boolean
    this.generator = generator as Generator | null
    this.#numSamples = numSamples as number | null
    checkSamples(this.numSamples)
    if (dataSource.length === 0) throw new InvalidArgValueError('RandomSampler: there is nothing to draw from')
  }

  /** Places a pass; follows the length of the data unless it was given. */
  get numSamples(): number {
    return this.#numSamples ?? this.dataSource.length
  }

  get length(): number {
    return this.numSamples
  }

  *[Symbol.iterator](): Pass<number> {
    const n = this.dataSource.length
    const { numSamples } = this
    const generator = this.generator ?? new Generator().manualSeed(drawSeed(null))
    if (this.replacement) {
      for (let left = numSamples; left >= 32; left -= 32) yield* numbersOf(randint(0, n, [32], { generator }) as Tensor)
      yield* numbersOf(randint(0, n, [numSamples % 32], { generator }) as Tensor)
    } else {
      for (let left = numSamples; left >= n; left -= n) yield* numbersOf(randperm(n, { generator }) as Tensor)
      // drawn even where nothing is left to give
      yield* numbersOf(randperm(n, { generator }) as Tensor).slice(0, numSamples % n)
    }
  }
}

/**
 * Some places in a new random order at every pass, as `torch.utils.data.SubsetRandomSampler`.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.SubsetRandomSampler
 */
export class SubsetRandomSampler implements Sampler {
  readonly indices: readonly number[]
  readonly generator: Generator | null

  constructor(indices: readonly number[], ...args: [({ generator?: Generator | null } | Generator | null)?]) {
    const merged = mergeArguments('SubsetRandomSampler', ['indices', 'generator'], [indices, ...args])
    const { generator = null } = merged
    const places = ['an array of integers', (v: unknown) => Array.isArray(v) && v.every(Number.isSafeInteger)] as const
    check('SubsetRandomSampler', 'indices', indices, places)
    check('SubsetRandomSampler', 'generator', generator, GENERATOR)
    this.indices = indices
    this.generator = generator as Generator | null
  }

  get length(): number {
    return this.indices.length
  }

  *[Symbol.iterator](): Pass<number> {
    const { indices, generator } = this
    for (const i of numbersOf(randperm(indices.length, { generator }) as Tensor)) yield indices[i]!
  }
}

/**
 * Places drawn with the probabilities `weights` (of any sum), as `torch.utils.data.WeightedRandomSampler`.
 *
 * Throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_UNKNOWN_OPTION`; a pass throws `ERR_LIBTORCH` for weights
 * that are no probabilities.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.WeightedRandomSampler
 * @example
 * const sampler = new data.WeightedRandomSampler([0.1, 0.9, 0.4], 5)
 */
export class WeightedRandomSampler implements Sampler {
  /** float64 `[N]`. */
  readonly weights: Tensor<[number], 'float64'>
  readonly numSamples: number
  readonly replacement: boolean
  readonly generator: Generator | null

  constructor(
    weights: readonly number[] | Tensor,
    numSamples: number,
    replacement: boolean,
    generator?: Generator | null,
  )
  constructor(
    weights: readonly number[] | Tensor,
    numSamples: number,
    options?: { replacement?: boolean; generator?: Generator | null },
  )
  constructor(weights: readonly number[] | Tensor, numSamples: number, ...args: unknown[]) {
    const names = ['weights', 'numSamples', 'replacement', 'generator']
    const merged = mergeArguments('WeightedRandomSampler', names, [weights, numSamples, ...args], 2)
    const { replacement = true, generator = null } = merged
    checkSamples(numSamples)
    check('WeightedRandomSampler', 'replacement', replacement, is.boolean)
    check('WeightedRandomSampler', 'generator', generator, GENERATOR)
    const made = isTensor(weights) ? weights.double() : (tensor(weights as number[], { dtype: 'float64' }) as Tensor)
    if (made.ndim !== 1) {
      throw new InvalidArgValueError(
        `weights should be a 1d sequence but given weights have shape [${made.shape.join(', ')}]`,
      )
    }
    this.weights = made as Tensor<[number], 'float64'>
    this.numSamples = numSamples
    this.replacement = replacement as boolean
    this.generator = generator as Generator | null
  }

  get length(): number {
    return this.numSamples
  }

  *[Symbol.iterator](): Pass<number> {
    const { numSamples, replacement, generator } = this
    yield* numbersOf(this.weights.multinomial(numSamples, replacement, { generator }) as Tensor)
  }
}

/**
 * The places of another sampler, `batchSize` at a time, as `torch.utils.data.BatchSampler`.
 *
 * Throws `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.BatchSampler
 * @example
 * [...new data.BatchSampler(new data.SequentialSampler(dataset), 3, false)] // [[0, 1, 2], [3, 4, 5], ...]
 */
export class BatchSampler<Index = number> implements Sampler<Index[]> {
  readonly sampler: Sampler<Index>
  readonly batchSize: number
  readonly dropLast: boolean

  constructor(sampler: Sampler<Index>, batchSize: number, dropLast: boolean) {
    check('BatchSampler', 'sampler', sampler, ITERABLE)
    check('BatchSampler', 'batchSize', batchSize, is.positive)
    check('BatchSampler', 'dropLast', dropLast, is.boolean)
    this.sampler = sampler
    this.batchSize = batchSize
    this.dropLast = dropLast
  }

  get length(): number {
    const { length } = this.sampler
    if (length === undefined) {
      throw new InvalidArgTypeError(`${describe(this.sampler)} has no length, and so its batches have none`)
    }
    const batches = length / this.batchSize
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches)
  }

  *[Symbol.iterator](): Pass<Index[]> {
    const { batchSize, dropLast } = this
    let batch: Index[] = []
    // Python asks a sampler for nothing more than it needs, and that shows in what is drawn: so does this loop
    for (const index of this.sampler) {
      batch.push(index)
      if (batch.length < batchSize) continue
      yield batch
      batch = []
    }
    if (batch.length > 0 && !dropLast) yield batch
  }
}

/** In the words of a check. */
export const ITERABLE = [
  'iterable',
  (value: unknown) => typeof (value as Iterable<unknown> | null | undefined)?.[Symbol.iterator] === 'function',
] as const
