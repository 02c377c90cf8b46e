/** The types of functions of `torch` that join tensors or combine several. */
import type { Broadcast } from '../core/broadcast-types'
import type { DType } from '../core/dtype'
import type { OneDType, ScalarDType } from '../core/dtype-types'
import type { Einsum } from '../core/einsum-types'
import type { Grid, Joined, PromoteAll, Stacked } from '../core/join-types'
import type { Contracted, Distances } from '../core/product-types'
import type { Check, IsAny, Shape } from '../core/shape-types'
import type { Tensor } from './tensor'
import type { Known, Operand, OperandDType, Result } from './typed'

/** Tensors, of any shapes and dtypes. */
export type Tensors = readonly Tensor[]
export type ShapesOf<T extends Tensors> = { readonly [K in keyof T]: T[K] extends Tensor<infer S> ? S : any }
export type DTypesOf<T extends Tensors> = { readonly [K in keyof T]: T[K] extends Tensor<any, infer D> ? D : any }
export type JoinedShape<T extends Tensors, I extends number> =
  ShapesOf<T> extends infer L extends readonly Shape[] ? Joined<L, I> : any
export type StackedShape<T extends Tensors, I extends number> =
  ShapesOf<T> extends infer L extends readonly Shape[] ? Stacked<L, I> : any
export type JoinedDType<T extends Tensors> = DTypesOf<T> extends infer L extends readonly DType[] ? PromoteAll<L> : any
export type EinsumShape<E extends string, T extends Tensors> =
  ShapesOf<T> extends infer L extends readonly Shape[] ? Einsum<E, L> : any
export type GridShape<T extends Tensors, X> = ShapesOf<T> extends infer L extends readonly Shape[] ? Grid<L, X> : any
/** The grids, each of the dtype of its vector. */
export type Grids<T extends Tensors, X> = number extends T['length']
  ? Tensor[]
  : { -readonly [K in keyof T]: Result<GridShape<T, X>, T[K] extends Tensor<any, infer D> ? D : any> }

/** Where a condition chooses between two sides, broadcast. */
export type ChosenShape<C extends Shape, A, B> =
  Broadcast<'where', ShapeOfSide<A>, ShapeOfSide<B>> extends infer R
    ? IsAny<R> extends true
      ? any
      : R extends Shape
        ? Broadcast<'where', C, R>
        : R
    : never
type ShapeOfSide<A> = A extends Tensor<infer S> ? S : []
export type ChosenDType<A, B> =
  A extends Tensor<infer S, infer D> ? OperandDType<S, D, B> : B extends Tensor<any, infer E> ? ScalarDType<E, A> : any

export interface JoiningFunctions {
  /**
   * Tensors one behind the other along `dim` (0); their other dimensions must be equal.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.cat.html
   */
  cat<const T extends Tensors, const I extends number = 0>(
    tensors: T & Check<JoinedShape<T, I>>,
    dim?: I | { dim?: I; out?: Tensor },
    options?: { out?: Tensor },
  ): Result<JoinedShape<T, I>, JoinedDType<T>>
  /**
   * As `cat`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.concat.html
   */
  concat<const T extends Tensors, const I extends number = 0>(
    tensors: T & Check<JoinedShape<T, I>>,
    dim?: I | { dim?: I; out?: Tensor },
    options?: { out?: Tensor },
  ): Result<JoinedShape<T, I>, JoinedDType<T>>
  /**
   * As `cat`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.concatenate.html
   */
  concatenate<const T extends Tensors, const I extends number = 0>(
    tensors: T & Check<JoinedShape<T, I>>,
    dim?: I | { dim?: I; out?: Tensor },
    options?: { out?: Tensor },
  ): Result<JoinedShape<T, I>, JoinedDType<T>>
  /**
   * Tensors of one shape along a new dimension `dim` (0).
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.stack.html
   */
  stack<const T extends Tensors, const I extends number = 0>(
    tensors: T & Check<StackedShape<T, I>>,
    dim?: I | { dim?: I; out?: Tensor },
    options?: { out?: Tensor },
  ): Result<StackedShape<T, I>, JoinedDType<T>>
  /**
   * Sums of products by Einstein's convention: each letter of the equation names a dimension, those that `->` leaves out are
   * summed over. The tensors are one array, or follow the equation as in Python.
   *
   * @example
   * torch.einsum('bij,bjk->bik', a, b)       // a.bmm(b)
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.einsum.html
   */
  einsum<const E extends string, const T extends Tensors>(
    equation: E,
    operands: T & Check<EinsumShape<E, T>>,
    options?: { path?: readonly number[] | null },
  ): Result<EinsumShape<E, T>, JoinedDType<T>>
  einsum<const E extends string, const T extends Tensors>(
    equation: E & Check<EinsumShape<E, T>>,
    ...operands: T
  ): Result<EinsumShape<E, T>, JoinedDType<T>>
  /**
   * The grids of coordinates that vectors span, one for each. The vectors are one array, or arguments as in Python. `indexing`
   * is `'ij'` (the default: the first vector runs along the first dimension) or `'xy'` (along the second).
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.meshgrid.html
   */
  meshgrid<const T extends Tensors, const X extends 'ij' | 'xy' = 'ij'>(
    tensors: T & Check<GridShape<T, X>>,
    options?: { indexing?: X },
  ): Grids<T, X>
  meshgrid<const T extends readonly [Tensor, ...Tensors]>(...tensors: T): Grids<T, 'ij'>
  /**
   * Products summed over the last `dims` (2) dimensions of `input` and the first ones of `other`, or over two lists of
   * dimensions.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.tensordot.html
   */
  tensordot<
    S extends Shape,
    D extends DType,
    T extends Shape,
    E extends DType,
    const N extends number | readonly [readonly number[], readonly number[]] = 2,
  >(
    input: Tensor<S, D>,
    other: Tensor<T, E> & Check<Contracted<S, T, N>> & OneDType<'tensordot', D, E>,
    dims?: N | { dims?: N },
  ): Result<Contracted<S, T, N>, Known<D, E>>
  tensordot<
    S extends Shape,
    D extends DType,
    T extends Shape,
    E extends DType,
    const I extends readonly number[],
    const J extends readonly number[],
  >(
    input: Tensor<S, D>,
    other: Tensor<T, E> & OneDType<'tensordot', D, E>,
    dimsSelf: I,
    dimsOther: J,
  ): Result<Contracted<S, T, readonly [I, J]>, Known<D, E>>
  /**
   * The distances of the rows of two matrices, in the norm `p` (2).
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.cdist.html
   */
  cdist<S extends Shape, D extends DType, T extends Shape>(
    x1: Tensor<S, D>,
    x2: Tensor<T> & Check<Distances<S, T>>,
    p?: number | { p?: number; computeMode?: number | null },
    options?: { computeMode?: number | null },
  ): Result<Distances<S, T>, D>
  /**
   * `input` where the condition is true, `other` elsewhere, all broadcast; without them the positions where it is true.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.where.html
   */
  where<C extends Shape, const A extends Operand, const B extends Operand>(
    condition: Tensor<C, 'bool'>,
    input: A,
    other: B & Check<ChosenShape<C, A, B>>,
    options?: { out?: Tensor },
  ): Result<ChosenShape<C, A, B>, ChosenDType<A, B>>
  where(condition: Tensor): Tensor<[number], 'int64'>[]
}
