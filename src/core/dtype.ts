import { describe, InvalidArgTypeError } from './errors'
import { nearest } from './options'

/** Every element type, in the order of libtorch's `ScalarType` codes. */
export const DTYPE_CODES = [
  'uint8',
  'int8',
  'int16',
  'int32',
  'int64',
  'float16',
  'float32',
  'float64',
  'complex32',
  'complex64',
  'complex128',
  'bool',
  'qint8',
  'quint8',
  'qint32',
  'bfloat16',
  'quint4x2',
  'quint2x4',
  'bits1x8',
  'bits2x4',
  'bits4x2',
  'bits8',
  'bits16',
  'float8_e5m2',
  'float8_e4m3fn',
  'float8_e5m2fnuz',
  'float8_e4m3fnuz',
  'uint16',
  'uint32',
  'uint64',
  'uint1',
  'uint2',
  'uint3',
  'uint4',
  'uint5',
  'uint6',
  'uint7',
  'int1',
  'int2',
  'int3',
  'int4',
  'int5',
  'int6',
  'int7',
  'float8_e8m0fnu',
  'float4_e2m1fn_x2',
] as const

/** An element type, by PyTorch's name. */
export type DType = (typeof DTYPE_CODES)[number]

const CODE_OF: ReadonlyMap<string, number> = new Map(DTYPE_CODES.map((name, code) => [name, code]))

/** libtorch's code of a dtype; throws `ERR_INVALID_ARG_TYPE` with the nearest name. */
export function dtypeCode(dtype: unknown): number {
  const code = CODE_OF.get(dtype as string)
  if (code !== undefined) return code
  const near = typeof dtype === 'string' ? nearest(dtype, DTYPE_CODES) : undefined
  throw new InvalidArgTypeError(
    `expected a dtype such as 'float32', got ${describe(dtype)}${near ? `; did you mean '${near}'?` : ''}`,
  )
}

/** The name of a libtorch code. */
export function dtypeName(code: number): DType {
  return DTYPE_CODES[code] as DType
}

/** Bytes of one element. */
export function itemSize(dtype: DType): number {
  switch (dtype) {
    case 'float64':
    case 'int64':
    case 'uint64':
    case 'complex64':
      return 8
    case 'complex128':
      return 16
    case 'float32':
    case 'int32':
    case 'uint32':
    case 'complex32':
    case 'qint32':
      return 4
    case 'float16':
    case 'bfloat16':
    case 'int16':
    case 'uint16':
    case 'bits16':
      return 2
    default:
      return 1
  }
}

/** True for float16, bfloat16, float32, float64 and the 8-bit floats. */
export function isFloating(dtype: DType): boolean {
  return dtype.startsWith('float') || dtype === 'bfloat16'
}

/** True for complex32, complex64 and complex128. */
export function isComplex(dtype: DType): boolean {
  return dtype.startsWith('complex')
}
