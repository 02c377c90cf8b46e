/** The rule of `view` and `reshape`, in types. */
import type {
  AxisOf,
  Dimension,
  FloorDivide,
  IsRemembered,
  IsUnranked,
  PlainSize,
  Same,
  Shape,
  ShapeError,
  Show,
  SizeAt,
  Times,
} from './shape-types'

/**
 * The shape that `view(V)` gives to a tensor of shape `S`, or the error. `-1` is filled in where what is left is known:
 * sizes that `size(i)` took from the same shape cancel against the dimension that they name, whatever it is at run time.
 */
export type Viewed<S extends Shape, V extends Shape> =
  IsUnranked<V> extends true ? any : IsUnranked<S> extends true ? Fill<V, number> : Prefix<S, S, V>

// Leading dimensions that view repeats are taken over as they are: `[N, 4, 7, 7]` seen as `[N, -1]`, also where N is a
// type parameter.
type Prefix<
  Full extends Shape,
  S extends Shape,
  V extends Shape,
  Out extends Shape = [],
  C extends readonly 0[] = [],
> = S extends readonly [infer H extends number, ...infer SR extends Shape]
  ? V extends readonly [infer W extends number, ...infer VR extends Shape]
    ? Repeats<W, Full, C['length']> extends true
      ? Prefix<Full, SR, VR, [...Out, H], [...C, 0]>
      : Rest<Full, S, V, Out, C>
    : Rest<Full, S, V, Out, C>
  : Rest<Full, S, V, Out, C>

// `SizeAt` is the literal, the remembered dimension, or for a type parameter what `size` gave, not yet resolved.
type Repeats<W, Full extends Shape, I extends number> = Same<W, SizeAt<Full, I>>

type Rest<Full extends Shape, S extends Shape, V extends Shape, Out extends Shape, C extends readonly 0[]> = [
  Left<S, Cancelled<Full, V>, C>,
  Asked<Full, V, C>,
] extends [infer A extends number, infer B extends number]
  ? MinusOnes<V> extends infer M
    ? M extends 'none'
      ? number extends A | B
        ? [...Out, ...Fill<V, number>]
        : A extends B
          ? [...Out, ...Fill<V, number>]
          : ShapeError<`view: ${Show<Full>} as ${Show<[...Out, ...V]>}: ${A} elements are not ${B}`>
      : M extends 'one'
        ? Filled<Full, V, Out, A, B>
        : ShapeError<`view: only one dimension of ${Show<V>} can be -1`>
    : never
  : never

type Filled<Full extends Shape, V extends Shape, Out extends Shape, A extends number, B extends number> = number extends
  | A
  | B
  ? [...Out, ...Fill<V, number>]
  : B extends 0
    ? ShapeError<`view: -1 is ambiguous in ${Show<V>}`>
    : FloorDivide<A, B> extends infer Q extends number
      ? Times<Q, B> extends A
        ? [...Out, ...Fill<V, Q>]
        : ShapeError<`view: ${Show<Full>} as ${Show<[...Out, ...V]>}: ${A} elements do not divide by ${B}`>
      : never

// Which dimension of Full a size remembers.
type Remembered<N, Full extends Shape> =
  IsRemembered<N> extends true
    ? {
        [K in keyof Full]: K extends `${infer I extends number}`
          ? Same<N, Dimension<Full, I>> extends true
            ? I
            : never
          : never
      }[number]
    : never
type Cancelled<Full extends Shape, V extends Shape> = { [K in keyof V]: Remembered<V[K], Full> }[number]

// The product of what is left of the tensor's dimensions.
type Left<S extends Shape, Gone, C extends readonly 0[], P extends number = 1> = S extends readonly [
  infer H extends number,
  ...infer R extends Shape,
]
  ? Left<R, Gone, [...C, 0], C['length'] extends Gone ? P : Times<P, H>>
  : P

// The product of what view asks for; -1 counts as 1, a remembered dimension that is still there too.
type Asked<Full extends Shape, V extends Shape, C extends readonly 0[], P extends number = 1> = V extends readonly [
  infer H extends number,
  ...infer R extends Shape,
]
  ? Asked<
      Full,
      R,
      C,
      Same<H, -1> extends true
        ? P
        : Factor<H, Remembered<H, Full>, Full, C> extends infer F extends number
          ? Times<P, F>
          : never
    >
  : P
type Factor<H extends number, I, Full extends Shape, C extends readonly 0[]> = [I] extends [never]
  ? PlainSize<H>
  : I extends number
    ? `${I}` extends keyof C
      ? number
      : [AxisOf<Full, I>] extends [never]
        ? number
        : 1
    : never

type MinusOnes<V extends Shape, N extends 'none' | 'one' = 'none'> = V extends readonly [
  infer H,
  ...infer R extends Shape,
]
  ? Same<H, -1> extends true
    ? N extends 'one'
      ? 'many'
      : MinusOnes<R, 'one'>
    : MinusOnes<R, N>
  : N

type Fill<V extends Shape, M extends number> = {
  -readonly [K in keyof V]: Same<V[K], -1> extends true ? M : PlainSize<V[K]>
}
