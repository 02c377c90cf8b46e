/** The losses of `torch.nn.functional` with margins, distances or alignments, and the distances. */
import { noGrad } from '../autograd'
import type { DType } from '../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import type { Shape } from '../core/shape-types'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import type { Alike, ElementwiseLossOf, Reduction, RowsOf, RowTargetCheck } from './data-rules'
import { logsigmoid } from './functional-activations'
import { call } from './functional-call'
import { pairwiseDistance } from './functional-distances'
import { LayerOptions } from './layers/layer-options'
import { reduce, reductionCode, reductionOf } from './reductions'

const LEGACY = ['sizeAverage', 'reduce', 'reduction'] as const

/** A margin, and how the loss is reduced. */
export interface MarginOptions<R extends Reduction> {
  margin?: number
  /** The mean, the sum, or every loss by itself; default `'mean'`. */
  reduction?: R
}
type Reduce<R extends Reduction> = boolean | null | { reduction?: R }

/** The options of `gaussianNllLoss`. */
export interface GaussianOptions<R extends Reduction> {
  /** Whether the constant term is added; default false. */
  full?: boolean
  /** The least variance; default 1e-6. */
  eps?: number
  /** The mean, the sum, or every loss by itself; default `'mean'`. */
  reduction?: R
}

/**
 * The negative log likelihood of targets that are normally distributed around the input with variances `var`, of the
 * input's shape, of that shape without or with 1 for the last dimension, or one number. `torch.nn.functional.gaussian_nll_loss`
 */
export function gaussianNllLoss<S extends Shape, D extends DType, T extends Shape, const R extends Reduction = 'mean'>(
  input: Tensor<S, D>,
  target: Tensor<T> & Alike<'gaussianNllLoss', S, T>,
  variance: Tensor | number,
  full?: boolean | GaussianOptions<R>,
  eps?: number | Omit<GaussianOptions<R>, 'full'>,
  reduction?: R | { reduction?: R },
): Result<ElementwiseLossOf<S, R>, D>
export function gaussianNllLoss(...args: unknown[]): Tensor {
  const names = ['input', 'target', 'var', 'full', 'eps', 'reduction']
  const options = new LayerOptions('gaussianNllLoss', names, args, 3)
  const [input, target] = [options.tensor('input'), options.tensor('target')]
  const reduction = reductionOf(options)
  const variance = varianceOf(options, input).clone() as Tensor
  // Python clamps what is differentiated without telling autograd
  noGrad(() => void variance.clampMin_(options.number('eps', 1e-6)))
  const loss: Tensor = variance.log().add(input.sub(target).pow(2).div(variance)).mul(0.5)
  return reduce(options.flag('full') ? loss.add_(0.5 * Math.log(2 * Math.PI)) : loss, reduction)
}

function varianceOf(options: LayerOptions, input: Tensor): Tensor {
  const given = options.raw('var')
  const variance = typeof given === 'number' ? (input.detach().onesLike().mul(given) as Tensor) : options.tensor('var')
  if (variance.lt(0).any().item()) {
    throw new InvalidArgValueError(`${options.what}: var has negative entry/entries`)
  }
  const [sizes, own] = [input.shape as number[], variance.shape as number[]]
  if (String(sizes) === String(own)) return variance
  if (String(sizes.slice(0, -1)) === String(own)) return variance.unsqueeze(-1) as Tensor
  // one dimension may have 1 where the input has more
  const differing = own.filter((size, i) => size !== sizes[i]).reduce((sum, size) => sum + size, 0)
  if (sizes.length === own.length && differing === 1) return variance
  throw new InvalidArgValueError(`${options.what}: var is of incorrect size [${own}] for an input of [${sizes}]`)
}

/** The options of `hingeEmbeddingLoss` in Python's order: `margin` (1), `sizeAverage`, `reduce`, `reduction`. */
type HingeRest<R extends Reduction> = [
  margin?: number | MarginOptions<R>,
  sizeAverage?: Reduce<R>,
  reduce?: Reduce<R>,
  reduction?: R | { reduction?: R },
]

/** x where the target is 1, max(0, margin - x) where it is -1. `torch.nn.functional.hinge_embedding_loss` */
export function hingeEmbeddingLoss<
  S extends Shape,
  D extends DType,
  T extends Shape,
  const R extends Reduction = 'mean',
>(
  input: Tensor<S, D>,
  target: Tensor<T> & Alike<'hingeEmbeddingLoss', S, T>,
  ...rest: HingeRest<R>
): Result<ElementwiseLossOf<S, R>, D>
export function hingeEmbeddingLoss(...args: unknown[]): Tensor {
  const options = new LayerOptions('hingeEmbeddingLoss', ['input', 'target', 'margin', ...LEGACY], args, 2)
  const [input, target, margin] = [options.raw('input'), options.raw('target'), options.number('margin', 1)]
  return call('hinge_embedding_loss', [input, target, margin, reductionCode(options)])
}

/**
 * max(0, -target (input1 - input2) + margin), with a `margin` of 0 unless given: the target is 1 where `input1` should rank
 * higher, -1 where `input2` should. `torch.nn.functional.margin_ranking_loss`
 */
export function marginRankingLoss<
  S extends Shape,
  D extends DType,
  T extends Shape,
  U extends Shape,
  const R extends Reduction = 'mean',
>(
  input1: Tensor<S, D>,
  input2: Tensor<T> & Alike<'marginRankingLoss', S, T>,
  target: Tensor<U> & Alike<'marginRankingLoss', S, U>,
  ...rest: HingeRest<R>
): Result<ElementwiseLossOf<S, R>, D>
export function marginRankingLoss(...args: unknown[]): Tensor {
  const options = new LayerOptions('marginRankingLoss', ['input1', 'input2', 'target', 'margin', ...LEGACY], args, 3)
  const tensors = ['input1', 'input2', 'target'].map(name => options.tensor(name))
  if (new Set(tensors.map(({ ndim }) => ndim)).size > 1) {
    const sizes = tensors.map(({ shape }) => `[${shape}]`).join(', ')
    throw new InvalidArgValueError(`marginRankingLoss: all input tensors should have same dimension but got ${sizes}`)
  }
  return call('margin_ranking_loss', [...tensors, options.number('margin', 0), reductionCode(options)])
}

/** 1 - cos where the target is 1, max(0, cos - margin) where it is -1; `margin` is 0 unless given. `torch.nn.functional.cosine_embedding_loss` */
export function cosineEmbeddingLoss<
  S extends Shape,
  D extends DType,
  T extends Shape,
  const R extends Reduction = 'mean',
>(
  input1: Tensor<S, D>,
  input2: Tensor<T> & Alike<'cosineEmbeddingLoss', S, T>,
  target: Tensor,
  ...rest: HingeRest<R>
): Result<ElementwiseLossOf<RowsOf<S>, R>, D>
export function cosineEmbeddingLoss(...args: unknown[]): Tensor {
  const options = new LayerOptions('cosineEmbeddingLoss', ['input1', 'input2', 'target', 'margin', ...LEGACY], args, 3)
  const tensors = ['input1', 'input2', 'target'].map(name => options.tensor(name))
  return call('cosine_embedding_loss', [...tensors, options.number('margin', 0), reductionCode(options)])
}

/** log(1 + exp(-target x)), of targets 1 and -1. `torch.nn.functional.soft_margin_loss` */
export function softMarginLoss<S extends Shape, D extends DType, T extends Shape, const R extends Reduction = 'mean'>(
  input: Tensor<S, D>,
  target: Tensor<T> & Alike<'softMarginLoss', S, T>,
  sizeAverage?: Reduce<R>,
  reduce?: Reduce<R>,
  reduction?: R | { reduction?: R },
): Result<ElementwiseLossOf<S, R>, D>
export function softMarginLoss(...args: unknown[]): Tensor {
  const options = new LayerOptions('softMarginLoss', ['input', 'target', ...LEGACY], args, 2)
  return call('soft_margin_loss', [options.raw('input'), options.raw('target'), reductionCode(options)])
}

/** The options of `multiMarginLoss`. */
export interface MultiMarginOptions<R extends Reduction> extends MarginOptions<R> {
  /** The power, 1 or 2; default 1. */
  p?: 1 | 2
  /** A weight for each class, `[C]`. */
  weight?: Tensor | null
}

/**
 * The mean over the other classes of max(0, margin - x[y] + x[i])^p: input `[N, C]` or `[C]`, class indices `[N]` or `[]`.
 * `torch.nn.functional.multi_margin_loss`
 */
export function multiMarginLoss<S extends Shape, D extends DType, T extends Shape, const R extends Reduction = 'mean'>(
  input: Tensor<S, D>,
  target: Tensor<T, 'int64'> & RowTargetCheck<'multiMarginLoss', S, T>,
  p?: 1 | 2 | MultiMarginOptions<R>,
  margin?: number | Omit<MultiMarginOptions<R>, 'p'>,
  weight?: Tensor | null | { weight?: Tensor | null; reduction?: R },
  sizeAverage?: Reduce<R>,
  reduce?: Reduce<R>,
  reduction?: R | { reduction?: R },
): Result<ElementwiseLossOf<RowsOf<S>, R>, D>
export function multiMarginLoss(...args: unknown[]): Tensor {
  const options = new LayerOptions('multiMarginLoss', ['input', 'target', 'p', 'margin', 'weight', ...LEGACY], args, 2)
  const [p, weight] = [options.number('p', 1), options.tensorOrNull('weight')]
  checkPower(options.what, p, weight)
  const [input, target, margin] = [options.raw('input'), options.raw('target'), options.number('margin', 1)]
  return call('multi_margin_loss', [input, target, p, margin, weight, reductionCode(options)])
}

/** Refuses what `multiMarginLoss` cannot do. */
export function checkPower(what: string, p: number, weight: Tensor | null): void {
  if (p !== 1 && p !== 2) throw new InvalidArgValueError(`${what}: only p == 1 and p == 2 supported, got ${p}`)
  if (weight !== null && weight.ndim !== 1) {
    throw new InvalidArgValueError(`${what}: expected weight to be null or 1D tensor, got ${weight.ndim}D instead`)
  }
}

/**
 * The hinge between the classes that a row is in and those it is not in: target `[N, C]`, int64, the row's classes and
 * then -1. `torch.nn.functional.multilabel_margin_loss`
 */
export function multilabelMarginLoss<
  S extends Shape,
  D extends DType,
  T extends Shape,
  const R extends Reduction = 'mean',
>(
  input: Tensor<S, D>,
  target: Tensor<T, 'int64'> & Alike<'multilabelMarginLoss', S, T>,
  sizeAverage?: Reduce<R>,
  reduce?: Reduce<R>,
  reduction?: R | { reduction?: R },
): Result<ElementwiseLossOf<RowsOf<S>, R>, D>
export function multilabelMarginLoss(...args: unknown[]): Tensor {
  const options = new LayerOptions('multilabelMarginLoss', ['input', 'target', ...LEGACY], args, 2)
  return call('multilabel_margin_loss', [options.raw('input'), options.raw('target'), reductionCode(options)])
}

/** The mean over the classes of the binary cross entropy of sigmoid(x). `torch.nn.functional.multilabel_soft_margin_loss` */
export function multilabelSoftMarginLoss<
  S extends Shape,
  D extends DType,
  T extends Shape,
  const R extends Reduction = 'mean',
>(
  input: Tensor<S, D>,
  target: Tensor<T> & Alike<'multilabelSoftMarginLoss', S, T>,
  weight?: Tensor | null | { weight?: Tensor | null; reduction?: R },
  sizeAverage?: Reduce<R>,
  reduce?: Reduce<R>,
  reduction?: R | { reduction?: R },
): Result<ElementwiseLossOf<RowsOf<S>, R>, D>
export function multilabelSoftMarginLoss(...args: unknown[]): Tensor {
  const options = new LayerOptions('multilabelSoftMarginLoss', ['input', 'target', 'weight', ...LEGACY], args, 2)
  const [input, target] = [options.tensor('input'), options.tensor('target')]
  const [weight, reduction] = [options.tensorOrNull('weight'), reductionOf(options)]
  const positive: Tensor = target.mul(logsigmoid(input))
  const negative: Tensor = target.rsub(1).mul(logsigmoid(input.neg()))
  const losses: Tensor = positive.add(negative).neg()
  const dim = input.ndim - 1
  const rows: Tensor = (weight === null ? losses : losses.mul(weight)).sum(dim)
  return reduce(rows.div(input.size(dim)), reduction)
}

/** The options of `tripletMarginLoss`. */
export interface TripletOptions<R extends Reduction> extends MarginOptions<R> {
  /** The norm of the distance; default 2. */
  p?: number
  /** Added to the difference, against a distance of 0; default 1e-6. */
  eps?: number
  /** Whether the distance of the positive and the negative counts, where it is the lesser; default false. */
  swap?: boolean
}

/**
 * max(0, d(anchor, positive) - d(anchor, negative) + margin), the distances over the last dimension; `margin` is 1 unless
 * given. `torch.nn.functional.triplet_margin_loss`
 */
export function tripletMarginLoss<
  S extends Shape,
  D extends DType,
  T extends Shape,
  U extends Shape,
  const R extends Reduction = 'mean',
>(
  anchor: Tensor<S, D>,
  positive: Tensor<T> & Alike<'tripletMarginLoss', S, T>,
  negative: Tensor<U> & Alike<'tripletMarginLoss', S, U>,
  margin?: number | TripletOptions<R>,
  p?: number | Omit<TripletOptions<R>, 'margin'>,
  eps?: number | Pick<TripletOptions<R>, 'eps' | 'swap' | 'reduction'>,
  swap?: boolean | Pick<TripletOptions<R>, 'swap' | 'reduction'>,
  sizeAverage?: Reduce<R>,
  reduce?: Reduce<R>,
  reduction?: R | { reduction?: R },
): Result<ElementwiseLossOf<RowsOf<S>, R>, D>
export function tripletMarginLoss(...args: unknown[]): Tensor {
  const names = ['anchor', 'positive', 'negative', 'margin', 'p', 'eps', 'swap', ...LEGACY]
  const options = new LayerOptions('tripletMarginLoss', names, args, 3)
  const margin = marginOf(options)
  return call('triplet_margin_loss', [
    ...['anchor', 'positive', 'negative'].map(name => options.raw(name)),
    margin,
    options.number('p', 2),
    options.number('eps', 1e-6),
    options.flag('swap'),
    reductionCode(options),
  ])
}

/** The margin of a triplet loss, which must be positive. */
export function marginOf(options: LayerOptions): number {
  const margin = options.number('margin', 1)
  if (margin <= 0) throw new InvalidArgValueError(`${options.what}: margin must be greater than 0, got ${margin}`)
  return margin
}

/** How far two tensors are apart, row by row. */
export type DistanceFunction = (x1: Tensor, x2: Tensor) => Tensor

/** The options of `tripletMarginWithDistanceLoss`. */
export interface TripletDistanceOptions<R extends Reduction> extends Omit<TripletOptions<R>, 'p' | 'eps'> {
  /** The distance; `pairwiseDistance` unless given. */
  distanceFunction?: DistanceFunction | null
}

/** `tripletMarginLoss` with a distance of one's own. `torch.nn.functional.triplet_margin_with_distance_loss` */
export function tripletMarginWithDistanceLoss<S extends Shape, D extends DType, const R extends Reduction = 'mean'>(
  anchor: Tensor<S, D>,
  positive: Tensor,
  negative: Tensor,
  options?: TripletDistanceOptions<R>,
): Result<ElementwiseLossOf<RowsOf<S>, R>, D>
export function tripletMarginWithDistanceLoss(...args: unknown[]): Tensor {
  const names = ['anchor', 'positive', 'negative', 'distanceFunction', 'margin', 'swap', 'reduction']
  const options = new LayerOptions('tripletMarginWithDistanceLoss', names, args, 3)
  const [anchor, positive, negative] = ['anchor', 'positive', 'negative'].map(name => options.tensor(name))
  const margin = marginOf(options)
  const ranks = [anchor!, positive!, negative!].map(({ ndim }) => ndim)
  if (new Set(ranks).size > 1) {
    throw new InvalidArgValueError(
      `${options.what}: the anchor, positive, and negative tensors are expected to have the same number of dimensions, but got ${ranks.join(', ')}`,
    )
  }
  const distance = options.raw('distanceFunction') ?? ((a: Tensor, b: Tensor) => pairwiseDistance(a, b))
  if (typeof distance !== 'function') {
    throw new InvalidArgTypeError(`${options.what}: 'distanceFunction' must be a function, got ${describe(distance)}`)
  }
  const apart: Tensor = distance(anchor, positive)
  let negatives: Tensor = distance(anchor, negative)
  if (options.flag('swap')) negatives = negatives.minimum(distance(positive, negative)) as Tensor
  return reduce(apart.add(margin).sub(negatives).clampMin(0) as Tensor, reductionOf(options))
}
