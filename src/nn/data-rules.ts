/**
 * What a loss and a model take, in types. `train` refuses data that its model's `forward` or its criterion does not take:
 *
 *     train<M extends Module, X extends Tensor, Y extends Tensor, VX extends Tensor, VY extends Tensor, C = CrossEntropyLoss>(
 *       model: M,
 *       data: { train: DataPair<M, C, X, Y> | DataBatches<M, C, X, Y>; validation: the same of VX, VY },
 *       options: TrainOptions<C>,
 *     )
 */
import type { DType } from '../core/dtype'
import type { Floating } from '../core/dtype-types'
import type { Check, IsAny, IsUnranked, Shape, ShapeError, Show } from '../core/shape-types'
import type { Tensor } from '../tensor/tensor'
import type { CrossEntropyLoss } from './layers/cross-entropy-loss'
import type { Agrees, Apply, Rule, RuleOf, rule } from './rules'

// ---- losses

/** How a loss is reduced. */
export type Reduction = 'none' | 'mean' | 'sum'

/** `[N, C, d1, ...]` or `[C]` without its classes: the shape of class indices. */
export type LabelShape<S extends Shape> =
  IsUnranked<S> extends true
    ? any
    : S extends readonly [number]
      ? []
      : S extends readonly [infer N extends number, number, ...infer R extends Shape]
        ? [N, ...R]
        : ShapeError<`CrossEntropyLoss expects an input of [N, C, ...] or [C], got ${Show<S>}`>

/** Of losses, which take two tensors: no layer of a Sequential. */
export interface LossRule extends Rule {
  out: ShapeError<'a loss takes an input and a target'>
}

/** The shape of a loss with one value for each element. */
export type ElementwiseLossOf<S extends Shape, R extends string> = string extends R
  ? any
  : [R] extends ['none']
    ? S
    : 'none' extends R
      ? any
      : []

/** Refuses a target whose shape is known not to be the input's. */
export type Alike<What extends string, S extends Shape, T extends Shape> =
  Agrees<T, S> extends true ? unknown : ShapeError<`${What} expects a target of ${Show<S>}, got ${Show<T>}`>

/** `[N, C]` or `[C]` without the last dimension: one value a row. */
export type RowsOf<S extends Shape> =
  IsUnranked<S> extends true ? any : S extends readonly [...infer B extends Shape, number] ? B : []

/** Refuses class indices that are not one a row. */
export type RowTargetCheck<What extends string, S extends Shape, T extends Shape> =
  IsUnranked<S> extends true
    ? unknown
    : Agrees<T, RowsOf<S>> extends true
      ? unknown
      : ShapeError<`${What} expects class indices of ${Show<RowsOf<S>>} for an input of ${Show<S>}, got ${Show<T>}`>

/** The shape of a loss. */
export type LossOf<S extends Shape, R extends Reduction> = [R] extends ['mean' | 'sum']
  ? []
  : LabelShape<S> extends infer L extends Shape
    ? Reduction extends R
      ? any
      : L
    : any

/** Refuses a target that is neither class indices nor probabilities for an input of shape `S`. */
export type TargetCheck<S extends Shape, T extends Shape, E> =
  IsUnranked<S> extends true
    ? LabelDType<E>
    : LabelShape<S> extends infer L extends Shape
      ? IsAny<E> extends true
        ? AnyTarget<S, T, L>
        : [E] extends ['int64']
          ? Agrees<T, L> extends true
            ? unknown
            : ShapeError<`CrossEntropyLoss expects class indices of ${Show<L>} for an input of ${Show<S>}, got ${Show<T>}`>
          : [E] extends [Floating]
            ? Agrees<T, S> extends true
              ? unknown
              : ShapeError<`CrossEntropyLoss expects probabilities of ${Show<S>}, got ${Show<T>}; class indices are int64`>
            : LabelDType<E>
      : LabelShape<S>
type AnyTarget<S extends Shape, T extends Shape, L extends Shape> =
  Agrees<T, L> extends true
    ? unknown
    : Agrees<T, S> extends true
      ? unknown
      : ShapeError<`CrossEntropyLoss expects a target of ${Show<L>} or ${Show<S>}, got ${Show<T>}`>
type LabelDType<E> =
  IsAny<E> extends true
    ? unknown
    : [E] extends ['int64' | Floating]
      ? unknown
      : DType extends E
        ? unknown
        : ShapeError<`CrossEntropyLoss expects class indices of int64, or probabilities; got ${E & string}`>

// ---- data for a model

/** What a model's `forward` takes; a plain `Tensor` where that depends on the layers. */
export type InputOf<M> = typeof rule extends keyof M
  ? Tensor
  : M extends { forward(x: infer X, ...rest: never[]): unknown }
    ? [X] extends [never]
      ? Tensor
      : X
    : Tensor

/** The shape that a model makes of `X`, or the error. */
export type OutputShape<M, X> = X extends Tensor<infer S> ? Apply<RuleOf<M>, S> : any

/** Refuses data that a model's `forward` does not take. */
export type InputCheck<M, X> = typeof rule extends keyof M
  ? Check<OutputShape<M, X>>
  : [X] extends [InputOf<M>]
    ? unknown
    : InputOf<M> extends Tensor<infer A, infer E>
      ? X extends Tensor<infer S, infer D>
        ? [S] extends [A]
          ? ShapeError<`forward takes ${E & string}, got ${D & string}`>
          : ShapeError<`forward takes ${Show<A>}, got ${Show<S>}`>
        : unknown
      : unknown

/** Refuses targets that do not fit the output of a model for inputs `X`, by the criterion `C`. */
export type TargetsCheck<M, C, X, Y> =
  C extends CrossEntropyLoss<any>
    ? OutputShape<M, X> extends infer S
      ? IsAny<S> extends true
        ? Y extends Tensor<any, infer E>
          ? LabelDType<E>
          : unknown
        : S extends Shape
          ? Y extends Tensor<infer T, infer E>
            ? TargetCheck<S, T, E>
            : unknown
          : unknown
      : never
    : C extends { forward(output: never, target: infer T): unknown }
      ? [Y] extends [T]
        ? unknown
        : T
      : unknown

/** Inputs and targets that a model and its criterion take. */
export type DataPair<M, C, X extends Tensor, Y extends Tensor> = readonly [
  inputs: X & InputCheck<M, X>,
  targets: Y & TargetsCheck<M, C, X, Y>,
]

/** The same in batches: a `DataLoader`, or any iterable that begins anew at every pass. */
export type DataBatches<M, C, X extends Tensor, Y extends Tensor> =
  | Iterable<DataPair<M, C, X, Y>>
  | AsyncIterable<DataPair<M, C, X, Y>>
