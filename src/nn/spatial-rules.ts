/**
 * The rules of the layers over one, two or three spatial dimensions, in types. Their patterns infer every part, used or
 * not: beside a type parameter, a plain `number` in a pattern would leave the condition open.
 */
import type { IsUnranked, PlainShape, Plus, Shape, ShapeError, Show, ShowSize } from '../core/shape-types'
import type { Fits, Rule } from './rules'
import type { Dims, Each, Parts, Spread, WrongChannels, WrongRank } from './window-rules'

// ---- what undoes windows

export interface TransposedRule<What extends string, N extends Dims, I extends number, O extends number, K, St, P, E, D>
  extends Rule {
  out: this['in'] extends infer S extends Shape ? TransposedShape<What, N, S, I, O, K, St, P, E, D> : never
}
/** `[N, I, ...]` or `[I, ...]` to `[N, O, ...]`; `V` is the wanted output size, undefined where none is given. */
export type TransposedShape<
  What extends string,
  N extends Dims,
  S extends Shape,
  I extends number,
  O extends number,
  K,
  St,
  P,
  E,
  D,
  V = undefined,
> =
  IsUnranked<S> extends true
    ? any
    : Parts<S, N> extends [infer B extends Shape, infer C extends number, infer X extends Shape]
      ? Fits<C, I> extends true
        ? V extends Shape
          ? [...B, O, ...LastOf<V, X>]
          : Spread<[...B, O], X, K, St, P, D, E>
        : ShapeError<WrongChannels<What, I, C, S>>
      : ShapeError<WrongRank<What, N, ShowSize<I>, S>>

/** `[N, C, ...]` or `[C, ...]` to the size that was pooled, as far as kernel, stride and padding tell it. */
export type UnpoolShape<What extends string, N extends Dims, S extends Shape, K, St, P, V = undefined> =
  IsUnranked<S> extends true
    ? any
    : Parts<S, N> extends [infer B extends Shape, infer C extends number, infer X extends Shape]
      ? V extends Shape
        ? [...B, C, ...LastOf<V, X>]
        : Spread<[...B, C], X, K, St, P, 1, 0>
      : ShapeError<WrongRank<What, N, 'C', S>>

// The last sizes of V, as many as X has.
type LastOf<V extends Shape, X extends Shape> =
  PlainShape<V> extends infer W extends Shape
    ? number extends W['length']
      ? Unknown<X>
      : W['length'] extends X['length']
        ? W
        : W extends readonly [number, ...infer R extends Shape]
          ? LastOf<R, X>
          : Unknown<X>
    : Unknown<X>
type Unknown<X extends readonly unknown[]> = { -readonly [I in keyof X]: number }

// ---- pools of a wanted size

/** The sizes that a layer is to give: one for all dimensions, or one for each; null keeps the input's. */
export type WantedSizes<N extends Dims> = number | Each<N, number | null>

export interface AdaptiveRule<What extends string, N extends Dims, W> extends Rule {
  out: this['in'] extends infer S extends Shape ? AdaptiveShape<What, N, S, W> : never
}
/** `[N, C, ...]` or `[C, ...]` to the wanted sizes. */
export type AdaptiveShape<What extends string, N extends Dims, S extends Shape, W> =
  IsUnranked<S> extends true
    ? any
    : Parts<S, N> extends [infer B extends Shape, infer C extends number, infer X extends Shape]
      ? [...B, C, ...Wanted<X, W>]
      : ShapeError<WrongRank<What, N, 'C', S>>
type Wanted<X extends Shape, W> = W extends number
  ? { -readonly [I in keyof X]: W }
  : {
      -readonly [I in keyof X]: I extends keyof W
        ? W[I] extends number
          ? W[I]
          : W[I] extends null
            ? X[I]
            : number
        : number
    }

// ---- padding

/** One number for all sides, or two for each spatial dimension, from the last one on. */
export interface SidesOf {
  1: readonly [number, number]
  2: readonly [number, number, number, number]
  3: readonly [number, number, number, number, number, number]
}
export interface PadRule<What extends string, N extends Dims, P, AnyRank> extends Rule {
  out: this['in'] extends infer S extends Shape ? PadShape<What, N, S, P, AnyRank> : never
}
/** The last `N` dimensions padded; with `AnyRank` there may be any number before them. */
export type PadShape<What extends string, N extends Dims, S extends Shape, P, AnyRank> =
  IsUnranked<S> extends true
    ? any
    : AnyRank extends true
      ? Padded<S, P extends number ? AllSides<P>[N] : P> extends infer Out extends Shape
        ? Out
        : ShapeError<`${What} expects at least ${N} dimensions, got ${Show<S>}`>
      : Parts<S, N> extends null
        ? ShapeError<WrongRank<What, N, 'C', S>>
        : Padded<S, P extends number ? AllSides<P>[N] : P>
interface AllSides<P> {
  1: readonly [P, P]
  2: readonly [P, P, P, P]
  3: readonly [P, P, P, P, P, P]
}
type Padded<S extends Shape, P, Out extends Shape = []> = P extends readonly [
  infer A extends number,
  infer B extends number,
  ...infer Q,
]
  ? S extends readonly [...infer R extends Shape, infer H extends number]
    ? Padded<R, Q, [Plus<Plus<H, A>, B>, ...Out]>
    : null
  : [...S, ...Out]

// ---- norms

export interface ChannelsRule<What extends string, C extends number, Ranks extends number, Words extends string>
  extends Rule {
  out: this['in'] extends infer S extends Shape ? ChannelsShape<What, S, C, Ranks, Words> : never
}
/** Keeps `[N, C, ...]` of certain ranks. */
export type ChannelsShape<
  What extends string,
  S extends Shape,
  C extends number,
  Ranks extends number,
  Words extends string,
> =
  IsUnranked<S> extends true
    ? any
    : S['length'] extends Ranks
      ? S extends readonly [infer _N extends number, infer G extends number, ...infer _X extends Shape]
        ? Fits<G, C> extends true
          ? { -readonly [I in keyof S]: S[I] }
          : ShapeError<WrongChannels<What, C, G, S>>
        : never
      : ShapeError<`${What} expects ${Words}, got ${Show<S>}`>

export interface InstanceNormRule<What extends string, N extends Dims, C extends number> extends Rule {
  out: this['in'] extends infer S extends Shape ? InstanceNormShape<What, N, S, C> : never
}
type InstanceNormShape<What extends string, N extends Dims, S extends Shape, C extends number> =
  IsUnranked<S> extends true
    ? any
    : Parts<S, N> extends [infer _B extends Shape, infer G extends number, infer _X extends Shape]
      ? Fits<G, C> extends true
        ? { -readonly [I in keyof S]: S[I] }
        : ShapeError<WrongChannels<What, C, G, S>>
      : ShapeError<WrongRank<What, N, ShowSize<C>, S>>

export interface TrailingRule<What extends string, W> extends Rule {
  out: this['in'] extends infer S extends Shape ? TrailingShape<What, S, W> : never
}
/** Keeps a shape that ends with `W`. */
export type TrailingShape<What extends string, S extends Shape, W> =
  IsUnranked<S> extends true
    ? any
    : W extends number
      ? TrailingSizes<What, S, readonly [W]>
      : W extends Shape
        ? number extends W['length']
          ? { -readonly [I in keyof S]: S[I] }
          : TrailingSizes<What, S, W>
        : any
type TrailingSizes<What extends string, S extends Shape, W extends Shape> =
  EndsWith<S, W> extends true
    ? { -readonly [I in keyof S]: S[I] }
    : ShapeError<`${What} expects the last dimensions ${Show<W>}, got ${Show<S>}`>
type EndsWith<S extends Shape, W extends Shape> = W extends readonly [...infer Q extends Shape, infer A extends number]
  ? S extends readonly [...infer R extends Shape, infer B extends number]
    ? Fits<B, A> extends true
      ? EndsWith<R, Q>
      : false
    : false
  : true
