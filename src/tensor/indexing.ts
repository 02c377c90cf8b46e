import { describe, InvalidArgTypeError, LibtorchError, OutOfRangeError } from '../core/errors'
import type { range } from '../core/index-types'
import { isScalar } from '../ops/accept'
import { callOperator } from '../ops/registry'
import { isTensor, type Tensor } from './tensor'

/** A range of positions along a dimension, as Python's `start:stop:step`; made by `slice`. */
export class Slice<
  out A extends number | null = number | null,
  out B extends number | null = number | null,
  out C extends number = number,
> {
  declare readonly [range]?: readonly [A, B, C]

  /** @internal */
  constructor(
    readonly start: A,
    readonly stop: B,
    readonly step: C,
  ) {
    Object.freeze(this)
  }

  toString(): string {
    return `slice(${this.start}, ${this.stop}, ${this.step})`
  }
}

function position(name: string, value: unknown): number | null {
  if (value === undefined || value === null) return null
  if (!Number.isSafeInteger(value)) {
    throw new InvalidArgTypeError(`slice: '${name}' must be an integer or null, got ${describe(value)}`)
  }
  return value as number
}

/**
 * A range for `at` and `setAt`, as Python's `slice`: `slice(stop)`, `slice(start, stop)`, `slice(start, stop, step)`;
 * `null` is an end of the dimension, negative positions count from it, what lies beyond is cut. `slice()` is all.
 *
 * Errors: `ERR_INVALID_ARG_TYPE` for anything but integers and null, `ERR_OUT_OF_RANGE` for a step below 1.
 *
 * @example
 * x.at(slice(1, 3), slice(null, null, 2))     // x[1:3, ::2]
 *
 * @see https://docs.python.org/3/library/functions.html#slice
 */
export function slice(): Slice<null, null, 1>
export function slice<const B extends number | null>(stop: B): Slice<null, B, 1>
export function slice<
  const A extends number | null,
  const B extends number | null,
  const C extends number | null = null,
>(start: A, stop: B, step?: C): Slice<A, B, C extends null ? 1 : C & number>
export function slice(...args: [(number | null)?, (number | null)?, (number | null)?]): Slice {
  const [start, stop, step] = args.length === 1 ? [null, args[0], null] : args
  const by = position('step', step) ?? 1
  if (by < 1) throw new OutOfRangeError(`slice: 'step' must be at least 1, got ${by}`)
  return new Slice(position('start', start), position('stop', stop), by)
}

/**
 * What `at` takes: a position, a `slice`, `null` for a new dimension, `'...'` for all dimensions that are left, a
 * boolean, and a tensor or nested arrays of positions, or a mask.
 */
export type TensorIndex = number | bigint | boolean | Slice | null | '...' | Tensor | readonly IndexList[]
type IndexList = number | bigint | boolean | readonly IndexList[]

/** The dimensions that an index takes. */
function taken(index: unknown): number {
  if (typeof index === 'number' || typeof index === 'bigint' || index instanceof Slice) return 1
  if (!isTensor(index)) return 0
  return index.dtype === 'bool' || index.dtype === 'uint8' ? index.ndim : 1
}

const INTEGERS = new Set(['uint8', 'int8', 'int16', 'int32', 'int64'])

/** True and false take no dimension: they add one, of size 1 or 0. */
function ofBoolean(value: boolean, device: string): Tensor {
  return callOperator('aten::zeros', '', [[value ? 1 : 0], 'int64', undefined, device]) as Tensor
}

/**
 * Applies what selects, cuts and adds dimensions, in Python's order; gives the view and, where there are any, the
 * tensors that index it. `lift` makes a tensor of nested arrays.
 */
function applied(what: string, tensor: Tensor, given: readonly TensorIndex[], lift: (list: unknown) => Tensor) {
  const indices = given.map(index => (Array.isArray(index) ? lift(index) : index)) as TensorIndex[]
  if (indices.filter(index => index === '...').length > 1) {
    throw new InvalidArgTypeError(`${what}: an index can only have a single '...'`)
  }
  const count = indices.reduce<number>((sum, index) => sum + taken(index), 0)
  if (count > tensor.ndim) {
    throw new LibtorchError(`${what}: too many indices for tensor of dimension ${tensor.ndim}`) // Python's words
  }
  let out = tensor
  let dim = 0
  const tensors: (Tensor | null)[] = []
  let indexed = 0 // the dimensions that `tensors` stands for: a mask spans several
  const index = (by: Tensor) => {
    for (; indexed < dim; indexed++) tensors.push(null)
    tensors.push(by)
    indexed = dim += Math.max(taken(by), 1)
  }
  for (const item of indices) {
    if (item === '...') {
      dim += tensor.ndim - count
    } else if (item === null) {
      out = callOperator('aten::unsqueeze', '', [out, dim++]) as Tensor
    } else if (typeof item === 'number' || typeof item === 'bigint') {
      out = callOperator('aten::select', 'int', [out, dim, item]) as Tensor
    } else if (item instanceof Slice) {
      const { start, stop, step } = item
      out = callOperator('aten::slice', 'Tensor', [out, dim++, start, stop, step]) as Tensor
    } else if (typeof item === 'boolean') {
      out = callOperator('aten::unsqueeze', '', [out, dim]) as Tensor
      index(ofBoolean(item, tensor.device))
    } else if (!isTensor(item)) {
      throw new InvalidArgTypeError(
        `${what}: an index is a number, a slice, null, '...', a boolean, a tensor or an array, got ${describe(item)}`,
      )
    } else if (item.ndim === 0 && item.dtype === 'bool') {
      out = callOperator('aten::unsqueeze', '', [out, dim]) as Tensor
      index(ofBoolean(item.item() as unknown as boolean, tensor.device))
    } else if (item.ndim === 0 && INTEGERS.has(item.dtype)) {
      out = callOperator('aten::select', 'int', [out, dim, item.item({ bigint: true })]) as Tensor
    } else {
      index(item)
    }
  }
  return { view: out, tensors }
}

/** Python's `tensor[1:3, None, ..., mask]`. */
export function selectAt(tensor: Tensor, indices: readonly TensorIndex[], lift: (list: unknown) => Tensor): Tensor {
  const { view, tensors } = applied('at', tensor, indices, lift)
  if (tensors.length > 0) return callOperator('aten::index', 'Tensor', [view, tensors]) as Tensor
  return view === tensor ? (callOperator('aten::alias', '', [tensor]) as Tensor) : view
}

/** The value without its leading dimensions of size 1: where they fit, broadcasting adds them again. */
function trimmed(value: Tensor): Tensor {
  const { shape } = value as Tensor<number[]>
  const first = shape.findIndex(size => size !== 1)
  const kept = first === -1 ? [] : shape.slice(first)
  return kept.length === shape.length ? value : (callOperator('aten::view', '', [value, kept]) as Tensor)
}

/** Python's `tensor[1:3, None, ..., mask] = value`. */
export function assignAt(
  tensor: Tensor,
  value: unknown,
  indices: readonly TensorIndex[],
  lift: (list: unknown) => Tensor,
): void {
  if (!isTensor(value) && !isScalar(value)) {
    throw new InvalidArgTypeError(`setAt: the value must be a tensor or a number, got ${describe(value)}`)
  }
  const { view, tensors } = applied('setAt', tensor, indices, lift)
  if (!isTensor(value)) {
    if (tensors.length === 0) {
      callOperator('aten::fill_', 'Scalar', [view, value])
      return
    }
    const { dtype, device } = tensor
    const filled = callOperator('aten::full', '', [[], value, dtype, undefined, device])
    callOperator('aten::index_put_', '', [view, tensors, filled])
  } else if (tensors.length === 0) {
    callOperator('aten::copy_', '', [view, trimmed(value)])
  } else {
    callOperator('aten::index_put_', '', [view, tensors, trimmed(value)])
  }
}
