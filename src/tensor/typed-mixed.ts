/** The methods of `Tensor` that take bounds, masks, weights or positions beside it, with types that know shapes. */
import type { Broadcast } from '../core/broadcast-types'
import type { DType } from '../core/dtype'
import type { OneDType, ResultDType, Scalar, ScalarDType } from '../core/dtype-types'
import type { TakenAlong } from '../core/place-types'
import type { Check, IsAny, Shape } from '../core/shape-types'
import type { Tensor } from './tensor'
import type { Operand, OperandCheck, OutOption, Result } from './typed'

/** A bound of `clamp`: a number, a tensor, or none. */
export type Bound = Operand | null | undefined
type BoundShape<O> = O extends Tensor<infer T> ? T : []
/** The shape of a tensor clamped to both bounds, or the error. */
export type Clamped<S extends Shape, A, B> =
  Broadcast<'clamp', S, BoundShape<A>> extends infer R
    ? IsAny<R> extends true
      ? any
      : R extends Shape
        ? Broadcast<'clamp', R, BoundShape<B>>
        : R
    : never
export type ClampedDType<S extends Shape, D extends DType, A, B> = BoundDType<S, BoundDType<S, D, A>, B>
type BoundDType<S extends Shape, D extends DType, O> = O extends null | undefined
  ? D
  : O extends Tensor<infer T, infer E>
    ? ResultDType<S, D, T, E>
    : ScalarDType<D, O>
export interface Bounds<A, B> extends OutOption {
  min?: A
  max?: B
}

export interface TypedMixed {
  /**
   * No less than `min`, no more than `max`: numbers or tensors, broadcast; one of them may be null.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.clamp.html
   */
  clamp<S extends Shape, D extends DType, const A extends Bound = null, const B extends Bound = null>(
    this: Tensor<S, D> & Check<Clamped<S, A, B>>,
    min?: A,
    max?: B,
    options?: OutOption,
  ): Result<Clamped<S, A, B>, ClampedDType<S, D, A, B>>
  clamp<S extends Shape, D extends DType, const A extends Bound = null, const B extends Bound = null>(
    this: Tensor<S, D> & Check<Clamped<S, A, B>>,
    options: Bounds<A, B>,
  ): Result<Clamped<S, A, B>, ClampedDType<S, D, A, B>>
  clamp<S extends Shape, D extends DType, const A extends Bound, const B extends Bound = null>(
    this: Tensor<S, D> & Check<Clamped<S, A, B>>,
    min: A,
    options: { max?: B; out?: Tensor },
  ): Result<Clamped<S, A, B>, ClampedDType<S, D, A, B>>
  /**
   * As `clamp`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.clip.html
   */
  clip<S extends Shape, D extends DType, const A extends Bound = null, const B extends Bound = null>(
    this: Tensor<S, D> & Check<Clamped<S, A, B>>,
    min?: A,
    max?: B,
    options?: OutOption,
  ): Result<Clamped<S, A, B>, ClampedDType<S, D, A, B>>
  clip<S extends Shape, D extends DType, const A extends Bound = null, const B extends Bound = null>(
    this: Tensor<S, D> & Check<Clamped<S, A, B>>,
    options: Bounds<A, B>,
  ): Result<Clamped<S, A, B>, ClampedDType<S, D, A, B>>
  clip<S extends Shape, D extends DType, const A extends Bound, const B extends Bound = null>(
    this: Tensor<S, D> & Check<Clamped<S, A, B>>,
    min: A,
    options: { max?: B; out?: Tensor },
  ): Result<Clamped<S, A, B>, ClampedDType<S, D, A, B>>
  /**
   * `value` where a mask is true, broadcast.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.masked_fill.html
   */
  maskedFill<S extends Shape, D extends DType, M extends Shape>(
    this: Tensor<S, D>,
    mask: Tensor<M, 'bool'> & Check<Broadcast<'maskedFill', S, M>>,
    value: Scalar | Tensor<[]>,
  ): Result<Broadcast<'maskedFill', S, M>, D>
  /**
   * Whether equal up to `atol` (1e-8) + `rtol` (1e-5) * |other|, broadcast.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.isclose.html
   */
  isclose<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    other: Tensor<T, E> & Check<Broadcast<'isclose', S, T>> & OneDType<'isclose', D, E>,
    rtol?: number | { rtol?: number; atol?: number; equalNan?: boolean },
    atol?: number | { atol?: number; equalNan?: boolean },
    equalNan?: boolean | { equalNan?: boolean },
  ): Result<Broadcast<'isclose', S, T>, 'bool'>
  /**
   * this + weight * (end - this), broadcast.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.lerp.html
   */
  lerp<S extends Shape, D extends DType, T extends Shape, E extends DType, const W extends Operand>(
    this: Tensor<S, D>,
    end: Tensor<T, E> & Check<Broadcast<'lerp', S, T>> & OneDType<'lerp', D, E>,
    weight: W & OperandCheck<'lerp', S, W>,
    options?: OutOption,
  ): Result<Clamped<S, Tensor<T>, W>, D>
  /**
   * The elements along `dim` that an index names, int64, broadcast beside it; without `dim` of all elements.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.take_along_dim.html
   */
  takeAlongDim<S extends Shape, D extends DType, X extends Shape, const I extends number | null = null>(
    this: Tensor<S, D>,
    indices: Tensor<X, 'int64'> & Check<TakenAlong<S, X, I>>,
    dim?: I | { dim?: I; out?: Tensor },
    options?: OutOption,
  ): Result<TakenAlong<S, X, I>, D>
}
