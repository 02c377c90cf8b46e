/** The rules of the layers, in types. */
import type { AxisCheck, Flattened, IsUnranked, Shape, ShapeError, Show, ShowSize } from '../core/shape-types'
import type { Fits, Rule } from './rules'
import type { Dims, Parts, Sizes, Windows, WrongChannels, WrongRank } from './window-rules'

/** One number for both spatial dimensions, or one for each. */
export type Pair = Sizes<2>

// ---- the layers

export interface ConvRule<What extends string, N extends Dims, I extends number, O extends number, K, St, P, D>
  extends Rule {
  out: this['in'] extends infer S extends Shape ? ConvShape<What, N, S, I, O, K, St, P, D> : never
}
/** `[N, I, ...]` or, without a batch, `[I, ...]`, with `N` spatial dimensions. */
export type ConvShape<
  What extends string,
  N extends Dims,
  S extends Shape,
  I extends number,
  O extends number,
  K,
  St,
  P,
  D,
> =
  IsUnranked<S> extends true
    ? any
    : Parts<S, N> extends [infer B extends Shape, infer C extends number, infer X extends Shape]
      ? Fits<C, I> extends true
        ? Windows<What, [...B, O], X, K, St, P, D>
        : ShapeError<WrongChannels<What, I, C, S>>
      : ShapeError<WrongRank<What, N, ShowSize<I>, S>>

export interface PoolRule<What extends string, N extends Dims, K, St, P, D, Ceil> extends Rule {
  out: this['in'] extends infer S extends Shape ? PoolShape<What, N, S, K, St, P, D, Ceil> : never
}
/** Of layers that give two tensors, which no other layer takes. */
export interface TwoResultsRule<What extends string> extends Rule {
  out: ShapeError<`${What} with returnIndices gives two tensors`>
}
/** `[N, C, ...]` or `[C, ...]`, with `N` spatial dimensions. */
export type PoolShape<What extends string, N extends Dims, S extends Shape, K, St, P, D, Ceil> =
  IsUnranked<S> extends true
    ? any
    : Parts<S, N> extends [infer B extends Shape, infer C extends number, infer X extends Shape]
      ? Windows<What, [...B, C], X, K, St, P, D, Ceil>
      : ShapeError<WrongRank<What, N, 'C', S>>

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
