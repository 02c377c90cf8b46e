/** The rule of `at`, in types: positions, slices, `null`, `'...'`, index tensors, nested arrays and masks. */
import type { Broadcast } from './broadcast-types'
import type { HasPosition, OneSize } from './place-types'
import type {
  FloorDivide,
  IsAny,
  IsPositive,
  IsUnranked,
  Minus,
  PlainSize,
  Plus,
  Shape,
  ShapeError,
  Show,
  ShowSize,
} from './shape-types'

/** Under which a slice's type carries its ends; no value has it. */
export declare const range: unique symbol
/** Under which a tensor's type is found without its class. */
interface TensorLike<S, D> {
  readonly shape: S
  readonly dtype: D
}
interface Sliced<A, B, C> {
  readonly [range]?: readonly [A, B, C]
}

/** The shape of `x.at(...I)` for a tensor of shape `S`, or the error. */
export type Indexed<S extends Shape, I extends readonly unknown[]> =
  IsUnranked<S> extends true ? any : number extends I['length'] ? any : Walk<S, I, [], 'none', [], 'none', S>

/**
 * `Before` are the dimensions of the result before the index tensors, `Picked` those that these make together (`'none'`
 * while there is none), `After` the ones behind. `Where` tells whether they stay there: index tensors that are not side by
 * side put their dimensions first.
 */
type Walk<
  S extends Shape,
  I extends readonly unknown[],
  Before extends Shape,
  Picked,
  After extends Shape,
  Where extends 'none' | 'open' | 'closed' | 'front',
  Full extends Shape,
> = I extends readonly [infer H, ...infer R]
  ? IsAny<H> extends true
    ? any
    : [H] extends [null]
      ? Keep<S, R, Before, Picked, After, Where, Full, [1]>
      : [H] extends ['...']
        ? Ellipsis<S, Taken<R>> extends [infer Middle extends Shape, infer Rest extends Shape]
          ? Middle extends readonly []
            ? Walk<Rest, R, Before, Picked, After, Where, Full>
            : Keep<Rest, R, Before, Picked, After, Where, Full, Middle>
          : Taken<R> extends 'unknown'
            ? any
            : ShapeError<TooMany<Full>>
        : [H] extends [boolean]
          ? any
          : S extends readonly [infer N extends number, ...infer T extends Shape]
            ? [H] extends [number]
              ? HasPosition<PlainSize<N>, H> extends true
                ? Walk<T, R, Before, Picked, After, Where, Full>
                : ShapeError<`at: index ${ShowSize<H>} is out of range for a dimension of ${ShowSize<N>} in ${Show<Full>}`>
              : [H] extends [bigint]
                ? Walk<T, R, Before, Picked, After, Where, Full>
                : H extends Sliced<infer A, infer B, infer C>
                  ? [typeof range] extends [keyof H]
                    ? Keep<T, R, Before, Picked, After, Where, Full, [SlicedSize<N, A, B, C>]>
                    : ByTensor<S, H, R, Before, Picked, After, Where, Full>
                  : ByTensor<S, H, R, Before, Picked, After, Where, Full>
            : H extends TensorLike<readonly [], 'bool'>
              ? any
              : ShapeError<TooMany<Full>>
  : Where extends 'none'
    ? [...Before, ...S]
    : Picked extends infer P extends Shape
      ? Where extends 'front'
        ? [...P, ...Before, ...After, ...S]
        : [...Before, ...P, ...After, ...S]
      : any
type TooMany<S> = `at: more indices than dimensions of ${Show<S>}`

// Dimensions that stay, before the index tensors or behind them.
type Keep<
  S extends Shape,
  R extends readonly unknown[],
  Before extends Shape,
  Picked,
  After extends Shape,
  Where extends 'none' | 'open' | 'closed' | 'front',
  Full extends Shape,
  Kept extends Shape,
> = Where extends 'none'
  ? Walk<S, R, [...Before, ...Kept], Picked, After, Where, Full>
  : Walk<S, R, Before, Picked, [...After, ...Kept], Where extends 'open' ? 'closed' : Where, Full>

// An index tensor, an array, or a mask, which takes as many dimensions as it has.
type ByTensor<
  S extends Shape,
  H,
  R extends readonly unknown[],
  Before extends Shape,
  Picked,
  After extends Shape,
  Where extends 'none' | 'open' | 'closed' | 'front',
  Full extends Shape,
> =
  H extends TensorLike<infer X extends Shape, infer D>
    ? IsAny<D> extends true
      ? any
      : IsUnranked<X> extends true
        ? any
        : [D] extends ['bool' | 'uint8']
          ? X extends readonly []
            ? any
            : Masked<S, X> extends infer Rest
              ? Rest extends Shape
                ? Pick<Rest, [number], R, Before, Picked, After, Where, Full>
                : ShapeError<`at: a mask of ${Show<X>} does not fit ${Show<S>}`>
              : never
          : [D] extends ['int64' | 'int32' | 'int16' | 'int8']
            ? S extends readonly [number, ...infer T extends Shape]
              ? X extends readonly []
                ? Walk<T, R, Before, Picked, After, Where, Full>
                : Pick<T, X, R, Before, Picked, After, Where, Full>
              : never
            : string extends D
              ? any
              : ShapeError<`at: an index tensor holds integers or booleans, got ${D & string}`>
    : H extends readonly unknown[]
      ? ShapeOfList<H> extends infer X
        ? IsAny<X> extends true
          ? any
          : X extends Shape
            ? S extends readonly [number, ...infer T extends Shape]
              ? Pick<T, X, R, Before, Picked, After, Where, Full>
              : never
            : any
        : never
      : any
type Pick<
  S extends Shape,
  X extends Shape,
  R extends readonly unknown[],
  Before extends Shape,
  Picked,
  After extends Shape,
  Where extends 'none' | 'open' | 'closed' | 'front',
  Full extends Shape,
> = Picked extends Shape
  ? Broadcast<'at', Picked, X> extends infer P
    ? P extends ShapeError<string>
      ? P
      : Walk<S, R, Before, P, After, Where extends 'open' ? 'open' : 'front', Full>
    : never
  : Walk<S, R, Before, X, After, 'open', Full>

// What is left of the dimensions behind a mask.
type Masked<S extends Shape, X extends Shape> = X extends readonly [infer x extends number, ...infer XR extends Shape]
  ? S extends readonly [infer s extends number, ...infer SR extends Shape]
    ? OneSize<x, s> extends false
      ? false
      : Masked<SR, XR>
    : false
  : S

// Nested arrays of numbers; of booleans, and of what is not known, nothing is said.
type ShapeOfList<L extends readonly unknown[]> = number extends L['length']
  ? any
  : L extends readonly []
    ? [0]
    : [L[number]] extends [number | bigint]
      ? [L['length']]
      : L[0] extends readonly unknown[]
        ? ShapeOfList<L[0]> extends infer R
          ? IsAny<R> extends true
            ? any
            : R extends Shape
              ? [L['length'], ...R]
              : any
          : never
        : any

// How many dimensions the indices behind '...' take, as a tuple.
type Taken<I extends readonly unknown[], Out extends readonly 0[] = []> = I extends readonly [infer H, ...infer R]
  ? IsAny<H> extends true
    ? 'unknown'
    : [H] extends [null | '...' | boolean]
      ? Taken<R, Out>
      : H extends TensorLike<infer X extends Shape, infer D>
        ? IsAny<D> extends true
          ? 'unknown'
          : [D] extends ['bool' | 'uint8']
            ? IsUnranked<X> extends true
              ? 'unknown'
              : Taken<R, [...Out, ...{ [K in keyof X]: 0 }]>
            : Taken<R, [...Out, 0]>
        : Taken<R, [...Out, 0]>
  : Out
// The dimensions that '...' stands for, and the rest.
type Ellipsis<S extends Shape, Behind, Middle extends Shape = []> = Behind extends readonly unknown[]
  ? S['length'] extends Behind['length']
    ? [Middle, S]
    : S extends readonly [infer H extends number, ...infer R extends Shape]
      ? Ellipsis<R, Behind, [...Middle, H]>
      : never
  : never

// ---- slices

/** The positions of `slice(A, B, C)` in a dimension of size `N`; ends beyond it are cut. */
export type SlicedSize<N extends number, A, B, C> = [A, B] extends [null, null]
  ? C extends 1 | null
    ? N
    : Stepped<PlainSize<N>, C>
  : number extends N
    ? number
    : [Place<A, N, 0>, Place<B, N, N>] extends [infer P extends number, infer Q extends number]
      ? Stepped<Minus<Q, P>, C>
      : number
type Stepped<N extends number, C> = number extends N
  ? number
  : IsPositive<N> extends false
    ? 0
    : C extends 1 | null
      ? N
      : C extends number
        ? FloorDivide<Plus<N, Minus<C, 1>>, C>
        : number
// An end of a slice, counted from the beginning, between 0 and N.
type Place<P, N extends number, Default extends number> = P extends null
  ? Default
  : P extends number
    ? number extends P
      ? number
      : `${P}` extends `-${infer M extends number}`
        ? IsPositive<Minus<N, M>> extends true
          ? Minus<N, M>
          : 0
        : IsPositive<Minus<P, N>> extends true
          ? N
          : P
    : number
