/** The methods of `Tensor` that reduce, with types that know shapes. */
import type { Broadcast } from '../core/broadcast-types'
import type { DType } from '../core/dtype'
import type { ResultDType, SumDType } from '../core/dtype-types'
import type { FloatingCheck } from '../core/order-types'
import type { Check, Reduced, Shape } from '../core/shape-types'
import type { Tensor } from './tensor'
import type { Axes, DimOptions, ReduceOptions, Result } from './typed'

/** Over one dimension, a list of them, or all. */
export interface TypedReductions {
  /** The sum; of integers and bool in int64. `torch.sum` */
  sum<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = SumDType<D>,
  >(
    this: Tensor<S, D> & Check<Reduced<'sum', S, I, K>>,
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
    this: Tensor<S, D> & Check<Reduced<'sum', S, I, K>>,
    options: ReduceOptions<I, K, E>,
  ): Result<Reduced<'sum', S, I, K>, NoInfer<E>>
  sum<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = SumDType<D>,
  >(
    this: Tensor<S, D> & Check<Reduced<'sum', S, I, K>>,
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
    this: Tensor<S, D> & Check<Reduced<'mean', S, I, K>> & FloatingCheck<'mean', E>,
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
    this: Tensor<S, D> & Check<Reduced<'mean', S, I, K>> & FloatingCheck<'mean', E>,
    options: ReduceOptions<I, K, E>,
  ): Result<Reduced<'mean', S, I, K>, NoInfer<E>>
  mean<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = D,
  >(
    this: Tensor<S, D> & Check<Reduced<'mean', S, I, K>> & FloatingCheck<'mean', E>,
    dim: I,
    options: { keepdim?: K; dtype?: E },
  ): Result<Reduced<'mean', S, I, K>, NoInfer<E>>
  /** The index of the largest element, int64. `torch.argmax` */
  argmax<S extends Shape, const I extends number | null | undefined = undefined, const K extends boolean = false>(
    this: Tensor<S> & Check<Reduced<'argmax', S, I, K>>,
    dim?: I | DimOptions<I, K>,
    keepdim?: K | { keepdim?: K },
  ): Result<Reduced<'argmax', S, I, K>, 'int64'>
  /** The index of the smallest element, int64. `torch.argmin` */
  argmin<S extends Shape, const I extends number | null | undefined = undefined, const K extends boolean = false>(
    this: Tensor<S> & Check<Reduced<'argmin', S, I, K>>,
    dim?: I | DimOptions<I, K>,
    keepdim?: K | { keepdim?: K },
  ): Result<Reduced<'argmin', S, I, K>, 'int64'>

  /** The largest element; along `dim` a tuple [values, indices]; with a tensor the larger of each pair. `torch.max` */
  max<D extends DType>(this: Tensor<any, D>): Tensor<[], D>
  max<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    other: Tensor<T, E> & Check<Broadcast<'max', S, T>>,
  ): Result<Broadcast<'max', S, T>, ResultDType<S, D, T, E>>
  max<S extends Shape, D extends DType, const I extends number, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'max', S, I, K>>,
    dim: I | { dim: I; keepdim?: K },
    keepdim?: K | { keepdim?: K },
  ): [values: Result<Reduced<'max', S, I, K>, D>, indices: Result<Reduced<'max', S, I, K>, 'int64'>]
  /** The smallest element; along `dim` a tuple [values, indices]; with a tensor the smaller of each pair. `torch.min` */
  min<D extends DType>(this: Tensor<any, D>): Tensor<[], D>
  min<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    this: Tensor<S, D>,
    other: Tensor<T, E> & Check<Broadcast<'min', S, T>>,
  ): Result<Broadcast<'min', S, T>, ResultDType<S, D, T, E>>
  min<S extends Shape, D extends DType, const I extends number, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'min', S, I, K>>,
    dim: I | { dim: I; keepdim?: K },
    keepdim?: K | { keepdim?: K },
  ): [values: Result<Reduced<'min', S, I, K>, D>, indices: Result<Reduced<'min', S, I, K>, 'int64'>]
}
