import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { isOptions, unknownOption } from '../core/options'
import { fromTypedArray, isTensor, type Tensor } from '../tensor'
import type { Label } from './labels'
import { type SplitIndices, type SplitPlan, splitIndices } from './split-indices'

/** What `trainTestSplit` splits: a tensor by its first dimension, an array or a typed array by its elements. */
export type Splittable = Tensor | readonly unknown[] | TypedArray

type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array

export interface TrainTestSplitOptions {
  /** The share of the samples (0 to 1, rounded up) or their number for testing; what training leaves, or 0.25. */
  testSize?: number
  /** The share of the samples (0 to 1, rounded down) or their number for training; what testing leaves. */
  trainSize?: number
  /** The seed, 0 to 2^32 - 1; without one every split is another. */
  randomState?: number
  /** Whether to shuffle before splitting; default true. */
  shuffle?: boolean
  /** Labels, one or one row of them for each sample: every class keeps its share in both parts. */
  stratify?: Tensor | readonly Label[] | readonly (readonly Label[])[] | TypedArray
}

type Mutable<A extends readonly unknown[]> = A[number][]

/** Some rows of `A`: the same kind of thing with an unknown first dimension. */
type Rows<A> = 0 extends 1 & A
  ? any
  : A extends Tensor<infer S, infer D>
    ? 0 extends 1 & S
      ? Tensor<any, D>
      : S extends readonly [unknown, ...infer Rest extends readonly number[]]
        ? Tensor<[number, ...Rest], D>
        : Tensor<S, D>
    : A extends readonly unknown[]
      ? Mutable<A>
      : A

/** `[aTrain, aTest, bTrain, bTest, ...]`. */
export type Split<A extends readonly unknown[]> = A extends readonly [infer Head, ...infer Tail]
  ? [Rows<Head>, Rows<Head>, ...Split<Tail>]
  : number extends A['length']
    ? Rows<A[number]>[]
    : []

const OPTIONS = ['testSize', 'trainSize', 'randomState', 'shuffle', 'stratify'] as const

/**
 * Splits arrays of one length into random parts for training and testing: `[aTrain, aTest, bTrain, bTest, ...]`.
 *
 * The rows and their order are exactly those of scikit-learn's `train_test_split` for the same sizes and `randomState`.
 * Tensors are split along their first dimension into new tensors of the same dtype and device (gradients flow through).
 * Throws `ERR_INVALID_ARG_VALUE` and `ERR_INVALID_ARG_TYPE` in scikit-learn's words, `ERR_UNKNOWN_OPTION`.
 *
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.train_test_split.html
 * @example
 * const [tx, vx, ty, vy] = data.trainTestSplit(images, labels, { testSize: 0.1, randomState: 0 })
 */
export function trainTestSplit<const A extends readonly Splittable[]>(...args: [...A, TrainTestSplitOptions]): Split<A>
export function trainTestSplit<const A extends readonly Splittable[]>(...arrays: A): Split<A>
export function trainTestSplit(...args: readonly unknown[]): unknown[] {
  const last = args[args.length - 1]
  const options: TrainTestSplitOptions = isOptions(last) ? last : {}
  const arrays = isOptions(last) ? args.slice(0, -1) : args
  for (const key of Object.keys(options)) {
    if (!(OPTIONS as readonly string[]).includes(key)) throw unknownOption('trainTestSplit', key, OPTIONS)
  }
  if (arrays.length === 0) throw new InvalidArgValueError('At least one array required as input')
  const lengths = arrays.map(samplesOf)
  if (lengths.some(length => length !== lengths[0])) {
    throw new InvalidArgValueError(
      `Found input variables with inconsistent numbers of samples: [${lengths.join(', ')}]`,
    )
  }
  const { stratify, ...plan } = options
  const rows = splitIndices(lengths[0]!, { ...plan, stratify: labelsOf(stratify) })
  return takeRows(arrays as readonly Splittable[], rows)
}

function samplesOf(array: unknown): number {
  if (isTensor(array)) {
    if (array.ndim === 0) throw new InvalidArgTypeError('trainTestSplit takes arrays, got a tensor of no dimensions')
    return array.size(0)
  }
  if (Array.isArray(array) || isTypedArray(array)) return array.length
  throw new InvalidArgTypeError(`trainTestSplit takes tensors, arrays and typed arrays, got ${describe(array)}`)
}

function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
}

function labelsOf(stratify: unknown): SplitPlan['stratify'] {
  if (stratify === undefined || stratify === null) return undefined
  if (isTensor(stratify)) {
    const labels: unknown = stratify.tolist()
    if (Array.isArray(labels)) return { labels, dtype: stratify.dtype }
  } else if (isTypedArray(stratify)) {
    const dtype =
      stratify instanceof Float32Array ? 'float32' : stratify instanceof Float64Array ? 'float64' : undefined
    return { labels: Array.from<unknown>(stratify as ArrayLike<unknown>), dtype }
  } else if (Array.isArray(stratify)) {
    return { labels: stratify }
  }
  throw new InvalidArgTypeError(
    "The 'stratify' parameter of trainTestSplit must be an array, a typed array, a tensor or undefined." +
      ` Got ${describe(stratify)} instead.`,
  )
}

function takeRows(arrays: readonly Splittable[], rows: SplitIndices): unknown[] {
  const indices = new Map<string, readonly [Tensor, Tensor]>()
  const indicesOn = (device: string) => {
    let pair = indices.get(device)
    if (pair === undefined) {
      pair = [indexTensor(rows.train, device), indexTensor(rows.test, device)]
      indices.set(device, pair)
    }
    return pair
  }
  try {
    return arrays.flatMap(array => {
      if (isTensor(array)) return indicesOn(array.device).map(index => array.indexSelect(0, index))
      return [take(array, rows.train), take(array, rows.test)]
    })
  } finally {
    for (const pair of indices.values()) for (const index of pair) index.dispose()
  }
}

/** int64, as Python's indices are. */
function indexTensor(rows: Uint32Array, device: string): Tensor {
  const onCpu = fromTypedArray(BigInt64Array.from(rows, BigInt)) as Tensor
  if (device === 'cpu') return onCpu
  const there = onCpu.to(device) as Tensor
  onCpu.dispose()
  return there
}

function take(array: readonly unknown[] | TypedArray, rows: Uint32Array): unknown {
  if (Array.isArray(array)) return Array.from(rows, row => array[row])
  const source = array as Float64Array
  const taken = new (source.constructor as Float64ArrayConstructor)(rows.length)
  rows.forEach((row, i) => {
    taken[i] = source[row]!
  })
  return taken
}
