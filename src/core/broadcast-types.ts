/** Broadcasting and matrix products, in types. */
import type { Box, IsAny, IsUnranked, Same, Shape, ShapeError, Show, ShowSize } from './shape-types'

/** The shape of an elementwise result, or the error. */
export type Broadcast<What extends string, A extends Shape, B extends Shape> =
  Same<A, B> extends true
    ? A
    : IsUnranked<A> extends true
      ? any
      : IsUnranked<B> extends true
        ? any
        : Align<What, A, B, A, B>

// From the last dimension to the first; FullA and FullB are for the message.
type Align<
  What extends string,
  A extends Shape,
  B extends Shape,
  FullA extends Shape,
  FullB extends Shape,
  Out extends Shape = [],
> = A extends readonly [...infer RA extends Shape, infer a extends number]
  ? B extends readonly [...infer RB extends Shape, infer b extends number]
    ? BroadcastSize<a, b> extends infer N
      ? N extends number
        ? Align<What, RA, RB, FullA, FullB, [N, ...Out]>
        : ShapeError<`${What}: shapes ${Show<FullA>} and ${Show<FullB>} do not broadcast: ${ShowSize<a>} and ${ShowSize<b>}`>
      : never
    : [...A, ...Out]
  : [...B, ...Out]

/** One dimension of a broadcast: an unknown size beside a known one other than 1 must be that one, or 1. */
export type BroadcastSize<a extends number, b extends number> =
  Same<a, b> extends true
    ? a
    : Box<a> extends Box<1>
      ? b
      : Box<b> extends Box<1>
        ? a
        : number extends a
          ? b
          : number extends b
            ? a
            : a extends b
              ? a
              : false

/** Whether `B` broadcasts into `A` without changing it: the rule of operators in place. */
export type BroadcastInto<What extends string, A extends Shape, B extends Shape> =
  Broadcast<What, A, B> extends infer R
    ? IsAny<R> extends true
      ? any
      : R extends ShapeError<string>
        ? R
        : Same<R, A> extends true
          ? A
          : R extends A
            ? A
            : A extends R
              ? A
              : ShapeError<`${What}: ${Show<B>} does not fit into ${Show<A>} in place`>
    : never

/** The rule of `matmul`. */
export type Matmul<A extends Shape, B extends Shape> =
  IsUnranked<A> extends true
    ? any
    : IsUnranked<B> extends true
      ? any
      : A extends readonly [infer K extends number]
        ? B extends readonly [infer L extends number]
          ? Inner<A, B, K, L, []>
          : B extends readonly [...infer P extends Shape, infer L extends number, infer M extends number]
            ? Inner<A, B, K, L, [...P, M]>
            : ShapeError<NoMatrix<A, B>>
        : A extends readonly [...infer P extends Shape, infer N extends number, infer K extends number]
          ? B extends readonly [infer L extends number]
            ? Inner<A, B, K, L, [...P, N]>
            : B extends readonly [...infer Q extends Shape, infer L extends number, infer M extends number]
              ? Inner<
                  A,
                  B,
                  K,
                  L,
                  Broadcast<'matmul', P, Q> extends infer R ? (R extends Shape ? [...R, N, M] : R) : never
                >
              : ShapeError<NoMatrix<A, B>>
          : ShapeError<NoMatrix<A, B>>
type NoMatrix<A, B> = `matmul: expects at least 1 dimension, got ${Show<A>} and ${Show<B>}`

// The two sizes that are summed over must agree.
type Inner<A, B, K extends number, L extends number, Out> =
  Box<K> extends Box<L>
    ? Out
    : number extends K | L
      ? Out
      : ShapeError<`matmul: ${Show<A>} and ${Show<B>} do not fit: ${ShowSize<K>} columns, ${ShowSize<L>} rows`>
