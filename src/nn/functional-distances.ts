/** Distances of `torch.nn.functional`, and the loss that aligns sequences. */
import type { Broadcast } from '../core/broadcast-types'
import type { DType } from '../core/dtype'
import type { Check, Reduced, Shape } from '../core/shape-types'
import { callPublic } from '../ops/resolve'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import type { ElementwiseLossOf, Reduction } from './data-rules'
import { call } from './functional-call'
import { LayerOptions } from './layers/layer-options'
import { reductionCode } from './reductions'

/** The options of `ctcLoss`. */
export interface CtcOptions<R extends Reduction> {
  /** The index of 'no label'; default 0. */
  blank?: number
  /** `'mean'` divides each loss by its target's length; default `'mean'`. */
  reduction?: R
  /** Whether infinite losses, of inputs too short for their targets, become 0; default false. */
  zeroInfinity?: boolean
}

/**
 * The connectionist temporal classification loss: log probabilities `[T, N, C]` or `[T, C]`, targets `[N, S]` or all in a
 * row, and the lengths of both, as tensors or numbers.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html
 */
export function ctcLoss<D extends DType, const R extends Reduction = 'mean'>(
  logProbs: Tensor<any, D>,
  targets: Tensor,
  inputLengths: Tensor | readonly number[],
  targetLengths: Tensor | readonly number[],
  blank?: number | CtcOptions<R>,
  reduction?: R | Omit<CtcOptions<R>, 'blank'>,
  zeroInfinity?: boolean | Pick<CtcOptions<R>, 'zeroInfinity'>,
): Result<ElementwiseLossOf<[number], R>, D>
export function ctcLoss(...args: unknown[]): Tensor {
  const names = ['logProbs', 'targets', 'inputLengths', 'targetLengths', 'blank', 'reduction', 'zeroInfinity']
  const options = new LayerOptions('ctcLoss', names, args, 4)
  return callPublic('aten::ctc_loss', [
    options.tensor('logProbs'),
    options.tensor('targets'),
    options.raw('inputLengths'),
    options.raw('targetLengths'),
    options.integer('blank', 0),
    reductionCode(options),
    options.flag('zeroInfinity'),
  ]) as Tensor
}

/** What is left of two shapes, broadcast, without the dimension that is compared. */
export type Between<What extends string, S extends Shape, T extends Shape, I, Keep> =
  Broadcast<What, S, T> extends infer B extends Shape ? Reduced<What, B, I, Keep> : any

/** The cosine of the angle between two tensors along `dim` (1); `eps` (1e-8) keeps the norms from 0. `torch.nn.functional.cosine_similarity` */
export function cosineSimilarity<S extends Shape, D extends DType, T extends Shape, const I extends number = 1>(
  x1: Tensor<S, D>,
  x2: Tensor<T> & Check<Broadcast<'cosineSimilarity', S, T>>,
  dim?: I | { dim?: I; eps?: number },
  eps?: number | { eps?: number },
): Result<Between<'cosineSimilarity', S, T, I, false>, D>
export function cosineSimilarity(...args: unknown[]): Tensor {
  const options = new LayerOptions('cosineSimilarity', ['x1', 'x2', 'dim', 'eps'], args, 2)
  const [x1, x2] = [options.tensor('x1'), options.tensor('x2')]
  return call('cosine_similarity', [x1, x2, options.integer('dim', 1), options.number('eps', 1e-8)])
}

/** The options of `pairwiseDistance`. */
export interface DistanceOptions<Keep extends boolean> {
  /** The norm; default 2. */
  p?: number
  /** Added to the difference; default 1e-6. */
  eps?: number
  /** Whether the last dimension stays, with size 1; default false. */
  keepdim?: Keep
}

/** The norm of the difference over the last dimension. `torch.nn.functional.pairwise_distance` */
export function pairwiseDistance<S extends Shape, D extends DType, T extends Shape, const Keep extends boolean = false>(
  x1: Tensor<S, D>,
  x2: Tensor<T> & Check<Broadcast<'pairwiseDistance', S, T>>,
  p?: number | DistanceOptions<Keep>,
  eps?: number | Omit<DistanceOptions<Keep>, 'p'>,
  keepdim?: Keep | { keepdim?: Keep },
): Result<Between<'pairwiseDistance', S, T, -1, Keep>, D>
export function pairwiseDistance(...args: unknown[]): Tensor {
  const options = new LayerOptions('pairwiseDistance', ['x1', 'x2', 'p', 'eps', 'keepdim'], args, 2)
  const [x1, x2] = [options.tensor('x1'), options.tensor('x2')]
  const [p, eps] = [options.number('p', 2), options.number('eps', 1e-6)]
  return call('pairwise_distance', [x1, x2, p, eps, options.flag('keepdim')])
}
