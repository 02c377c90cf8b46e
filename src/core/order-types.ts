/** Rules of reductions, sorting and picking along a dimension, in types. */
import type { ComplexDType, Floating } from './dtype-types'
import type { OutOfRange, ReplaceAt } from './place-types'
import type {
  AxisCheck,
  AxisOf,
  IsAny,
  IsPositive,
  IsUnranked,
  Minus,
  PlainSize,
  Plus,
  Reduced,
  Shape,
  ShapeError,
  Show,
  ShowSize,
  SizeAt,
} from './shape-types'

/** Refuses dtypes that are neither floating nor complex: `mean`, `std`, ... */
export type FloatingCheck<What extends string, D> =
  IsAny<D> extends true
    ? unknown
    : [D] extends [Floating | ComplexDType]
      ? unknown
      : Extract<D, Floating | ComplexDType> extends never
        ? ShapeError<`${What}: expects a floating or complex dtype, got ${D & string}`>
        : unknown

/** `topk(k, dim)` and `kthvalue(k, dim)`: there must be `k` elements. */
export type TopK<What extends string, S extends Shape, K extends number, I extends number> =
  IsUnranked<S> extends true
    ? any
    : number extends I
      ? { -readonly [P in keyof S]: number }
      : S extends readonly []
        ? []
        : [AxisOf<S, I>] extends [never]
          ? ShapeError<OutOfRange<What, S, I>>
          : IsEnough<PlainSize<SizeAt<S, I>>, K> extends true
            ? ReplaceAt<S, AxisOf<S, I>, K>
            : ShapeError<`${What}: ${ShowSize<K>} of dimension ${ShowSize<I>} of ${Show<S>}`>
type IsEnough<N extends number, K extends number> = number extends N | K ? true : IsPositive<Minus<Plus<N, 1>, K>>

/** `kthvalue(k, dim, keepdim)`. */
export type Kth<S extends Shape, N extends number, I extends number, K> =
  TopK<'kthvalue', S, N, I> extends infer R
    ? IsAny<R> extends true
      ? any
      : R extends ShapeError<string>
        ? R
        : Reduced<'kthvalue', S, I, K>
    : never

/** Along one dimension, the shape stays. */
export type Along<What extends string, S extends Shape, I> = S extends readonly []
  ? unknown
  : I extends number
    ? AxisCheck<What, S, I>
    : unknown

/** `quantile` of several quantiles `Q`: they come first. */
export type Quantiles<What extends string, S extends Shape, Q extends Shape, I, K> =
  Reduced<What, S, I, K> extends infer R
    ? IsAny<R> extends true
      ? any
      : R extends Shape
        ? IsUnranked<Q> extends true
          ? any
          : [...Q, ...R]
        : R
    : never

/** `diff(n, dim)`: `n` fewer. */
export type Differences<S extends Shape, N extends number, I extends number> =
  IsUnranked<S> extends true
    ? any
    : number extends I
      ? { -readonly [K in keyof S]: number }
      : [AxisOf<S, I>] extends [never]
        ? ShapeError<OutOfRange<'diff', S, I>>
        : ReplaceAt<S, AxisOf<S, I>, NotNegative<Minus<PlainSize<SizeAt<S, I>>, N>>>
type NotNegative<N extends number> = number extends N ? number : `${N}` extends `-${string}` ? 0 : N

/** `unfold(dim, size, step)`: windows of a dimension, their elements as a new last one. */
export type Unfolded<S extends Shape, I extends number, N extends number, Step extends number> =
  IsUnranked<S> extends true
    ? any
    : number extends I
      ? any
      : [AxisOf<S, I>] extends [never]
        ? ShapeError<OutOfRange<'unfold', S, I>>
        : IsEnough<PlainSize<SizeAt<S, I>>, N> extends true
          ? [...ReplaceAt<S, AxisOf<S, I>, Step extends 1 ? Plus<Minus<PlainSize<SizeAt<S, I>>, N>, 1> : number>, N]
          : ShapeError<`unfold: windows of ${ShowSize<N>} in dimension ${ShowSize<I>} of ${Show<S>}`>
