/** The rules of the layers, in types. */
import type {
  AxisCheck,
  Flattened,
  FloorDivide,
  IsPositive,
  IsUnranked,
  Minus,
  Plus,
  Same,
  Shape,
  ShapeError,
  Show,
  ShowSize,
  Times,
} from '../core/shape-types'
import type { Fits, Rule } from './rules'

/** One number for both spatial dimensions, or one for each. */
export type Pair = number | readonly [number, number]
type First<P> = P extends readonly [infer A extends number, number] ? A : P extends number ? P : number
type Second<P> = P extends readonly [number, infer A extends number] ? A : P extends number ? P : number

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

type Windows<
  What extends string,
  B extends Shape,
  H extends number,
  W extends number,
  K,
  St,
  P,
  D,
  Ceil = false,
> = boolean extends Ceil
  ? [...B, number, number]
  : P extends 'same'
    ? [...B, H, W]
    : P extends 'valid'
      ? Windows<What, B, H, W, K, St, 0, D, Ceil>
      : WindowFits<H, First<K>, First<St>, First<P>, First<D>> extends true
        ? WindowFits<W, Second<K>, Second<St>, Second<P>, Second<D>> extends true
          ? [
              ...B,
              Window<H, First<K>, First<St>, First<P>, First<D>, Ceil>,
              Window<W, Second<K>, Second<St>, Second<P>, Second<D>, Ceil>,
            ]
          : ShapeError<NoFit<What, K, H, W>>
        : ShapeError<NoFit<What, K, H, W>>
type NoFit<
  What extends string,
  K,
  H,
  W,
> = `${What}: a kernel of ${ShowPair<K>} does not fit an input of ${ShowSize<H>} by ${ShowSize<W>}`
type ShowPair<K> = `${ShowSize<First<K>>} by ${ShowSize<Second<K>>}`

// ---- the layers

export interface ConvRule<I extends number, O extends number, K, St, P, D> extends Rule {
  out: this['in'] extends infer S extends Shape ? ConvShape<S, I, O, K, St, P, D> : never
}
/** `[N, I, H, W]` or, without a batch, `[I, H, W]`. */
export type ConvShape<S extends Shape, I extends number, O extends number, K, St, P, D> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [
          ...infer B extends Shape,
          infer C extends number,
          infer H extends number,
          infer W extends number,
        ]
      ? B['length'] extends 0 | 1
        ? Fits<C, I> extends true
          ? Windows<'Conv2d', [...B, O], H, W, K, St, P, D>
          : ShapeError<`Conv2d expects ${ShowSize<I>} channels, got ${ShowSize<C>} in ${Show<S>}`>
        : ShapeError<ConvRank<S, I>>
      : ShapeError<ConvRank<S, I>>
type ConvRank<S, I> = `Conv2d expects [N, ${ShowSize<I>}, H, W] or [${ShowSize<I>}, H, W], got ${Show<S>}`

export interface PoolRule<K, St, P, D, Ceil> extends Rule {
  out: this['in'] extends infer S extends Shape ? PoolShape<S, K, St, P, D, Ceil> : never
}
/** Of layers that give two tensors, which no other layer takes. */
export interface TwoResultsRule extends Rule {
  out: ShapeError<'MaxPool2d with returnIndices gives two tensors'>
}
/** `[N, C, H, W]` or `[C, H, W]`. */
export type PoolShape<S extends Shape, K, St, P, D, Ceil> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [...infer B extends Shape, infer H extends number, infer W extends number]
      ? B['length'] extends 1 | 2
        ? Windows<'MaxPool2d', B, H, W, K, St, P, D, Ceil>
        : ShapeError<PoolRank<S>>
      : ShapeError<PoolRank<S>>
type PoolRank<S> = `MaxPool2d expects [N, C, H, W] or [C, H, W], got ${Show<S>}`

export interface BatchNormRule<C extends number> extends Rule {
  out: this['in'] extends infer S extends Shape ? BatchNormShape<S, C> : never
}
/** `[N, C, H, W]`. */
export type BatchNormShape<S extends Shape, C extends number> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [
          infer N extends number,
          infer G extends number,
          infer H extends number,
          infer W extends number,
        ]
      ? Fits<G, C> extends true
        ? [N, G, H, W]
        : ShapeError<`BatchNorm2d expects ${ShowSize<C>} channels, got ${ShowSize<G>} in ${Show<S>}`>
      : ShapeError<`BatchNorm2d expects [N, ${ShowSize<C>}, H, W], got ${Show<S>}`>

export interface LinearRule<I extends number, O extends number> extends Rule {
  out: this['in'] extends infer S extends Shape ? LinearShape<S, I, O> : never
}
/** `[..., I]` to `[..., O]`. */
export type LinearShape<S extends Shape, I extends number, O extends number> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [...infer B extends Shape, infer L extends number]
      ? Fits<L, I> extends true
        ? [...B, O]
        : ShapeError<`Linear expects ${ShowSize<I>} features, got ${ShowSize<L>} in ${Show<S>}`>
      : ShapeError<`Linear expects [..., ${ShowSize<I>}], got ${Show<S>}`>

export interface FlattenRule<A extends number, B extends number> extends Rule {
  out: this['in'] extends infer S extends Shape ? FlattenShape<S, A, B> : never
}
type FlattenShape<S extends Shape, A extends number, B extends number> = Flattened<S, A, B>

export interface SoftmaxRule<I> extends Rule {
  out: this['in'] extends infer S extends Shape ? SoftmaxShape<S, I> : never
}
type SoftmaxShape<S extends Shape, I> = I extends number
  ? AxisCheck<'Softmax', S, I> extends infer E
    ? E extends ShapeError<string>
      ? E
      : S
    : never
  : S
