/** The methods of `Tensor` that sort, and pick by order, with types that know shapes. */
import type { DType } from '../core/dtype'
import type { SumDType } from '../core/dtype-types'
import type { Along, FloatingCheck, Kth, Quantiles, TopK } from '../core/order-types'
import type { Check, Reduced, Shape } from '../core/shape-types'
import type { Tensor } from './tensor'
import type { DimOptions, OutOption, Result } from './typed'

export interface SortOptions<I> {
  dim?: I
  descending?: boolean
  stable?: boolean
}
export type Interpolation = 'linear' | 'lower' | 'higher' | 'midpoint' | 'nearest'
export interface QuantileOptions<I, K> extends DimOptions<I, K> {
  interpolation?: Interpolation
}

export interface TypedOrdering<S extends Shape, D extends DType> {
  /**
   * The median (the lower of two); along `dim` a tuple of it and its index.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.median.html
   */
  median<D extends DType>(this: Tensor<any, D>): Tensor<[], D>
  median<S extends Shape, D extends DType, const I extends number, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'median', S, I, K>>,
    dim: I | { dim: I; keepdim?: K },
    keepdim?: K | { keepdim?: K },
  ): [values: Result<Reduced<'median', S, I, K>, D>, indices: Result<Reduced<'median', S, I, K>, 'int64'>]
  /**
   * As `median`, NaN left out.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.nanmedian.html
   */
  nanmedian<D extends DType>(this: Tensor<any, D>): Tensor<[], D>
  nanmedian<S extends Shape, D extends DType, const I extends number, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'nanmedian', S, I, K>>,
    dim: I | { dim: I; keepdim?: K },
    keepdim?: K | { keepdim?: K },
  ): [values: Result<Reduced<'nanmedian', S, I, K>, D>, indices: Result<Reduced<'nanmedian', S, I, K>, 'int64'>]
  /**
   * The most frequent element along `dim` (-1), and its index.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.mode.html
   */
  mode<S extends Shape, D extends DType, const I extends number = -1, const K extends boolean = false>(
    this: Tensor<S, D> & Check<Reduced<'mode', S, I, K>>,
    dim?: I | { dim?: I; keepdim?: K },
    keepdim?: K | { keepdim?: K },
  ): [values: Result<Reduced<'mode', S, I, K>, D>, indices: Result<Reduced<'mode', S, I, K>, 'int64'>]
  /**
   * The `k`-th smallest element along `dim` (-1), counted from 1, and its index.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.kthvalue.html
   */
  kthvalue<
    S extends Shape,
    D extends DType,
    const N extends number,
    const I extends number = -1,
    const K extends boolean = false,
  >(
    this: Tensor<S, D> & Check<Kth<S, N, I, K>>,
    k: N,
    dim?: I | { dim?: I; keepdim?: K },
    keepdim?: K | { keepdim?: K },
  ): [values: Result<Kth<S, N, I, K>, D>, indices: Result<Kth<S, N, I, K>, 'int64'>]
  /**
   * The `k` largest elements along `dim` (-1), or smallest with `largest` false, and their indices.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.topk.html
   */
  topk<S extends Shape, D extends DType, const N extends number, const I extends number = -1>(
    this: Tensor<S, D> & Check<TopK<'topk', S, N, I>>,
    k: N,
    dim?: I | { dim?: I; largest?: boolean; sorted?: boolean },
    largest?: boolean | { largest?: boolean; sorted?: boolean },
    sorted?: boolean | { sorted?: boolean },
  ): [values: Result<TopK<'topk', S, N, I>, D>, indices: Result<TopK<'topk', S, N, I>, 'int64'>]
  /**
   * The elements in order along `dim` (-1), and their indices.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.sort.html
   */
  sort<S extends Shape, D extends DType, const I extends number = -1>(
    this: Tensor<S, D> & Along<'sort', S, I>,
    dim?: I | SortOptions<I>,
    descending?: boolean | { descending?: boolean; stable?: boolean },
    options?: { stable?: boolean },
  ): [values: Tensor<S, D>, indices: Tensor<S, 'int64'>]
  /**
   * The indices that would sort along `dim` (-1).
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.argsort.html
   */
  argsort<S extends Shape, const I extends number = -1>(
    this: Tensor<S> & Along<'argsort', S, I>,
    dim?: I | SortOptions<I>,
    descending?: boolean | { descending?: boolean; stable?: boolean },
    options?: { stable?: boolean },
  ): Tensor<S, 'int64'>
  /**
   * The rows in order of each column: sorted along the first dimension.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.msort.html
   */
  msort(): Tensor<S, D>
  /**
   * The sums of the elements up to each along `dim`; of integers and bool in int64.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.cumsum.html
   */
  cumsum<S extends Shape, D extends DType, const I extends number, const E extends DType = SumDType<D>>(
    this: Tensor<S, D> & Along<'cumsum', S, I>,
    dim: I,
    options?: { dtype?: E; out?: Tensor },
  ): Tensor<S, NoInfer<E>>
  /**
   * The products of the elements up to each along `dim`; of integers and bool in int64.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.cumprod.html
   */
  cumprod<S extends Shape, D extends DType, const I extends number, const E extends DType = SumDType<D>>(
    this: Tensor<S, D> & Along<'cumprod', S, I>,
    dim: I,
    options?: { dtype?: E; out?: Tensor },
  ): Tensor<S, NoInfer<E>>
  /**
   * The logarithms of the sums of exponentials up to each element along `dim`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.logcumsumexp.html
   */
  logcumsumexp<S extends Shape, D extends DType, const I extends number>(
    this: Tensor<S, D> & Along<'logcumsumexp', S, I>,
    dim: I,
    options?: OutOption,
  ): Tensor<S, D>
  /**
   * The largest element up to each along `dim`, and its index.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.cummax.html
   */
  cummax<S extends Shape, D extends DType, const I extends number>(
    this: Tensor<S, D> & Along<'cummax', S, I>,
    dim: I,
  ): [values: Tensor<S, D>, indices: Tensor<S, 'int64'>]
  /**
   * The smallest element up to each along `dim`, and its index.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.cummin.html
   */
  cummin<S extends Shape, D extends DType, const I extends number>(
    this: Tensor<S, D> & Along<'cummin', S, I>,
    dim: I,
  ): [values: Tensor<S, D>, indices: Tensor<S, 'int64'>]
  /**
   * The smallest and the largest element of all, or along `dim`.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.aminmax.html
   */
  aminmax<
    S extends Shape,
    D extends DType,
    const I extends number | null | undefined = undefined,
    const K extends boolean = false,
  >(
    this: Tensor<S, D> & Check<Reduced<'aminmax', S, I, K>>,
    options?: { dim?: I; keepdim?: K },
  ): [min: Result<Reduced<'aminmax', S, I, K>, D>, max: Result<Reduced<'aminmax', S, I, K>, D>]
  /**
   * The quantile `q` of all elements, or along `dim`; of a tensor of quantiles they are a first dimension.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.quantile.html
   */
  quantile<
    S extends Shape,
    D extends DType,
    const I extends number | null | undefined = undefined,
    const K extends boolean = false,
  >(
    this: Tensor<S, D> & Check<Reduced<'quantile', S, I, K>> & FloatingCheck<'quantile', D>,
    q: number,
    dim?: I | QuantileOptions<I, K>,
    keepdim?: K | { keepdim?: K; interpolation?: Interpolation },
    options?: { interpolation?: Interpolation },
  ): Result<Reduced<'quantile', S, I, K>, D>
  quantile<
    S extends Shape,
    D extends DType,
    Q extends Shape,
    const I extends number | null | undefined = undefined,
    const K extends boolean = false,
  >(
    this: Tensor<S, D> & Check<Quantiles<'quantile', S, Q, I, K>> & FloatingCheck<'quantile', D>,
    q: Tensor<Q, D>,
    dim?: I | QuantileOptions<I, K>,
    keepdim?: K | { keepdim?: K; interpolation?: Interpolation },
    options?: { interpolation?: Interpolation },
  ): Result<Quantiles<'quantile', S, Q, I, K>, D>
  /**
   * As `quantile`, NaN left out.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.nanquantile.html
   */
  nanquantile<
    S extends Shape,
    D extends DType,
    const I extends number | null | undefined = undefined,
    const K extends boolean = false,
  >(
    this: Tensor<S, D> & Check<Reduced<'nanquantile', S, I, K>> & FloatingCheck<'nanquantile', D>,
    q: number,
    dim?: I | QuantileOptions<I, K>,
    keepdim?: K | { keepdim?: K; interpolation?: Interpolation },
    options?: { interpolation?: Interpolation },
  ): Result<Reduced<'nanquantile', S, I, K>, D>
  nanquantile<
    S extends Shape,
    D extends DType,
    Q extends Shape,
    const I extends number | null | undefined = undefined,
    const K extends boolean = false,
  >(
    this: Tensor<S, D> & Check<Quantiles<'nanquantile', S, Q, I, K>> & FloatingCheck<'nanquantile', D>,
    q: Tensor<Q, D>,
    dim?: I | QuantileOptions<I, K>,
    keepdim?: K | { keepdim?: K; interpolation?: Interpolation },
    options?: { interpolation?: Interpolation },
  ): Result<Quantiles<'nanquantile', S, Q, I, K>, D>
}
