/** The methods of `Tensor` of vectors and matrices, with types that know shapes. */
import type { Broadcast } from '../core/broadcast-types'
import type { DType } from '../core/dtype'
import type { OneDType, ResultDType, SumDType } from '../core/dtype-types'
import type { AddedTo, Batch, Kron, Outer, ProductOf, Square } from '../core/product-types'
import type { Check, Dropped, IsUnranked, Shape } from '../core/shape-types'
import type { Tensor } from './tensor'
import type { Known, OutOption, Result } from './typed'

/** Options of products that something is added to: `beta * input + alpha * product`. */
export interface AddedOptions extends OutOption {
  beta?: number | bigint
  alpha?: number | bigint
}
type LastOf<S extends Shape> = IsUnranked<S> extends true ? any : Dropped<S, Minus1<S>, false>
type Minus1<S extends Shape> = S extends readonly [unknown, ...infer R] ? R['length'] : never
/** `inner`: the last dimensions summed over. */
export type Inner<S extends Shape, T extends Shape> =
  IsUnranked<S> extends true
    ? any
    : IsUnranked<T> extends true
      ? any
      : [S, T] extends [readonly [...Shape, number], readonly [...Shape, number]]
        ? [...LastOf<S>, ...LastOf<T>]
        : any

/** Products of vectors and matrices. */
export interface TypedAlgebra {
  /**
   * [N, M] by [M].
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.mv.html
   */
  mv<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    vec: Tensor<T, E> & Check<ProductOf<'mv', S, T, 2, 1>> & OneDType<'mv', D, E>,
    options?: OutOption,
  ): Result<ProductOf<'mv', S, T, 2, 1>, Known<D, E>>
  /**
   * The sum of the products of two vectors' elements.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.dot.html
   */
  dot<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    tensor: Tensor<T, E> & Check<ProductOf<'dot', S, T, 1, 1>> & OneDType<'dot', D, E>,
    options?: OutOption,
  ): Tensor<[], Known<D, E>>
  /**
   * As `dot`, of complex vectors with the first one conjugated.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.vdot.html
   */
  vdot<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    other: Tensor<T, E> & Check<ProductOf<'vdot', S, T, 1, 1>> & OneDType<'vdot', D, E>,
    options?: OutOption,
  ): Tensor<[], Known<D, E>>
  /**
   * Sums of products along the last dimensions.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.inner.html
   */
  inner<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    other: Tensor<T, E> & OneDType<'inner', D, E>,
    options?: OutOption,
  ): Result<Inner<S, T>, Known<D, E>>
  /**
   * Each element of [N] by each of [M]: [N, M].
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.outer.html
   */
  outer<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    vec2: Tensor<T, E> & Check<Outer<'outer', S, T>>,
    options?: OutOption,
  ): Result<Outer<'outer', S, T>, ResultDType<S, D, T, E>>
  /**
   * As `outer`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.ger.html
   */
  ger<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    vec2: Tensor<T, E> & Check<Outer<'ger', S, T>>,
    options?: OutOption,
  ): Result<Outer<'ger', S, T>, ResultDType<S, D, T, E>>
  /**
   * The Kronecker product.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.kron.html
   */
  kron<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    other: Tensor<T, E>,
    options?: OutOption,
  ): Result<Kron<S, T>, ResultDType<S, D, T, E>>
  /**
   * The vector product of vectors of 3 elements along `dim`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.cross.html
   */
  cross<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    other: Tensor<T, E> & Check<Broadcast<'cross', S, T>>,
    dim?: number | null | { dim?: number | null; out?: Tensor },
    options?: OutOption,
  ): Result<Broadcast<'cross', S, T>, ResultDType<S, D, T, E>>
  /**
   * `beta` (1) times this plus `alpha` (1) times [N, K] by [K, M].
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.addmm.html
   */
  addmm<S extends Shape, D extends DType, T extends Shape, U extends Shape>(
    this: Tensor<S, D>,
    mat1: Tensor<T>,
    mat2: Tensor<U> & Check<AddedTo<'addmm', S, ProductOf<'addmm', T, U, 2, 2>>>,
    options?: AddedOptions,
  ): Result<AddedTo<'addmm', S, ProductOf<'addmm', T, U, 2, 2>>, D>
  /**
   * `beta` (1) times this plus `alpha` (1) times [N, M] by [M].
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.addmv.html
   */
  addmv<S extends Shape, D extends DType, T extends Shape, U extends Shape>(
    this: Tensor<S, D>,
    mat: Tensor<T>,
    vec: Tensor<U> & Check<AddedTo<'addmv', S, ProductOf<'addmv', T, U, 2, 1>>>,
    options?: AddedOptions,
  ): Result<AddedTo<'addmv', S, ProductOf<'addmv', T, U, 2, 1>>, D>
  /**
   * `beta` (1) times this plus `alpha` (1) times the outer product of [N] and [M].
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.addr.html
   */
  addr<S extends Shape, D extends DType, T extends Shape, U extends Shape>(
    this: Tensor<S, D>,
    vec1: Tensor<T>,
    vec2: Tensor<U> & Check<AddedTo<'addr', S, Outer<'addr', T, U>>>,
    options?: AddedOptions,
  ): Result<AddedTo<'addr', S, Outer<'addr', T, U>>, D>
  /**
   * `beta` (1) times this plus `alpha` (1) times [B, N, K] by [B, K, M].
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.baddbmm.html
   */
  baddbmm<S extends Shape, D extends DType, T extends Shape, U extends Shape>(
    this: Tensor<S, D>,
    batch1: Tensor<T>,
    batch2: Tensor<U> & Check<AddedTo<'baddbmm', S, ProductOf<'baddbmm', T, U, 3, 3>>>,
    options?: AddedOptions,
  ): Result<AddedTo<'baddbmm', S, ProductOf<'baddbmm', T, U, 3, 3>>, D>
  /**
   * The determinants of square matrices.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.det.html
   */
  det<S extends Shape, D extends DType>(this: Tensor<S, D> & Check<Square<'det', S>>): Result<Batch<S>, D>
  /**
   * The sum of a matrix's diagonal.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.trace.html
   */
  trace<D extends DType>(this: Tensor<any, D>): Tensor<[], SumDType<D>>
}
