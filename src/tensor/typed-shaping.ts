/** The methods of `Tensor` that repeat, cut, move and pick dimensions, with types that know shapes. */
import type { DType } from '../core/dtype'
import type { RealDType } from '../core/dtype-types'
import type { Chunked, Split, Unbound } from '../core/join-types'
import type {
  Diag,
  Diagonal,
  Expanded,
  Gathered,
  IndexSelected,
  Interleaved,
  MatrixTransposed,
  Moved,
  Narrowed,
  Repeated,
  Reversed,
  Selected,
  Unflattened,
} from '../core/place-types'
import type { AxisCheck, Check, IsAny, IsUnranked, Product, Shape, ShapeError, Transposed } from '../core/shape-types'
import type { Tensor } from './tensor'
import type { Result } from './typed'

/** A list of shapes as tensors of one dtype. */
export type Results<R, D extends DType> = R extends readonly unknown[]
  ? number extends R['length']
    ? Result<R[number], D>[]
    : { -readonly [K in keyof R]: Result<R[K], D> }
  : Tensor<any, D>[]
/** The rule of `flip`: the dimensions must be there. */
export type AxesCheck<What extends string, S extends Shape, I> = I extends number
  ? AxisCheck<What, S, I>
  : I extends readonly [infer H extends number, ...infer R]
    ? AxisCheck<What, S, H> & AxesCheck<What, S, R>
    : unknown
/** `nonzero`: a row of positions for each element. */
export type Positions<S extends Shape> = IsUnranked<S> extends true ? [number, number] : [number, S['length']]
/** Where sizes are not one array, as in `view(2, 3)`. */
export type OneArray<What extends string> = `${What}: sizes are one array, as in ${What}([2, 3])`

/** Refuses, in `setAt`, indices that are not there and a tensor that does not broadcast to what they select. */
export type AssignCheck<R, V> =
  IsAny<R> extends true
    ? unknown
    : R extends Shape
      ? V extends Tensor<infer S>
        ? IsUnranked<S> extends true
          ? unknown
          : S extends readonly [1, ...Shape]
            ? unknown // leading dimensions of size 1 may be more than there are
            : Check<Expanded<'setAt', S, R>>
        : unknown
      : R

/** What `for (const row of x)` gives: the sub-tensors along the first dimension. */
export type RowOf<S extends Shape> = S extends readonly [number, ...infer R extends Shape] ? R : any

/** Views without parentheses, as in Python. */
export interface TypedProperties<S extends Shape, D extends DType> {
  /** All dimensions backwards. `torch.Tensor.T` */
  readonly T: Result<Reversed<S>, D>
  /** The last two dimensions exchanged. `torch.Tensor.mT` */
  readonly mT: Result<MatrixTransposed<S>, D>
  /** The transpose of a matrix, conjugated. `torch.Tensor.H` */
  readonly H: Result<MatrixTransposed<S>, D>
  /** The last two dimensions exchanged, and conjugated. `torch.Tensor.mH` */
  readonly mH: Result<MatrixTransposed<S>, D>
  /** The real parts, of the dtype of those. `torch.Tensor.real` */
  readonly real: Tensor<S, RealDType<D>>
  /** The imaginary parts of a complex tensor. `torch.Tensor.imag` */
  readonly imag: Tensor<S, RealDType<D>>
}

/** Views: they share memory with their tensor. */
export interface TypedPlaces {
  /**
   * Dimensions of size 1 repeated without a copy, new ones before; -1 keeps a size.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand.html
   */
  expand<S extends Shape, D extends DType, const V extends Shape>(
    this: Tensor<S, D>,
    size: V & Check<Expanded<'expand', S, V>>,
    options?: { implicit?: boolean },
  ): Result<Expanded<'expand', S, V>, D>
  expand(size: ShapeError<OneArray<'expand'>>, second: number, ...more: readonly number[]): never
  /**
   * Expanded to the shape of another tensor.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand_as.html
   */
  expandAs<S extends Shape, D extends DType, T extends Shape>(
    this: Tensor<S, D>,
    other: Tensor<T> & Check<Expanded<'expandAs', S, T>>,
  ): Tensor<T, D>
  /**
   * As `expand`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.broadcast_to.html
   */
  broadcastTo<S extends Shape, D extends DType, const V extends Shape>(
    this: Tensor<S, D>,
    size: V & Check<Expanded<'broadcastTo', S, V>>,
  ): Result<Expanded<'broadcastTo', S, V>, D>
  /**
   * One dimension as several; one size may be -1.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.unflatten.html
   */
  unflatten<S extends Shape, D extends DType, const I extends number, const V extends Shape>(
    this: Tensor<S, D>,
    dim: I,
    sizes: V & Check<Unflattened<S, I, V>>,
  ): Result<Unflattened<S, I, V>, D>
  /**
   * Dimensions moved to other places, the rest in order.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.movedim.html
   */
  movedim<
    S extends Shape,
    D extends DType,
    const I extends number | readonly number[],
    const J extends number | readonly number[],
  >(this: Tensor<S, D>, source: I, destination: J & Check<Moved<S, I, J>>): Result<Moved<S, I, J>, D>
  /**
   * As `movedim`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.moveaxis.html
   */
  moveaxis<
    S extends Shape,
    D extends DType,
    const I extends number | readonly number[],
    const J extends number | readonly number[],
  >(this: Tensor<S, D>, source: I, destination: J & Check<Moved<S, I, J>>): Result<Moved<S, I, J>, D>
  /**
   * As `transpose`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.swapaxes.html
   */
  swapaxes<S extends Shape, D extends DType, const I extends number, const J extends number>(
    this: Tensor<S, D>,
    axis0: I,
    axis1: J & Check<Transposed<S, I, J>>,
  ): Result<Transposed<S, I, J>, D>
  /**
   * As `transpose`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.swapdims.html
   */
  swapdims<S extends Shape, D extends DType, const I extends number, const J extends number>(
    this: Tensor<S, D>,
    dim0: I,
    dim1: J & Check<Transposed<S, I, J>>,
  ): Result<Transposed<S, I, J>, D>
  /**
   * The last two dimensions exchanged, and conjugated.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.adjoint.html
   */
  adjoint<S extends Shape, D extends DType>(this: Tensor<S, D>): Result<MatrixTransposed<S>, D>
  /**
   * All elements in one dimension; copies where memory does not allow a view.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.ravel.html
   */
  ravel<S extends Shape, D extends DType>(this: Tensor<S, D>): Tensor<[Product<S>], D>
  /**
   * `length` positions of a dimension, from `start` on.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.narrow.html
   */
  narrow<
    S extends Shape,
    D extends DType,
    const I extends number,
    const A extends number | Tensor<[], 'int64' | 'int32'>,
    const L extends number,
  >(
    this: Tensor<S, D>,
    dim: I,
    start: A,
    length: L & Check<Narrowed<S, I, A extends number ? A : number, L>>,
  ): Result<Narrowed<S, I, A extends number ? A : number, L>, D>
  /**
   * One position of a dimension, which leaves.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.select.html
   */
  select<S extends Shape, D extends DType, const I extends number, const P extends number>(
    this: Tensor<S, D>,
    dim: I,
    index: P & Check<Selected<S, I, P>>,
  ): Result<Selected<S, I, P>, D>
  /**
   * The diagonals of two dimensions, which leave, as a new last one.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.diagonal.html
   */
  diagonal<
    S extends Shape,
    D extends DType,
    const K extends number = 0,
    const A extends number = 0,
    const B extends number = 1,
  >(
    this: Tensor<S, D> & Check<Diagonal<S, K, A, B>>,
    offset?: K | { offset?: K; dim1?: A; dim2?: B },
    dim1?: A | { dim1?: A; dim2?: B },
    dim2?: B | { dim2?: B },
  ): Result<Diagonal<S, K, A, B>, D>
  /**
   * The slices along a dimension, which leaves: a tuple where its size is known.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.unbind.html
   */
  unbind<S extends Shape, D extends DType, const I extends number = 0>(
    this: Tensor<S, D> & Check<Unbound<S, I>>,
    dim?: I | { dim?: I },
  ): Results<Unbound<S, I>, D>
  /**
   * Parts of one size along a dimension, the last one smaller; or of the sizes of a list. A tuple where they are known.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.split.html
   */
  split<S extends Shape, D extends DType, const N extends number | readonly number[], const I extends number = 0>(
    this: Tensor<S, D> & Check<Split<S, N, I>>,
    splitSize: N,
    dim?: I | { dim?: I },
  ): Results<Split<S, N, I>, D>
  /**
   * At most `chunks` parts of one size along a dimension, the last one smaller. A tuple where they are known.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.chunk.html
   */
  chunk<S extends Shape, D extends DType, const N extends number, const I extends number = 0>(
    this: Tensor<S, D> & Check<Chunked<S, N, I>>,
    chunks: N,
    dim?: I | { dim?: I },
  ): Results<Chunked<S, N, I>, D>
  /**
   * The same elements in the shape of another tensor, sharing memory.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view_as.html
   */
  viewAs<S extends Shape, D extends DType, T extends Shape>(this: Tensor<S, D>, other: Tensor<T>): Tensor<T, D>
  /**
   * The same elements in the shape of another tensor.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.reshape_as.html
   */
  reshapeAs<S extends Shape, D extends DType, T extends Shape>(this: Tensor<S, D>, other: Tensor<T>): Tensor<T, D>
  /**
   * In the dtype of another tensor.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.type_as.html
   */
  typeAs<S extends Shape, E extends DType>(this: Tensor<S>, other: Tensor<any, E>): Tensor<S, E>
}

/** Copies of elements: repeated, gathered, picked. */
export interface TypedCopies {
  /**
   * Repeated as often as the list says along each dimension; more numbers than dimensions add new ones before.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.repeat.html
   */
  repeat<S extends Shape, D extends DType, const V extends Shape>(
    this: Tensor<S, D>,
    repeats: V & Check<Repeated<'repeat', S, V>>,
  ): Result<Repeated<'repeat', S, V>, D>
  repeat(repeats: ShapeError<OneArray<'repeat'>>, second: number, ...more: readonly number[]): never
  /**
   * As `repeat`, but fewer numbers than dimensions count from the last one.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.tile.html
   */
  tile<S extends Shape, D extends DType, const V extends Shape>(
    this: Tensor<S, D>,
    dims: V,
  ): Result<Repeated<'tile', S, V>, D>
  /**
   * Each element, or each slice along `dim`, repeated in its place; an int64 or int32 tensor says how often for each.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.repeat_interleave.html
   */
  repeatInterleave<S extends Shape, D extends DType, const N extends number, const I extends number | null = null>(
    this: Tensor<S, D> & Check<Interleaved<S, N, I>>,
    repeats: N,
    dim?: I | { dim?: I; outputSize?: number | null },
    options?: { outputSize?: number | null },
  ): Result<Interleaved<S, N, I>, D>
  repeatInterleave<S extends Shape, D extends DType, const I extends number | null = null>(
    this: Tensor<S, D> & Check<Interleaved<S, number, I>>,
    repeats: Tensor<any, 'int64' | 'int32'>,
    dim?: I | { dim?: I; outputSize?: number | null },
    options?: { outputSize?: number | null },
  ): Result<Interleaved<S, number, I>, D>
  /**
   * In reverse order along dimensions.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.flip.html
   */
  flip<S extends Shape, D extends DType, const I extends readonly number[]>(
    this: Tensor<S, D>,
    dims: I & AxesCheck<'flip', S, I>,
  ): Tensor<S, D>
  /**
   * Moved along dimensions, what leaves at one end coming in at the other; of all elements without `dims`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.roll.html
   */
  roll<S extends Shape, D extends DType, const I extends number | readonly number[] = []>(
    this: Tensor<S, D>,
    shifts: number | readonly number[],
    dims?: (I & AxesCheck<'roll', S, I>) | { dims?: I & AxesCheck<'roll', S, I> },
  ): Tensor<S, D>
  /**
   * The matrix whose diagonal a vector is, or the diagonal of a matrix.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.diag.html
   */
  diag<S extends Shape, D extends DType, const K extends number = 0>(
    this: Tensor<S, D> & Check<Diag<S, K>>,
    diagonal?: K | { diagonal?: K },
  ): Result<Diag<S, K>, D>
  /**
   * The positions of a dimension that an index names: int64 or int32, of one dimension.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.index_select.html
   */
  indexSelect<S extends Shape, D extends DType, const I extends number, X extends Shape>(
    this: Tensor<S, D>,
    dim: I,
    index: Tensor<X, 'int64' | 'int32'> & Check<IndexSelected<'indexSelect', S, I, X>>,
  ): Result<IndexSelected<'indexSelect', S, I, X>, D>
  /**
   * Elements along a dimension, the positions of which an index of the same rank names: int64 or int32.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.gather.html
   */
  gather<S extends Shape, D extends DType, const I extends number, X extends Shape>(
    this: Tensor<S, D>,
    dim: I,
    index: Tensor<X, 'int64' | 'int32'> & Check<Gathered<'gather', S, I, X>>,
    options?: { sparseGrad?: boolean; out?: Tensor },
  ): Result<Gathered<'gather', S, I, X>, D>
  /**
   * The elements at positions of the flattened tensor: int64.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.take.html
   */
  take<D extends DType, X extends Shape>(
    this: Tensor<any, D>,
    index: Tensor<X, 'int64'>,
    options?: { out?: Tensor },
  ): Tensor<X, D>
  /**
   * The elements where a mask is true, in one dimension.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.masked_select.html
   */
  maskedSelect<D extends DType>(
    this: Tensor<any, D>,
    mask: Tensor<any, 'bool'>,
    options?: { out?: Tensor },
  ): Tensor<[number], D>
  /**
   * The positions of elements that are not 0, one row for each: int64.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.nonzero.html
   */
  nonzero<S extends Shape>(this: Tensor<S>, options?: { out?: Tensor }): Tensor<Positions<S>, 'int64'>
  /**
   * As `nonzero`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.argwhere.html
   */
  argwhere<S extends Shape>(this: Tensor<S>): Tensor<Positions<S>, 'int64'>
}
