import { turn } from '../core/abort'
import { InvalidArgValueError } from '../core/errors'
import type { Job } from '../core/job'
import { DataLoader, TensorDataset } from '../data'
import { isTensor, type Tensor } from '../tensor/tensor'
import { checkPair } from './batch'

/** The batches `[inputs, targets]` of an epoch, from whatever gives them anew each time. */
export class Batches {
  /** Whether the next batch may be fetched while a step is at work: where that draws no random numbers, nor looks at the model. */
  readonly ahead: boolean
  readonly #source: Iterable<unknown> | AsyncIterable<unknown>
  /** In the words of an error: 'train', and whose data these are. */
  readonly #names: readonly [what: string, name: string]
  readonly #labels: boolean
  /** Whether batches are new tensors that nobody else has: then they are freed after use. */
  readonly #owned: boolean
  #passes = 0

  constructor(
    names: readonly [what: string, name: string],
    source: Iterable<unknown> | AsyncIterable<unknown>,
    labels: boolean,
  ) {
    this.#names = names
    this.#source = source
    this.#labels = labels
    const loader = source instanceof DataLoader ? source : undefined
    const workers = (loader?.numWorkers ?? 0) > 0
    const plain = loader?.collate === null
    this.ahead = Array.isArray(source) || workers || (plain && loader.dataset instanceof TensorDataset)
    this.#owned = workers || (plain && loader.batchSampler !== null)
  }

  /** One pass; leaving it closes the iterator of the source. */
  async *pass(): AsyncGenerator<[Tensor, Tensor], void, undefined> {
    const [what, name] = this.#names
    const again = this.#passes++ > 0
    let count = 0
    for await (const batch of this.#source) {
      const [x, y] = checkPair(what, name, batch, this.#labels, count++)
      try {
        yield [x, y]
      } finally {
        if (this.#owned) for (const tensor of [x, y]) tensor.dispose()
      }
    }
    if (count > 0) return
    const where = what === name ? what : `${what}: '${name}'`
    const hint = again ? ' in another pass, and each epoch is one: a loader must give its batches anew' : ''
    throw new InvalidArgValueError(`${where}: the loader gave no batch${hint}`)
  }
}

/** Whether data are a loader: any iterable that is neither a pair nor a tensor. An array is one if it holds pairs. */
export function isLoader(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  if (typeof value !== 'object' || value === null || isTensor(value)) return false
  if (Array.isArray(value)) return value.length > 0 && value.every(item => Array.isArray(item))
  return Symbol.asyncIterator in value || Symbol.iterator in value
}

/** The batches of a loader. Refuses what can be gone through once, as a generator that has begun, for more passes than one. */
export function batchesOf(
  names: readonly [what: string, name: string],
  loader: Iterable<unknown> | AsyncIterable<unknown>,
  labels: boolean,
  passes: number,
): Batches {
  if (passes > 1 && typeof (loader as { next?: unknown }).next === 'function') {
    throw new InvalidArgValueError(
      `${names[0]}: '${names[1]}' is an iterator, which gives its batches once, and ${passes} epochs need them ${passes} times; ` +
        'give a DataLoader, an array or an object whose [Symbol.iterator] or [Symbol.asyncIterator] begins anew',
    )
  }
  return new Batches(names, loader, labels)
}

/** Steps that may be queued while one runs: the next one's data and operators are made ready meanwhile. */
const AHEAD = 1

/**
 * Queues `step` for each batch of a pass, and waits for all of them; gives their sizes. The event loop turns between.
 * `prepare` is called before, and not queued.
 */
export async function eachBatch(
  { job, signal }: { job: Job; signal: AbortSignal | undefined },
  batches: Batches,
  step: (x: Tensor, y: Tensor) => void,
  prepare?: (x: Tensor, y: Tensor) => void,
): Promise<number[]> {
  const sizes: number[] = []
  const marks: number[] = []
  for await (const [x, y] of batches.pass()) {
    if (marks.length > AHEAD) await job.reached(marks.shift()!)
    if (sizes.length > 0) await turn(signal)
    prepare?.(x, y)
    job.run(() => step(x, y))
    sizes.push(x.size(0))
    marks.push(job.mark)
    if (!batches.ahead) await job.settled()
  }
  await job.settled()
  return sizes
}

/** The mean of the losses of batches over their images; of one batch, its very loss. */
export function meanOf(losses: readonly number[], sizes: readonly number[]): number {
  return losses.length === 1 ? losses[0]! : weightedMean(losses, sizes)
}

/** The mean of the first values, each as often as its size says. */
export function weightedMean(values: readonly number[], sizes: readonly number[]): number {
  const sum = sizes.reduce((total, size, i) => total + values[i]! * size, 0)
  return sum / sizes.reduce((total, size) => total + size, 0)
}
