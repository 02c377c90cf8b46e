/** Rules of operators that join tensors and cut them into several, in types: lists of shapes. */
import type { DType } from './dtype'
import type { Promote } from './dtype-types'
import type { OneSize, OutOfRange, ReplaceAt, Unsized } from './place-types'
import type {
  AxisOf,
  FloorDivide,
  IsAny,
  IsPositive,
  IsUnranked,
  Minus,
  PlainSize,
  Plus,
  Same,
  Shape,
  ShapeError,
  Show,
  ShowSize,
  SizeAt,
  Unsqueezed,
  Writable,
} from './shape-types'

type Shapes = readonly Shape[]

// ---- several into one

/** `cat(tensors, dim)` of tensors of these shapes. */
export type Joined<L extends Shapes, I extends number> =
  IsAny<L> extends true
    ? any
    : number extends L['length']
      ? JoinedList<L[number], I>
      : L extends readonly [infer H extends Shape, ...infer R extends Shapes]
        ? Same<H, [0]> extends true
          ? R extends readonly []
            ? H
            : Joined<R, I> // an empty vector joins anything
          : JoinEach<R, Writable<H>, I>
        : ShapeError<'cat: expects at least one tensor'>
// A list of unknown length, of one shape.
type JoinedList<S extends Shape, I extends number> =
  IsUnranked<S> extends true
    ? any
    : number extends I
      ? Unsized<S>
      : [AxisOf<S, I>] extends [never]
        ? ShapeError<OutOfRange<'cat', S, I>>
        : ReplaceAt<S, AxisOf<S, I>, number>
type JoinEach<L extends Shapes, Out, I extends number> =
  IsAny<Out> extends true
    ? any
    : Out extends Shape
      ? IsUnranked<Out> extends true
        ? any
        : number extends I
          ? Unsized<Out>
          : [AxisOf<Out, I>] extends [never]
            ? ShapeError<OutOfRange<'cat', Out, I>>
            : L extends readonly [infer H extends Shape, ...infer R extends Shapes]
              ? IsUnranked<H> extends true
                ? JoinEach<R, ReplaceAt<Out, AxisOf<Out, I>, number>, I>
                : Same<H, [0]> extends true
                  ? JoinEach<R, Out, I>
                  : H['length'] extends Out['length']
                    ? JoinEach<R, JoinTwo<'cat', Out, H, AxisOf<Out, I>, Out, H>, I>
                    : ShapeError<`cat: ${Show<Out>} and ${Show<H>} differ in rank`>
              : Out
      : Out
// Each dimension must be one but for A, where they add; A = -1 for none.
type JoinTwo<
  What extends string,
  S extends Shape,
  T extends Shape,
  A,
  FullS extends Shape,
  FullT extends Shape,
  Out extends Shape = [],
> = S extends readonly [infer s extends number, ...infer SR extends Shape]
  ? T extends readonly [infer t extends number, ...infer TR extends Shape]
    ? Out['length'] extends A
      ? JoinTwo<What, SR, TR, A, FullS, FullT, [...Out, Plus<s, t>]>
      : OneSize<s, t> extends infer N
        ? N extends number
          ? JoinTwo<What, SR, TR, A, FullS, FullT, [...Out, N]>
          : ShapeError<`${What}: ${Show<FullS>} and ${Show<FullT>} differ in dimension ${Out['length']}: ${ShowSize<s>} and ${ShowSize<t>}`>
        : never
    : Out
  : Out

/** `stack(tensors, dim)`. */
export type Stacked<L extends Shapes, I extends number> =
  IsAny<L> extends true
    ? any
    : number extends L['length']
      ? InsertSize<L[number], I, number>
      : L extends readonly [infer H extends Shape, ...infer R extends Shapes]
        ? StackEach<R, Writable<H>> extends infer S
          ? S extends Shape
            ? InsertSize<S, I, L['length']>
            : S
          : never
        : ShapeError<'stack: expects at least one tensor'>
type StackEach<L extends Shapes, Out> =
  IsAny<Out> extends true
    ? any
    : Out extends Shape
      ? L extends readonly [infer H extends Shape, ...infer R extends Shapes]
        ? IsUnranked<H> extends true
          ? StackEach<R, Out>
          : IsUnranked<Out> extends true
            ? StackEach<R, H>
            : H['length'] extends Out['length']
              ? StackEach<R, JoinTwo<'stack', Out, H, -1, Out, H>>
              : ShapeError<`stack: ${Show<Out>} and ${Show<H>} differ in rank`>
        : Out
      : Out
type InsertSize<S extends Shape, I extends number, N extends number> =
  Unsqueezed<S, I> extends infer R
    ? IsAny<R> extends true
      ? any
      : R extends ShapeError<`unsqueeze: ${infer M}`>
        ? ShapeError<`stack: ${M}`>
        : R extends Shape
          ? ReplaceAt<R, AxisOf<R, I>, N>
          : never
    : never

/** The dtype of tensors joined. */
export type PromoteAll<L extends readonly DType[], Out extends DType = never> =
  IsAny<L> extends true
    ? any
    : number extends L['length']
      ? L[number]
      : L extends readonly [infer H extends DType, ...infer R extends readonly DType[]]
        ? PromoteAll<R, [Out] extends [never] ? H : Promote<Out, H>>
        : Out

/** The shape of each grid that `meshgrid` makes of vectors. */
export type Grid<L extends Shapes, Indexing> = number extends L['length']
  ? any
  : GridSizes<L> extends infer G
    ? G extends readonly [infer A extends number, infer B extends number, ...infer R extends Shape]
      ? Indexing extends 'xy'
        ? 'ij' extends Indexing
          ? any
          : [B, A, ...R]
        : G
      : G
    : never
type GridSizes<L extends Shapes, Out extends Shape = []> = L extends readonly [
  infer H extends Shape,
  ...infer R extends Shapes,
]
  ? IsUnranked<H> extends true
    ? GridSizes<R, [...Out, number]>
    : H extends readonly []
      ? GridSizes<R, [...Out, 1]>
      : H extends readonly [infer N extends number]
        ? GridSizes<R, [...Out, N]>
        : ShapeError<`meshgrid: expects vectors, got ${Show<H>}`>
  : Out

// ---- one into several

// Tuples of up to 99 parts; more are an array.
type IsFew<N extends number> = number extends N
  ? false
  : `${N}` extends `${string}${infer R}`
    ? R extends `${string}${infer More}`
      ? More extends ''
        ? true
        : false
      : true
    : false
type Sizes<N extends number, By extends number, Out extends Shape = []> =
  IsPositive<Minus<N, By>> extends true ? Sizes<Minus<N, By>, By, [...Out, By]> : [...Out, N]
type SizesOrMany<N extends number, By extends number> = number extends N | By
  ? 'many'
  : IsPositive<By> extends false
    ? 'many'
    : IsFew<FloorDivide<N, By>> extends true
      ? Sizes<N, By>
      : 'many'
type Parts<S extends Shape, A, Z> = Z extends Shape
  ? { -readonly [K in keyof Z]: ReplaceAt<S, A, Z[K]> }
  : ReplaceAt<S, A, number>[]

/** `split(sizes, dim)`: a size for all parts but the last, or one for each. */
export type Split<S extends Shape, N, I extends number> =
  IsUnranked<S> extends true
    ? any[]
    : number extends I
      ? Unsized<S>[]
      : [AxisOf<S, I>] extends [never]
        ? ShapeError<OutOfRange<'split', S, I>>
        : N extends number
          ? Parts<S, AxisOf<S, I>, SizesOrMany<PlainSize<SizeAt<S, I>>, N>>
          : N extends Shape
            ? IsUnranked<N> extends true
              ? ReplaceAt<S, AxisOf<S, I>, number>[]
              : SumsTo<N, PlainSize<SizeAt<S, I>>> extends true
                ? Parts<S, AxisOf<S, I>, { -readonly [K in keyof N]: PlainSize<N[K]> }>
                : ShapeError<`split: parts of ${Show<N>} do not add up to ${ShowSize<PlainSize<SizeAt<S, I>>>}, dimension ${ShowSize<I>} of ${Show<S>}`>
            : any[]
type SumsTo<N extends Shape, Size extends number, Sum extends number = 0> = N extends readonly [
  infer H extends number,
  ...infer R extends Shape,
]
  ? SumsTo<R, Size, Plus<Sum, PlainSize<H>>>
  : number extends Sum | Size
    ? true
    : Same<Sum, Size>

/** `chunk(n, dim)`: at most `n` parts of one size but for the last. */
export type Chunked<S extends Shape, N extends number, I extends number> =
  IsUnranked<S> extends true
    ? any[]
    : number extends I
      ? Unsized<S>[]
      : [AxisOf<S, I>] extends [never]
        ? ShapeError<OutOfRange<'chunk', S, I>>
        : number extends N
          ? ReplaceAt<S, AxisOf<S, I>, number>[]
          : Parts<S, AxisOf<S, I>, ChunkSizes<PlainSize<SizeAt<S, I>>, N>>
type ChunkSizes<Size extends number, N extends number> = number extends Size
  ? 'many'
  : Size extends 0
    ? 'many'
    : SizesOrMany<Size, FloorDivide<Plus<Size, Minus<N, 1>>, N>>

/** `unbind(dim)`. */
export type Unbound<S extends Shape, I extends number> =
  IsUnranked<S> extends true
    ? any[]
    : number extends I
      ? any[]
      : [AxisOf<S, I>] extends [never]
        ? ShapeError<OutOfRange<'unbind', S, I>>
        : DropAxis<S, AxisOf<S, I>> extends infer R
          ? IsFew<PlainSize<SizeAt<S, I>>> extends true
            ? Copies<PlainSize<SizeAt<S, I>>, R>
            : R[]
          : never
type DropAxis<S extends Shape, A, Out extends Shape = [], C extends readonly 0[] = []> = S extends readonly [
  infer H extends number,
  ...infer R extends Shape,
]
  ? DropAxis<R, A, C['length'] extends A ? Out : [...Out, H], [...C, 0]>
  : Out
type Copies<N extends number, R, Out extends readonly unknown[] = []> = Out['length'] extends N
  ? Out
  : Copies<N, R, [...Out, R]>
