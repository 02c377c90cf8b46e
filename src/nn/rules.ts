/**
 * What layers do to shapes, in types. A layer carries its rule; `Apply<R, S>` is the shape that it makes of `S`, or a
 * `ShapeError` that names the sizes.
 */
import type { DType } from '../core/dtype'
import type { Box, IsAny, IsUnranked, Shape, ShapeError, Show } from '../core/shape-types'
import type { Tensor } from '../tensor/tensor'

/** Under which a layer's type carries its rule; no value has it. */
export declare const rule: unique symbol

/** A function from shapes to shapes: `(R & { in: S })['out']`. */
export interface Rule {
  in: unknown
  out: unknown
}

/** The shape that a rule makes of `S`, or the error. */
export type Apply<R, S> = R extends Rule ? (R & { in: S })['out'] : any

/** Of layers that keep the shape. */
export interface SameRule extends Rule {
  out: this['in']
}

/** Whether a size is the one wanted, is unknown, or is another. */
export type Fits<Got extends number, Want extends number> =
  Box<Got> extends Box<Want> ? true : number extends Got | Want ? true : false

// ---- any module

// A user's module: what its forward takes and gives.
interface ForwardRule<X, Y> extends Rule {
  out: this['in'] extends infer S extends Shape ? ForwardShape<S, X, Y> : never
}
type ForwardShape<S extends Shape, X, Y> =
  IsAny<X> extends true
    ? ShapeOfTensor<Y>
    : [X] extends [never]
      ? any
      : X extends Tensor<infer A>
        ? IsUnranked<S> extends true
          ? ShapeOfTensor<Y>
          : IsAny<A> extends true
            ? ShapeOfTensor<Y>
            : Agrees<S, A> extends true
              ? ShapeOfTensor<Y>
              : ShapeError<`the module's forward takes ${Show<A>}, got ${Show<S>}`>
        : ShapeError<"the module's forward takes no tensor">
type ShapeOfTensor<Y> = IsAny<Y> extends true ? any : Y extends Tensor<infer B> ? B : any

/** Whether a shape is one that is wanted; unknown sizes may be anything. */
export type Agrees<S extends Shape, A extends Shape> =
  IsUnranked<S> extends true
    ? true
    : IsUnranked<A> extends true
      ? true
      : S['length'] extends A['length']
        ? AgreesEach<S, A>
        : false
type AgreesEach<S extends Shape, A extends Shape> = S extends readonly [
  infer H extends number,
  ...infer R extends Shape,
]
  ? A extends readonly [infer I extends number, ...infer Q extends Shape]
    ? Fits<H, I> extends true
      ? AgreesEach<R, Q>
      : false
    : true
  : true

/** The rule of a module: its own, or that of its `forward`. */
export type RuleOf<M> = typeof rule extends keyof M
  ? Exclude<M[typeof rule], undefined>
  : M extends { forward(x: infer X): infer Y }
    ? ForwardRule<X, Y>
    : M extends { forward(...args: infer A): infer Y }
      ? ForwardRule<never[] extends A ? any : TooMany, Y>
      : never
type TooMany = { readonly [rule]: 'more than one argument' }

export interface SequentialRule<L extends readonly unknown[]> extends Rule {
  out: this['in'] extends infer S extends Shape ? (number extends L['length'] ? any : Chain<L, S>) : never
}
// The layers in turn; an error says in which one, counted as Python prints them.
type Chain<L extends readonly unknown[], S, C extends readonly 0[] = []> = L extends readonly [infer H, ...infer T]
  ? Apply<RuleOf<H>, S> extends infer R
    ? IsAny<R> extends true
      ? Chain<T, any, [...C, 0]>
      : R extends ShapeError<infer M>
        ? ShapeError<`(${C['length']}): ${M}`>
        : Chain<T, R, [...C, 0]>
    : never
  : S

/** The dtype that comes out: layers keep it unless their rule names one, a user's module gives its own. */
export type SequentialDType<L extends readonly unknown[], D extends DType> = number extends L['length']
  ? any
  : L extends readonly [...infer T, infer H]
    ? typeof rule extends keyof H
      ? Exclude<H[typeof rule], undefined> extends { dtype: infer E extends DType }
        ? E
        : SequentialDType<T, D>
      : H extends { forward(...args: never[]): Tensor<any, infer E> }
        ? E
        : any
    : D
