import { type DType, isComplex, isFloating } from '../core/dtype'
import { InvalidArgValueError, OutOfRangeError, UnsupportedTypeError } from '../core/errors'
import { slotOf } from '../core/handle'
import type { IsAny, Shape } from '../core/shape-types'
import { binding } from '../native/load'
import { callOperator } from '../ops/registry'
import type { Tensor } from './tensor'

/** Nested arrays of a shape: `number[][]` for two dimensions, a bare value for none. */
export type NestedList<S extends Shape, E> =
  IsAny<S> extends true
    ? any
    : number extends S['length']
      ? any
      : S extends readonly []
        ? E
        : S extends readonly [unknown, ...infer R extends Shape]
          ? NestedList<R, E>[]
          : any

/** Typed arrays that tensors come from and go to. */
export type TypedArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array

/** The typed array of a dtype. */
export type TypedArrayOf<D extends DType> =
  IsAny<D> extends true
    ? any
    : D extends 'int8'
      ? Int8Array
      : D extends 'int16'
        ? Int16Array
        : D extends 'int32' | 'qint32'
          ? Int32Array
          : D extends 'int64'
            ? BigInt64Array
            : D extends 'float64' | 'complex128'
              ? Float64Array
              : D extends 'uint16'
                ? Uint16Array
                : D extends 'uint32'
                  ? Uint32Array
                  : D extends 'uint64'
                    ? BigUint64Array
                    : D extends 'uint8' | 'bool'
                      ? Uint8Array
                      : Float32Array

function view(dtype: DType, buffer: ArrayBuffer): TypedArray {
  switch (dtype) {
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer)
    case 'int8':
      return new Int8Array(buffer)
    case 'int16':
      return new Int16Array(buffer)
    case 'int32':
      return new Int32Array(buffer)
    case 'int64':
      return new BigInt64Array(buffer)
    case 'uint16':
      return new Uint16Array(buffer)
    case 'uint32':
      return new Uint32Array(buffer)
    case 'uint64':
      return new BigUint64Array(buffer)
    case 'float32':
    case 'complex64':
      return new Float32Array(buffer)
    case 'float64':
    case 'complex128':
      return new Float64Array(buffer)
    default:
      throw new UnsupportedTypeError(`elements of ${dtype} have no typed array; bytes() gives their bits`)
  }
}

/** Half-width floats and their complex pairs, which no typed array of this Node holds, widened without loss. */
function widened(tensor: Tensor): Tensor | undefined {
  const { dtype } = tensor
  if (dtype === 'float16' || dtype === 'bfloat16' || dtype.startsWith('float8')) {
    return callOperator('aten::to', 'dtype', [tensor.detach(), 'float32']) as Tensor
  }
  if (dtype === 'complex32') return callOperator('aten::to', 'dtype', [tensor.detach(), 'complex64']) as Tensor
  return undefined
}

/** The elements in a typed array of their own. */
export function typedArray(tensor: Tensor): TypedArray {
  const wide = widened(tensor)
  const source = wide ?? tensor
  try {
    return view(source.dtype, binding.tensorBytes(slotOf(source)))
  } finally {
    wide?.dispose()
  }
}

function element(tensor: Tensor, bigint: boolean): (data: TypedArray, i: number) => unknown {
  const { dtype } = tensor
  if (dtype === 'bool') return (data, i) => data[i] !== 0
  if (isComplex(dtype)) return (data, i) => ({ re: data[2 * i], im: data[2 * i + 1] })
  if (bigint) {
    if (isFloating(dtype)) throw new InvalidArgValueError(`{ bigint: true } asks for integers, and these are ${dtype}`)
    return (data, i) => BigInt(data[i]!)
  }
  if (dtype !== 'int64' && dtype !== 'uint64') return (data, i) => data[i]
  return (data, i) => {
    const number = Number(data[i])
    if (Number.isSafeInteger(number)) return number
    throw new OutOfRangeError(`the ${dtype} value ${data[i]} is no safe integer; ask for bigints with { bigint: true }`)
  }
}

/** The elements as nested arrays. */
export function nested(tensor: Tensor, bigint: boolean): unknown {
  const data = typedArray(tensor)
  const shape: readonly number[] = tensor.shape
  const at = element(tensor, bigint)
  let next = 0
  const build = (dim: number): unknown => {
    if (dim === shape.length) return at(data, next++)
    return Array.from({ length: shape[dim]! }, () => build(dim + 1))
  }
  return build(0)
}
