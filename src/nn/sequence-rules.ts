/** The rules of activations along a dimension, embeddings, recurrent layers and attention, in types. */
import type { AxisCheck, AxisOf, FloorDivide, IsUnranked, Shape, ShapeError, Show, Times } from '../core/shape-types'
import type { Rule } from './rules'

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
