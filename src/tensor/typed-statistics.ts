/** The methods of `Tensor` of sums, extremes and statistics, with types that know shapes. */
import type { DType } from '../core/dtype'
import type { FloatDType, Promote, RealDType, Scalar, SumDType } from '../core/dtype-types'
import type { Differences, FloatingCheck } from '../core/order-types'
import type { Check, IsAny, Reduced, Shape } from '../core/shape-types'
import type { Tensor } from './tensor'
import type { Axes, DimOptions, OutOption, Result } from './typed'

export type BoolDType<D> = IsAny<D> extends true ? any : D extends 'uint8' ? 'uint8' : 'bool'
export interface DeviationRest<K> {
  correction?: number | null
  keepdim?: K
  out?: Tensor
}
export interface DeviationOptions<I, K> extends DeviationRest<K> {
  dim?: I
}
export interface NormOptions<I, K, E> extends DimOptions<I, K> {
  p?: Scalar | null
  dtype?: E
}

export interface TypedStatistics {
  /**
   * The product of all elements, or along `dim`; of integers and bool in int64.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.prod.html
   */
  prod<
    S extends Shape,
    D extends DType,
    const I extends number | null | undefined = undefined,
    const K extends boolean = false,
    const E extends DType = SumDType<D>,
  >(
    this: Tensor<S, D> & Check<Reduced<'prod', S, I, K>>,
    dim?: I,
    keepdim?: K,
    options?: { dtype?: E; out?: Tensor },
  ): Result<Reduced<'prod', S, I, K>, NoInfer<E>>
  prod<
    S extends Shape,
    D extends DType,
    const I extends number | null | undefined = undefined,
    const K extends boolean = false,
    const E extends DType = SumDType<D>,
  >(
    this: Tensor<S, D> & Check<Reduced<'prod', S, I, K>>,
    options: DimOptions<I, K> & { out?: Tensor; dtype?: E },
  ): Result<Reduced<'prod', S, I, K>, NoInfer<E>>
  prod<
    S extends Shape,
    D extends DType,
    const I extends number | null | undefined = undefined,
    const K extends boolean = false,
    const E extends DType = SumDType<D>,
  >(
    this: Tensor<S, D> & Check<Reduced<'prod', S, I, K>>,
    dim: I,
    options: { keepdim?: K; dtype?: E; out?: Tensor },
  ): Result<Reduced<'prod', S, I, K>, NoInfer<E>>
  /**
   * The sum with NaN as 0; of integers and bool in int64.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.nansum.html
   */
  nansum<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = SumDType<D>,
  >(
    this: Tensor<S, D> & Check<Reduced<'nansum', S, I, K>>,
    dim?: I,
    keepdim?: K,
    options?: { dtype?: E; out?: Tensor },
  ): Result<Reduced<'nansum', S, I, K>, NoInfer<E>>
  nansum<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = SumDType<D>,
  >(
    this: Tensor<S, D> & Check<Reduced<'nansum', S, I, K>>,
    options: DimOptions<I, K> & { out?: Tensor; dtype?: E },
  ): Result<Reduced<'nansum', S, I, K>, NoInfer<E>>
  nansum<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = SumDType<D>,
  >(
    this: Tensor<S, D> & Check<Reduced<'nansum', S, I, K>>,
    dim: I,
    options: { keepdim?: K; dtype?: E; out?: Tensor },
  ): Result<Reduced<'nansum', S, I, K>, NoInfer<E>>
  /**
   * The mean of what is not NaN, of floating tensors.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.nanmean.html
   */
  nanmean<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = D,
  >(
    this: Tensor<S, D> & Check<Reduced<'nanmean', S, I, K>> & FloatingCheck<'nanmean', E>,
    dim?: I,
    keepdim?: K,
    options?: { dtype?: E; out?: Tensor },
  ): Result<Reduced<'nanmean', S, I, K>, NoInfer<E>>
  nanmean<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = D,
  >(
    this: Tensor<S, D> & Check<Reduced<'nanmean', S, I, K>> & FloatingCheck<'nanmean', E>,
    options: DimOptions<I, K> & { out?: Tensor; dtype?: E },
  ): Result<Reduced<'nanmean', S, I, K>, NoInfer<E>>
  nanmean<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = D,
  >(
    this: Tensor<S, D> & Check<Reduced<'nanmean', S, I, K>> & FloatingCheck<'nanmean', E>,
    dim: I,
    options: { keepdim?: K; dtype?: E; out?: Tensor },
  ): Result<Reduced<'nanmean', S, I, K>, NoInfer<E>>
  /**
   * The largest element of all, or along dimensions.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.amax.html
   */
  amax<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'amax', S, I, K>>,
    dim?: I,
    keepdim?: K,
    options?: OutOption,
  ): Result<Reduced<'amax', S, I, K>, D>
  amax<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'amax', S, I, K>>,
    options: DimOptions<I, K> & { out?: Tensor },
  ): Result<Reduced<'amax', S, I, K>, D>
  amax<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'amax', S, I, K>>,
    dim: I,
    options: { keepdim?: K; out?: Tensor },
  ): Result<Reduced<'amax', S, I, K>, D>
  /**
   * The smallest element of all, or along dimensions.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.amin.html
   */
  amin<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'amin', S, I, K>>,
    dim?: I,
    keepdim?: K,
    options?: OutOption,
  ): Result<Reduced<'amin', S, I, K>, D>
  amin<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'amin', S, I, K>>,
    options: DimOptions<I, K> & { out?: Tensor },
  ): Result<Reduced<'amin', S, I, K>, D>
  amin<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'amin', S, I, K>>,
    dim: I,
    options: { keepdim?: K; out?: Tensor },
  ): Result<Reduced<'amin', S, I, K>, D>
  /**
   * Whether all elements are true (not 0); uint8 stays uint8.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.all.html
   */
  all<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'all', S, I, K>>,
    dim?: I,
    keepdim?: K,
    options?: OutOption,
  ): Result<Reduced<'all', S, I, K>, BoolDType<D>>
  all<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'all', S, I, K>>,
    options: DimOptions<I, K> & { out?: Tensor },
  ): Result<Reduced<'all', S, I, K>, BoolDType<D>>
  all<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'all', S, I, K>>,
    dim: I,
    options: { keepdim?: K; out?: Tensor },
  ): Result<Reduced<'all', S, I, K>, BoolDType<D>>
  /**
   * Whether any element is true (not 0); uint8 stays uint8.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.any.html
   */
  any<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'any', S, I, K>>,
    dim?: I,
    keepdim?: K,
    options?: OutOption,
  ): Result<Reduced<'any', S, I, K>, BoolDType<D>>
  any<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'any', S, I, K>>,
    options: DimOptions<I, K> & { out?: Tensor },
  ): Result<Reduced<'any', S, I, K>, BoolDType<D>>
  any<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'any', S, I, K>>,
    dim: I,
    options: { keepdim?: K; out?: Tensor },
  ): Result<Reduced<'any', S, I, K>, BoolDType<D>>
  /**
   * How many elements are not 0: int64.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.count_nonzero.html
   */
  countNonzero<S extends Shape, const I extends Axes = undefined>(
    this: Tensor<S> & Check<Reduced<'countNonzero', S, I, false>>,
    dim?: I | { dim?: I },
  ): Result<Reduced<'countNonzero', S, I, false>, 'int64'>
  /**
   * The logarithm of the sum of exponentials along dimensions.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.logsumexp.html
   */
  logsumexp<
    S extends Shape,
    D extends DType,
    const I extends number | readonly number[],
    const K extends boolean = false,
  >(
    this: Tensor<S, D> & Check<Reduced<'logsumexp', S, I, K>>,
    dim: I,
    keepdim?: K | { keepdim?: K; out?: Tensor },
    options?: OutOption,
  ): Result<Reduced<'logsumexp', S, I, K>, FloatDType<D>>
  /**
   * The standard deviation of all elements, or along dimensions; divided by N - `correction` (1). A boolean instead of dimensions, or
   * behind them, is `unbiased`: correction 1 or 0.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.std.html
   */
  std<D extends DType>(this: Tensor<any, D> & FloatingCheck<'std', D>, unbiased: boolean): Tensor<[], RealDType<D>>
  std<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'std', S, I, K>> & FloatingCheck<'std', D>,
    dim?: I | DeviationOptions<I, K>,
    options?: DeviationRest<K>,
  ): Result<Reduced<'std', S, I, K>, RealDType<D>>
  std<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'std', S, I, K>> & FloatingCheck<'std', D>,
    dim: I,
    unbiased: boolean,
    keepdim?: K | { keepdim?: K; out?: Tensor },
    options?: OutOption,
  ): Result<Reduced<'std', S, I, K>, RealDType<D>>
  /**
   * The variance of all elements, or along dimensions; divided by N - `correction` (1). A boolean instead of dimensions, or
   * behind them, is `unbiased`: correction 1 or 0.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.var.html
   */
  var<D extends DType>(this: Tensor<any, D> & FloatingCheck<'var', D>, unbiased: boolean): Tensor<[], RealDType<D>>
  var<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'var', S, I, K>> & FloatingCheck<'var', D>,
    dim?: I | DeviationOptions<I, K>,
    options?: DeviationRest<K>,
  ): Result<Reduced<'var', S, I, K>, RealDType<D>>
  var<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'var', S, I, K>> & FloatingCheck<'var', D>,
    dim: I,
    unbiased: boolean,
    keepdim?: K | { keepdim?: K; out?: Tensor },
    options?: OutOption,
  ): Result<Reduced<'var', S, I, K>, RealDType<D>>
  /**
   * The standard deviation, and the mean, as `std`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.std_mean.html
   */
  stdMean<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'stdMean', S, I, K>> & FloatingCheck<'stdMean', D>,
    dim?: I | DeviationOptions<I, K>,
    options?: DeviationRest<K>,
  ): [std: Result<Reduced<'stdMean', S, I, K>, RealDType<D>>, mean: Result<Reduced<'stdMean', S, I, K>, D>]
  /**
   * The variance, and the mean, as `var`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.var_mean.html
   */
  varMean<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'varMean', S, I, K>> & FloatingCheck<'varMean', D>,
    dim?: I | DeviationOptions<I, K>,
    options?: DeviationRest<K>,
  ): [variance: Result<Reduced<'varMean', S, I, K>, RealDType<D>>, mean: Result<Reduced<'varMean', S, I, K>, D>]
  /**
   * The differences of neighbours along `dim` (-1), `n` (1) times.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.diff.html
   */
  diff<S extends Shape, D extends DType, const N extends number = 1, const I extends number = -1>(
    this: Tensor<S, D> & Check<Differences<S, N, I>>,
    n?: N | { n?: N; dim?: I },
    dim?: I | { dim?: I },
  ): Result<Differences<S, N, I>, D>
  diff<D extends DType>(
    this: Tensor<any, D>,
    n: number,
    dim: number,
    prepend: Tensor | null,
    append?: Tensor | null,
  ): Tensor<any, D>
  diff<D extends DType>(
    this: Tensor<any, D>,
    options: { n?: number; dim?: number; prepend?: Tensor | null; append?: Tensor | null },
  ): Tensor<any, D>
  /**
   * The norm `p` (2) of all elements, or along dimensions.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.norm.html
   */
  norm<S extends Shape, D extends DType, const I extends Axes = undefined, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'norm', S, I, K>> & FloatingCheck<'norm', D>,
    p?: Scalar | null,
    dim?: I,
    keepdim?: K | { keepdim?: K },
  ): Result<Reduced<'norm', S, I, K>, RealDType<D>>
  norm<
    S extends Shape,
    D extends DType,
    const I extends Axes = undefined,
    const K extends boolean = false,
    const E extends DType = RealDType<D>,
  >(
    this: Tensor<S, D> & Check<Reduced<'norm', S, I, K>> & FloatingCheck<'norm', E>,
    p: Scalar | null | NormOptions<I, K, E>,
    options?: NormOptions<I, K, E>,
  ): Result<Reduced<'norm', S, I, K>, NoInfer<E>>
  /**
   * The norm `p` (2) of the difference, broadcast.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.dist.html
   */
  dist<D extends DType, E extends DType>(
    this: Tensor<any, D>,
    other: Tensor<any, E>,
    p?: Scalar | { p?: Scalar },
  ): Tensor<[], RealDType<Promote<D, E>>>
}
