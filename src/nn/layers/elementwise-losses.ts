/** Losses that compare each element with one of the target. */
import type { Tensor } from '../../tensor/tensor'
import type { Reduction } from '../data-rules'
import {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  type DivergenceReduction,
  huberLoss,
  klDiv,
  type LogitsOptions,
  l1Loss,
  mseLoss,
  type PoissonOptions,
  poissonNllLoss,
  smoothL1Loss,
} from '../functional-losses'
import { hingeEmbeddingLoss, type MarginOptions, softMarginLoss } from '../functional-margins'
import { REDUCTIONS } from '../reductions'
import { LayerOptions } from './layer-options'
import { ElementwiseLoss, LEGACY, type Legacy, type LossOptions } from './loss'
import { compute } from './operator-layer'

/**
 * |input - target|.
 *
 * Shapes: input and target `[*]`; result `[]`, or with `reduction: 'none'` `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html
 * @example
 * new nn.L1Loss().forward(output, target).backward()
 */
export class L1Loss<const R extends Reduction = 'mean'> extends ElementwiseLoss<'L1Loss', R> {
  constructor(sizeAverage?: Legacy<LossOptions<R>>, reduce?: Legacy<LossOptions<R>>, reduction?: R | LossOptions<R>)
  constructor(...args: unknown[]) {
    super(new LayerOptions('L1Loss', LEGACY, args))
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, { reduction: this.reduction as Reduction })
  }
}

/**
 * (input - target)^2.
 *
 * Shapes: input and target `[*]`; result `[]`, or with `reduction: 'none'` `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
 * @example
 * new nn.MSELoss().forward(output, target).backward()
 */
export class MSELoss<const R extends Reduction = 'mean'> extends ElementwiseLoss<'MSELoss', R> {
  constructor(sizeAverage?: Legacy<LossOptions<R>>, reduce?: Legacy<LossOptions<R>>, reduction?: R | LossOptions<R>)
  constructor(...args: unknown[]) {
    super(new LayerOptions('MSELoss', LEGACY, args))
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, { reduction: this.reduction as Reduction })
  }
}

/** The options of `SmoothL1Loss`. */
export interface SmoothL1LossOptions<R extends Reduction> extends LossOptions<R> {
  /** Where the square gives way to the absolute value; default 1. */
  beta?: number
}

/**
 * (input - target)^2 / (2 beta) where the difference is less than beta, else |input - target| - beta / 2.
 *
 * Shapes: input and target `[*]`; result `[]`, or with `reduction: 'none'` `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html
 * @example
 * new nn.SmoothL1Loss().forward(output, target).backward()
 */
export class SmoothL1Loss<const R extends Reduction = 'mean'> extends ElementwiseLoss<'SmoothL1Loss', R> {
  readonly beta: number

  constructor(
    sizeAverage?: Legacy<SmoothL1LossOptions<R>>,
    reduce?: Legacy<SmoothL1LossOptions<R>>,
    reduction?: R | SmoothL1LossOptions<R>,
    beta?: number | { beta?: number },
  )
  constructor(...args: unknown[]) {
    const options = new LayerOptions('SmoothL1Loss', [...LEGACY, 'beta'], args)
    super(options)
    this.beta = options.number('beta', 1)
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(input, target, { reduction: this.reduction as Reduction, beta: this.beta })
  }
}

/** The options of `HuberLoss`. */
export interface HuberLossOptions<R extends Reduction> extends LossOptions<R> {
  /** Where the square gives way to the absolute value; default 1. */
  delta?: number
}

/**
 * (input - target)^2 / 2 where the difference is less than delta, else delta (|input - target| - delta / 2).
 *
 * Shapes: input and target `[*]`; result `[]`, or with `reduction: 'none'` `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html
 * @example
 * new nn.HuberLoss().forward(output, target).backward()
 */
export class HuberLoss<const R extends Reduction = 'mean'> extends ElementwiseLoss<'HuberLoss', R> {
  readonly delta: number

  constructor(reduction?: R | HuberLossOptions<R>, delta?: number | { delta?: number })
  constructor(...args: unknown[]) {
    const options = new LayerOptions('HuberLoss', ['reduction', 'delta'], args)
    super(options)
    this.delta = options.number('delta', 1)
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    return huberLoss(input, target, { reduction: this.reduction as Reduction, delta: this.delta })
  }
}

/**
 * The binary cross entropy of probabilities: -(y log(x) + (1 - y) log(1 - x)), with logarithms of at least -100.
 *
 * Shapes: input and target `[*]`; result `[]`, or with `reduction: 'none'` `[*]`. Floating dtypes. `weight` broadcasts to the target.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; `ERR_LIBTORCH` for an input outside 0 to 1.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
 * @example
 * new nn.BCELoss().forward(output, target).backward()
 */
export class BCELoss<const R extends Reduction = 'mean'> extends ElementwiseLoss<'BCELoss', R> {
  weight: Tensor | null

  constructor(
    weight?: Tensor | null | BinaryCrossEntropyOptions<R>,
    sizeAverage?: Legacy<LossOptions<R>>,
    reduce?: Legacy<LossOptions<R>>,
    reduction?: R | LossOptions<R>,
  )
  constructor(...args: unknown[]) {
    const options = new LayerOptions('BCELoss', ['weight', ...LEGACY], args)
    super(options)
    this.weight = this.given('weight', options)
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(input, target, { weight: this.weight, reduction: this.reduction as Reduction })
  }
}

/**
 * The binary cross entropy of sigmoid(x), in one step and so without overflow; `posWeight` says how much the positive examples of
 * each class count.
 *
 * Shapes: input and target `[*]`; result `[]`, or with `reduction: 'none'` `[*]`. Floating dtypes. `weight` and `pos_weight` broadcast to the target.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
 * @example
 * new nn.BCEWithLogitsLoss().forward(output, target).backward()
 */
export class BCEWithLogitsLoss<const R extends Reduction = 'mean'> extends ElementwiseLoss<'BCEWithLogitsLoss', R> {
  weight: Tensor | null
  pos_weight: Tensor | null

  constructor(
    weight?: Tensor | null | LogitsOptions<R>,
    sizeAverage?: Legacy<Omit<LogitsOptions<R>, 'weight'>>,
    reduce?: Legacy<Omit<LogitsOptions<R>, 'weight'>>,
    reduction?: R | Omit<LogitsOptions<R>, 'weight'>,
    posWeight?: Tensor | null | { posWeight?: Tensor | null },
  )
  constructor(...args: unknown[]) {
    const options = new LayerOptions('BCEWithLogitsLoss', ['weight', ...LEGACY, 'posWeight'], args)
    super(options)
    this.weight = this.given('weight', options)
    this.pos_weight = this.given('pos_weight', options, 'posWeight')
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    const { weight, pos_weight: posWeight } = this
    return binaryCrossEntropyWithLogits(input, target, { weight, posWeight, reduction: this.reduction as Reduction })
  }
}

/** The options of `KLDivLoss`. */
export interface KLDivLossOptions<R extends DivergenceReduction> extends LossOptions<R> {
  /** Whether the target holds logarithms; default false. */
  logTarget?: boolean
}

/**
 * The Kullback-Leibler divergence: target (log(target) - input), of log probabilities `input`. The definition is
 * `reduction: 'batchmean'`; `'mean'` divides by the number of elements.
 *
 * Shapes: input and target `[*]`; result `[]`, or with `reduction: 'none'` `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html
 * @example
 * new nn.KLDivLoss({ reduction: 'batchmean' }).forward(logProbs, probs).backward()
 */
export class KLDivLoss<const R extends DivergenceReduction = 'mean'> extends ElementwiseLoss<'KLDivLoss', R> {
  readonly logTarget: boolean

  constructor(
    sizeAverage?: Legacy<KLDivLossOptions<R>>,
    reduce?: Legacy<KLDivLossOptions<R>>,
    reduction?: R | KLDivLossOptions<R>,
    logTarget?: boolean | { logTarget?: boolean },
  )
  constructor(...args: unknown[]) {
    const options = new LayerOptions('KLDivLoss', [...LEGACY, 'logTarget'], args)
    super(options, [...REDUCTIONS, 'batchmean'])
    this.logTarget = options.flag('logTarget')
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    return klDiv(input, target, { reduction: this.reduction as DivergenceReduction, logTarget: this.logTarget })
  }
}

/**
 * The negative log likelihood of counts: exp(input) - target input, or of rates themselves (`logInput: false`) input - target
 * log(input + eps); `full` adds Stirling's term for targets above 1.
 *
 * Shapes: input and target `[*]`; result `[]`, or with `reduction: 'none'` `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.PoissonNLLLoss.html
 * @example
 * new nn.PoissonNLLLoss().forward(output, target).backward()
 */
export class PoissonNLLLoss<const R extends Reduction = 'mean'> extends ElementwiseLoss<'PoissonNLLLoss', R> {
  readonly logInput: boolean
  readonly full: boolean
  readonly eps: number

  constructor(
    logInput?: boolean | PoissonOptions<R>,
    full?: boolean | Omit<PoissonOptions<R>, 'logInput'>,
    sizeAverage?: Legacy<Pick<PoissonOptions<R>, 'eps' | 'reduction'>>,
    eps?: number | Pick<PoissonOptions<R>, 'eps' | 'reduction'>,
    reduce?: Legacy<LossOptions<R>>,
    reduction?: R | LossOptions<R>,
  )
  constructor(...args: unknown[]) {
    const names = ['logInput', 'full', 'sizeAverage', 'eps', 'reduce', 'reduction']
    const options = new LayerOptions('PoissonNLLLoss', names, args)
    super(options)
    this.logInput = options.flag('logInput', true)
    this.full = options.flag('full')
    this.eps = options.number('eps', 1e-8)
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    const { logInput, full, eps } = this
    return poissonNllLoss(input, target, { logInput, full, eps, reduction: this.reduction as Reduction })
  }
}

/**
 * log(1 + exp(-target input)), of targets 1 and -1.
 *
 * Shapes: input and target `[*]`; result `[]`, or with `reduction: 'none'` `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html
 * @example
 * new nn.SoftMarginLoss().forward(output, target).backward()
 */
export class SoftMarginLoss<const R extends Reduction = 'mean'> extends ElementwiseLoss<'SoftMarginLoss', R> {
  constructor(sizeAverage?: Legacy<LossOptions<R>>, reduce?: Legacy<LossOptions<R>>, reduction?: R | LossOptions<R>)
  constructor(...args: unknown[]) {
    super(new LayerOptions('SoftMarginLoss', LEGACY, args))
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    return softMarginLoss(input, target, { reduction: this.reduction as Reduction })
  }
}

/**
 * The input where the target is 1, max(0, margin - input) where it is -1.
 *
 * Shapes: input and target `[*]`; result `[]`, or with `reduction: 'none'` `[*]`. Floating dtypes. `margin` is 1 unless given.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html
 * @example
 * new nn.HingeEmbeddingLoss().forward(output, target).backward()
 */
export class HingeEmbeddingLoss<const R extends Reduction = 'mean'> extends ElementwiseLoss<'HingeEmbeddingLoss', R> {
  readonly margin: number

  constructor(
    margin?: number | MarginOptions<R>,
    sizeAverage?: Legacy<LossOptions<R>>,
    reduce?: Legacy<LossOptions<R>>,
    reduction?: R | LossOptions<R>,
  )
  constructor(...args: unknown[]) {
    const options = new LayerOptions('HingeEmbeddingLoss', ['margin', ...LEGACY], args)
    super(options)
    this.margin = options.number('margin', 1)
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): Tensor {
    return hingeEmbeddingLoss(input, target, { margin: this.margin, reduction: this.reduction as Reduction })
  }
}
