/** PyTorch's rules of type promotion, in types. What is not known (`any`) stays `any`. */
import type { DType } from './dtype'
import type { IsAny, Same, Shape, ShapeError } from './shape-types'

/** A complex number as a plain value. */
export interface Complex {
  readonly re: number
  readonly im: number
}

/** What stands for a single element: `Scalar` in operator schemas. */
export type Scalar = number | bigint | boolean | Complex

type Integral = 'uint8' | 'int8' | 'int16' | 'int32' | 'int64' | 'uint16' | 'uint32' | 'uint64'
export type Floating = 'float16' | 'bfloat16' | 'float32' | 'float64'
export type ComplexDType = 'complex32' | 'complex64' | 'complex128'

/** `bool` 0, integers 1, floating 2, complex 3. */
type Category<D> = D extends 'bool' ? 0 : D extends Integral ? 1 : D extends ComplexDType ? 3 : 2

/** `torch.promote_types`. */
export type Promote<A extends DType, B extends DType> =
  Same<A, B> extends true
    ? A
    : IsAny<A> extends true
      ? any
      : IsAny<B> extends true
        ? any
        : Promoted<A, B, Category<A>, Category<B>>

type Promoted<A extends DType, B extends DType, CA, CB> = A extends B
  ? A
  : CA extends CB
    ? CA extends 1
      ? WiderInteger<A | B>
      : CA extends 2
        ? WiderFloat<A | B>
        : WiderComplex<A | B>
    : [CA, CB] extends [3, 2] | [2, 3]
      ? WiderComplex<A | B>
      : CA extends 0
        ? B
        : CB extends 0
          ? A
          : [CA, CB] extends [1, 2 | 3]
            ? B
            : A

type WiderInteger<D> = [D] extends ['uint8' | 'int8' | 'int16' | 'int32' | 'int64']
  ? 'int64' extends D
    ? 'int64'
    : 'int32' extends D
      ? 'int32'
      : 'int16'
  : any
type WiderFloat<D> = [D] extends [Floating] ? ('float64' extends D ? 'float64' : 'float32') : any
type WiderComplex<D> = 'complex32' extends D
  ? any
  : 'complex128' extends D
    ? 'complex128'
    : 'float64' extends D
      ? 'complex128'
      : 'complex64'

/** The dtype of an elementwise result of two tensors: one without dimensions yields to one with, within its category. */
export type ResultDType<S, D extends DType, T, E extends DType> =
  Same<D, E> extends true
    ? D
    : IsAny<D> extends true
      ? any
      : IsAny<E> extends true
        ? any
        : [RankKind<S>, RankKind<T>] extends [infer I, infer J]
          ? I extends J
            ? I extends 'unknown'
              ? Unsure<D, E>
              : Promote<D, E>
            : 'unknown' extends I | J
              ? Unsure<D, E>
              : I extends 'zero'
                ? Yield<E, D>
                : Yield<D, E>
          : never
type RankKind<S> =
  IsAny<S> extends true
    ? 'unknown'
    : S extends readonly []
      ? 'zero'
      : S extends Shape
        ? number extends S['length']
          ? 'unknown'
          : 'some'
        : 'unknown'
type Unsure<D extends DType, E extends DType> =
  Category<D> extends Category<E> ? any : 3 extends Category<D> | Category<E> ? any : Promote<D, E>
type Yield<Dim extends DType, Zero extends DType> = 3 extends Category<Dim> | Category<Zero>
  ? any
  : Category<Zero> extends 0
    ? Dim
    : [Category<Dim>, Category<Zero>] extends [0, 1 | 2] | [1, 2]
      ? Promote<Dim, Zero>
      : Dim

/** The dtype of a tensor and a plain number: whole numbers keep an integer dtype, fractions make it float32. */
export type ScalarDType<D extends DType, N> =
  IsAny<D> extends true
    ? any
    : N extends boolean
      ? D
      : N extends bigint
        ? WithInteger<D>
        : N extends number
          ? Category<D> extends 2 | 3
            ? D
            : number extends N
              ? any
              : `${N}` extends `${string}.${string}` | `${string}e-${string}`
                ? 'float32'
                : WithInteger<D>
          : Category<D> extends 3
            ? D
            : D extends 'float64'
              ? 'complex128'
              : 'complex64'
type WithInteger<D extends DType> = D extends 'bool' ? 'int64' : D

/** Integers and bool become float32, as in `exp`, `sqrt` and true division. */
export type FloatDType<D extends DType> = IsAny<D> extends true ? any : Category<D> extends 2 | 3 ? D : 'float32'
/** bool and integers become int64, as in `sum` and `prod`. */
export type SumDType<D extends DType> = IsAny<D> extends true ? any : Category<D> extends 2 | 3 ? D : 'int64'
/** The dtype of `abs`. */
export type RealDType<D extends DType> =
  IsAny<D> extends true ? any : D extends 'complex128' ? 'float64' : D extends 'complex64' ? 'float32' : D

/** Whether a result of dtype `E` can be written into a tensor of dtype `D` in place. */
export type CastCheck<What extends string, D, E> =
  IsAny<D> extends true
    ? unknown
    : IsAny<E> extends true
      ? unknown
      : [Category<D>, Category<E>] extends [0, 1 | 2 | 3] | [1, 2 | 3] | [2, 3]
        ? ShapeError<`${What}: a result of dtype ${E & string} cannot be written into ${D & string}`>
        : unknown

/** Whether two dtypes are one, as `matmul` asks. */
export type OneDType<What extends string, D, E> =
  Same<D, E> extends true
    ? unknown
    : IsAny<D> extends true
      ? unknown
      : IsAny<E> extends true
        ? unknown
        : [D] extends [E]
          ? unknown
          : [E] extends [D]
            ? unknown
            : ShapeError<`${What}: expects one dtype, got ${D & string} and ${E & string}`>

/** What `item()` gives; of a tensor whose dtype is not known a number, as nearly all are. */
export type ItemOf<D> =
  IsAny<D> extends true ? number : D extends 'bool' ? boolean : D extends ComplexDType ? Complex : number
