import { AbortError } from '../core/abort'
import { InvalidArgTypeError } from '../core/errors'
import type { Generator } from '../core/generator'
import { isAvailable } from '../cuda'
import type { Tensor } from '../tensor'
import { isPromise } from './eventually'
import { END, fetcherOf, type Recipe } from './fetch'
import { type DataLoaderOptions, type Plan, planOf } from './loader-options'
import { pinned } from './pin-memory'
import { drawSeed, type Sampler } from './sampler'
import type { AnyDataset, BatchOf } from './types'
import { WorkerBatches } from './worker-batches'

/**
 * Batches of a data set, as `torch.utils.data.DataLoader`: every pass (`for await (const [x, y] of loader)`, or `for` where
 * the data set and `collate` are synchronous) gives new ones, which the caller owns. The data set is a `TensorDataset` or
 * tensors (batches lie on their device), a `Dataset` or whatever has a `length` and a `get`, or a stream.
 *
 * The order is Python's, draw for draw: a pass takes a base seed from the default generator (or from `generator`), with
 * `shuffle` also the seed of a generator of its own (or permutes with `generator` itself). After
 * `torch.manualSeed(s)` both languages give the same batches, and leave the same random state.
 *
 * With `numWorkers` threads make the batches, `prefetchFactor` in advance each; batches keep their order and come in memory
 * that both threads see. A worker costs a thread, some 0.5 s to start and some 100 MB with a copy of the package: it pays where
 * an item takes longer than its copy (pictures that are decoded, long transforms), and hardly ever for a `TensorDataset`. What
 * workers are given must be makeable there: tensors (copied once, for all of them), the package's data sets and transforms, and what
 * `fromModule` names; a class or function of the caller's own is refused otherwise. Leaving the loop ends the workers, unless they
 * are persistent.
 *
 * Throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_UNKNOWN_OPTION`; a pass throws what the data set, the
 * sampler and `collate` throw, and an `AbortError` once `signal` is aborted; with workers `ERR_DATA` with the worker's number and
 * stack (the `cause` is what it threw), where one has ended, and after `timeout` seconds.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader
 * @example
 * for await (const [x, y] of new data.DataLoader([images, labels], { batchSize: 64, shuffle: true })) { ... }
 */
export class DataLoader<
  const D extends AnyDataset = readonly Tensor[],
  const N extends number | null = number,
  B = BatchOf<D, N>,
> implements Iterable<B>, AsyncIterable<B>
{
  readonly dataset: Plan['dataset']
  readonly batchSize: number | null
  readonly shuffle: boolean
  readonly dropLast: boolean
  readonly generator: Generator | null
  /** What makes a batch of items; null is `defaultCollate`. */
  readonly collate: Plan['collate']
  readonly numWorkers: number
  /** The order of the items. */
  readonly sampler: Sampler<unknown>
  /** The order of the batches; null with `batchSize: null`. */
  readonly batchSampler: Sampler<readonly unknown[]> | null
  readonly #plan: Plan
  readonly #workers: WorkerBatches | undefined

  constructor(dataset: D, batchSize: N, shuffle: boolean, options?: DataLoaderOptions<D, N, B>)
  constructor(dataset: D, batchSize: N, options?: DataLoaderOptions<D, N, B>)
  constructor(dataset: D, options?: DataLoaderOptions<D, N, B>)
  constructor(dataset: D, ...args: unknown[]) {
    const plan = planOf(dataset, args)
    this.#plan = plan
    this.dataset = plan.dataset
    this.batchSize = plan.batchSize
    this.shuffle = plan.shuffle
    this.dropLast = plan.dropLast
    this.generator = plan.generator
    this.collate = plan.collate
    this.numWorkers = plan.workers?.numWorkers ?? 0
    this.sampler = plan.sampler
    this.batchSampler = plan.batchSampler
    this.#workers = plan.workers && new WorkerBatches(plan)
  }

  /** The number of batches of a pass. Throws `ERR_INVALID_ARG_TYPE` where the data set or the sampler has no length. */
  get length(): number {
    const { dataset, isStream, batchSampler, batchSize, sampler, dropLast } = this.#plan
    const { length } = isStream ? (dataset as { length?: number }) : (batchSampler ?? sampler)
    if (length === undefined) throw new InvalidArgTypeError('DataLoader: the data or their sampler have no length')
    if (!isStream || batchSize === null) return length
    return dropLast ? Math.floor(length / batchSize) : Math.ceil(length / batchSize)
  }

  [Symbol.iterator](): IterableIterator<B> {
    if (this.#workers !== undefined) {
      throw new InvalidArgTypeError('DataLoader: workers need time; write `for await (... of loader)`')
    }
    drawSeed(this.generator) // Python's base seed, for worker processes: drawn even without any
    return this.#batches()
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<B> {
    const seed = () => drawSeed(this.generator)
    if (this.#workers !== undefined) return this.#workers.pass(this.#order(), seed, batch => this.#placed(batch) as B)
    seed()
    return this.#batchesInTime()
  }

  /** Ends persistent workers; a later pass starts new ones. */
  async close(): Promise<void> {
    await this.#workers?.close()
  }

  *#batches(): IterableIterator<B> {
    const fetch = fetcherOf(recipeOf(this.#plan))
    try {
      for (const index of this.#order()) {
        const batch = fetch(index)
        if (isPromise(batch)) {
          batch.catch(() => {}) // nobody will look at it
          throw new InvalidArgTypeError('DataLoader: this data set is asynchronous; write `for await (... of loader)`')
        }
        if (batch === END) return
        yield this.#placed(batch) as B
      }
    } finally {
      fetch.close?.()
    }
  }

  async *#batchesInTime(): AsyncIterableIterator<B> {
    const { signal } = this.#plan
    const fetch = fetcherOf(recipeOf(this.#plan))
    try {
      for (const index of this.#order()) {
        if (signal?.aborted) throw new AbortError(signal.reason)
        const batch = await fetch(index)
        if (signal?.aborted) throw new AbortError(signal.reason)
        if (batch === END) return
        yield this.#placed(batch) as B
      }
    } finally {
      await fetch.close?.()
    }
  }

  #order(): Iterable<unknown> {
    return this.#plan.batchSampler ?? this.#plan.sampler
  }

  #placed(batch: unknown): unknown {
    return this.#plan.pinMemory && isAvailable() ? pinned(batch) : batch
  }
}

function recipeOf({ dataset, isStream, batchSampler, collate, dropLast }: Plan): Recipe {
  return { dataset, isStream, batching: batchSampler !== null, collate, dropLast }
}
