/** Windows that slide over one, two or three spatial dimensions, in types. */
import type {
  FloorDivide,
  IsPositive,
  Minus,
  Plus,
  Same,
  Shape,
  ShapeError,
  Show,
  ShowSize,
  Times,
} from '../core/shape-types'

/** How many spatial dimensions a layer has. */
export type Dims = 1 | 2 | 3
interface EachOf<T> {
  1: readonly [T]
  2: readonly [T, T]
  3: readonly [T, T, T]
}
/** One number for all spatial dimensions, or one for each. */
export type Sizes<N extends Dims> = number | EachOf<number>[N]
/** One value for each spatial dimension. */
export type Each<N extends Dims, T = number> = EachOf<T>[N]

/** What `Sizes` says of the spatial dimension `I`. */
export type SizeOf<P, I extends number> = P extends number
  ? P
  : P extends readonly unknown[]
    ? P[I] extends infer A extends number
      ? A
      : number
    : number

// ---- an input's parts

interface Batched {
  1: 3
  2: 4
  3: 5
}
interface Single {
  1: 2
  2: 3
  3: 4
}
/** `[batch, channels, spatial]` of `[N, C, ...]` or, without a batch, `[C, ...]`; null of any other rank. */
export type Parts<S extends Shape, N extends Dims> = S['length'] extends Batched[N]
  ? S extends readonly [infer B extends number, infer C extends number, ...infer X extends Shape]
    ? [[B], C, X]
    : null
  : S['length'] extends Single[N]
    ? S extends readonly [infer C extends number, ...infer X extends Shape]
      ? [[], C, X]
      : null
    : null

interface Letters {
  1: 'L'
  2: 'H, W'
  3: 'D, H, W'
}
/** The complaint about a rank. */
export type WrongRank<
  What extends string,
  N extends Dims,
  C extends string,
  S,
> = `${What} expects [N, ${C}, ${Letters[N]}] or [${C}, ${Letters[N]}], got ${Show<S>}`
/** The complaint about a number of channels. */
export type WrongChannels<
  What extends string,
  Want,
  Got,
  S,
> = `${What} expects ${ShowSize<Want>} channels, got ${ShowSize<Got>} in ${Show<S>}`

// ---- windows: floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, and 0 where the window does not fit

// True where the output is as large as the input; then no arithmetic is needed, and a size that is a type parameter passes.
type Keeps<K extends number, St extends number, P extends number, D extends number> = number extends K | St | P | D
  ? false
  : St extends 1
    ? Same<Times<2, P>, Times<D, Minus<K, 1>>>
    : false

// The places that the first element of the window can take, before strides; not positive where it does not fit.
type Span<N extends number, K extends number, P extends number, D extends number> = Minus<
  Plus<N, Times<2, P>>,
  Times<D, Minus<K, 1>>
>
type WindowFits<N extends number, K extends number, St extends number, P extends number, D extends number> =
  Keeps<K, St, P, D> extends true ? true : IsPositive<Span<N, K, P, D>>

type Window<N extends number, K extends number, St extends number, P extends number, D extends number, Ceil> =
  Keeps<K, St, P, D> extends true ? N : Steps<Span<N, K, P, D>, N, St, P, Ceil>
type Steps<Places extends number, N extends number, St extends number, P extends number, Ceil> = St extends 1
  ? Places
  : Ceil extends true
    ? LastInside<Plus<FloorDivide<Plus<Minus<Places, 2>, St>, St>, 1>, N, St, P>
    : Plus<FloorDivide<Minus<Places, 1>, St>, 1>

// With ceilMode a last window that would begin behind the input and its left padding is left out.
type LastInside<Out extends number, N extends number, St extends number, P extends number> =
  Minus<Plus<N, P>, Times<Minus<Out, 1>, St>> extends infer Rest extends number
    ? IsPositive<Rest> extends true
      ? Out
      : Minus<Out, 1>
    : never

/** `[...B, ...]` with the places of a window over the spatial dimensions `X`. */
export type Windows<
  What extends string,
  B extends Shape,
  X extends Shape,
  K,
  St,
  P,
  D,
  Ceil = false,
> = boolean extends Ceil
  ? [...B, ...{ -readonly [I in keyof X]: number }]
  : P extends 'same'
    ? [...B, ...X]
    : Slide<What, B, X, K, St, P extends 'valid' ? 0 : P, D, Ceil>
type Slide<
  What extends string,
  B extends Shape,
  X extends Shape,
  K,
  St,
  P,
  D,
  Ceil,
  Rest extends Shape = X,
  Out extends Shape = [],
> = Rest extends readonly [infer H extends number, ...infer R extends Shape]
  ? WindowFits<
      H,
      SizeOf<K, Out['length']>,
      SizeOf<St, Out['length']>,
      SizeOf<P, Out['length']>,
      SizeOf<D, Out['length']>
    > extends true
    ? Slide<
        What,
        B,
        X,
        K,
        St,
        P,
        D,
        Ceil,
        R,
        [
          ...Out,
          Window<
            H,
            SizeOf<K, Out['length']>,
            SizeOf<St, Out['length']>,
            SizeOf<P, Out['length']>,
            SizeOf<D, Out['length']>,
            Ceil
          >,
        ]
      >
    : ShapeError<`${What}: a kernel of ${By<X, K>} does not fit an input of ${By<X, X>}`>
  : [...B, ...Out]

// `3 by 3`: the sizes P of as many dimensions as X has.
type By<X extends readonly unknown[], P, I extends readonly 0[] = [], T extends string = ''> = X extends readonly [
  unknown,
  ...infer R,
]
  ? By<R, P, [...I, 0], T extends '' ? ShowSize<SizeOf<P, I['length']>> : `${T} by ${ShowSize<SizeOf<P, I['length']>>}`>
  : T

/** `[...B, ...]` with what a transposed window makes of X: (size - 1) stride - 2 padding + dilation (kernel - 1) + extra + 1. */
export type Spread<B extends Shape, X extends Shape, K, St, P, D, Extra, Out extends Shape = []> = X extends readonly [
  infer H extends number,
  ...infer R extends Shape,
]
  ? Spread<
      B,
      R,
      K,
      St,
      P,
      D,
      Extra,
      [
        ...Out,
        Plus<
          Plus<
            Minus<Times<Minus<H, 1>, SizeOf<St, Out['length']>>, Times<2, SizeOf<P, Out['length']>>>,
            Times<SizeOf<D, Out['length']>, Minus<SizeOf<K, Out['length']>, 1>>
          >,
          Plus<SizeOf<Extra, Out['length']>, 1>
        >,
      ]
    >
  : [...B, ...Out]
