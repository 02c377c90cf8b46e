/** The rule of `einsum` for literal equations, in types. */
import type { BroadcastSize } from './broadcast-types'
import type { IsUnranked, Shape, ShapeError, Show, ShowSize } from './shape-types'

type Shapes = readonly Shape[]

/** The shape of `einsum(equation, operands)`; unknown where the equation is, or holds `...`. */
export type Einsum<Equation extends string, L extends Shapes> = string extends Equation
  ? any
  : number extends L['length']
    ? any
    : Equation extends `${string}...${string}`
      ? any
      : WithoutSpaces<Equation> extends infer E
        ? E extends `${infer Inputs}->${infer Output}`
          ? Bound<SplitTerms<Inputs>, L> extends infer M
            ? M extends ShapeError<string>
              ? M
              : Picked<Letters<Output>, M>
            : never
          : Bound<SplitTerms<E & string>, L> extends infer M
            ? M extends ShapeError<string>
              ? M
              : Picked<Once<Alphabet, E & string>, M>
            : never
        : never

type WithoutSpaces<T extends string, Out extends string = ''> = T extends `${infer H} ${infer R}`
  ? WithoutSpaces<R, `${Out}${H}`>
  : `${Out}${T}`
type SplitTerms<T extends string, Out extends readonly string[] = []> = T extends `${infer H},${infer R}`
  ? SplitTerms<R, [...Out, H]>
  : [...Out, T]
type Letters<T extends string, Out extends readonly string[] = []> = T extends `${infer H}${infer R}`
  ? Letters<R, [...Out, H]>
  : Out

/** The size of each letter, or the error. */
type Bound<Terms extends readonly string[], L extends Shapes, M = unknown> = Terms['length'] extends L['length']
  ? BindEach<Terms, L, M>
  : ShapeError<`einsum: the equation has ${Terms['length']} operands, got ${L['length'] & number}`>
type BindEach<Terms extends readonly string[], L extends Shapes, M> =
  M extends ShapeError<string>
    ? M
    : Terms extends readonly [infer T extends string, ...infer TR extends readonly string[]]
      ? L extends readonly [infer S extends Shape, ...infer LR extends Shapes]
        ? BindEach<TR, LR, IsUnranked<S> extends true ? BindUnknown<Letters<T>, M> : BindShape<Letters<T>, S, M, T, S>>
        : M
      : M
type BindShape<
  T extends readonly string[],
  S extends Shape,
  M,
  Term extends string,
  Full extends Shape,
> = T extends readonly [infer H extends string, ...infer TR extends readonly string[]]
  ? S extends readonly [infer N extends number, ...infer SR extends Shape]
    ? H extends keyof M
      ? M[H] extends infer Old extends number
        ? BroadcastSize<Old, N> extends infer B
          ? B extends number
            ? BindShape<TR, SR, Assigned<M, H, B>, Term, Full>
            : ShapeError<`einsum: '${H}' is ${ShowSize<Old>} and ${ShowSize<N>}`>
          : never
        : never
      : BindShape<TR, SR, Assigned<M, H, N>, Term, Full>
    : ShapeError<WrongRank<Term, Full>>
  : S extends readonly []
    ? M
    : ShapeError<WrongRank<Term, Full>>
type WrongRank<Term extends string, S> = `einsum: '${Term}' does not name the dimensions of ${Show<S>}`
type BindUnknown<T extends readonly string[], M> = T extends readonly [
  infer H extends string,
  ...infer TR extends readonly string[],
]
  ? BindUnknown<TR, H extends keyof M ? M : Assigned<M, H, number>>
  : M
type Assigned<M, K extends string, N> = { [P in keyof M | K]: P extends K ? N : P extends keyof M ? M[P] : never }

type Picked<T extends readonly string[], M, Out extends Shape = []> = T extends readonly [
  infer H extends string,
  ...infer R extends readonly string[],
]
  ? H extends keyof M
    ? M[H] extends infer N extends number
      ? Picked<R, M, [...Out, N]>
      : never
    : ShapeError<`einsum: the output names '${H}', which no operand has`>
  : Out

// Without an arrow: the letters that occur once, capitals first.
type Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
type Once<
  Rest extends string,
  E extends string,
  Out extends readonly string[] = [],
> = Rest extends `${infer H}${infer R}`
  ? Once<
      R,
      E,
      E extends `${string}${H}${infer Behind}` ? (Behind extends `${string}${H}${string}` ? Out : [...Out, H]) : Out
    >
  : Out
