/** The losses of `torch.nn.functional`. */
import type { DType } from '../core/dtype'
import { describe, InvalidArgValueError } from '../core/errors'
import { mergeArguments } from '../core/options'
import type { Shape } from '../core/shape-types'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import type { LossOf, Reduction, TargetCheck } from './data-rules'
import { call } from './functional-call'
import type { CrossEntropyLossOptions } from './layers/cross-entropy-loss'

const REDUCTIONS: readonly unknown[] = ['none', 'mean', 'sum']

function reductionCode(what: string, { reduction = 'mean', sizeAverage, reduce }: Record<string, unknown>): number {
  if (typeof sizeAverage === 'boolean' || typeof reduce === 'boolean') {
    return reduce === false ? 0 : sizeAverage === false ? 2 : 1
  }
  const code = REDUCTIONS.indexOf(reduction)
  if (code === -1) {
    throw new InvalidArgValueError(
      `${what}: 'reduction' must be one of 'none', 'mean', 'sum', got ${describe(reduction)}`,
    )
  }
  return code
}

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
  const merged = mergeArguments('crossEntropy', names, args, 2)
  const { input, target, weight = null, ignoreIndex = -100, labelSmoothing = 0 } = merged
  return call('cross_entropy_loss', [
    input,
    target,
    weight,
    reductionCode('crossEntropy', merged),
    ignoreIndex,
    labelSmoothing,
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
  const merged = mergeArguments('nllLoss', names, args, 2)
  const { input, target, weight = null, ignoreIndex = -100 } = merged
  return call('nll_loss_nd', [input, target, weight, reductionCode('nllLoss', merged), ignoreIndex])
}

/** The squared difference of input and target, of one shape. `torch.nn.functional.mse_loss` */
export function mseLoss<S extends Shape, D extends DType, const R extends Reduction = 'mean'>(
  input: Tensor<S, D>,
  target: Tensor<S>,
  sizeAverage?: boolean | null | { reduction?: R },
  reduce?: boolean | null | { reduction?: R },
  reduction?: R | { reduction?: R },
): Result<Reduction extends R ? any : R extends 'none' ? S : [], D>
export function mseLoss(...args: unknown[]): Tensor {
  return difference('mseLoss', 'mse_loss', args)
}

/** The absolute difference of input and target, of one shape. `torch.nn.functional.l1_loss` */
export function l1Loss<S extends Shape, D extends DType, const R extends Reduction = 'mean'>(
  input: Tensor<S, D>,
  target: Tensor<S>,
  sizeAverage?: boolean | null | { reduction?: R },
  reduce?: boolean | null | { reduction?: R },
  reduction?: R | { reduction?: R },
): Result<Reduction extends R ? any : R extends 'none' ? S : [], D>
export function l1Loss(...args: unknown[]): Tensor {
  return difference('l1Loss', 'l1_loss', args)
}

function difference(what: string, operator: string, args: readonly unknown[]): Tensor {
  const merged = mergeArguments(what, ['input', 'target', 'sizeAverage', 'reduce', 'reduction'], args, 2)
  return call(operator, [merged.input, merged.target, reductionCode(what, merged)])
}
