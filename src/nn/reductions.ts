import { InvalidArgValueError } from '../core/errors'
import type { Tensor } from '../tensor/tensor'
import type { Reduction } from './data-rules'
import type { LayerOptions } from './layers/layer-options'

/** The reductions of losses; libtorch counts them so. */
export const REDUCTIONS: readonly Reduction[] = ['none', 'mean', 'sum']

/** The reduction that a call asks for, be it by Python's deprecated `sizeAverage` and `reduce`. */
export function reductionOf<R extends string = Reduction>(
  options: LayerOptions,
  words: readonly (R | Reduction)[] = REDUCTIONS,
): R | Reduction {
  const average = options.flagOrNull('sizeAverage')
  const reduces = options.flagOrNull('reduce')
  if (average !== null || reduces !== null) return reduces === false ? 'none' : average === false ? 'sum' : 'mean'
  return options.word('reduction', words, 'mean')
}

/** The same as libtorch's number. */
export function reductionCode(options: LayerOptions): number {
  return REDUCTIONS.indexOf(reductionOf(options))
}

/** Reduces losses that are computed here. */
export function reduce(losses: Tensor, reduction: Reduction): Tensor {
  return reduction === 'none' ? losses : reduction === 'sum' ? losses.sum() : losses.mean()
}

/** Refuses a target of another size than the input's. */
export function sameSizes(what: string, input: Tensor, target: Tensor): void {
  if (String(input.shape) === String(target.shape)) return
  throw new InvalidArgValueError(
    `${what}: target size [${target.shape}] must be the same as input size [${input.shape}]`,
  )
}
