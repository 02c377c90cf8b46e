/** The rules of the layers that resize, cut and shuffle images, in types. */
import type {
  AxisOf,
  FloorDivide,
  IsUnranked,
  Minus,
  Product,
  Same,
  Shape,
  ShapeError,
  Show,
  ShowSize,
  Times,
} from '../core/shape-types'
import type { Fits, Rule } from './rules'
import type { Parts, SizeOf, Windows, WrongRank } from './window-rules'

export interface UpsampleRule<What extends string, Size, Factor, Ranks extends number> extends Rule {
  out: this['in'] extends infer S extends Shape ? UpsampleShape<What, S, Size, Factor, Ranks> : never
}
/** `[N, C, ...]` to a size, or times a factor. */
export type UpsampleShape<What extends string, S extends Shape, Size, Factor, Ranks extends number = 3 | 4 | 5> =
  IsUnranked<S> extends true
    ? any
    : S['length'] extends Ranks
      ? S extends readonly [infer N extends number, infer C extends number, ...infer X extends Shape]
        ? Size extends number | Shape
          ? [N, C, ...Resized<X, Size>]
          : Factor extends number | readonly number[]
            ? [N, C, ...Scaled<X, Factor>]
            : [N, C, ...UnknownSizes<X>]
        : never
      : ShapeError<`${What} expects [N, C, ...] of ${Spoken[Ranks & keyof Spoken]} dimensions, got ${Show<S>}`>
interface Spoken {
  3: '3 to 5'
  4: '4'
  5: '3 to 5'
}
type Resized<X extends Shape, W> = W extends number
  ? { -readonly [I in keyof X]: W }
  : W extends Shape
    ? W['length'] extends X['length']
      ? { -readonly [I in keyof W]: W[I] }
      : UnknownSizes<X>
    : UnknownSizes<X>
type UnknownSizes<X extends readonly unknown[]> = { -readonly [I in keyof X]: number }
// Whole factors alone: what others give is rounded.
type Scaled<X extends Shape, F, Out extends Shape = []> = X extends readonly [
  infer H extends number,
  ...infer R extends Shape,
]
  ? Scaled<
      R,
      F,
      [...Out, `${SizeOf<F, Out['length']>}` extends `${bigint}` ? Times<H, SizeOf<F, Out['length']>> : number]
    >
  : Out

export interface ShuffleRule<R extends number> extends Rule {
  out: this['in'] extends infer S extends Shape ? ShuffleShape<S, R> : never
}
/** `[..., C r^2, H, W]` to `[..., C, H r, W r]`. */
export type ShuffleShape<S extends Shape, R extends number> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [
          ...infer B extends Shape,
          infer C extends number,
          infer H extends number,
          infer W extends number,
        ]
      ? Divides<Times<R, R>, C> extends true
        ? [...B, FloorDivide<C, Times<R, R>>, Times<H, R>, Times<W, R>]
        : ShapeError<`PixelShuffle: ${ShowSize<C>} channels are no multiple of ${ShowSize<R>} squared in ${Show<S>}`>
      : ShapeError<`PixelShuffle expects [..., C, H, W], got ${Show<S>}`>

export interface UnshuffleRule<R extends number> extends Rule {
  out: this['in'] extends infer S extends Shape ? UnshuffleShape<S, R> : never
}
/** `[..., C, H, W]` to `[..., C r^2, H / r, W / r]`. */
export type UnshuffleShape<S extends Shape, R extends number> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [
          ...infer B extends Shape,
          infer C extends number,
          infer H extends number,
          infer W extends number,
        ]
      ? [Divides<R, H>, Divides<R, W>] extends [true, true]
        ? [...B, Times<C, Times<R, R>>, FloorDivide<H, R>, FloorDivide<W, R>]
        : ShapeError<`PixelUnshuffle: ${ShowSize<H>} by ${ShowSize<W>} is no multiple of ${ShowSize<R>} in ${Show<S>}`>
      : ShapeError<`PixelUnshuffle expects [..., C, H, W], got ${Show<S>}`>

export interface ChannelShuffleRule<G extends number> extends Rule {
  out: this['in'] extends infer S extends Shape ? ChannelShuffleShape<S, G> : never
}
/** Keeps `[N, C, H, W, ...]` where the groups divide the channels. */
export type ChannelShuffleShape<S extends Shape, G extends number> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [
          infer N extends number,
          infer C extends number,
          infer H extends number,
          ...infer X extends Shape,
        ]
      ? Divides<G, C> extends true
        ? [N, C, H, ...X]
        : ShapeError<`ChannelShuffle: ${ShowSize<G>} groups do not divide ${ShowSize<C>} channels in ${Show<S>}`>
      : ShapeError<`ChannelShuffle expects [N, C, L] or more dimensions, got ${Show<S>}`>

// Whether A divides B; true where one is unknown.
type Divides<A extends number, B extends number> = number extends A | B
  ? true
  : Same<Minus<B, Times<FloorDivide<B, A>, A>>, 0>

// ---- patches

export interface UnfoldRule<K, D, P, St> extends Rule {
  out: this['in'] extends infer S extends Shape ? UnfoldShape<S, K, D, P, St> : never
}
/** `[N, C, H, W]` or `[C, H, W]` to `[N, C kH kW, L]`. */
export type UnfoldShape<S extends Shape, K, D, P, St> =
  IsUnranked<S> extends true
    ? any
    : Parts<S, 2> extends [infer B extends Shape, infer C extends number, infer X extends Shape]
      ? Windows<'Unfold', [], X, K, St, P, D> extends infer Places
        ? Places extends Shape
          ? [...B, Times<C, Patch<K>>, Product<Places>]
          : Places
        : never
      : ShapeError<WrongRank<'Unfold', 2, 'C', S>>
type Patch<K> = Times<SizeOf<K, 0>, SizeOf<K, 1>>

export interface FoldRule<W, K, D, P, St> extends Rule {
  out: this['in'] extends infer S extends Shape ? FoldShape<S, W, K, D, P, St> : never
}
/** `[N, C kH kW, L]` or `[C kH kW, L]` to `[N, C, H, W]`. */
export type FoldShape<S extends Shape, W, K, D, P, St> =
  IsUnranked<S> extends true
    ? any
    : Parts<S, 1> extends [infer B extends Shape, infer C extends number, readonly [infer L extends number]]
      ? Divides<Patch<K>, C> extends true
        ? Windows<'Fold', [], [SizeOf<W, 0>, SizeOf<W, 1>], K, St, P, D> extends infer Places
          ? Places extends Shape
            ? Fits<L, Product<Places>> extends true
              ? [...B, FloorDivide<C, Patch<K>>, SizeOf<W, 0>, SizeOf<W, 1>]
              : ShapeError<`Fold expects ${ShowSize<Product<Places>>} patches, got ${ShowSize<L>} in ${Show<S>}`>
            : Places
          : never
        : ShapeError<`Fold: ${ShowSize<C>} channels are no multiple of a patch's ${ShowSize<Patch<K>>} in ${Show<S>}`>
      : ShapeError<`Fold expects [N, C, L] or [C, L], got ${Show<S>}`>

export interface UnflattenRule<I extends number, V extends Shape> extends Rule {
  out: this['in'] extends infer S extends Shape ? UnflattenShape<S, I, V> : never
}
/** The dimension `I` split into the sizes `V`, of which one may be -1. */
export type UnflattenShape<S extends Shape, I extends number, V extends Shape> =
  IsUnranked<S> extends true
    ? any
    : number extends I | V['length']
      ? any
      : [AxisOf<S, I>] extends [never]
        ? ShapeError<`Unflatten: dimension ${ShowSize<I>} is out of range for ${Show<S>}`>
        : Split<S, AxisOf<S, I>, V>
type Split<S extends Shape, A, V extends Shape, Before extends Shape = []> = S extends readonly [
  infer H extends number,
  ...infer R extends Shape,
]
  ? Before['length'] extends A
    ? SplitSizes<H, V> extends infer W
      ? W extends Shape
        ? [...Before, ...W, ...R]
        : ShapeError<`Unflatten: ${Show<V>} does not make ${ShowSize<H>} of ${Show<[...Before, ...S]>}`>
      : never
    : Split<R, A, V, [...Before, H]>
  : never
type SplitSizes<H extends number, V extends Shape> = -1 extends V[number]
  ? Divides<KnownProduct<V>, H> extends true
    ? { -readonly [I in keyof V]: V[I] extends -1 ? FloorDivide<H, KnownProduct<V>> : V[I] }
    : null
  : Fits<Product<V>, H> extends true
    ? { -readonly [I in keyof V]: V[I] }
    : null
type KnownProduct<V extends Shape> = Product<{ [I in keyof V]: V[I] extends -1 ? 1 : V[I] }>

// ---- grids

/** `[N, C, H, W]` at `[N, H', W', 2]` to `[N, C, H', W']`, or the same of volumes. */
export type GridSampleShape<S extends Shape, G extends Shape> =
  IsUnranked<S> extends true
    ? any
    : IsUnranked<G> extends true
      ? any
      : S['length'] extends 4 | 5
        ? S['length'] extends G['length']
          ? S extends readonly [infer N extends number, infer C extends number, ...infer _X extends Shape]
            ? G extends readonly [infer M extends number, ...infer Y extends Shape, infer _P extends number]
              ? Fits<M, N> extends true
                ? [N, C, ...Y]
                : ShapeError<`gridSample: a grid of ${ShowSize<M>} for a batch of ${ShowSize<N>}`>
              : never
            : never
          : ShapeError<`gridSample: a grid ${Show<G>} does not fit ${Show<S>}`>
        : ShapeError<`gridSample expects [N, C, H, W] or [N, C, D, H, W], got ${Show<S>}`>

/** Of a size [N, C, H, W] `[N, H, W, 2]`, or the same of volumes. */
export type AffineGridShape<V extends Shape> = V extends readonly [
  infer N extends number,
  infer _C extends number,
  ...infer X extends Shape,
]
  ? X['length'] extends 2 | 3
    ? [N, ...X, X['length']]
    : any
  : any
