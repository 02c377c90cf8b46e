/**
 * The methods of `Tensor` whose types know shapes and dtypes. `Tensor` merges this interface; the bodies are operators.
 * Shape-dependent methods take `this: Tensor<S, D>`, so that `Tensor<S, D>` stays covariant in both.
 */
import type { Broadcast, BroadcastInto, Matmul } from '../core/broadcast-types'
import type { DType } from '../core/dtype'
import type { CastCheck, FloatDType, OneDType, RealDType, ResultDType, Scalar, ScalarDType } from '../core/dtype-types'
import type { ProductOf } from '../core/product-types'
import type {
  AxisCheck,
  Check,
  Flattened,
  IsAny,
  Permuted,
  Same,
  Shape,
  ShapeError,
  SizeAt,
  Squeezed,
  T2,
  Transposed,
  Unsqueezed,
} from '../core/shape-types'
import type { Viewed } from '../core/view-types'
import type { Tensor } from './tensor'
import type { TypedAlgebra } from './typed-algebra'
import type { TypedConversions } from './typed-conversions'
import type { TypedInPlace } from './typed-in-place'
import type { TypedMixed } from './typed-mixed'
import type { TypedOrdering } from './typed-ordering'
import type { TypedPicking } from './typed-picking'
import type { TypedReductions } from './typed-reductions'
import type { OneArray, TypedCopies, TypedPlaces, TypedProperties } from './typed-shaping'
import type { TypedStatistics } from './typed-statistics'

export type { CreationFunctions, CreationOptions, ShapeOfData } from './typed-creation'
export type { TypedFunctions } from './typed-functions'

/** A rule's answer as a tensor; where the shapes did not fit the argument was refused already. */
// `infer`, since a tuple of type parameters is not known to be a Shape, but is inferred as one.
export type Result<R, D extends DType> = R extends infer S extends Shape ? Tensor<S, D> : Tensor<any, D>

/** The other side of an elementwise operator. */
export type Operand = Tensor | Scalar
/** Refuses a tensor that does not broadcast. */
export type OperandCheck<What extends string, S extends Shape, O> =
  O extends Tensor<infer T, DType> ? (Same<S, T> extends true ? unknown : Check<Broadcast<What, S, T>>) : unknown
export type OperandDType<S extends Shape, D extends DType, O> =
  O extends Tensor<infer T, infer E> ? ResultDType<S, D, T, E> : ScalarDType<D, O>
/** A result in the shape of both sides; where that is one shape, even one that is not known yet, it is that. */
export type Combined<What extends string, S extends Shape, O, E extends DType> =
  O extends Tensor<infer T, DType>
    ? Same<S, T> extends true
      ? Tensor<S, E>
      : Result<Broadcast<What, S, T>, E>
    : Tensor<S, E>
/** Refuses, in place, a tensor that would change the shape, and a dtype that would not survive. */
export type InPlaceCheck<What extends string, S extends Shape, D extends DType, O> =
  O extends Tensor<infer T, infer E>
    ? Check<BroadcastInto<What, S, T>> & CastCheck<What, D, ResultDType<S, D, T, E>>
    : CastCheck<What, D, ScalarDType<D, O>>
export type Elementwise<What extends string, S extends Shape, D extends DType, O> = Combined<
  What,
  S,
  O,
  OperandDType<S, D, O>
>
export type Comparison<What extends string, S extends Shape, O> = Combined<What, S, O, 'bool'>
export type Divided<S extends Shape, D extends DType, O, R> = Combined<
  'div',
  S,
  O,
  R extends string ? OperandDType<S, D, O> : FloatDType<OperandDType<S, D, O>>
>
/** Of two dtypes that must be one, the known one. */
export type Known<D, E> = IsAny<D> extends true ? E : D

/** A dimension, a list of dimensions, or none for all. */
export type Axes = number | readonly number[] | null | undefined
/** A tensor that takes the result, and is given back. */
export interface OutOption {
  out?: Tensor
}
export interface Alpha extends OutOption {
  alpha?: number | bigint
}
export type Rounding = 'trunc' | 'floor' | null | undefined
export interface ReduceOptions<I, K, E> {
  dim?: I
  keepdim?: K
  dtype?: E
}
export interface DimOptions<I, K> {
  dim?: I
  keepdim?: K
}
export interface SoftmaxOptions<I, E> {
  dim: I
  dtype?: E
}
/** Changes of shape; `view` and its like share memory with their tensor. */
export interface TypedViews<S extends Shape, D extends DType> {
  /** The shape, or one size of it, which remembers its dimension where it is not known. `torch.Tensor.size` */
  size(): S
  size<S extends Shape, const I extends number>(this: Tensor<S>, dim: I & AxisCheck<'size', S, I>): SizeAt<S, I>

  /** The same elements in another shape, sharing memory; one size may be -1. `torch.Tensor.view` */
  view<S extends Shape, D extends DType, const V extends Shape>(
    this: Tensor<S, D>,
    size: V & Check<Viewed<S, V>>,
  ): Result<Viewed<S, V>, D>
  view<E extends DType>(dtype: E): Tensor<any, E>
  view(size: ShapeError<OneArray<'view'>>, second: number, ...more: readonly number[]): never

  /** The same elements in another shape; copies where memory does not allow a view. `torch.reshape` */
  reshape<S extends Shape, D extends DType, const V extends Shape>(
    this: Tensor<S, D>,
    shape: V & Check<Viewed<S, V>>,
  ): Result<Viewed<S, V>, D>
  reshape(shape: ShapeError<OneArray<'reshape'>>, second: number, ...more: readonly number[]): never

  /** Dimensions `startDim` (0) to `endDim` (-1) merged into one. `torch.flatten` */
  flatten<S extends Shape, D extends DType, const A extends number = 0, const B extends number = -1>(
    this: Tensor<S, D> & Check<Flattened<S, A, B>>,
    startDim?: A | { startDim?: A; endDim?: B },
    endDim?: B | { endDim?: B },
  ): Result<Flattened<S, A, B>, D>

  /** A dimension of size 1 inserted before `dim`. `torch.unsqueeze` */
  unsqueeze<S extends Shape, D extends DType, const I extends number>(
    this: Tensor<S, D>,
    dim: I & Check<Unsqueezed<S, I>>,
  ): Result<Unsqueezed<S, I>, D>

  /** All dimensions of size 1 removed, or `dim` if it has size 1. `torch.squeeze` */
  squeeze<S extends Shape, D extends DType, const I extends number | undefined = undefined>(
    this: Tensor<S, D>,
    dim?: I & Check<Squeezed<S, I>>,
  ): Result<Squeezed<S, I>, D>

  /** Two dimensions exchanged. `torch.transpose` */
  transpose<S extends Shape, D extends DType, const I extends number, const J extends number>(
    this: Tensor<S, D>,
    dim0: I,
    dim1: J & Check<Transposed<S, I, J>>,
  ): Result<Transposed<S, I, J>, D>

  /** The transpose of a matrix. `torch.t` */
  t<S extends Shape, D extends DType>(this: Tensor<S, D> & Check<T2<S>>): Result<T2<S>, D>

  /** The dimensions in another order. `torch.permute` */
  permute<S extends Shape, D extends DType, const P extends Shape>(
    this: Tensor<S, D>,
    dims: P & Check<Permuted<S, P>>,
  ): Result<Permuted<S, P>, D>
  permute(dims: ShapeError<OneArray<'permute'>>, second: number, ...more: readonly number[]): never

  /** The same tensor, detached from the graph; shares memory. `torch.Tensor.detach` */
  detach(): Tensor<S, D>
  /** The same tensor, now detached. `torch.Tensor.detach_` */
  detach_(): Tensor<S, D>
  /** A copy that gradients flow through. `torch.clone` */
  clone(options?: { memoryFormat?: string }): Tensor<S, D>
  /** The tensor, contiguous in memory; a copy only where it is not. `torch.Tensor.contiguous` */
  contiguous(options?: { memoryFormat?: string }): Tensor<S, D>
}

/** Element by element. Integers become float32 where the result is no integer. */
export interface TypedElementwise<S extends Shape, D extends DType> {
  /** e to the power of each element. `torch.exp` */
  exp<S extends Shape, D extends DType>(this: Tensor<S, D>, options?: OutOption): Tensor<S, FloatDType<D>>
  /** The natural logarithm. `torch.log` */
  log<S extends Shape, D extends DType>(this: Tensor<S, D>, options?: OutOption): Tensor<S, FloatDType<D>>
  /** The square root. `torch.sqrt` */
  sqrt<S extends Shape, D extends DType>(this: Tensor<S, D>, options?: OutOption): Tensor<S, FloatDType<D>>
  /** 1 over the square root. `torch.rsqrt` */
  rsqrt<S extends Shape, D extends DType>(this: Tensor<S, D>, options?: OutOption): Tensor<S, FloatDType<D>>
  /** 1 over each element. `torch.reciprocal` */
  reciprocal<S extends Shape, D extends DType>(this: Tensor<S, D>, options?: OutOption): Tensor<S, FloatDType<D>>
  /** The sine. `torch.sin` */
  sin<S extends Shape, D extends DType>(this: Tensor<S, D>, options?: OutOption): Tensor<S, FloatDType<D>>
  /** The cosine. `torch.cos` */
  cos<S extends Shape, D extends DType>(this: Tensor<S, D>, options?: OutOption): Tensor<S, FloatDType<D>>
  /** 1 / (1 + exp(-x)). `torch.sigmoid` */
  sigmoid<S extends Shape, D extends DType>(this: Tensor<S, D>, options?: OutOption): Tensor<S, FloatDType<D>>
  /** The hyperbolic tangent. `torch.tanh` */
  tanh<S extends Shape, D extends DType>(this: Tensor<S, D>, options?: OutOption): Tensor<S, FloatDType<D>>
  /** The absolute value. `torch.abs` */
  abs<S extends Shape, D extends DType>(this: Tensor<S, D>, options?: OutOption): Tensor<S, RealDType<D>>
  /** The negative. `torch.neg` */
  neg(options?: OutOption): Tensor<S, D>
  /** The square. `torch.square` */
  square<S extends Shape, D extends DType>(
    this: Tensor<S, D>,
    options?: OutOption,
  ): Tensor<S, D extends 'bool' ? 'int64' : D>
  /** max(x, 0). `torch.relu` */
  relu(options?: OutOption): Tensor<S, D>

  /** exp(x) over its sum along `dim`. `torch.softmax` */
  softmax<S extends Shape, D extends DType, const I extends number, const E extends DType = D>(
    this: Tensor<S, D> & AxisCheck<'softmax', S, I>,
    dim: I | SoftmaxOptions<I, E>,
    dtype?: E | { dtype?: E },
  ): Tensor<S, NoInfer<E>>
  /** The logarithm of the softmax along `dim`. `torch.log_softmax` */
  logSoftmax<S extends Shape, D extends DType, const I extends number, const E extends DType = D>(
    this: Tensor<S, D> & AxisCheck<'logSoftmax', S, I>,
    dim: I | SoftmaxOptions<I, E>,
    dtype?: E | { dtype?: E },
  ): Tensor<S, NoInfer<E>>

  /** this + alpha * other, broadcast. `torch.add` */
  add<S extends Shape, D extends DType, const O extends Operand>(
    this: Tensor<S, D>,
    other: O & OperandCheck<'add', S, O>,
    options?: Alpha,
  ): Elementwise<'add', S, D, O>
  /** this - alpha * other, broadcast. `torch.sub` */
  sub<S extends Shape, D extends DType, const O extends Operand>(
    this: Tensor<S, D>,
    other: O & OperandCheck<'sub', S, O>,
    options?: Alpha,
  ): Elementwise<'sub', S, D, O>
  /** this * other, broadcast. `torch.mul` */
  mul<S extends Shape, D extends DType, const O extends Operand>(
    this: Tensor<S, D>,
    other: O & OperandCheck<'mul', S, O>,
    options?: OutOption,
  ): Elementwise<'mul', S, D, O>
  /** this / other, broadcast; true division unless `roundingMode` is given. `torch.div` */
  div<S extends Shape, D extends DType, const O extends Operand, const R extends Rounding = undefined>(
    this: Tensor<S, D>,
    other: O & OperandCheck<'div', S, O>,
    options?: OutOption & { roundingMode?: R },
  ): Divided<S, D, O, R>
  /** this to the power of the exponent, broadcast. `torch.pow` */
  pow<S extends Shape, D extends DType, const O extends Operand>(
    this: Tensor<S, D>,
    exponent: O & OperandCheck<'pow', S, O>,
    options?: OutOption,
  ): Elementwise<'pow', S, D, O>

  /** Whether equal. `torch.eq` */
  eq<S extends Shape, const O extends Operand>(
    this: Tensor<S>,
    other: O & OperandCheck<'eq', S, O>,
    options?: OutOption,
  ): Comparison<'eq', S, O>
  /** Whether not equal. `torch.ne` */
  ne<S extends Shape, const O extends Operand>(
    this: Tensor<S>,
    other: O & OperandCheck<'ne', S, O>,
    options?: OutOption,
  ): Comparison<'ne', S, O>
  /** Whether less. `torch.lt` */
  lt<S extends Shape, const O extends Operand>(
    this: Tensor<S>,
    other: O & OperandCheck<'lt', S, O>,
    options?: OutOption,
  ): Comparison<'lt', S, O>
  /** Whether less or equal. `torch.le` */
  le<S extends Shape, const O extends Operand>(
    this: Tensor<S>,
    other: O & OperandCheck<'le', S, O>,
    options?: OutOption,
  ): Comparison<'le', S, O>
  /** Whether greater. `torch.gt` */
  gt<S extends Shape, const O extends Operand>(
    this: Tensor<S>,
    other: O & OperandCheck<'gt', S, O>,
    options?: OutOption,
  ): Comparison<'gt', S, O>
  /** Whether greater or equal. `torch.ge` */
  ge<S extends Shape, const O extends Operand>(
    this: Tensor<S>,
    other: O & OperandCheck<'ge', S, O>,
    options?: OutOption,
  ): Comparison<'ge', S, O>
}

/** Matrix products. */
export interface TypedProducts {
  /** The matrix product, batched and broadcast as Python's `@`. `torch.matmul` */
  matmul<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    other: Tensor<T, E> & Check<Matmul<S, T>> & OneDType<'matmul', D, E>,
    options?: OutOption,
  ): Result<Matmul<S, T>, Known<D, E>>
  /** [N, K] by [K, M]. `torch.mm` */
  mm<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    mat2: Tensor<T, E> & Check<ProductOf<'mm', S, T, 2, 2>> & OneDType<'mm', D, E>,
    options?: OutOption,
  ): Result<ProductOf<'mm', S, T, 2, 2>, Known<D, E>>
  /** [B, N, K] by [B, K, M]. `torch.bmm` */
  bmm<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    mat2: Tensor<T, E> & Check<ProductOf<'bmm', S, T, 3, 3>> & OneDType<'bmm', D, E>,
    options?: OutOption,
  ): Result<ProductOf<'bmm', S, T, 3, 3>, Known<D, E>>
}

/** Every method of `Tensor` whose type knows shapes. */
export interface TypedMethods<S extends Shape, D extends DType>
  extends TypedViews<S, D>,
    TypedConversions<S, D>,
    TypedElementwise<S, D>,
    TypedProducts,
    TypedAlgebra,
    TypedOrdering<S, D>,
    TypedStatistics,
    TypedReductions,
    TypedMixed,
    TypedProperties<S, D>,
    TypedPlaces,
    TypedCopies,
    TypedPicking<D>,
    TypedInPlace<S, D> {}
