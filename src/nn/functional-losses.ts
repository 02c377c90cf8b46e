/** The losses of `torch.nn.functional` that compare an input with a target of its shape, or with classes. */
import type { DType } from '../core/dtype'
import { InvalidArgValueError } from '../core/errors'
import type { Shape } from '../core/shape-types'
import { callPublic } from '../ops/resolve'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import type { Alike, ElementwiseLossOf, LossOf, Reduction, TargetCheck } from './data-rules'
import { call } from './functional-call'
import type { CrossEntropyLossOptions } from './layers/cross-entropy-loss'
import { LayerOptions } from './layers/layer-options'
import { REDUCTIONS, reduce, reductionCode, reductionOf, sameSizes } from './reductions'

/**
 * The cross entropy of logits and class indices (int64) or probabilities; see `CrossEntropyLoss`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html
 */
export function crossEntropy<
  S extends Shape,
  D extends DType,
  T extends Shape,
  E extends DType,
  const R extends Reduction = 'mean',
>(
  input: Tensor<S, D>,
  target: Tensor<T, E> & TargetCheck<S, T, E>,
  weight?: Tensor | null | CrossEntropyLossOptions<R>,
  sizeAverage?: boolean | null | Omit<CrossEntropyLossOptions<R>, 'weight'>,
  ignoreIndex?: number | Omit<CrossEntropyLossOptions<R>, 'weight'>,
  reduce?: boolean | null | Omit<CrossEntropyLossOptions<R>, 'weight' | 'ignoreIndex'>,
  reduction?: R | Omit<CrossEntropyLossOptions<R>, 'weight' | 'ignoreIndex'>,
  labelSmoothing?: number | { labelSmoothing?: number },
): Tensor<LossOf<S, R>, D>
export function crossEntropy(...args: unknown[]): Tensor {
  const names = ['input', 'target', 'weight', 'sizeAverage', 'ignoreIndex', 'reduce', 'reduction', 'labelSmoothing']
  const options = new LayerOptions('crossEntropy', names, args, 2)
  return call('cross_entropy_loss', [
    options.raw('input'),
    options.raw('target'),
    options.tensorOrNull('weight'),
    reductionCode(options),
    options.integer('ignoreIndex', -100),
    options.number('labelSmoothing', 0),
  ])
}

/** The negative log likelihood of log probabilities `[N, C, ...]` and class indices (int64). `torch.nn.functional.nll_loss` */
export function nllLoss<
  S extends Shape,
  D extends DType,
  T extends Shape,
  E extends DType,
  const R extends Reduction = 'mean',
>(
  input: Tensor<S, D>,
  target: Tensor<T, E> & TargetCheck<S, T, E>,
  weight?: Tensor | null | Omit<CrossEntropyLossOptions<R>, 'labelSmoothing'>,
  sizeAverage?: boolean | null | Omit<CrossEntropyLossOptions<R>, 'weight' | 'labelSmoothing'>,
  ignoreIndex?: number | Omit<CrossEntropyLossOptions<R>, 'weight' | 'labelSmoothing'>,
  reduce?: boolean | null | { reduction?: R },
  reduction?: R | { reduction?: R },
): Tensor<LossOf<S, R>, D>
export function nllLoss(...args: unknown[]): Tensor {
  const names = ['input', 'target', 'weight', 'sizeAverage', 'ignoreIndex', 'reduce', 'reduction']
  const options = new LayerOptions('nllLoss', names, args, 2)
  return call('nll_loss_nd', [
    options.raw('input'),
    options.raw('target'),
    options.tensorOrNull('weight'),
    reductionCode(options),
    options.integer('ignoreIndex', -100),
  ])
}

/** How a difference is reduced, and a weight for each element. */
export interface DifferenceOptions<R extends Reduction> {
  /** The mean, the sum, or every loss by itself; default `'mean'`. */
  reduction?: R
  /** A weight for each element, of the input's shape. */
  weight?: Tensor | null
}
type Differences<R extends Reduction> = boolean | null | DifferenceOptions<R>

/** The squared difference of input and target, of one shape. `torch.nn.functional.mse_loss` */
export function mseLoss<S extends Shape, D extends DType, T extends Shape, const R extends Reduction = 'mean'>(
  input: Tensor<S, D>,
  target: Tensor<T> & Alike<'mseLoss', S, T>,
  sizeAverage?: Differences<R>,
  reduce?: Differences<R>,
  reduction?: R | DifferenceOptions<R>,
  weight?: Tensor | null | { weight?: Tensor | null },
): Result<ElementwiseLossOf<S, R>, D>
export function mseLoss(...args: unknown[]): Tensor {
  const { options, input, target } = pair('mseLoss', args, [...LEGACY, 'weight'])
  const weight = weightLike(options, input)
  if (weight === null) return call('mse_loss', [input, target, reductionCode(options)])
  return weightedMean(options, input.sub(target).pow(2).mul(weight), weight)
}

/** The absolute difference of input and target, of one shape. `torch.nn.functional.l1_loss` */
export function l1Loss<S extends Shape, D extends DType, T extends Shape, const R extends Reduction = 'mean'>(
  input: Tensor<S, D>,
  target: Tensor<T> & Alike<'l1Loss', S, T>,
  sizeAverage?: Differences<R>,
  reduce?: Differences<R>,
  reduction?: R | DifferenceOptions<R>,
  weight?: Tensor | null | { weight?: Tensor | null },
): Result<ElementwiseLossOf<S, R>, D>
export function l1Loss(...args: unknown[]): Tensor {
  const { options, input, target } = pair('l1Loss', args, [...LEGACY, 'weight'])
  const weight = weightLike(options, input)
  if (weight === null) return call('l1_loss', [input, target, reductionCode(options)])
  return weightedMean(options, input.sub(target).abs().mul(weight), weight)
}

/**
 * Half the squared difference over `beta` (1) where the difference is less than `beta`, else the absolute difference less
 * half of `beta`. `torch.nn.functional.smooth_l1_loss`
 */
export function smoothL1Loss<S extends Shape, D extends DType, T extends Shape, const R extends Reduction = 'mean'>(
  input: Tensor<S, D>,
  target: Tensor<T> & Alike<'smoothL1Loss', S, T>,
  sizeAverage?: boolean | null | { reduction?: R; beta?: number },
  reduce?: boolean | null | { reduction?: R; beta?: number },
  reduction?: R | { reduction?: R; beta?: number },
  beta?: number | { beta?: number },
): Result<ElementwiseLossOf<S, R>, D>
export function smoothL1Loss(...args: unknown[]): Tensor {
  const { options, input, target } = pair('smoothL1Loss', args, [...LEGACY, 'beta'])
  const beta = options.number('beta', 1)
  if (beta === 0) return call('l1_loss', [input, target, reductionCode(options)])
  return call('smooth_l1_loss', [input, target, reductionCode(options), beta])
}

/**
 * Half the squared difference where the difference is less than `delta` (1), else `delta` times the absolute difference
 * less half of `delta`. `torch.nn.functional.huber_loss`
 */
export function huberLoss<S extends Shape, D extends DType, T extends Shape, const R extends Reduction = 'mean'>(
  input: Tensor<S, D>,
  target: Tensor<T> & Alike<'huberLoss', S, T>,
  reduction?: R | ({ delta?: number } & DifferenceOptions<R>),
  delta?: number | { delta?: number; weight?: Tensor | null },
  weight?: Tensor | null | { weight?: Tensor | null },
): Result<ElementwiseLossOf<S, R>, D>
export function huberLoss(...args: unknown[]): Tensor {
  const { options, input, target } = pair('huberLoss', args, ['reduction', 'delta', 'weight'])
  const weight = weightLike(options, input)
  const delta = options.number('delta', 1)
  if (weight === null) return call('huber_loss', [input, target, reductionCode(options), delta])
  return reduce(call('huber_loss', [input, target, 0, delta]).mul(weight), reductionOf(options))
}

/** The options of `binaryCrossEntropy`. */
export interface BinaryCrossEntropyOptions<R extends Reduction> {
  /** A weight for each element; broadcast to the target. */
  weight?: Tensor | null
  /** The mean, the sum, or every loss by itself; default `'mean'`. */
  reduction?: R
}

/** -(y log(x) + (1 - y) log(1 - x)), of probabilities x and targets y. `torch.nn.functional.binary_cross_entropy` */
export function binaryCrossEntropy<
  S extends Shape,
  D extends DType,
  T extends Shape,
  const R extends Reduction = 'mean',
>(
  input: Tensor<S, D>,
  target: Tensor<T> & Alike<'binaryCrossEntropy', S, T>,
  weight?: Tensor | null | BinaryCrossEntropyOptions<R>,
  sizeAverage?: boolean | null | { reduction?: R },
  reduce?: boolean | null | { reduction?: R },
  reduction?: R | { reduction?: R },
): Result<ElementwiseLossOf<S, R>, D>
export function binaryCrossEntropy(...args: unknown[]): Tensor {
  const options = new LayerOptions('binaryCrossEntropy', ['input', 'target', 'weight', ...LEGACY], args, 2)
  const [input, target] = [options.tensor('input'), options.tensor('target')]
  sameSizes('binaryCrossEntropy', input, target)
  let weight = options.tensorOrNull('weight')
  if (weight !== null) [weight] = callPublic('aten::broadcast_tensors', [[weight, target]]) as [Tensor]
  return call('binary_cross_entropy', [input, target, weight, reductionCode(options)])
}

/** The options of `binaryCrossEntropyWithLogits`. */
export interface LogitsOptions<R extends Reduction> extends BinaryCrossEntropyOptions<R> {
  /** How much the positive examples of each class count; `[C]`, or what broadcasts to the target. */
  posWeight?: Tensor | null
}

/** The binary cross entropy of sigmoid(x). `torch.nn.functional.binary_cross_entropy_with_logits` */
export function binaryCrossEntropyWithLogits<
  S extends Shape,
  D extends DType,
  T extends Shape,
  const R extends Reduction = 'mean',
>(
  input: Tensor<S, D>,
  target: Tensor<T> & Alike<'binaryCrossEntropyWithLogits', S, T>,
  weight?: Tensor | null | LogitsOptions<R>,
  sizeAverage?: boolean | null | Omit<LogitsOptions<R>, 'weight'>,
  reduce?: boolean | null | Omit<LogitsOptions<R>, 'weight'>,
  reduction?: R | Omit<LogitsOptions<R>, 'weight'>,
  posWeight?: Tensor | null | { posWeight?: Tensor | null },
): Result<ElementwiseLossOf<S, R>, D>
export function binaryCrossEntropyWithLogits(...args: unknown[]): Tensor {
  const names = ['input', 'target', 'weight', ...LEGACY, 'posWeight']
  const options = new LayerOptions('binaryCrossEntropyWithLogits', names, args, 2)
  const [input, target] = [options.tensor('input'), options.tensor('target')]
  sameSizes('binaryCrossEntropyWithLogits', input, target)
  const [weight, posWeight] = [options.tensorOrNull('weight'), options.tensorOrNull('posWeight')]
  return call('binary_cross_entropy_with_logits', [input, target, weight, posWeight, reductionCode(options)])
}

/** How `klDiv` is reduced: `'batchmean'` divides the sum by the first size, as the mathematical definition does. */
export type DivergenceReduction = Reduction | 'batchmean'

/** target (log(target) - input), of log probabilities `input`; with `logTarget` the target holds logarithms too. `torch.nn.functional.kl_div` */
export function klDiv<S extends Shape, D extends DType, T extends Shape, const R extends DivergenceReduction = 'mean'>(
  input: Tensor<S, D>,
  target: Tensor<T> & Alike<'klDiv', S, T>,
  sizeAverage?: boolean | null | { reduction?: R; logTarget?: boolean },
  reduce?: boolean | null | { reduction?: R; logTarget?: boolean },
  reduction?: R | { reduction?: R; logTarget?: boolean },
  logTarget?: boolean | { logTarget?: boolean },
): Result<ElementwiseLossOf<S, R>, D>
export function klDiv(...args: unknown[]): Tensor {
  const options = new LayerOptions('klDiv', ['input', 'target', ...LEGACY, 'logTarget'], args, 2)
  const reduction = reductionOf<DivergenceReduction>(options, [...REDUCTIONS, 'batchmean'])
  const [input, target] = [options.tensor('input'), options.tensor('target')]
  const code = REDUCTIONS.indexOf(reduction === 'batchmean' ? 'sum' : reduction)
  const loss: Tensor = call('kl_div', [input, target, code, { logTarget: options.flag('logTarget') }])
  return reduction === 'batchmean' && input.ndim !== 0 ? loss.div(input.size(0)) : loss
}

/** The options of `poissonNllLoss`. */
export interface PoissonOptions<R extends Reduction> {
  /** Whether the input holds logarithms: exp(input) - target input; else input - target log(input + eps); default true. */
  logInput?: boolean
  /** Whether Stirling's term is added; default false. */
  full?: boolean
  /** Keeps the logarithm from 0; default 1e-8. */
  eps?: number
  /** The mean, the sum, or every loss by itself; default `'mean'`. */
  reduction?: R
}

/** The negative log likelihood of targets that are Poisson distributed. `torch.nn.functional.poisson_nll_loss` */
export function poissonNllLoss<S extends Shape, D extends DType, T extends Shape, const R extends Reduction = 'mean'>(
  input: Tensor<S, D>,
  target: Tensor<T> & Alike<'poissonNllLoss', S, T>,
  logInput?: boolean | PoissonOptions<R>,
  full?: boolean | Omit<PoissonOptions<R>, 'logInput'>,
  sizeAverage?: boolean | null | { eps?: number; reduction?: R },
  eps?: number | { eps?: number; reduction?: R },
  reduce?: boolean | null | { reduction?: R },
  reduction?: R | { reduction?: R },
): Result<ElementwiseLossOf<S, R>, D>
export function poissonNllLoss(...args: unknown[]): Tensor {
  const names = ['input', 'target', 'logInput', 'full', 'sizeAverage', 'eps', 'reduce', 'reduction']
  const options = new LayerOptions('poissonNllLoss', names, args, 2)
  return call('poisson_nll_loss', [
    options.raw('input'),
    options.raw('target'),
    options.flag('logInput', true),
    options.flag('full'),
    options.number('eps', 1e-8),
    reductionCode(options),
  ])
}

const LEGACY = ['sizeAverage', 'reduce', 'reduction'] as const

/** Input and target in one shape: as in Python, what differs is broadcast. */
function pair(what: string, args: readonly unknown[], names: readonly string[]) {
  const options = new LayerOptions(what, ['input', 'target', ...names], args, 2)
  const given = [options.tensor('input'), options.tensor('target')]
  const [input, target] = callPublic('aten::broadcast_tensors', [given]) as [Tensor, Tensor]
  return { options, input, target }
}

function weightLike(options: LayerOptions, input: Tensor): Tensor | null {
  const weight = options.tensorOrNull('weight')
  if (weight !== null && String(weight.shape) !== String(options.tensor('input').shape)) {
    throw new InvalidArgValueError(
      `${options.what}: weights and input must have the same size, got [${weight.shape}] and [${input.shape}]`,
    )
  }
  return weight
}

function weightedMean(options: LayerOptions, losses: Tensor, weight: Tensor): Tensor {
  const reduction = reductionOf(options)
  return reduction === 'mean' ? losses.sum().div(weight.sum()) : reduce(losses, reduction)
}
