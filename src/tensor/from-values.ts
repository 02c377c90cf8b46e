import { type DType, dtypeCode } from '../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { adopt } from '../core/handle'
import { binding } from '../native/load'
import { isScalar } from '../ops/accept'
import { isTensor, registerLiftIndex, type Tensor } from './tensor'

/** The dtype that a typed array's elements have; undefined for anything else. */
export function dtypeOfTypedArray(array: unknown): DType | undefined {
  if (array instanceof Float32Array) return 'float32'
  if (array instanceof Float64Array) return 'float64'
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return 'uint8'
  if (array instanceof Int8Array) return 'int8'
  if (array instanceof Int16Array) return 'int16'
  if (array instanceof Int32Array) return 'int32'
  if (array instanceof BigInt64Array) return 'int64'
  if (array instanceof Uint16Array) return 'uint16'
  if (array instanceof Uint32Array) return 'uint32'
  if (array instanceof BigUint64Array) return 'uint64'
  return undefined
}

const MAX_DIMS = 128 // as Python

/** Nested arrays as a flat list, and their shape. Ragged ones are refused in Python's words. */
function flatten(data: unknown): { shape: number[]; values: unknown[] } {
  const shape: number[] = []
  for (let level = data; Array.isArray(level) || dtypeOfTypedArray(level); level = (level as unknown[])[0]) {
    if (shape.length === MAX_DIMS) throw new InvalidArgValueError('too many dimensions') // a list that holds itself
    shape.push((level as unknown[]).length)
    if ((level as unknown[]).length === 0) break
  }
  const values: unknown[] = []
  const walk = (level: unknown, dim: number): void => {
    const isList = Array.isArray(level) || dtypeOfTypedArray(level) !== undefined
    if (dim === shape.length) {
      if (isList) throw new InvalidArgValueError(`expected a value at dim ${dim}, got ${describe(level)}`)
      values.push(isTensor(level) ? level.item() : level)
      return
    }
    if (!isList) {
      throw new InvalidArgValueError(`expected sequence of length ${shape[dim]} at dim ${dim} (got ${describe(level)})`)
    }
    const list = level as unknown[]
    if (list.length !== shape[dim]) {
      throw new InvalidArgValueError(
        `expected sequence of length ${shape[dim]} at dim ${dim} (got one of length ${list.length})`,
      )
    }
    for (let i = 0; i < list.length; i++) walk(list[i], dim + 1)
  }
  walk(data, 0)
  return { shape, values }
}

type Kind = 'number' | 'bigint' | 'boolean' | 'complex'

/** The widest kind among the values, as Python promotes them. */
function kindOf(values: readonly unknown[]): Kind {
  let kind: Kind | undefined
  const rank: Kind[] = ['boolean', 'bigint', 'number', 'complex']
  for (const value of values) {
    if (!isScalar(value)) {
      throw new InvalidArgTypeError(`tensor takes numbers, bigints, booleans or { re, im }, got ${describe(value)}`)
    }
    const found = (typeof value === 'object' ? 'complex' : typeof value) as Kind
    if (kind === undefined || rank.indexOf(found) > rank.indexOf(kind)) kind = found
  }
  return kind ?? 'number'
}

function int64(value: unknown): bigint {
  const big = typeof value === 'bigint' ? value : BigInt(value as boolean)
  if (BigInt.asIntN(64, big) !== big) throw new InvalidArgValueError(`${big} does not fit into an int64`)
  return big
}

function complexPairs(values: readonly unknown[]): Float64Array {
  const out = new Float64Array(2 * values.length)
  values.forEach((value, i) => {
    const complex = typeof value === 'object' ? (value as { re: number; im: number }) : { re: Number(value), im: 0 }
    out[2 * i] = complex.re
    out[2 * i + 1] = complex.im
  })
  return out
}

/** The integers that a dtype holds; a negative number in an unsigned one wraps around, as in Python. */
const RANGES: Partial<Record<DType, readonly [number, number]>> = {
  int8: [-(2 ** 7), 2 ** 7 - 1],
  uint8: [-(2 ** 8) + 1, 2 ** 8 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63 - 1024], // the largest double below 2^63
}

function checkRange(values: readonly unknown[], wanted: DType | undefined): void {
  const range = wanted === undefined ? undefined : RANGES[wanted]
  if (range === undefined) return
  for (const value of values) {
    const number = Number(value)
    if (number >= range[0] && number <= range[1]) continue
    if (typeof value === 'bigint' && wanted === 'int64') continue // checked as it is stored
    throw new InvalidArgValueError(`value ${value} cannot be converted to type ${wanted} without overflow`)
  }
}

/** The values in memory as one dtype, and the dtype that they have unless another is asked for. */
function stored(values: readonly unknown[], wanted: DType | undefined): [ArrayBufferView, DType, DType] {
  const kind = kindOf(values)
  if (kind !== 'complex') checkRange(values, wanted)
  if (kind === 'boolean') return [Uint8Array.from(values as boolean[], Number), 'bool', 'bool']
  if (kind === 'bigint') return [BigInt64Array.from(values, int64), 'int64', 'int64']
  if (kind === 'complex') return [complexPairs(values), 'complex128', 'complex64']
  // bigints among numbers only lose where the numbers' dtype cannot hold them
  if (wanted === undefined || wanted === 'float32')
    return [Float32Array.from(values as number[], Number), 'float32', 'float32']
  return [Float64Array.from(values as number[], Number), 'float64', 'float32']
}

/** A tensor of plain values, nested arrays, a typed array, or another tensor; always a copy. */
export function tensorOfValues(data: unknown, dtype: DType | undefined, device: string | undefined): Tensor {
  const typed = dtypeOfTypedArray(data)
  let made: Tensor
  let own: DType
  if (isTensor(data)) {
    made = data.detach().clone() as Tensor
    own = made.dtype
  } else if (typed !== undefined) {
    const array = data as Float32Array<ArrayBuffer>
    made = adopt<Tensor>(binding.tensorFromBuffer(array, dtypeCode(typed), [array.length], 0, false))
    own = typed
  } else {
    const { shape, values } = flatten(data)
    const [array, inMemory, natural] = stored(values, dtype)
    made = adopt<Tensor>(
      binding.tensorFromBuffer(array as ArrayBufferView<ArrayBuffer>, dtypeCode(inMemory), shape, 0, false),
    )
    own = inMemory
    dtype ??= natural
  }
  const target: { dtype?: DType; device?: string } = {}
  if (dtype !== undefined && dtype !== own) target.dtype = dtype
  if (device !== undefined && device !== 'cpu') target.device = device
  if (target.dtype === undefined && target.device === undefined) return made
  const placed = made.to(target as never) as Tensor
  if (placed !== made) made.dispose()
  return placed
}

// Positions are integers: numbers become int64 here, not the default dtype.
registerLiftIndex(list => {
  const whole = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(whole) : Number.isSafeInteger(value) ? BigInt(value as number) : value
  const tensor = tensorOfValues(whole(list), undefined, undefined)
  if (tensor.numel() === 0) return tensor.to('int64') as Tensor
  if (tensor.dtype === 'int64' || tensor.dtype === 'bool') return tensor
  throw new InvalidArgTypeError(
    `an index holds integers, or booleans for a mask, got ${describe(list)} of ${tensor.dtype}`,
  )
})
