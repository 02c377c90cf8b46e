import { describe, InvalidArgTypeError, InvalidArgValueError, OutOfRangeError } from '../core/errors'
import { Generator } from '../core/generator'
import { keep } from '../core/handle'
import { check, is, isOptions, mergeArguments } from '../core/options'
import { arange, empty, isTensor, randperm, type Tensor } from '../tensor'

/** Rows of a tensor: an unknown number of them. */
type Rows<T> = 0 extends 1 & T
  ? any
  : T extends Tensor<infer S, infer D>
    ? 0 extends 1 & S
      ? Tensor<any, D>
      : S extends readonly [unknown, ...infer Rest extends readonly number[]]
        ? Tensor<[number, ...Rest], D>
        : Tensor<any, D>
    : never

/** One row: the tensor without its first dimension. */
type Row<T> =
  T extends Tensor<infer S, infer D>
    ? 0 extends 1 & S
      ? Tensor<any, D>
      : S extends readonly [unknown, ...infer Rest extends readonly number[]]
        ? Tensor<Rest, D>
        : Tensor<any, D>
    : never

/** A batch: rows of each tensor of the data set. */
export type Batch<T extends readonly Tensor[]> = { -readonly [K in keyof T]: Rows<T[K]> }

/**
 * Tensors that belong together row by row, as `torch.utils.data.TensorDataset`.
 *
 * Throws `ERR_INVALID_ARG_TYPE` for anything but tensors with at least one dimension, `ERR_INVALID_ARG_VALUE` where they
 * differ in their numbers of rows.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.TensorDataset
 */
export class TensorDataset<const T extends readonly Tensor[] = readonly Tensor[]> {
  readonly tensors: T

  constructor(...tensors: T) {
    if (tensors.length === 0) throw new InvalidArgTypeError('TensorDataset needs at least one tensor')
    for (const tensor of tensors) {
      if (!isTensor(tensor)) throw new InvalidArgTypeError(`TensorDataset takes tensors, got ${describe(tensor)}`)
      if (tensor.ndim === 0) throw new InvalidArgTypeError('TensorDataset takes tensors with at least one dimension')
    }
    const rows = tensors.map(tensor => tensor.size(0))
    if (rows.some(n => n !== rows[0])) {
      throw new InvalidArgValueError(`Size mismatch between tensors: they have ${rows.join(', ')} rows`)
    }
    this.tensors = tensors
  }

  /** The number of rows. */
  get length(): number {
    return this.tensors[0]!.size(0)
  }

  /** Row `index` of every tensor, as views; from the end where negative. Throws `ERR_OUT_OF_RANGE`. */
  get(index: number): { -readonly [K in keyof T]: Row<T[K]> } {
    const { length } = this
    if (!Number.isInteger(index) || index < -length || index >= length) {
      throw new OutOfRangeError(`TensorDataset: expected an index from ${-length} to ${length - 1}, got ${index}`)
    }
    return this.tensors.map(tensor => tensor.select(0, index)) as never
  }
}

/** Options of `DataLoader`, Python's words in camelCase. */
export interface DataLoaderOptions {
  /** Rows a batch; default 1. */
  batchSize?: number
  /** Whether every pass over the loader takes the rows in a new random order; default false. */
  shuffle?: boolean
  /** Leave out the last batch where it is smaller than the others; default false. */
  dropLast?: boolean
  /** What the order is drawn from; default: the default generator, as in Python. */
  generator?: Generator | null
}

const NAMES = ['dataset', 'batchSize', 'shuffle', 'dropLast', 'generator']

/**
 * Batches of a data set, as `torch.utils.data.DataLoader`: every pass (`for (const [x, y] of loader)`) gives new tensors
 * of `batchSize` rows on the data's device. The caller owns them.
 *
 * The order is Python's, draw for draw: a pass takes a base seed from the default generator (or from `generator`), with
 * `shuffle` also the seed of a generator of its own (or permutes with `generator` itself). After
 * `torch.manualSeed(s)` both languages give the same batches, and leave the same random state.
 *
 * Throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_UNKNOWN_OPTION`.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader
 * @example
 * for (const [x, y] of new data.DataLoader([images, labels], { batchSize: 64, shuffle: true })) { ... }
 */
export class DataLoader<const T extends readonly Tensor[] = readonly Tensor[]> implements Iterable<Batch<T>> {
  readonly dataset: TensorDataset<T>
  readonly batchSize: number
  readonly shuffle: boolean
  readonly dropLast: boolean
  readonly generator: Generator | null

  constructor(
    dataset: TensorDataset<T> | T,
    ...args: [DataLoaderOptions?] | [number, DataLoaderOptions?] | [number, boolean, DataLoaderOptions?]
  ) {
    // Python's next positional argument is a sampler, so the other options have no position.
    if (args.length > 2 && !isOptions(args[2])) {
      throw new InvalidArgTypeError(`DataLoader takes dropLast and generator as options, got ${describe(args[2])}`)
    }
    const merged = mergeArguments('DataLoader', NAMES, [dataset, ...args])
    const { batchSize = 1, shuffle = false, dropLast = false, generator = null } = merged
    check('DataLoader', 'batchSize', batchSize, is.positive)
    check('DataLoader', 'shuffle', shuffle, is.boolean)
    check('DataLoader', 'dropLast', dropLast, is.boolean)
    const isGenerator = (value: unknown) => value === null || value instanceof Generator
    check('DataLoader', 'generator', generator, ['a Generator or null', isGenerator])
    if (Array.isArray(dataset)) this.dataset = new TensorDataset(...(dataset as unknown as T))
    else if (dataset instanceof TensorDataset) this.dataset = dataset
    else throw new InvalidArgTypeError(`DataLoader takes a TensorDataset or tensors, got ${describe(dataset)}`)
    this.batchSize = batchSize as number
    this.shuffle = shuffle as boolean
    this.dropLast = dropLast as boolean
    this.generator = generator as Generator | null
    if (this.shuffle && this.dataset.length === 0) {
      throw new InvalidArgValueError('num_samples should be a positive integer value, but got num_samples=0')
    }
  }

  /** The number of batches of a pass. */
  get length(): number {
    const batches = this.dataset.length / this.batchSize
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches)
  }

  [Symbol.iterator](): IterableIterator<Batch<T>> {
    drawSeed(this.generator) // Python's base seed, for worker processes: drawn even without any
    return this.#batches()
  }

  *#batches(): IterableIterator<Batch<T>> {
    const { batchSize, dropLast } = this
    const { length, tensors } = this.dataset
    const orders = new Map<string, Tensor>([['cpu', keep(this.#order(length))]])
    try {
      const last = dropLast ? length - batchSize : length - 1
      let start = 0
      for (; start <= last; start += batchSize) {
        const size = Math.min(batchSize, length - start)
        if (size < batchSize) this.#exhaust(length)
        yield tensors.map(tensor => {
          using index = orderOn(orders, tensor.device).narrow(0, start, size)
          return tensor.indexSelect(0, index)
        }) as unknown as Batch<T>
      }
      if (dropLast || start === length) this.#exhaust(length)
    } finally {
      for (const order of orders.values()) order.dispose()
    }
  }

  #order(length: number): Tensor {
    if (!this.shuffle) return arange(length, { dtype: 'int64' })
    if (this.generator !== null) return randperm(length, { generator: this.generator })
    return randperm(length, { generator: new Generator().manualSeed(drawSeed(null)) })
  }

  /** Python's sampler, once asked for more rows than there are, permutes them again and throws that away. */
  #exhaust(length: number): void {
    if (this.shuffle && this.generator !== null) randperm(length, { generator: this.generator }).dispose()
  }
}

function orderOn(orders: Map<string, Tensor>, device: string): Tensor {
  let order = orders.get(device)
  if (order === undefined) {
    order = keep(orders.get('cpu')!.to(device) as Tensor)
    orders.set(device, order)
  }
  return order
}

/** `torch.empty((), dtype=torch.int64).random_(generator=generator).item()` */
function drawSeed(generator: Generator | null): bigint {
  using seed = empty([], { dtype: 'int64' })
  return seed.random_({ generator }).item({ bigint: true })
}
