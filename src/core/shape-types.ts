/**
 * The arithmetic of shapes, in types. Every rule here maps shapes to a shape, or to a `ShapeError` whose message holds
 * the sizes; `any` in gives `any` out, an unknown dimension is `number`, an unknown rank gives `any`.
 */
import type { Add, Divide, Mod, Multiply, Subtract } from 'ts-arithmetic'

/** Sizes of a tensor's dimensions: literals where known, `number` where not. */
export type Shape = readonly number[]

/** What a rule gives where shapes do not fit: no value has this type, so `tsc` shows the message. */
export interface ShapeError<M extends string> {
  readonly shapeError: M
}

/** The part of a parameter's type that refuses: `x: Tensor<S, D> & Check<Rule>`. */
export type Check<R> = 0 extends 1 & R ? unknown : R extends ShapeError<string> ? R : unknown

/**
 * True for `any`, which takes both branches of a condition. (The usual `0 extends 1 & T` is settled too early where T is
 * constrained to strings: `1 & T` is then never.)
 */
export type IsAny<T> = boolean extends (T extends never ? true : false) ? true : false

/** True for identical types. Resolves for type parameters too: `Same<C, C>` is true in a class generic in `C`. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Wrapped, an assignability test between type parameters resolves as soon as it is surely true. */
export interface Box<T> {
  readonly boxed: T
}

/** True where the rank is not known: `any` and arrays that are no tuples. */
export type IsUnranked<S extends Shape> = 0 extends 1 & S ? true : number extends S['length'] ? true : false

// ---- numbers: literals are computed, `number` stays `number`

export type Plus<A extends number, B extends number> = number extends A | B ? number : Add<A, B>
export type Minus<A extends number, B extends number> = number extends A | B ? number : Subtract<A, B>
export type Times<A extends number, B extends number> = A extends 1
  ? B
  : B extends 1
    ? A
    : number extends A | B
      ? number
      : Multiply<A, B>
/** Rounds down; for `A >= 0`, `B > 0`. */
export type FloorDivide<A extends number, B extends number> = number extends A | B
  ? number
  : B extends 1
    ? A
    : Mod<A, B> extends infer M extends number
      ? Divide<Subtract<A, M>, B>
      : never
export type IsPositive<N extends number> = number extends N ? true : `${N}` extends '0' | `-${string}` ? false : true

/** The number of elements; `number` if a dimension is unknown. */
export type Product<S extends Shape, P extends number = 1> = S extends readonly [
  infer H extends number,
  ...infer R extends Shape,
]
  ? Product<R, Times<P, H>>
  : P

// ---- words for messages

export type ShowSize<N> = N extends number ? (number extends N ? '?' : `${N}`) : '?'
type Join<S extends readonly unknown[], T extends string = ''> = S extends readonly [infer H, ...infer R]
  ? Join<R, T extends '' ? ShowSize<H> : `${T}, ${ShowSize<H>}`>
  : T
/** `[?, 1, 28, 28]`. */
export type Show<S> = S extends readonly unknown[] ? (number extends S['length'] ? '[...]' : `[${Join<S>}]`) : '?'
// ---- sizes that remember where they come from

declare const dimensionOf: unique symbol

/** An unknown size that remembers its tensor's shape and dimension, so that `x.view([x.size(0), -1])` is understood. */
export type Dimension<S, I extends number> = number & { readonly [dimensionOf]?: readonly [S, I] }

/** True for a size that remembers its dimension. */
export type IsRemembered<N> = typeof dimensionOf extends keyof N ? true : false

/** Takes the memory of its dimension off a size. */
export type PlainSize<N> = number extends N
  ? number
  : typeof dimensionOf extends keyof N
    ? number
    : N extends number
      ? N
      : number
/** A shape as written by the caller, as the shape of a new tensor: neither readonly nor with remembered dimensions. */
export type PlainShape<V> = V extends Shape
  ? number extends V['length']
    ? any
    : { -readonly [K in keyof V]: PlainSize<V[K]> }
  : V extends number
    ? [PlainSize<V>]
    : any

// ---- dimensions by index

type DropCount<S extends Shape, P extends number, C extends readonly 0[] = []> = C['length'] extends P
  ? S['length']
  : S extends readonly [unknown, ...infer R extends Shape]
    ? DropCount<R, P, [...C, 0]>
    : never

/** The index of a dimension, counted from the end where negative; `never` where out of range, `number` where unknown. */
export type AxisOf<S extends Shape, I extends number> = number extends I
  ? number
  : `${I}` extends keyof S
    ? I
    : `${I}` extends `-${infer P extends number}`
      ? DropCount<S, P>
      : never

// The text alone: an alias of the whole error would be shown by its name instead.
type AxisMessage<What extends string, S, I> = `${What}: dimension ${ShowSize<I>} is out of range for ${Show<S>}`

/** A dimension's check alone: `unknown`, or the error. */
export type AxisCheck<What extends string, S extends Shape, I extends number> =
  IsUnranked<S> extends true ? unknown : [AxisOf<S, I>] extends [never] ? ShapeError<AxisMessage<What, S, I>> : unknown

/** What `size(i)` gives: the literal, or a number that remembers its dimension. */
export type SizeAt<S extends Shape, I extends number> =
  IsUnranked<S> extends true
    ? number
    : AxisOf<S, I> extends infer A extends number
      ? number extends A
        ? number
        : SizeAtIndex<S, A, `${A}`>
      : number
type SizeAtIndex<S extends Shape, A extends number, K extends string> = K extends keyof S
  ? Same<S[K], number> extends true
    ? Dimension<S, A>
    : S[K] extends infer N extends number
      ? N
      : number
  : number

/** Dimensions `From` to `To` (both included) merged into one; the rule of `flatten`. */
export type Flattened<S extends Shape, From extends number = 0, To extends number = -1> =
  IsUnranked<S> extends true
    ? any
    : number extends From | To
      ? any
      : S extends readonly []
        ? [1]
        : [AxisOf<S, From>] extends [never]
          ? ShapeError<AxisMessage<'flatten', S, From>>
          : [AxisOf<S, To>] extends [never]
            ? ShapeError<AxisMessage<'flatten', S, To>>
            : Merge<S, AxisOf<S, From>, AxisOf<S, To>>

// Walks the dimensions: before From they are kept, from From to To multiplied, after To kept.
type Merge<
  S extends Shape,
  From extends number,
  To extends number,
  Out extends Shape = [],
  C extends readonly 0[] = [],
> = C['length'] extends From
  ? MergeInner<S, To, Out, C>
  : S extends readonly [infer H extends number, ...infer R extends Shape]
    ? Merge<R, From, To, [...Out, H], [...C, 0]>
    : ShapeError<BackwardsMessage>
type MergeInner<
  S extends Shape,
  To extends number,
  Out extends Shape,
  C extends readonly 0[],
  P extends number = 1,
> = S extends readonly [infer H extends number, ...infer R extends Shape]
  ? C['length'] extends To
    ? [...Out, Times<P, H>, ...R]
    : MergeInner<R, To, Out, [...C, 0], Times<P, H>>
  : ShapeError<BackwardsMessage>
type BackwardsMessage = 'flatten: the first dimension lies behind the last'

/** Takes `readonly` off a shape. */
export type Writable<S extends Shape> = { -readonly [K in keyof S]: S[K] }

/** `unsqueeze(i)`. */
export type Unsqueezed<S extends Shape, I extends number> =
  IsUnranked<S> extends true
    ? any
    : number extends I
      ? any
      : AxisOf<[...S, 0], I> extends infer A
        ? [A] extends [never]
          ? ShapeError<AxisMessage<'unsqueeze', S, I>>
          : InsertOne<S, A>
        : never
type InsertOne<S extends Shape, I, Out extends Shape = []> = Out['length'] extends I
  ? [...Out, 1, ...S]
  : S extends readonly [infer H extends number, ...infer R extends Shape]
    ? InsertOne<R, I, [...Out, H]>
    : never

/** `squeeze()`, or `squeeze(i)`. An unknown size may be 1 at run time, so it makes the rank unknown. */
export type Squeezed<S extends Shape, I extends number | undefined> =
  IsUnranked<S> extends true
    ? any
    : I extends number
      ? number extends I
        ? any
        : [AxisOf<S, I>] extends [never]
          ? ShapeError<AxisMessage<'squeeze', S, I>>
          : SqueezedAt<S, AxisOf<S, I>, SizeAt<S, I>>
      : number extends S[number]
        ? any
        : WithoutOnes<S>
type SqueezedAt<S extends Shape, A, N> =
  Same<N, 1> extends true ? Dropped<S, A, false> : Same<PlainSize<N>, number> extends true ? any : Writable<S>
type WithoutOnes<S extends Shape, Out extends Shape = []> = S extends readonly [
  infer H extends number,
  ...infer R extends Shape,
]
  ? WithoutOnes<R, H extends 1 ? Out : [...Out, H]>
  : Out

/** Removes the dimensions `I` (a union of indexes), or leaves 1 in their place. */
export type Dropped<
  S extends Shape,
  I,
  Keep,
  Out extends Shape = [],
  C extends readonly 0[] = [],
> = S extends readonly [infer H extends number, ...infer R extends Shape]
  ? Dropped<R, I, Keep, C['length'] extends I ? (Keep extends true ? [...Out, 1] : Out) : [...Out, H], [...C, 0]>
  : Out

/** The rule of `sum`, `mean`, `argmax`, ...: one dimension, a list of them, or none for all. */
export type Reduced<What extends string, S extends Shape, I, Keep> =
  IsAny<I> extends true
    ? any
    : boolean extends Keep
      ? any
      : I extends undefined | null | readonly []
        ? Keep extends true
          ? IsUnranked<S> extends true
            ? any
            : { -readonly [K in keyof S]: 1 }
          : []
        : IsUnranked<S> extends true
          ? any
          : S extends readonly []
            ? []
            : I extends number
              ? ReducedAt<What, S, I, AxisOf<S, I>, Keep>
              : I extends Shape
                ? ReducedAt<What, S, I, AxesOf<S, I>, Keep>
                : any
type AxesOf<S extends Shape, I extends Shape> = { [K in keyof I]: OrBad<AxisOf<S, I[K]>> }[number]
type OrBad<A> = [A] extends [never] ? 'bad' : A
type ReducedAt<What extends string, S extends Shape, I, A, Keep> = [A] extends [never]
  ? ShapeError<AxisMessage<What, S, I>>
  : 'bad' extends A
    ? ShapeError<`${What}: a dimension of ${Show<I>} is out of range for ${Show<S>}`>
    : number extends A
      ? any
      : Dropped<S, A, Keep>

/** `transpose(i, j)`. */
export type Transposed<S extends Shape, I extends number, J extends number> =
  IsUnranked<S> extends true
    ? any
    : number extends I | J
      ? any
      : [AxisOf<S, I>] extends [never]
        ? ShapeError<AxisMessage<'transpose', S, I>>
        : [AxisOf<S, J>] extends [never]
          ? ShapeError<AxisMessage<'transpose', S, J>>
          : Swapped<S, `${AxisOf<S, I>}`, `${AxisOf<S, J>}`>
type Swapped<S extends Shape, I, J> = {
  -readonly [K in keyof S]: K extends I ? S[J & keyof S] : K extends J ? S[I & keyof S] : S[K]
} extends infer R extends Shape
  ? R
  : never

/** `t()`. */
export type T2<S extends Shape> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [infer A extends number, infer B extends number]
      ? [B, A]
      : S['length'] extends 0 | 1
        ? Writable<S>
        : ShapeError<`t: expects at most 2 dimensions, got ${Show<S>}`>

/** `permute(dims)`. */
export type Permuted<S extends Shape, P extends Shape> =
  IsUnranked<S> extends true
    ? any
    : IsUnranked<P> extends true
      ? any
      : number extends P[number]
        ? { -readonly [K in keyof P]: number }
        : P['length'] extends S['length']
          ? [Axes<S>] extends [AxesOf<S, P>]
            ? { -readonly [K in keyof P]: PlainSize<SizeAt<S, P[K]>> }
            : ShapeError<`permute: ${Show<P>} is no order of the dimensions of ${Show<S>}`>
          : ShapeError<`permute: ${ShowSize<P['length']>} dimensions named for ${Show<S>}`>
type Axes<S extends Shape> = { [K in keyof S]: K extends `${infer I extends number}` ? I : never }[number]
