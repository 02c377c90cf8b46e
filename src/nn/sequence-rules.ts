/** The rules of activations along a dimension, embeddings, recurrent layers and attention, in types. */
import type {
  AxisCheck,
  AxisOf,
  FloorDivide,
  IsAny,
  IsUnranked,
  Shape,
  ShapeError,
  Show,
  ShowSize,
  Times,
} from '../core/shape-types'
import type { Agrees, Fits, Rule } from './rules'

export interface GluRule<I extends number> extends Rule {
  out: this['in'] extends infer S extends Shape ? GluShape<S, I> : never
}
/** Half the size at `I`. */
export type GluShape<S extends Shape, I extends number> =
  IsUnranked<S> extends true
    ? any
    : AxisCheck<'glu', S, I> extends infer E
      ? E extends ShapeError<string>
        ? E
        : number extends I
          ? any
          : HalvedAt<S, `${AxisOf<S, I>}`>
      : never
type HalvedAt<S extends Shape, K extends string> = K extends keyof S
  ? S[K] extends infer N extends number
    ? number extends N
      ? Halved<S, K>
      : Times<FloorDivide<N, 2>, 2> extends N
        ? Halved<S, K>
        : ShapeError<`glu: the size that is halved must be even, got ${N} in ${Show<S>}`>
    : never
  : any
type Halved<S extends Shape, K> = {
  -readonly [J in keyof S]: J extends K ? FloorDivide<S[J] & number, 2> : S[J]
} extends infer R extends Shape
  ? R
  : never

/** Of layers that take images and keep their shape. */
export interface ImagesRule<What extends string> extends Rule {
  out: this['in'] extends infer S extends Shape ? ImagesShape<What, S> : never
}
type ImagesShape<What extends string, S extends Shape> =
  IsUnranked<S> extends true
    ? any
    : S['length'] extends 3 | 4
      ? S
      : ShapeError<`${What} expects [N, C, H, W] or [C, H, W], got ${Show<S>}`>

/** Of layers of several tensors, which no Sequential can call. */
export interface TwoInputsRule extends Rule {
  out: ShapeError<'the layer takes more than one tensor'>
}

// ---- embeddings

export interface EmbeddingRule<E extends number> extends Rule {
  out: this['in'] extends infer S extends Shape ? EmbeddedShape<S, E> : never
  /** The dtype of the weight, whatever that of the indices. */
  dtype: any
}
/** `[*]` to `[*, E]`. */
export type EmbeddedShape<S extends Shape, E extends number> = IsUnranked<S> extends true ? any : [...S, E]

/** Refuses indices of a known dtype that is not int64 or int32. */
export type IndexCheck<What extends string, D> =
  IsAny<D> extends true
    ? unknown
    : [D] extends ['int64' | 'int32']
      ? unknown
      : 'int64' extends D
        ? unknown
        : ShapeError<`${What} expects indices of int64 or int32, got ${D & string}`>

/** Bags of indices, `[B, N]`, or `[N]` with the offsets of `B` bags, to `[B, E]`. */
export type BagShape<What extends string, S extends Shape, O extends Shape, E extends number, Last> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [infer B extends number, number]
      ? [B, E]
      : S extends readonly [number]
        ? O extends readonly [infer B extends number]
          ? [Last extends false ? B : number, E]
          : [number, E]
        : ShapeError<`${What} expects [B, N], or [N] and offsets, got ${Show<S>}`>

/** `[*, I]` and `[*, J]` to `[*, O]`. */
export type BilinearShape<S extends Shape, T extends Shape, I extends number, J extends number, O extends number> =
  IsUnranked<S> extends true
    ? any
    : IsUnranked<T> extends true
      ? any
      : S extends readonly [...infer A extends Shape, infer K extends number]
        ? Fits<K, I> extends true
          ? T extends readonly [...infer B extends Shape, infer L extends number]
            ? Fits<L, J> extends true
              ? Agrees<A, B> extends true
                ? [...A, O]
                : ShapeError<`Bilinear: the inputs' other dimensions must agree, got ${Show<S>} and ${Show<T>}`>
              : ShapeError<`Bilinear expects ${ShowSize<J>} features in its second input, got ${ShowSize<L>} in ${Show<T>}`>
            : ShapeError<`Bilinear expects [..., ${ShowSize<J>}], got ${Show<T>}`>
          : ShapeError<`Bilinear expects ${ShowSize<I>} features in its first input, got ${ShowSize<K>} in ${Show<S>}`>
        : ShapeError<`Bilinear expects [..., ${ShowSize<I>}], got ${Show<S>}`>

// ---- recurrent layers

/** Of layers that give their output and their state. */
export interface StatefulRule<What extends string> extends Rule {
  out: ShapeError<`${What} gives its output and its state`>
}

/** The sizes of a recurrent layer; `H` is what its output has for each direction. */
export interface RecurrentSizes {
  what: string
  input: number
  output: number
  hidden: number
  layers: number
  first: boolean
  both: boolean
}

/** `[L, N, I]` or `[N, L, I]` or `[L, I]` to the same with the output's features. */
export type RecurrentShape<S extends Shape, Z extends RecurrentSizes> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [...infer B extends Shape, infer I extends number]
      ? B['length'] extends 1 | 2
        ? Fits<I, Z['input']> extends true
          ? [...B, Directed<Z['output'], Z['both']>]
          : ShapeError<`${Z['what']} expects ${ShowSize<Z['input']>} features, got ${ShowSize<I>} in ${Show<S>}`>
        : ShapeError<RecurrentRank<S, Z>>
      : ShapeError<RecurrentRank<S, Z>>
type RecurrentRank<
  S,
  Z extends RecurrentSizes,
> = `${Z['what']} expects ${Z['first'] extends true ? '[N, L, ' : '[L, N, '}${ShowSize<Z['input']>}] or [L, ${ShowSize<Z['input']>}], got ${Show<S>}`
type Directed<N extends number, Both> = boolean extends Both ? number : Both extends true ? Times<2, N> : N

/** The state `[D * layers, N, size]`, or `[D * layers, size]` without a batch. */
export type StateShape<S extends Shape, Z extends RecurrentSizes, H extends number> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [infer A extends number, infer B extends number, number]
      ? [Directed<Z['layers'], Z['both']>, boolean extends Z['first'] ? number : Z['first'] extends true ? A : B, H]
      : [Directed<Z['layers'], Z['both']>, H]

/** Refuses a state of other sizes. */
export type StateCheck<S extends Shape, T extends Shape, Z extends RecurrentSizes, H extends number> =
  StateShape<S, Z, H> extends infer W extends Shape
    ? Agrees<T, W> extends true
      ? unknown
      : ShapeError<`${Z['what']} expects a state of ${Show<W>}, got ${Show<T>}`>
    : unknown

/** `[N, I]` or `[I]` to `[N, H]` or `[H]`. */
export type CellShape<What extends string, S extends Shape, I extends number, H extends number> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [...infer B extends Shape, infer J extends number]
      ? B['length'] extends 0 | 1
        ? Fits<J, I> extends true
          ? [...B, H]
          : ShapeError<`${What} expects ${ShowSize<I>} features, got ${ShowSize<J>} in ${Show<S>}`>
        : ShapeError<`${What} expects [N, ${ShowSize<I>}] or [${ShowSize<I>}], got ${Show<S>}`>
      : ShapeError<`${What} expects [N, ${ShowSize<I>}] or [${ShowSize<I>}], got ${Show<S>}`>

// ---- attention

/** `[..., L, E]` and `[..., S, V]` to `[..., L, V]`. */
export type AttendedShape<Q extends Shape, V extends Shape> =
  IsUnranked<Q> extends true
    ? any
    : IsUnranked<V> extends true
      ? any
      : Q extends readonly [...infer B extends Shape, infer L extends number, number]
        ? V extends readonly [...Shape, infer W extends number]
          ? [...B, L, W]
          : any
        : any

export interface ModelRule<What extends string, E extends number> extends Rule {
  out: this['in'] extends infer S extends Shape ? ModelShape<What, S, E> : never
}
/** `[L, N, E]`, `[N, L, E]` or `[L, E]`. */
export type ModelShape<What extends string, S extends Shape, E extends number> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [...infer B extends Shape, infer F extends number]
      ? B['length'] extends 1 | 2
        ? Fits<F, E> extends true
          ? S
          : ShapeError<`${What} expects ${ShowSize<E>} features, got ${ShowSize<F>} in ${Show<S>}`>
        : ShapeError<`${What} expects [L, N, ${ShowSize<E>}] or [L, ${ShowSize<E>}], got ${Show<S>}`>
      : ShapeError<`${What} expects [L, N, ${ShowSize<E>}] or [L, ${ShowSize<E>}], got ${Show<S>}`>

/** Queries `[L, N, E]` and keys `[S, N, K]`: averaged weights `[N, L, S]`, each head's `[N, H, L, S]`. */
export type WeightsShape<Q extends Shape, K extends Shape, H extends number, First, Averaged> =
  IsUnranked<Q> extends true
    ? any
    : IsUnranked<K> extends true
      ? any
      : boolean extends First | Averaged
        ? any
        : Q extends readonly [infer A extends number, infer B extends number, number]
          ? K extends readonly [infer C extends number, infer D extends number, number]
            ? First extends true
              ? PerHead<[A], H, [B, D], Averaged>
              : PerHead<[B], H, [A, C], Averaged>
            : any
          : Q extends readonly [infer A extends number, number]
            ? K extends readonly [infer C extends number, number]
              ? PerHead<[], H, [A, C], Averaged>
              : any
            : any
type PerHead<N extends Shape, H extends number, LS extends Shape, Averaged> = Averaged extends true
  ? [...N, ...LS]
  : [...N, H, ...LS]
