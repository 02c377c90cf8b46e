import type { DType } from '../../core/dtype'
import type { Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import type { Alike, ElementwiseLossOf, LossRule, Reduction } from '../data-rules'
import { REDUCTIONS, reductionOf } from '../reductions'
import type { LayerOptions } from './layer-options'
import { OperatorLayer } from './operator-layer'

/** How a loss is reduced. */
export interface LossOptions<R extends string> {
  /** The mean, the sum, or every loss by itself; default `'mean'`. */
  reduction?: R
}
/** Python's deprecated `sizeAverage` and `reduce`, in whose places options may begin. */
export type Legacy<O> = boolean | null | O

/** The names of those arguments, in Python's order. */
export const LEGACY = ['sizeAverage', 'reduce', 'reduction'] as const

/** What losses share: how they are reduced. */
export abstract class Loss<R extends string = Reduction> extends OperatorLayer<LossRule> {
  readonly reduction: R

  protected constructor(options: LayerOptions, words: readonly string[] = REDUCTIONS) {
    super()
    this.reduction = reductionOf(options, words as readonly Reduction[]) as string as R
  }

  /** A buffer that may be given, and is null where it is not. */
  protected given(name: string, options: LayerOptions, option = name): Tensor | null {
    return this.registerBuffer(name, options.tensorOrNull(option))
  }
}

/** A loss that compares each element with one of a target of the same shape. */
export abstract class ElementwiseLoss<What extends string, R extends string = Reduction> extends Loss<R> {
  forward<S extends Shape, D extends DType, T extends Shape>(
    input: Tensor<S, D>,
    target: Tensor<T> & Alike<What, S, T>,
  ): Result<ElementwiseLossOf<S, R>, D> {
    return this.run(input, target)
  }
}
