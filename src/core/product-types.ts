/** Rules of products of vectors, matrices and batches of them, in types. */
import type { Broadcast, Matmul } from './broadcast-types'
import type { Expanded, OneSize } from './place-types'
import type { Dropped, IsAny, IsUnranked, Shape, ShapeError, Show, ShowSize, Times } from './shape-types'

/** A matrix product of operands of these ranks: `mm` 2 and 2, `bmm` 3 and 3, `mv` 2 and 1, `dot` 1 and 1. */
export type ProductOf<What extends string, A extends Shape, B extends Shape, RA extends number, RB extends number> =
  IsUnranked<A> extends true
    ? any
    : IsUnranked<B> extends true
      ? any
      : A['length'] extends RA
        ? B['length'] extends RB
          ? OneBatch<What, A, B> extends infer E
            ? E extends ShapeError<string>
              ? E
              : Renamed<What, Matmul<A, B>>
            : never
          : ShapeError<WrongRank<What, A, B, RA, RB>>
        : ShapeError<WrongRank<What, A, B, RA, RB>>
type WrongRank<What extends string, A, B, RA extends number, RB extends number> = RA extends RB
  ? `${What}: expects ${RA} ${RA extends 1 ? 'dimension' : 'dimensions'}, got ${Show<A>} and ${Show<B>}`
  : `${What}: expects ${RA} and ${RB} dimensions, got ${Show<A>} and ${Show<B>}`
type OneBatch<What extends string, A extends Shape, B extends Shape> = [A, B] extends [
  readonly [infer P extends number, number, number],
  readonly [infer Q extends number, number, number],
]
  ? OneSize<P, Q> extends false
    ? ShapeError<`${What}: batches of ${ShowSize<P>} and ${ShowSize<Q>}`>
    : unknown
  : unknown
type Renamed<What extends string, R> =
  IsAny<R> extends true ? any : R extends ShapeError<`matmul: ${infer M}`> ? ShapeError<`${What}: ${M}`> : R

/** A product of matrices, to which `S` is added: it must broadcast to the product. */
export type AddedTo<What extends string, S extends Shape, R> =
  IsAny<R> extends true
    ? any
    : R extends Shape
      ? Expanded<What, S, R> extends infer E
        ? IsAny<E> extends true
          ? R
          : E extends ShapeError<string>
            ? E
            : R
        : never
      : R

/** `outer`, `ger`: `[N]` and `[M]`. */
export type Outer<What extends string, A extends Shape, B extends Shape> =
  IsUnranked<A> extends true
    ? [number, number]
    : IsUnranked<B> extends true
      ? [number, number]
      : [A, B] extends [readonly [infer N extends number], readonly [infer M extends number]]
        ? [N, M]
        : ShapeError<`${What}: expects two vectors, got ${Show<A>} and ${Show<B>}`>

/** `kron`: aligned at the last dimension, sizes multiply. */
export type Kron<A extends Shape, B extends Shape> =
  IsUnranked<A> extends true ? any : IsUnranked<B> extends true ? any : KronEach<A, B>
type KronEach<A extends Shape, B extends Shape, Out extends Shape = []> = A extends readonly [
  ...infer RA extends Shape,
  infer a extends number,
]
  ? B extends readonly [...infer RB extends Shape, infer b extends number]
    ? KronEach<RA, RB, [Times<a, b>, ...Out]>
    : [...A, ...Out]
  : [...B, ...Out]

/** `tensordot(a, b, n)`: the last `n` dimensions of `A` with the first `n` of `B`. */
export type Contracted<A extends Shape, B extends Shape, N> =
  IsUnranked<A> extends true
    ? any
    : IsUnranked<B> extends true
      ? any
      : N extends number
        ? number extends N
          ? any
          : LastOf<A, N> extends [infer P extends Shape, infer K extends Shape]
            ? FirstOf<B, N> extends [infer L extends Shape, infer Q extends Shape]
              ? SameEach<K, L> extends true
                ? [...P, ...Q]
                : ShapeError<`tensordot: ${Show<A>} and ${Show<B>} do not fit: ${Show<K>} and ${Show<L>}`>
              : ShapeError<`tensordot: ${Show<B>} has no ${N} dimensions`>
            : ShapeError<`tensordot: ${Show<A>} has no ${N} dimensions`>
        : N extends readonly [infer I extends Shape, infer J extends Shape]
          ? number extends I[number] | J[number]
            ? any
            : `${I[number] | J[number]}` extends `-${string}`
              ? any
              : [...Dropped<A, I[number], false>, ...Dropped<B, J[number], false>]
          : any
type LastOf<A extends Shape, N extends number, K extends Shape = []> = K['length'] extends N
  ? [A, K]
  : A extends readonly [...infer R extends Shape, infer H extends number]
    ? LastOf<R, N, [H, ...K]>
    : never
type FirstOf<B extends Shape, N extends number, L extends Shape = []> = L['length'] extends N
  ? [L, B]
  : B extends readonly [infer H extends number, ...infer R extends Shape]
    ? FirstOf<R, N, [...L, H]>
    : never
type SameEach<K extends Shape, L extends Shape> = K extends readonly [infer a extends number, ...infer RK extends Shape]
  ? L extends readonly [infer b extends number, ...infer RL extends Shape]
    ? OneSize<a, b> extends false
      ? false
      : SameEach<RK, RL>
    : true
  : true

/** `cdist`: rows of `[..., P, M]` and `[..., R, M]`. */
export type Distances<A extends Shape, B extends Shape> =
  IsUnranked<A> extends true
    ? any
    : IsUnranked<B> extends true
      ? any
      : [A, B] extends [
            readonly [...infer X extends Shape, infer P extends number, infer M extends number],
            readonly [...infer Y extends Shape, infer R extends number, infer L extends number],
          ]
        ? OneSize<M, L> extends false
          ? ShapeError<`cdist: ${Show<A>} and ${Show<B>} have ${ShowSize<M>} and ${ShowSize<L>} columns`>
          : Broadcast<'cdist', X, Y> extends infer Z
            ? IsAny<Z> extends true
              ? any
              : Z extends Shape
                ? [...Z, P, R]
                : Z
            : never
        : ShapeError<`cdist: expects at least 2 dimensions, got ${Show<A>} and ${Show<B>}`>

// ---- linear algebra: the last two dimensions are a matrix

/** Of square matrices: what is left without them, and their shape. */
export type Square<What extends string, S extends Shape> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [...Shape, infer N extends number, infer M extends number]
      ? OneSize<N, M> extends false
        ? ShapeError<`${What}: expects square matrices, got ${Show<S>}`>
        : S
      : ShapeError<`${What}: expects at least 2 dimensions, got ${Show<S>}`>
export type Batch<S extends Shape> = S extends readonly [...infer B extends Shape, number, number] ? B : any
export type RowsOf<S extends Shape> = S extends readonly [...infer B extends Shape, infer N extends number, number]
  ? [...B, N]
  : any

/** `linalg.solve(A, B)`: `B` is a batch of vectors or of matrices. */
export type Solved<A extends Shape, B extends Shape> =
  IsUnranked<A> extends true
    ? any
    : IsUnranked<B> extends true
      ? any
      : Square<'solve', A> extends ShapeError<string>
        ? Square<'solve', A>
        : A extends readonly [...infer X extends Shape, infer N extends number, number]
          ? B extends readonly [infer L extends number]
            ? OneSize<N, L> extends false
              ? ShapeError<NoFit<A, B, N, L>>
              : [...X, N]
            : B extends readonly [...infer Y extends Shape, infer L extends number, infer K extends number]
              ? OneSize<N, L> extends false
                ? ShapeError<NoFit<A, B, N, L>>
                : Broadcast<'solve', X, Y> extends infer Z
                  ? IsAny<Z> extends true
                    ? any
                    : Z extends Shape
                      ? B['length'] extends X['length']
                        ? any
                        : [...Z, N, K]
                      : Z
                  : never
              : any
          : never
type NoFit<A, B, N, L> = `solve: ${Show<A>} and ${Show<B>} do not fit: ${ShowSize<N>} and ${ShowSize<L>} rows`
