import type { DType } from '../../core/dtype'
import { mergeArguments } from '../../core/options'
import type { Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import type { LossOf, LossRule, Reduction, TargetCheck } from '../data-rules'
import { Leaf } from '../leaf'

/** The options of `CrossEntropyLoss`. */
export interface CrossEntropyLossOptions<R extends Reduction> {
  /** A weight for each class, `[C]`. */
  weight?: Tensor | null
  /** The class index that neither counts nor gets a gradient; default -100. */
  ignoreIndex?: number
  /** The mean (weighted by `weight`), the sum, or every loss by itself; default `'mean'`. */
  reduction?: R
  /** How much of each target is spread evenly over the classes, 0 to 1; default 0. */
  labelSmoothing?: number
}

const NAMES = ['weight', 'sizeAverage', 'ignoreIndex', 'reduce', 'reduction', 'labelSmoothing'] as const

/**
 * The cross entropy of logits and targets: -log softmax(input)[target].
 *
 * Shapes: input `[N, C]`, `[C]` or `[N, C, d1, ...]`; target either class indices, int64, of the same shape without C,
 * or probabilities, floating, of the very shape of the input. Result `[]`, or with `reduction: 'none'` a loss for each
 * index. Dtype: that of the input.
 * Positional arguments come in Python's order, with its deprecated `sizeAverage` and `reduce` in their old places.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; `ERR_LIBTORCH` for targets that do not
 * fit or are out of range.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
 * @example
 * new nn.CrossEntropyLoss().forward(model.forward(x), y).backward()
 */
export class CrossEntropyLoss<const R extends Reduction = 'mean'> extends Leaf<LossRule> {
  declare weight: Tensor | null
  readonly ignoreIndex: number
  readonly reduction: R
  readonly labelSmoothing: number

  constructor(
    weight?: Tensor | null | CrossEntropyLossOptions<R>,
    sizeAverage?: boolean | null | Omit<CrossEntropyLossOptions<R>, 'weight'>,
    ignoreIndex?: number | Omit<CrossEntropyLossOptions<R>, 'weight'>,
    reduce?: boolean | null | Omit<CrossEntropyLossOptions<R>, 'weight' | 'ignoreIndex'>,
    reduction?: R | Omit<CrossEntropyLossOptions<R>, 'weight' | 'ignoreIndex'>,
    labelSmoothing?: number | { labelSmoothing?: number },
  )
  constructor(...args: unknown[]) {
    const { sizeAverage, reduce, ...options } = mergeArguments('CrossEntropyLoss', NAMES, args)
    if (typeof sizeAverage === 'boolean' || typeof reduce === 'boolean') {
      options.reduction = reduce === false ? 'none' : sizeAverage === false ? 'sum' : 'mean'
    }
    super('CrossEntropyLoss', options)
    this.ignoreIndex = (options.ignoreIndex as number | undefined) ?? -100
    this.reduction = ((options.reduction as Reduction | undefined) ?? 'mean') as R
    this.labelSmoothing = (options.labelSmoothing as number | undefined) ?? 0
  }

  forward<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    input: Tensor<S, D>,
    target: Tensor<T, E> & TargetCheck<S, T, E>,
  ): Tensor<LossOf<S, R>, D> {
    return this.run(input, target) as Tensor<LossOf<S, R>, D>
  }
}
