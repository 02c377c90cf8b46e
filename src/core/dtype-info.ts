import { type DType, itemSize } from './dtype'
import { InvalidArgTypeError } from './errors'

/** What a floating dtype can hold, as Python's `torch.finfo`. */
export interface FloatInfo {
  readonly dtype: DType
  /** Of one element; of a complex dtype, of one part. */
  readonly bits: number
  /** The difference between 1 and the next larger number. */
  readonly eps: number
  readonly max: number
  readonly min: number
  /** The smallest positive number with all its digits. */
  readonly smallestNormal: number
  /** The same, by its older name. */
  readonly tiny: number
  /** The decimal digits that hold, as a number: 1e-6. */
  readonly resolution: number
}

/** What an integer dtype can hold, as Python's `torch.iinfo`; bigints where numbers are not exact. */
export interface IntegerInfo<D extends DType = DType> {
  readonly dtype: D
  readonly bits: number
  readonly max: D extends 'int64' | 'uint64' ? bigint : number
  readonly min: D extends 'int64' | 'uint64' ? bigint : number
}

/** Digits of the significand behind the point, the largest exponent, the smallest, and decimal digits. */
const FLOATS: Partial<Record<DType, readonly [digits: number, largest: number, smallest: number, decimal: number]>> = {
  float16: [10, 15, -14, 3],
  bfloat16: [7, 127, -126, 2],
  float32: [23, 127, -126, 6],
  float64: [52, 1023, -1022, 15],
}
const PARTS: Partial<Record<DType, DType>> = { complex32: 'float16', complex64: 'float32', complex128: 'float64' }

/**
 * The limits of a floating dtype, of the default one without an argument; a complex dtype has those of its parts.
 *
 * Errors: `ERR_INVALID_ARG_TYPE` for another dtype.
 *
 * @example
 * finfo('float32').eps     // 1.1920928955078125e-7
 *
 * @see https://docs.pytorch.org/docs/stable/type_info.html
 */
export function finfo(dtype: DType = 'float32'): FloatInfo {
  const part = PARTS[dtype] ?? dtype
  const limits = FLOATS[part]
  if (limits === undefined) {
    throw new InvalidArgTypeError(`finfo takes float16, bfloat16, float32, float64 or a complex dtype, got ${dtype}`)
  }
  const [digits, largest, smallest, decimal] = limits
  const max = (2 - 2 ** -digits) * 2 ** largest
  const tiny = 2 ** smallest
  return Object.freeze({
    dtype: part,
    bits: 8 * itemSize(part),
    eps: 2 ** -digits,
    max,
    min: -max,
    smallestNormal: tiny,
    tiny,
    resolution: Number(`1e-${decimal}`),
  })
}

/**
 * The limits of an integer dtype.
 *
 * Errors: `ERR_INVALID_ARG_TYPE` for another dtype.
 *
 * @example
 * iinfo('int8').max        // 127
 * iinfo('int64').max       // 9223372036854775807n
 *
 * @see https://docs.pytorch.org/docs/stable/type_info.html
 */
export function iinfo<const D extends DType>(dtype: D): IntegerInfo<D> {
  const name = /^(u?)int(8|16|32|64)$/.exec(dtype)
  if (name === null) {
    throw new InvalidArgTypeError(`iinfo takes an integer dtype such as int64, got ${String(dtype)}`)
  }
  const bits = BigInt(name[2]!)
  const [min, max] = name[1] ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]
  const exact = (value: bigint) => (bits === 64n ? value : Number(value))
  return Object.freeze({ dtype, bits: Number(bits), max: exact(max), min: exact(min) }) as IntegerInfo<D>
}
