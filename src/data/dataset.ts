import { describe, InvalidArgTypeError, InvalidArgValueError, OutOfRangeError } from '../core/errors'
import { type Allocate, collate } from './collate'
import { after, mapInOrder } from './eventually'
import { portableClass } from './portable'
import type { Eventually, MapDataset } from './types'

/**
 * A data set whose items have places from 0 to `length - 1`, as `torch.utils.data.Dataset`: extend it, or give
 * anything with a `length` and a `get`. `get` may be asynchronous; the loader then waits for one item after another, and
 * for `getItems` at once.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.Dataset
 * @example
 * class Squares extends data.Dataset<[x: number, y: bigint]> {
 *   length = 100
 *   get(i: number): [number, bigint] {
 *     return [i * i, BigInt(i % 2)]
 *   }
 * }
 * for (const [x, y] of new data.DataLoader(new Squares(), { batchSize: 4 })) x.shape // [4]
 */
export abstract class Dataset<out Item = unknown> implements MapDataset<Item> {
  abstract readonly length: number
  abstract get(index: number): Item | Promise<Item>
}

/**
 * A data set that is a stream of items, as `torch.utils.data.IterableDataset`: extend it with a `*[Symbol.iterator]` or an
 * `async *[Symbol.asyncIterator]`, or give any iterable that is no array. With a `length` the loader has one, too.
 *
 * In workers each has a stream of its own: `getWorkerInfo()` tells which part to give.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.IterableDataset
 * @example
 * class Lines extends data.IterableDataset<string> {
 *   *[Symbol.iterator]() {
 *     yield 'one'
 *     yield 'two'
 *   }
 * }
 * [...new data.DataLoader(new Lines(), 2)] // [['one', 'two']]
 */
export abstract class IterableDataset<out Item = unknown> {
  /** The number of items, where that is known. */
  readonly length?: number;
  [Symbol.iterator]?(): Iterator<Item>
  [Symbol.asyncIterator]?(): AsyncIterator<Item>
}

/** Whether something can be asked for the item in a place. */
export function isMapDataset(value: unknown): value is MapDataset {
  return (
    typeof value === 'object' && value !== null && typeof (value as MapDataset).get === 'function' && 'length' in value
  )
}

function checkMapDataset(what: string, value: unknown): asserts value is MapDataset {
  if (!isMapDataset(value)) {
    throw new InvalidArgTypeError(`${what} takes a data set with a length and a get, got ${describe(value)}`)
  }
}

/** The place that `index` means, from the end where negative. Throws `ERR_OUT_OF_RANGE`. */
export function placeOf(what: string, index: number, length: number): number {
  if (!Number.isInteger(index) || index < -length || index >= length) {
    throw new OutOfRangeError(`${what}: expected an index from ${-length} to ${length - 1}, got ${index}`)
  }
  return index < 0 ? index + length : index
}

/** The items in some places, in order. */
export function itemsOf<Item>(dataset: MapDataset<Item>, indices: readonly number[]): Eventually<readonly Item[]> {
  if (typeof dataset.getItems === 'function') return dataset.getItems(indices)
  return mapInOrder(indices, index => dataset.get(index))
}

/** The items in some places as one batch, made by the default collate. */
export function batchOf(dataset: MapDataset, indices: readonly number[], allocate?: Allocate): unknown {
  if (typeof dataset.getBatch === 'function') return dataset.getBatch(indices, allocate)
  return after(itemsOf(dataset, indices), items => collate(items, allocate))
}

/**
 * The items in the places `indices` of a data set, as `torch.utils.data.Subset`.
 *
 * Throws `ERR_INVALID_ARG_TYPE`; `get` throws `ERR_OUT_OF_RANGE`.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.Subset
 * @example
 * const firstHundred = new data.Subset(dataset, [...Array(100).keys()])
 */
export class Subset<Item> implements MapDataset<Item> {
  readonly dataset: MapDataset<Item>
  readonly indices: readonly number[]

  constructor(dataset: MapDataset<Item>, indices: readonly number[]) {
    checkMapDataset('Subset', dataset)
    if (!Array.isArray(indices) || !indices.every(Number.isSafeInteger)) {
      throw new InvalidArgTypeError(`Subset: 'indices' must be an array of integers, got ${describe(indices)}`)
    }
    this.dataset = dataset
    this.indices = indices
  }

  get length(): number {
    return this.indices.length
  }

  get(index: number): Item | Promise<Item> {
    return this.dataset.get(this.indices[placeOf('Subset', index, this.length)]!)
  }

  getItems(indices: readonly number[]): Eventually<readonly Item[]> {
    if (this.get !== Subset.prototype.get) return mapInOrder(indices, index => this.get(index)) // a get of its own
    return itemsOf(this.dataset, this.#inside(indices))
  }

  getBatch(indices: readonly number[], allocate?: Allocate): unknown {
    if (this.get !== Subset.prototype.get || this.getItems !== Subset.prototype.getItems) {
      return after(this.getItems(indices), items => collate(items, allocate))
    }
    return batchOf(this.dataset, this.#inside(indices), allocate)
  }

  #inside(indices: readonly number[]): number[] {
    return indices.map(index => this.indices[placeOf('Subset', index, this.length)]!)
  }
}

/**
 * Data sets one after another, as `torch.utils.data.ConcatDataset`.
 *
 * Throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for none; `get` throws `ERR_OUT_OF_RANGE`.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.ConcatDataset
 * @example
 * const both = new data.ConcatDataset([train, test])
 */
export class ConcatDataset<Item> implements MapDataset<Item> {
  readonly datasets: readonly MapDataset<Item>[]
  /** The number of items up to the end of each data set. */
  readonly cumulativeSizes: readonly number[]

  constructor(datasets: readonly MapDataset<Item>[]) {
    if (!Array.isArray(datasets)) {
      throw new InvalidArgTypeError(`ConcatDataset takes an array of data sets, got ${describe(datasets)}`)
    }
    if (datasets.length === 0) throw new InvalidArgValueError('datasets should not be an empty iterable')
    for (const dataset of datasets) checkMapDataset('ConcatDataset', dataset)
    this.datasets = datasets
    let sum = 0
    this.cumulativeSizes = datasets.map(dataset => {
      sum += dataset.length
      return sum
    })
  }

  get length(): number {
    return this.cumulativeSizes.at(-1)!
  }

  get(index: number): Item | Promise<Item> {
    const place = placeOf('ConcatDataset', index, this.length)
    const which = this.cumulativeSizes.findIndex(size => size > place)
    return this.datasets[which]!.get(place - (which === 0 ? 0 : this.cumulativeSizes[which - 1]!))
  }
}

/**
 * Streams one after another, as `torch.utils.data.ChainDataset`. Throws `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.ChainDataset
 */
export class ChainDataset<Item> implements AsyncIterable<Item> {
  readonly datasets: readonly (Iterable<Item> | AsyncIterable<Item>)[]

  constructor(datasets: readonly (Iterable<Item> | AsyncIterable<Item>)[]) {
    if (!Array.isArray(datasets) || datasets.some(dataset => !isStream(dataset))) {
      throw new InvalidArgTypeError(`ChainDataset takes an array of iterable data sets, got ${describe(datasets)}`)
    }
    this.datasets = datasets
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    for (const dataset of this.datasets) yield* dataset as AsyncIterable<Item>
  }
}

/** Whether something is a stream of items: iterable, and neither an array nor a string. */
export function isStream(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { [Symbol.iterator]: now, [Symbol.asyncIterator]: later } = value as Partial<Iterable<unknown>> &
    Partial<AsyncIterable<unknown>>
  return typeof now === 'function' || typeof later === 'function'
}

portableClass(Subset, ({ dataset, indices }) => [dataset, indices])
portableClass(ConcatDataset, ({ datasets }) => [datasets])
portableClass(ChainDataset, ({ datasets }) => [datasets])
