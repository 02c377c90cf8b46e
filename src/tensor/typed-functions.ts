/** The functions of `torch` whose types know shapes: the methods of `Tensor`, with the tensor as first argument. */
import type { Broadcast, Matmul, RankedMatmul } from '../core/broadcast-types'
import type { DType } from '../core/dtype'
import type { FloatDType, OneDType, RealDType, ResultDType, SumDType } from '../core/dtype-types'
import type {
  AxisCheck,
  Check,
  Flattened,
  Permuted,
  Reduced,
  Shape,
  Squeezed,
  T2,
  Transposed,
  Unsqueezed,
} from '../core/shape-types'
import type { Viewed } from '../core/view-types'
import type { Tensor } from './tensor'
import type {
  Alpha,
  Axes,
  Comparison,
  DimOptions,
  Divided,
  Elementwise,
  Known,
  Operand,
  OperandCheck,
  OutOption,
  ReduceOptions,
  Result,
  Rounding,
  SoftmaxOptions,
} from './typed'

/** Of one tensor, element by element, floating. */
type ToFloat = <S extends Shape, D extends DType>(input: Tensor<S, D>, options?: OutOption) => Tensor<S, FloatDType<D>>
/** Of one tensor, element by element, in its own dtype. */
type ToSame = <S extends Shape, D extends DType>(input: Tensor<S, D>, options?: OutOption) => Tensor<S, D>
/** Along one dimension, floating. */
type AlongDim<What extends string> = <
  S extends Shape,
  D extends DType,
  const I extends number,
  const E extends DType = D,
>(
  input: Tensor<S, D> & AxisCheck<What, S, I>,
  dim: I | SoftmaxOptions<I, E>,
  dtype?: E | { dtype?: E },
) => Tensor<S, NoInfer<E>>
/** Of two sides, broadcast. */
type Binary<What extends string> = <S extends Shape, D extends DType, const O extends Operand>(
  input: Tensor<S, D>,
  other: O & OperandCheck<What, S, O>,
  options?: What extends 'add' | 'sub' ? Alpha : OutOption,
) => Elementwise<What, S, D, O>
/** Whether, of two sides, broadcast. */
type Compare<What extends string> = <S extends Shape, const O extends Operand>(
  input: Tensor<S>,
  other: O & OperandCheck<What, S, O>,
  options?: OutOption,
) => Comparison<What, S, O>
/** The index of an extreme element. */
type ArgExtreme<What extends string> = <
  S extends Shape,
  const I extends number | null | undefined = undefined,
  const K extends boolean = false,
>(
  input: Tensor<S> & Check<Reduced<What, S, I, K>>,
  dim?: I | DimOptions<I, K>,
  keepdim?: K | { keepdim?: K },
) => Result<Reduced<What, S, I, K>, 'int64'>
/** An extreme element, or along a dimension a tuple of them and their indices, or of each pair. */
interface Extreme<What extends string> {
  <D extends DType>(input: Tensor<any, D>): Tensor<[], D>
  <S extends Shape, D extends DType, T extends Shape, E extends DType>(
    input: Tensor<S, D>,
    other: Tensor<T, E> & Check<Broadcast<What, S, T>>,
  ): Result<Broadcast<What, S, T>, ResultDType<S, D, T, E>>
  <S extends Shape, D extends DType, const I extends number, const K extends boolean = false>(
    input: Tensor<S, D> & Check<Reduced<What, S, I, K>>,
    dim: I | { dim: I; keepdim?: K },
    keepdim?: K | { keepdim?: K },
  ): [values: Result<Reduced<What, S, I, K>, D>, indices: Result<Reduced<What, S, I, K>, 'int64'>]
}

/** Functions of `torch`, next to the generated ones. */
export interface TypedFunctions {
  /** e to the power of each element. `torch.exp` */
  exp: ToFloat
  /** The natural logarithm. `torch.log` */
  log: ToFloat
  /** The square root. `torch.sqrt` */
  sqrt: ToFloat
  /** 1 over the square root. `torch.rsqrt` */
  rsqrt: ToFloat
  /** 1 over each element. `torch.reciprocal` */
  reciprocal: ToFloat
  /** The sine. `torch.sin` */
  sin: ToFloat
  /** The cosine. `torch.cos` */
  cos: ToFloat
  /** 1 / (1 + exp(-x)). `torch.sigmoid` */
  sigmoid: ToFloat
  /** The hyperbolic tangent. `torch.tanh` */
  tanh: ToFloat
  /** The absolute value. `torch.abs` */
  abs: <S extends Shape, D extends DType>(input: Tensor<S, D>, options?: OutOption) => Tensor<S, RealDType<D>>
  /** The negative. `torch.neg` */
  neg: ToSame
  /** max(x, 0). `torch.relu` */
  relu: ToSame
  /** exp(x) over its sum along `dim`. `torch.softmax` */
  softmax: AlongDim<'softmax'>
  /** The logarithm of the softmax along `dim`. `torch.log_softmax` */
  logSoftmax: AlongDim<'logSoftmax'>

  /** input + alpha * other, broadcast. `torch.add` */
  add: Binary<'add'>
  /** input - alpha * other, broadcast. `torch.sub` */
  sub: Binary<'sub'>
  /** input * other, broadcast. `torch.mul` */
  mul: Binary<'mul'>
  /** input / other, broadcast; true division unless `roundingMode` is given. `torch.div` */
  div: <S extends Shape, D extends DType, const O extends Operand, const R extends Rounding = undefined>(
    input: Tensor<S, D>,
    other: O & OperandCheck<'div', S, O>,
    options?: OutOption & { roundingMode?: R },
  ) => Divided<S, D, O, R>
  /** input to the power of the exponent, broadcast. `torch.pow` */
  pow: Binary<'pow'>
  /** Whether equal. `torch.eq` */
  eq: Compare<'eq'>
  /** Whether not equal. `torch.ne` */
  ne: Compare<'ne'>
  /** Whether less. `torch.lt` */
  lt: Compare<'lt'>
  /** Whether less or equal. `torch.le` */
  le: Compare<'le'>
  /** Whether greater. `torch.gt` */
  gt: Compare<'gt'>
  /** Whether greater or equal. `torch.ge` */
  ge: Compare<'ge'>

  /** The matrix product, batched and broadcast as Python's `@`. `torch.matmul` */
  matmul<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    input: Tensor<S, D>,
    other: Tensor<T, E> & Check<Matmul<S, T>> & OneDType<'matmul', D, E>,
    options?: OutOption,
  ): Result<Matmul<S, T>, Known<D, E>>
  /** [N, K] by [K, M]. `torch.mm` */
  mm<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    input: Tensor<S, D>,
    mat2: Tensor<T, E> & Check<RankedMatmul<'mm', S, T, 2>> & OneDType<'mm', D, E>,
    options?: OutOption,
  ): Result<RankedMatmul<'mm', S, T, 2>, Known<D, E>>
  /** [B, N, K] by [B, K, M]. `torch.bmm` */
  bmm<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    input: Tensor<S, D>,
    mat2: Tensor<T, E> & Check<RankedMatmul<'bmm', S, T, 3>> & OneDType<'bmm', D, E>,
    options?: OutOption,
  ): Result<RankedMatmul<'bmm', S, T, 3>, Known<D, E>>

  /** The same elements in another shape; copies where memory does not allow a view. `torch.reshape` */
  reshape<S extends Shape, D extends DType, const V extends Shape>(
    input: Tensor<S, D>,
    shape: V & Check<Viewed<S, V>>,
  ): Result<Viewed<S, V>, D>
  /** Dimensions `startDim` (0) to `endDim` (-1) merged into one. `torch.flatten` */
  flatten<S extends Shape, D extends DType, const A extends number = 0, const B extends number = -1>(
    input: Tensor<S, D> & Check<Flattened<S, A, B>>,
    startDim?: A | { startDim?: A; endDim?: B },
    endDim?: B | { endDim?: B },
  ): Result<Flattened<S, A, B>, D>
  /** A dimension of size 1 inserted before `dim`. `torch.unsqueeze` */
  unsqueeze<S extends Shape, D extends DType, const I extends number>(
    input: Tensor<S, D>,
    dim: I & Check<Unsqueezed<S, I>>,
  ): Result<Unsqueezed<S, I>, D>
  /** All dimensions of size 1 removed, or `dim` if it has size 1. `torch.squeeze` */
  squeeze<S extends Shape, D extends DType, const I extends number | undefined = undefined>(
    input: Tensor<S, D>,
    dim?: I & Check<Squeezed<S, I>>,
  ): Result<Squeezed<S, I>, D>
  /** Two dimensions exchanged. `torch.transpose` */
  transpose<S extends Shape, D extends DType, const I extends number, const J extends number>(
    input: Tensor<S, D>,
    dim0: I,
    dim1: J & Check<Transposed<S, I, J>>,
  ): Result<Transposed<S, I, J>, D>
  /** The transpose of a matrix. `torch.t` */
  t<S extends Shape, D extends DType>(input: Tensor<S, D> & Check<T2<S>>): Result<T2<S>, D>
  /** The dimensions in another order. `torch.permute` */
  permute<S extends Shape, D extends DType, const P extends Shape>(
    input: Tensor<S, D>,
    dims: P & Check<Permuted<S, P>>,
  ): Result<Permuted<S, P>, D>

  /** The sum; of integers and bool in int64. `torch.sum` */
  sum<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = SumDType<D>,
  >(
    input: Tensor<S, D> & Check<Reduced<'sum', S, I, K>>,
    dim?: I,
    keepdim?: K,
    options?: { dtype?: E },
  ): Result<Reduced<'sum', S, I, K>, NoInfer<E>>
  sum<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = SumDType<D>,
  >(
    input: Tensor<S, D> & Check<Reduced<'sum', S, I, K>>,
    options: ReduceOptions<I, K, E>,
  ): Result<Reduced<'sum', S, I, K>, NoInfer<E>>
  sum<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = SumDType<D>,
  >(
    input: Tensor<S, D> & Check<Reduced<'sum', S, I, K>>,
    dim: I,
    options: { keepdim?: K; dtype?: E },
  ): Result<Reduced<'sum', S, I, K>, NoInfer<E>>
  /** The mean, of floating or complex tensors. `torch.mean` */
  mean<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = D,
  >(
    input: Tensor<S, D> & Check<Reduced<'mean', S, I, K>>,
    dim?: I,
    keepdim?: K,
    options?: { dtype?: E },
  ): Result<Reduced<'mean', S, I, K>, NoInfer<E>>
  mean<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = D,
  >(
    input: Tensor<S, D> & Check<Reduced<'mean', S, I, K>>,
    options: ReduceOptions<I, K, E>,
  ): Result<Reduced<'mean', S, I, K>, NoInfer<E>>
  mean<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = D,
  >(
    input: Tensor<S, D> & Check<Reduced<'mean', S, I, K>>,
    dim: I,
    options: { keepdim?: K; dtype?: E },
  ): Result<Reduced<'mean', S, I, K>, NoInfer<E>>
  /** The index of the largest element, int64. `torch.argmax` */
  argmax: ArgExtreme<'argmax'>
  /** The index of the smallest element, int64. `torch.argmin` */
  argmin: ArgExtreme<'argmin'>
  /** The largest element; along `dim` a tuple [values, indices]; of two tensors the larger of each pair. `torch.max` */
  max: Extreme<'max'>
  /** The smallest element; along `dim` a tuple [values, indices]; of two tensors the smaller of each pair. `torch.min` */
  min: Extreme<'min'>
}
