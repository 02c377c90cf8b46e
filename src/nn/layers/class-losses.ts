/** Losses of rows of scores, and of their classes. */
import type { DType } from '../../core/dtype'
import type { Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import type { Alike, ElementwiseLossOf, LossOf, Reduction, RowsOf, RowTargetCheck, TargetCheck } from '../data-rules'
import { type CtcOptions, ctcLoss } from '../functional-distances'
import { nllLoss } from '../functional-losses'
import {
  checkPower,
  type MultiMarginOptions,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
} from '../functional-margins'
import type { CrossEntropyLossOptions } from './cross-entropy-loss'
import { LayerOptions } from './layer-options'
import { LEGACY, type Legacy, Loss, type LossOptions } from './loss'
import { compute } from './operator-layer'

/** The options of `NLLLoss`. */
export type NLLLossOptions<R extends Reduction> = Omit<CrossEntropyLossOptions<R>, 'labelSmoothing'>

/**
 * The negative log likelihood of log probabilities, as `LogSoftmax` gives them: -weight[target] input[target].
 *
 * Shapes: input `[N, C]`, `[C]` or `[N, C, d1, ...]`, target class indices (int64) of the same shape without C; result `[]`,
 * or with `reduction: 'none'` the target's shape. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; `ERR_LIBTORCH` for targets out of range.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
 * @example
 * new nn.NLLLoss().forward(logits.logSoftmax(1), labels).backward()
 */
export class NLLLoss<const R extends Reduction = 'mean'> extends Loss<R> {
  weight: Tensor | null
  readonly ignoreIndex: number

  constructor(
    weight?: Tensor | null | NLLLossOptions<R>,
    sizeAverage?: Legacy<Omit<NLLLossOptions<R>, 'weight'>>,
    ignoreIndex?: number | Omit<NLLLossOptions<R>, 'weight'>,
    reduce?: Legacy<LossOptions<R>>,
    reduction?: R | LossOptions<R>,
  )
  constructor(...args: unknown[]) {
    const names = ['weight', 'sizeAverage', 'ignoreIndex', 'reduce', 'reduction']
    const options = new LayerOptions('NLLLoss', names, args)
    super(options)
    this.weight = this.given('weight', options)
    this.ignoreIndex = options.integer('ignoreIndex', -100)
  }

  forward<S extends Shape, D extends DType, T extends Shape, E extends DType>(
    input: Tensor<S, D>,
    target: Tensor<T, E> & TargetCheck<S, T, E>,
  ): Tensor<LossOf<S, R>, D> {
    return this.run(input, target)
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction } = this
    return nllLoss(input, target, { weight, ignoreIndex, reduction: reduction as Reduction }) as Tensor
  }
}

/**
 * The mean over the other classes of max(0, margin - input[target] + input[i])^p, times the target's weight.
 *
 * Shapes: input `[N, C]` or `[C]`, target class indices (int64) `[N]` or `[]`; result `[]`, or with `reduction: 'none'` the
 * target's shape. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for a `p` that is neither 1 nor 2;
 * `ERR_LIBTORCH` for targets out of range.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html
 * @example
 * new nn.MultiMarginLoss().forward(scores, labels).backward()
 */
export class MultiMarginLoss<const R extends Reduction = 'mean'> extends Loss<R> {
  weight: Tensor | null
  readonly p: 1 | 2
  readonly margin: number

  constructor(
    p?: 1 | 2 | MultiMarginOptions<R>,
    margin?: number | Omit<MultiMarginOptions<R>, 'p'>,
    weight?: Tensor | null | { weight?: Tensor | null; reduction?: R },
    sizeAverage?: Legacy<LossOptions<R>>,
    reduce?: Legacy<LossOptions<R>>,
    reduction?: R | LossOptions<R>,
  )
  constructor(...args: unknown[]) {
    const options = new LayerOptions('MultiMarginLoss', ['p', 'margin', 'weight', ...LEGACY], args)
    super(options)
    const p = options.number('p', 1)
    checkPower('MultiMarginLoss', p, options.tensorOrNull('weight'))
    this.weight = this.given('weight', options)
    this.p = p as 1 | 2
    this.margin = options.number('margin', 1)
  }

  forward<S extends Shape, D extends DType, T extends Shape>(
    input: Tensor<S, D>,
    target: Tensor<T, 'int64'> & RowTargetCheck<'MultiMarginLoss', S, T>,
  ): Result<ElementwiseLossOf<RowsOf<S>, R>, D> {
    return this.run(input, target)
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    const { p, margin, weight } = this
    return multiMarginLoss(input, target, { p, margin, weight, reduction: this.reduction as Reduction })
  }
}

abstract class MultiLabelLoss<What extends string, R extends Reduction, E extends DType> extends Loss<R> {
  forward<S extends Shape, D extends DType, T extends Shape>(
    input: Tensor<S, D>,
    target: Tensor<T, E> & Alike<What, S, T>,
  ): Result<ElementwiseLossOf<RowsOf<S>, R>, D> {
    return this.run(input, target)
  }
}

/**
 * The hinge between each class that a row is in and each that it is not in: max(0, 1 - (input[y] - input[i])) over C.
 *
 * Shapes: input `[N, C]` or `[C]`, target (int64) the same: the row's classes, then -1; result `[]`, or with
 * `reduction: 'none'` `[N]` or `[]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; `ERR_LIBTORCH` for targets out of range.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelMarginLoss.html
 * @example
 * new nn.MultiLabelMarginLoss().forward(torch.rand([1, 3]), torch.tensor([[2n, -1n, 0n]]))
 */
export class MultiLabelMarginLoss<const R extends Reduction = 'mean'> extends MultiLabelLoss<
  'MultiLabelMarginLoss',
  R,
  'int64'
> {
  constructor(sizeAverage?: Legacy<LossOptions<R>>, reduce?: Legacy<LossOptions<R>>, reduction?: R | LossOptions<R>)
  constructor(...args: unknown[]) {
    super(new LayerOptions('MultiLabelMarginLoss', LEGACY, args))
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    return multilabelMarginLoss(input, target, { reduction: this.reduction as Reduction })
  }
}

/**
 * The mean over the classes of the binary cross entropy of sigmoid(input), of targets 0 and 1.
 *
 * Shapes: input and target `[N, C]`, `weight` `[C]`; result `[]`, or with `reduction: 'none'` `[N]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelSoftMarginLoss.html
 * @example
 * new nn.MultiLabelSoftMarginLoss().forward(scores, labels).backward()
 */
export class MultiLabelSoftMarginLoss<const R extends Reduction = 'mean'> extends MultiLabelLoss<
  'MultiLabelSoftMarginLoss',
  R,
  any
> {
  weight: Tensor | null

  constructor(
    weight?: Tensor | null | { weight?: Tensor | null; reduction?: R },
    sizeAverage?: Legacy<LossOptions<R>>,
    reduce?: Legacy<LossOptions<R>>,
    reduction?: R | LossOptions<R>,
  )
  constructor(...args: unknown[]) {
    const options = new LayerOptions('MultiLabelSoftMarginLoss', ['weight', ...LEGACY], args)
    super(options)
    this.weight = this.given('weight', options)
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    return multilabelSoftMarginLoss(input, target, { weight: this.weight, reduction: this.reduction as Reduction })
  }
}

/**
 * The connectionist temporal classification loss: how likely log probabilities make a sequence of labels, whatever the
 * alignment.
 *
 * Shapes: logProbs `[T, N, C]` or `[T, C]`; targets (int64) `[N, S]`, or all in a row `[sum of lengths]`; lengths `[N]` or
 * `[]`, tensors or numbers. Result `[]`, or with `reduction: 'none'` `[N]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; `ERR_LIBTORCH` for lengths that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.CTCLoss.html
 * @example
 * new nn.CTCLoss().forward(logits.logSoftmax(2), targets, [50, 50], [10, 12]).backward()
 */
export class CTCLoss<const R extends Reduction = 'mean'> extends Loss<R> {
  readonly blank: number
  readonly zeroInfinity: boolean

  constructor(
    blank?: number | CtcOptions<R>,
    reduction?: R | Omit<CtcOptions<R>, 'blank'>,
    zeroInfinity?: boolean | { zeroInfinity?: boolean },
  )
  constructor(...args: unknown[]) {
    const options = new LayerOptions('CTCLoss', ['blank', 'reduction', 'zeroInfinity'], args)
    super(options)
    this.blank = options.integer('blank', 0)
    this.zeroInfinity = options.flag('zeroInfinity')
  }

  forward<D extends DType>(
    logProbs: Tensor<any, D>,
    targets: Tensor,
    inputLengths: Tensor | readonly number[],
    targetLengths: Tensor | readonly number[],
  ): Result<ElementwiseLossOf<[number], R>, D> {
    return this.run(logProbs, targets, inputLengths, targetLengths)
  }

  /** @internal */
  [compute](logProbs: Tensor, targets: Tensor, inputLengths: Tensor, targetLengths: Tensor): Tensor {
    const { blank, zeroInfinity } = this
    const options = { blank, zeroInfinity, reduction: this.reduction as Reduction }
    return ctcLoss(logProbs, targets, inputLengths, targetLengths, options)
  }
}
