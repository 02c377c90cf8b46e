/** Losses of pairs and triplets, and distances. */
import type { Broadcast } from '../../core/broadcast-types'
import type { DType } from '../../core/dtype'
import { describe, InvalidArgTypeError } from '../../core/errors'
import type { Check, Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import type { Alike, ElementwiseLossOf, Reduction, RowsOf } from '../data-rules'
import { type Between, cosineSimilarity, type DistanceOptions, pairwiseDistance } from '../functional-distances'
import {
  cosineEmbeddingLoss,
  type DistanceFunction,
  type GaussianOptions,
  gaussianNllLoss,
  type MarginOptions,
  marginOf,
  marginRankingLoss,
  type TripletDistanceOptions,
  type TripletOptions,
  tripletMarginLoss,
  tripletMarginWithDistanceLoss,
} from '../functional-margins'
import { isModule } from '../module'
import type { TwoInputsRule } from '../sequence-rules'
import { LayerOptions } from './layer-options'
import { LEGACY, type Legacy, Loss, type LossOptions } from './loss'
import { compute, OperatorLayer } from './operator-layer'

/**
 * The negative log likelihood of targets that are normally distributed around the input with variances `variance`:
 * (log(variance) + (input - target)^2 / variance) / 2. The options have no places of their own.
 *
 * Shapes: input and target `[*]`; variance the same, or without or with 1 for the last dimension, or one number. Result `[]`,
 * or with `reduction: 'none'` `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for variances that are negative or do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html
 * @example
 * new nn.GaussianNLLLoss({ full: true }).forward(mean, target, variance).backward()
 */
export class GaussianNLLLoss<const R extends Reduction = 'mean'> extends Loss<R> {
  readonly full: boolean
  readonly eps: number

  constructor(options?: GaussianOptions<R>)
  constructor(...args: unknown[]) {
    const options = new LayerOptions('GaussianNLLLoss', ['full', 'eps', 'reduction'], args)
    super(options)
    this.full = options.flag('full')
    this.eps = options.number('eps', 1e-6)
  }

  forward<S extends Shape, D extends DType, T extends Shape>(
    input: Tensor<S, D>,
    target: Tensor<T> & Alike<'GaussianNLLLoss', S, T>,
    variance: Tensor | number,
  ): Result<ElementwiseLossOf<S, R>, D> {
    return this.run(input, target, variance)
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor, variance: Tensor | number): Tensor {
    const { full, eps } = this
    return gaussianNllLoss(input, target, variance, { full, eps, reduction: this.reduction as Reduction })
  }
}

abstract class PairLoss<R extends Reduction> extends Loss<R> {
  readonly margin: number

  constructor(what: string, args: readonly unknown[]) {
    const options = new LayerOptions(what, ['margin', ...LEGACY], args)
    super(options)
    this.margin = options.number('margin', 0)
  }
}

/**
 * max(0, -target (input1 - input2) + margin): the target is 1 where `input1` should rank higher, -1 where `input2` should.
 *
 * Shapes: all `[N]` or `[]`; result `[]`, or with `reduction: 'none'` theirs. `margin` is 0 unless given. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html
 * @example
 * new nn.MarginRankingLoss({ margin: 0.5 }).forward(first, second, target).backward()
 */
export class MarginRankingLoss<const R extends Reduction = 'mean'> extends PairLoss<R> {
  constructor(
    margin?: number | MarginOptions<R>,
    sizeAverage?: Legacy<LossOptions<R>>,
    reduce?: Legacy<LossOptions<R>>,
    reduction?: R | LossOptions<R>,
  )
  constructor(...args: unknown[]) {
    super('MarginRankingLoss', args)
  }

  forward<S extends Shape, D extends DType, T extends Shape, U extends Shape>(
    input1: Tensor<S, D>,
    input2: Tensor<T> & Alike<'MarginRankingLoss', S, T>,
    target: Tensor<U> & Alike<'MarginRankingLoss', S, U>,
  ): Result<ElementwiseLossOf<S, R>, D> {
    return this.run(input1, input2, target)
  }

  /** @internal */
  [compute](input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return marginRankingLoss(input1, input2, target, {
      margin: this.margin,
      reduction: this.reduction as Reduction,
    })
  }
}

/**
 * 1 - cos(x1, x2) where the target is 1, max(0, cos(x1, x2) - margin) where it is -1.
 *
 * Shapes: inputs `[N, D]` or `[D]`, target `[N]` or `[]`; result `[]`, or with `reduction: 'none'` the target's. `margin` is 0
 * unless given. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; `ERR_LIBTORCH` for shapes that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineEmbeddingLoss.html
 * @example
 * new nn.CosineEmbeddingLoss().forward(first, second, torch.ones([8])).backward()
 */
export class CosineEmbeddingLoss<const R extends Reduction = 'mean'> extends PairLoss<R> {
  constructor(
    margin?: number | MarginOptions<R>,
    sizeAverage?: Legacy<LossOptions<R>>,
    reduce?: Legacy<LossOptions<R>>,
    reduction?: R | LossOptions<R>,
  )
  constructor(...args: unknown[]) {
    super('CosineEmbeddingLoss', args)
  }

  forward<S extends Shape, D extends DType, T extends Shape>(
    input1: Tensor<S, D>,
    input2: Tensor<T> & Alike<'CosineEmbeddingLoss', S, T>,
    target: Tensor,
  ): Result<ElementwiseLossOf<RowsOf<S>, R>, D> {
    return this.run(input1, input2, target)
  }

  /** @internal */
  [compute](input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    const { margin, reduction } = this
    return cosineEmbeddingLoss(input1, input2, target, { margin, reduction: reduction as Reduction }) as Tensor
  }
}

abstract class TripletLoss<What extends string, R extends Reduction> extends Loss<R> {
  readonly margin: number
  readonly swap: boolean

  constructor(options: LayerOptions) {
    super(options)
    this.margin = marginOf(options)
    this.swap = options.flag('swap')
  }

  forward<S extends Shape, D extends DType, T extends Shape, U extends Shape>(
    anchor: Tensor<S, D>,
    positive: Tensor<T> & Alike<What, S, T>,
    negative: Tensor<U> & Alike<What, S, U>,
  ): Result<ElementwiseLossOf<RowsOf<S>, R>, D> {
    return this.run(anchor, positive, negative)
  }
}

/**
 * max(0, d(anchor, positive) - d(anchor, negative) + margin), with the p-norm as distance.
 *
 * Shapes: all `[N, D]` or `[D]`; result `[]`, or with `reduction: 'none'` `[N]` or `[]`. `margin` is 1 unless given. Floating
 * dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for a margin that is not positive.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html
 * @example
 * new nn.TripletMarginLoss({ margin: 0.5 }).forward(anchor, positive, negative).backward()
 */
export class TripletMarginLoss<const R extends Reduction = 'mean'> extends TripletLoss<'TripletMarginLoss', R> {
  readonly p: number
  readonly eps: number

  constructor(
    margin?: number | TripletOptions<R>,
    p?: number | Omit<TripletOptions<R>, 'margin'>,
    eps?: number | Pick<TripletOptions<R>, 'eps' | 'swap' | 'reduction'>,
    swap?: boolean | Pick<TripletOptions<R>, 'swap' | 'reduction'>,
    sizeAverage?: Legacy<LossOptions<R>>,
    reduce?: Legacy<LossOptions<R>>,
    reduction?: R | LossOptions<R>,
  )
  constructor(...args: unknown[]) {
    const options = new LayerOptions('TripletMarginLoss', ['margin', 'p', 'eps', 'swap', ...LEGACY], args)
    super(options)
    this.p = options.number('p', 2)
    this.eps = options.number('eps', 1e-6)
  }

  /** @internal */
  [compute](anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { margin, p, eps, swap } = this
    const options = { margin, p, eps, swap, reduction: this.reduction as Reduction }
    return tripletMarginLoss(anchor, positive, negative, options) as Tensor
  }
}

/**
 * `TripletMarginLoss` with a distance of one's own, a function or a module of two tensors; `PairwiseDistance` unless given.
 * The options have no places of their own.
 *
 * Shapes: all `[N, *]`; result `[]`, or with `reduction: 'none'` that of the distance. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for a margin that is not positive.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginWithDistanceLoss.html
 * @example
 * new nn.TripletMarginWithDistanceLoss({ distanceFunction: (a, b) => a.sub(b).abs().amax(1) })
 */
export class TripletMarginWithDistanceLoss<const R extends Reduction = 'mean'> extends TripletLoss<
  'TripletMarginWithDistanceLoss',
  R
> {
  // Python's name: a module here is a child
  readonly distance_function: DistanceFunction | { forward(x1: Tensor, x2: Tensor): Tensor }

  constructor(
    options?: Omit<TripletDistanceOptions<R>, 'distanceFunction'> & {
      distanceFunction?: DistanceFunction | { forward(x1: Tensor, x2: Tensor): Tensor } | null
    },
  )
  constructor(...args: unknown[]) {
    const names = ['distanceFunction', 'margin', 'swap', 'reduction']
    const options = new LayerOptions('TripletMarginWithDistanceLoss', names, args)
    super(options)
    const given = options.raw('distanceFunction') ?? new PairwiseDistance()
    if (typeof given !== 'function' && !isModule(given)) {
      throw new InvalidArgTypeError(
        `TripletMarginWithDistanceLoss: 'distanceFunction' must be a function or a module, got ${describe(given)}`,
      )
    }
    this.distance_function = given as DistanceFunction
  }

  /** @internal */
  [compute](anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { margin, swap, distance_function: distance } = this
    const distanceFunction: DistanceFunction =
      typeof distance === 'function' ? distance : (x1, x2) => distance.forward(x1, x2)
    const options = { margin, swap, distanceFunction, reduction: this.reduction as Reduction }
    return tripletMarginWithDistanceLoss(anchor, positive, negative, options) as Tensor
  }
}

/**
 * The cosine of the angle between two tensors along one dimension.
 *
 * Shapes: x1 and x2 broadcast to `[*, D, *]`, the result `[*, *]` is without dimension `dim` (1). Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for shapes that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineSimilarity.html
 * @example
 * new nn.CosineSimilarity().forward(torch.rand([8, 4]), torch.rand([8, 4])).shape // [8]
 */
export class CosineSimilarity<const I extends number = 1> extends OperatorLayer<TwoInputsRule> {
  readonly dim: I
  readonly eps: number

  constructor(dim?: I | { dim?: I; eps?: number }, eps?: number | { eps?: number })
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions('CosineSimilarity', ['dim', 'eps'], args)
    this.dim = options.integer('dim', 1) as I
    this.eps = options.number('eps', 1e-8)
  }

  forward<S extends Shape, D extends DType, T extends Shape>(
    x1: Tensor<S, D>,
    x2: Tensor<T> & Check<Broadcast<'CosineSimilarity', S, T>>,
  ): Result<Between<'CosineSimilarity', S, T, I, false>, D> {
    return this.run(x1, x2)
  }

  /** @internal */
  [compute](x1: Tensor, x2: Tensor): Tensor {
    return cosineSimilarity(x1, x2, { dim: this.dim, eps: this.eps }) as Tensor
  }
}

/**
 * The p-norm of the difference, row by row.
 *
 * Shapes: x1 and x2 broadcast to `[N, D]` or `[D]`; result `[N]` or `[]`, with `keepdim` `[N, 1]` or `[1]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for shapes that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.PairwiseDistance.html
 * @example
 * new nn.PairwiseDistance(1).forward(torch.rand([8, 4]), torch.rand([8, 4])).shape // [8]
 */
export class PairwiseDistance<const Keep extends boolean = false> extends OperatorLayer<TwoInputsRule> {
  /** Python's name for `p`. */
  readonly norm: number
  readonly eps: number
  readonly keepdim: Keep

  constructor(
    p?: number | DistanceOptions<Keep>,
    eps?: number | Omit<DistanceOptions<Keep>, 'p'>,
    keepdim?: Keep | { keepdim?: Keep },
  )
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions('PairwiseDistance', ['p', 'eps', 'keepdim'], args)
    this.norm = options.number('p', 2)
    this.eps = options.number('eps', 1e-6)
    this.keepdim = options.flag('keepdim') as Keep
  }

  forward<S extends Shape, D extends DType, T extends Shape>(
    x1: Tensor<S, D>,
    x2: Tensor<T> & Check<Broadcast<'PairwiseDistance', S, T>>,
  ): Result<Between<'PairwiseDistance', S, T, -1, Keep>, D> {
    return this.run(x1, x2)
  }

  /** @internal */
  [compute](x1: Tensor, x2: Tensor): Tensor {
    return pairwiseDistance(x1, x2, this.norm, this.eps, this.keepdim as boolean)
  }
}
