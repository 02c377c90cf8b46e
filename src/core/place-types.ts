/** Rules of operators that repeat, cut, move and pick dimensions, in types. */
import type { Broadcast } from './broadcast-types'
import type {
  AxisOf,
  Box,
  Dropped,
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
  Times,
  Writable,
} from './shape-types'
import type { Viewed } from './view-types'

/** Of two sizes that must be one, the known one; `false` where they differ. */
export type OneSize<A extends number, B extends number> =
  Box<A> extends Box<B> ? A : number extends A ? B : number extends B ? A : false

/** The dimensions of a shape, all of unknown size. */
export type Unsized<S extends Shape> = IsUnranked<S> extends true ? any : { -readonly [K in keyof S]: number }

/** The size of dimension `A`, an index that was counted already. */
export type SizeOf<S extends Shape, A> = S[`${A & number}` & keyof S] extends infer N extends number ? N : number
export type ReplaceAt<S extends Shape, A, N> = {
  -readonly [K in keyof S]: K extends `${A & number}` ? N : S[K]
} extends infer R extends Shape
  ? R
  : never

// The text alone: an alias of the whole error would be shown by its name instead.
export type OutOfRange<What extends string, S, I> = `${What}: dimension ${ShowSize<I>} is out of range for ${Show<S>}`

// ---- larger

/** `expand` and `broadcastTo`: from the last dimension to the first; -1 keeps a size. */
export type Expanded<What extends string, S extends Shape, V extends Shape> =
  IsUnranked<V> extends true
    ? any
    : IsUnranked<S> extends true
      ? { -readonly [K in keyof V]: Same<V[K], -1> extends true ? number : PlainSize<V[K]> }
      : ExpandEach<What, S, V, S, V>
type ExpandEach<
  What extends string,
  S extends Shape,
  V extends Shape,
  FullS extends Shape,
  FullV extends Shape,
  Out extends Shape = [],
> = V extends readonly [...infer VR extends Shape, infer v extends number]
  ? S extends readonly [...infer SR extends Shape, infer s extends number]
    ? ExpandSize<s, v> extends infer N
      ? N extends number
        ? ExpandEach<What, SR, VR, FullS, FullV, [N, ...Out]>
        : ShapeError<`${What}: ${Show<FullS>} to ${Show<FullV>}: ${ShowSize<s>} cannot become ${ShowSize<v>}`>
      : never
    : Same<v, -1> extends true
      ? ShapeError<`${What}: -1 in a new dimension of ${Show<FullV>}`>
      : ExpandEach<What, S, VR, FullS, FullV, [PlainSize<v>, ...Out]>
  : S extends readonly []
    ? Out
    : ShapeError<`${What}: ${FullV['length']} sizes for ${Show<FullS>}`>
type ExpandSize<s extends number, v extends number> =
  Same<v, -1> extends true ? s : Same<s, 1> extends true ? PlainSize<v> : OneSize<s, PlainSize<v>>

/** `repeat`: one factor for each dimension, and some for new ones before; `tile` takes fewer factors too. */
export type Repeated<What extends 'repeat' | 'tile', S extends Shape, V extends Shape> =
  IsUnranked<S> extends true ? any : IsUnranked<V> extends true ? any : RepeatEach<What, S, V, S, V>
type RepeatEach<
  What extends string,
  S extends Shape,
  V extends Shape,
  FullS extends Shape,
  FullV extends Shape,
  Out extends Shape = [],
> = V extends readonly [...infer VR extends Shape, infer v extends number]
  ? S extends readonly [...infer SR extends Shape, infer s extends number]
    ? RepeatEach<What, SR, VR, FullS, FullV, [Times<s, PlainSize<v>>, ...Out]>
    : RepeatEach<What, S, VR, FullS, FullV, [PlainSize<v>, ...Out]>
  : S extends readonly []
    ? Out
    : What extends 'tile'
      ? [...S, ...Out]
      : ShapeError<`repeat: ${FullV['length']} numbers of repetitions for ${Show<FullS>}`>

/** `repeatInterleave(n)` of all elements, or along a dimension. */
export type Interleaved<S extends Shape, N extends number, I> =
  IsUnranked<S> extends true
    ? any
    : I extends number
      ? number extends I
        ? Unsized<S>
        : [AxisOf<S, I>] extends [never]
          ? ShapeError<OutOfRange<'repeatInterleave', S, I>>
          : ReplaceAt<S, AxisOf<S, I>, Times<SizeAtPlain<S, I>, N>>
      : [Times<N, ProductOf<S>>]
type SizeAtPlain<S extends Shape, I extends number> = PlainSize<SizeAt<S, I>>
type ProductOf<S extends Shape, P extends number = 1> = S extends readonly [
  infer H extends number,
  ...infer R extends Shape,
]
  ? ProductOf<R, Times<P, H>>
  : P

// ---- smaller

/** `narrow(dim, start, length)`. */
export type Narrowed<S extends Shape, I extends number, A extends number, L extends number> =
  IsUnranked<S> extends true
    ? any
    : number extends I
      ? Unsized<S>
      : [AxisOf<S, I>] extends [never]
        ? ShapeError<OutOfRange<'narrow', S, I>>
        : InBounds<SizeAtPlain<S, I>, A, L> extends true
          ? ReplaceAt<S, AxisOf<S, I>, PlainSize<L>>
          : ShapeError<`narrow: ${ShowSize<L>} from ${ShowSize<A>} is more than dimension ${ShowSize<I>} of ${Show<S>} has`>
type InBounds<N extends number, A extends number, L extends number> = number extends N | A | L
  ? true
  : IsPositive<A> extends true
    ? IsPositive<Minus<Plus<N, 1>, Plus<A, L>>>
    : A extends 0
      ? IsPositive<Minus<Plus<N, 1>, L>>
      : true

/** `select(dim, index)`. */
export type Selected<S extends Shape, I extends number, P extends number> =
  IsUnranked<S> extends true
    ? any
    : number extends I
      ? any
      : [AxisOf<S, I>] extends [never]
        ? ShapeError<OutOfRange<'select', S, I>>
        : HasPosition<SizeAtPlain<S, I>, P> extends true
          ? Dropped<S, AxisOf<S, I>, false>
          : ShapeError<`select: index ${ShowSize<P>} is out of range for dimension ${ShowSize<I>} of ${Show<S>}`>

/** Whether a dimension of size `N` has a position `P`, counted from the end where negative. */
export type HasPosition<N extends number, P extends number> = number extends N | P
  ? true
  : `${P}` extends `-${infer Q extends number}`
    ? IsPositive<Minus<Plus<N, 1>, Q>>
    : IsPositive<Minus<N, P>>

/** `indexSelect(dim, index)`: `[N]` positions of a dimension. */
export type IndexSelected<What extends string, S extends Shape, I extends number, X extends Shape> =
  IsUnranked<S> extends true
    ? any
    : number extends I
      ? Unsized<S>
      : [AxisOf<S, I>] extends [never]
        ? ShapeError<OutOfRange<What, S, I>>
        : IsUnranked<X> extends true
          ? ReplaceAt<S, AxisOf<S, I>, number>
          : X extends readonly []
            ? ReplaceAt<S, AxisOf<S, I>, 1>
            : X extends readonly [infer N]
              ? ReplaceAt<S, AxisOf<S, I>, N>
              : ShapeError<`${What}: expects an index of one dimension, got ${Show<X>}`>

/** `gather(dim, index)`: the index's shape, of the tensor's rank; no larger but along `dim`. */
export type Gathered<What extends string, S extends Shape, I extends number, X extends Shape> =
  IsUnranked<S> extends true
    ? Writable<X>
    : IsUnranked<X> extends true
      ? Unsized<S>
      : number extends I
        ? Writable<X>
        : [AxisOf<S, I>] extends [never]
          ? ShapeError<OutOfRange<What, S, I>>
          : S extends readonly []
            ? Writable<X>
            : X['length'] extends S['length']
              ? TooLarge<S, X, AxisOf<S, I>> extends infer K
                ? [K] extends [never]
                  ? Writable<X>
                  : ShapeError<`${What}: an index of ${Show<X>} is larger than ${Show<S>} in dimension ${K & string}`>
                : never
              : X extends readonly []
                ? []
                : ShapeError<`${What}: the index needs the rank of ${Show<S>}, got ${Show<X>}`>
type TooLarge<S extends Shape, X extends Shape, A> = {
  [K in keyof X & `${number}`]: K extends `${A & number}`
    ? never
    : X[K] extends infer x extends number
      ? S[K & keyof S] extends infer s extends number
        ? number extends x | s
          ? never
          : IsPositive<Minus<x, s>> extends true
            ? K
            : never
        : never
      : never
}[keyof X & `${number}`]

// ---- in another order

/** `unflatten(dim, sizes)`; one size may be -1. */
export type Unflattened<S extends Shape, I extends number, V extends Shape> =
  IsUnranked<S> extends true
    ? any
    : number extends I
      ? any
      : [AxisOf<S, I>] extends [never]
        ? ShapeError<OutOfRange<'unflatten', S, I>>
        : Viewed<[SizeAtPlain<S, I>], V> extends infer R
          ? IsAny<R> extends true
            ? any
            : R extends ShapeError<`view: ${infer M}`>
              ? ShapeError<`unflatten: ${M}`>
              : R extends Shape
                ? Spliced<S, AxisOf<S, I>, R>
                : never
          : never
type Spliced<S extends Shape, A, R extends Shape, Out extends Shape = []> = S extends readonly [
  infer H extends number,
  ...infer T extends Shape,
]
  ? Out['length'] extends A
    ? [...Out, ...R, ...T]
    : Spliced<T, A, R, [...Out, H]>
  : Out

type List<I> = I extends number ? readonly [I] : I extends Shape ? I : Shape
/** `movedim(source, destination)`, each a dimension or a list of them. */
export type Moved<S extends Shape, From, To> =
  IsUnranked<S> extends true
    ? any
    : List<From> extends infer F extends Shape
      ? List<To> extends infer T extends Shape
        ? IsUnranked<F> extends true
          ? Unsized<S>
          : IsUnranked<T> extends true
            ? Unsized<S>
            : number extends F[number] | T[number]
              ? Unsized<S>
              : F['length'] extends T['length']
                ? MoveEach<S, Wrapped<S, F>, Wrapped<S, T>, From, To>
                : ShapeError<`movedim: ${ShowSize<F['length']>} dimensions to ${ShowSize<T['length']>} places`>
        : never
      : never
type Wrapped<S extends Shape, I extends Shape> = {
  [K in keyof I]: [AxisOf<S, I[K]>] extends [never] ? 'bad' : AxisOf<S, I[K]>
}
type MoveEach<S extends Shape, F extends readonly unknown[], T extends readonly unknown[], From, To> = 'bad' extends
  | F[number]
  | T[number]
  ? ShapeError<`movedim: a dimension of ${ShowAxes<From>} or ${ShowAxes<To>} is out of range for ${Show<S>}`>
  : PlaceEach<S, Dropped<S, F[number], false>, { [K in keyof T & `${number}` as `${T[K] & number}`]: F[K & keyof F] }>
type ShowAxes<I> = I extends number ? ShowSize<I> : Show<I>
// Walks the places: those that are named take their dimension, the others the next one that was not moved.
type PlaceEach<S extends Shape, Kept extends Shape, Map, Out extends Shape = []> = Out['length'] extends S['length']
  ? Out
  : `${Out['length']}` extends keyof Map
    ? PlaceEach<S, Kept, Map, [...Out, SizeOf<S, Map[`${Out['length']}` & keyof Map]>]>
    : Kept extends readonly [infer H extends number, ...infer R extends Shape]
      ? PlaceEach<S, R, Map, [...Out, H]>
      : never

/** The last two dimensions exchanged: `mT`, `mH`, `adjoint`. */
export type MatrixTransposed<S extends Shape> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [...infer B extends Shape, infer N extends number, infer M extends number]
      ? [...B, M, N]
      : any
/** All dimensions backwards: `T`. */
export type Reversed<S extends Shape, Out extends Shape = []> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [infer H extends number, ...infer R extends Shape]
      ? Reversed<R, [H, ...Out]>
      : Out

// ---- diagonals

/** `diag`: a matrix of a vector, the diagonal of a matrix. */
export type Diag<S extends Shape, K extends number> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [infer N extends number]
      ? K extends 0
        ? [N, N]
        : [Plus<N, Abs<K>>, Plus<N, Abs<K>>]
      : S extends readonly [infer N extends number, infer M extends number]
        ? [DiagonalSize<N, M, K>]
        : ShapeError<`diag: expects 1 or 2 dimensions, got ${Show<S>}`>
type Abs<K extends number> = `${K}` extends `-${infer P extends number}` ? P : K
/** `diagonal(offset, dim1, dim2)`: the two dimensions leave, their diagonal comes last. */
export type Diagonal<S extends Shape, K extends number, A extends number, B extends number> =
  IsUnranked<S> extends true
    ? any
    : number extends A | B
      ? any
      : [AxisOf<S, A>] extends [never]
        ? ShapeError<OutOfRange<'diagonal', S, A>>
        : [AxisOf<S, B>] extends [never]
          ? ShapeError<OutOfRange<'diagonal', S, B>>
          : [...Dropped<S, AxisOf<S, A> | AxisOf<S, B>, false>, DiagonalSize<SizeAtPlain<S, A>, SizeAtPlain<S, B>, K>]
type DiagonalSize<N extends number, M extends number, K extends number> = number extends N | M | K
  ? number
  : `${K}` extends `-${infer P extends number}`
    ? Least<Minus<N, P>, M>
    : Least<N, Minus<M, K>>
type Least<A extends number, B extends number> =
  IsPositive<A> extends false ? 0 : IsPositive<B> extends false ? 0 : IsPositive<Minus<A, B>> extends true ? B : A

/** `takeAlongDim(index, dim)`: the other dimensions broadcast. */
export type TakenAlong<S extends Shape, X extends Shape, I> =
  IsUnranked<S> extends true
    ? any
    : IsUnranked<X> extends true
      ? any
      : I extends number
        ? number extends I
          ? any
          : [AxisOf<S, I>] extends [never]
            ? ShapeError<OutOfRange<'takeAlongDim', S, I>>
            : X['length'] extends S['length']
              ? Broadcast<'takeAlongDim', ReplaceAt<S, AxisOf<S, I>, 1>, ReplaceAt<X, AxisOf<S, I>, 1>> extends infer R
                ? R extends Shape
                  ? ReplaceAt<R, AxisOf<S, I>, SizeOf<X, AxisOf<S, I>>>
                  : R
                : never
              : ShapeError<`takeAlongDim: the index needs the rank of ${Show<S>}, got ${Show<X>}`>
        : [ProductOf<X>]
