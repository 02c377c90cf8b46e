import { SIGNAL } from '../core/abort'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import type { Generator } from '../core/generator'
import { check, is, isOptions, mergeArguments } from '../core/options'
import { isMapDataset, isStream } from './dataset'
import { BatchSampler, GENERATOR, ITERABLE, RandomSampler, type Sampler, SequentialSampler } from './sampler'
import { TensorDataset } from './tensor-dataset'
import type { AnyDataset, Eventually, ItemOf, MapDataset } from './types'
import { type WorkerPlan, workersOf } from './worker-options'

/** Options of `DataLoader`, Python's words in camelCase. */
export interface DataLoaderOptions<D = any, N = number | null, B = any> {
  /** Items a batch; default 1. `null` switches batching off: items come one by one, as the data set gives them. */
  batchSize?: N
  /** Whether every pass over the loader takes the items in a new random order; default false. */
  shuffle?: boolean | null
  /** The order of the items, instead of `shuffle`: a sampler, or any iterable of places. */
  sampler?: Sampler | null
  /** The batches, instead of `batchSize`, `shuffle`, `sampler` and `dropLast`: iterable lists of places. */
  batchSampler?: Sampler<readonly number[]> | null
  /** Makes a batch of items (with `batchSize: null`: of one item); default `defaultCollate`. */
  collate?: ((items: [N] extends [null] ? ItemOf<D> : ItemOf<D>[]) => Eventually<B>) | null
  /** Puts batches into pinned memory, from where they are copied to a GPU meanwhile; without a GPU nothing is done. */
  pinMemory?: boolean
  /**
   * Worker threads that make the batches; default 0, none. See `DataLoader` for what they cost and what data sets they take.
   */
  numWorkers?: number
  /** Seconds to wait for a batch of the workers; default 0, for ever. */
  timeout?: number
  /** Called in each worker with its number before anything else; from `fromModule`. May give a promise. */
  workerInit?: ((id: number) => unknown) | null
  /** Batches that each worker makes in advance; default 2. */
  prefetchFactor?: number | null
  /** Keep the workers from pass to pass, until `close`; default false. */
  persistentWorkers?: boolean
  /** Leave out the last batch where it is smaller than the others; default false. */
  dropLast?: boolean
  /** What the order is drawn from; default: the default generator, as in Python. */
  generator?: Generator | null
  /** Ends an asynchronous pass with an `AbortError`. */
  signal?: AbortSignal
}

/** The options that come after `dataset`, in Python's order. */
const NAMES = [
  'dataset',
  'batchSize',
  'shuffle',
  'sampler',
  'batchSampler',
  'numWorkers',
  'collate',
  'pinMemory',
  'dropLast',
  'timeout',
  'workerInit',
  'generator',
  'prefetchFactor',
  'persistentWorkers',
  'signal',
]

/** What a loader is made of. */
export interface Plan {
  dataset: MapDataset | Iterable<unknown> | AsyncIterable<unknown>
  /** A stream's items have no places: its sampler only counts. */
  isStream: boolean
  batchSize: number | null
  shuffle: boolean
  sampler: Sampler<unknown>
  batchSampler: Sampler<readonly unknown[]> | null
  collate: ((items: unknown) => unknown) | null
  pinMemory: boolean
  dropLast: boolean
  generator: Generator | null
  signal: AbortSignal | undefined
  workers: WorkerPlan | undefined
}

const optional = ([expected, test]: readonly [string, (value: unknown) => boolean]) =>
  [`${expected} or null`, (value: unknown) => value === null || test(value)] as const
const FUNCTION = ['a function', (value: unknown) => typeof value === 'function'] as const

/** Checks a loader's arguments and fills in Python's defaults, with Python's words where they exclude each other. */
export function planOf(dataset: AnyDataset, args: readonly unknown[]): Plan {
  // Python's next positional argument is a sampler, so the other options have no position.
  if (args.length > 2 && !isOptions(args[2])) {
    throw new InvalidArgTypeError(`DataLoader takes dropLast and generator as options, got ${describe(args[2])}`)
  }
  const merged = mergeArguments('DataLoader', NAMES, [dataset, ...args])
  const { batchSize = 1, shuffle = null, sampler = null, batchSampler = null, collate = null } = merged
  const { pinMemory = false, dropLast = false, generator = null, signal } = merged
  const workers = workersOf(merged)
  check('DataLoader', 'batchSize', batchSize, batchSize === null ? optional(is.positive) : is.positive)
  check('DataLoader', 'shuffle', shuffle, optional(is.boolean))
  check('DataLoader', 'sampler', sampler, optional(ITERABLE))
  check('DataLoader', 'batchSampler', batchSampler, optional(ITERABLE))
  check('DataLoader', 'collate', collate, optional(FUNCTION))
  check('DataLoader', 'pinMemory', pinMemory, is.boolean)
  check('DataLoader', 'dropLast', dropLast, is.boolean)
  check('DataLoader', 'generator', generator, GENERATOR)
  check('DataLoader', 'signal', signal, SIGNAL)
  const source = sourceOf(dataset)
  const plan = {
    dataset: source,
    isStream: !isMapDataset(source),
    batchSize: batchSize as number | null,
    shuffle: shuffle === true,
    sampler: sampler as Sampler<unknown> | null,
    batchSampler: batchSampler as Sampler<readonly unknown[]> | null,
    collate: collate as Plan['collate'],
    pinMemory: pinMemory as boolean,
    dropLast: dropLast as boolean,
    generator: generator as Generator | null,
    signal: signal as AbortSignal | undefined,
    workers,
  }
  checkTogether(plan)
  return { ...plan, ...samplersOf(plan) }
}

type Draft = Omit<Plan, 'sampler'> & { sampler: Sampler<unknown> | null }

function checkTogether({ isStream, shuffle, sampler, batchSampler, batchSize, dropLast }: Draft): void {
  const refuse = (message: string) => {
    throw new InvalidArgValueError(message)
  }
  if (isStream) {
    for (const [name, given] of Object.entries({ shuffle, sampler, batchSampler })) {
      if (given) refuse(`DataLoader with IterableDataset: expected unspecified ${name} option`)
    }
  }
  if (sampler !== null && shuffle) refuse('sampler option is mutually exclusive with shuffle')
  if (batchSampler !== null && (batchSize !== 1 || shuffle || sampler !== null || dropLast)) {
    refuse('batchSampler option is mutually exclusive with batchSize, shuffle, sampler, and dropLast')
  }
  if (batchSize === null && dropLast) {
    refuse('batchSize=null option disables auto-batching and is mutually exclusive with dropLast')
  }
}

function samplersOf(draft: Draft): Pick<Plan, 'sampler' | 'batchSampler' | 'batchSize'> {
  const { dataset, isStream, shuffle, generator, batchSampler, batchSize, dropLast } = draft
  const sampler = draft.sampler ?? (isStream ? FOREVER : inOrder(dataset as MapDataset, shuffle, generator))
  if (batchSampler !== null) return { sampler, batchSampler, batchSize: null }
  if (batchSize === null) return { sampler, batchSampler: null, batchSize }
  return { sampler, batchSampler: new BatchSampler(sampler, batchSize, dropLast), batchSize }
}

function inOrder(dataset: MapDataset, shuffle: boolean, generator: Generator | null): Sampler {
  return shuffle ? new RandomSampler(dataset, { generator }) : new SequentialSampler(dataset)
}

/** A stream tells by itself when it ends. */
const FOREVER: Sampler<null> = {
  *[Symbol.iterator]() {
    for (;;) yield null
  },
}

function sourceOf(dataset: AnyDataset): Plan['dataset'] {
  if (Array.isArray(dataset)) return new TensorDataset(...dataset)
  if (isMapDataset(dataset) || isStream(dataset)) return dataset
  throw new InvalidArgTypeError(
    `DataLoader takes a TensorDataset or tensors, got ${describe(dataset)}; ` +
      'any data set with a length and a get, and any iterable that is no array, will do',
  )
}
