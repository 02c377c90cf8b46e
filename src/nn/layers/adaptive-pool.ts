import type { DType } from '../../core/dtype'
import type { Check, Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
} from '../functional-adaptive-pool'
import type { TwoResultsRule } from '../layer-rules'
import { markPlain } from '../leaf'
import type { AdaptiveRule, AdaptiveShape, WantedSizes } from '../spatial-rules'
import type { Dims } from '../window-rules'
import { LayerOptions } from './layer-options'
import type { Pooled } from './max-pool2d'
import { compute, OperatorLayer, OperatorShapeLayer } from './operator-layer'
import { pythonWord } from './python-words'

const AVG_POOLS = { 1: adaptiveAvgPool1d, 2: adaptiveAvgPool2d, 3: adaptiveAvgPool3d }
const MAX_POOLS = { 1: adaptiveMaxPool1d, 2: adaptiveMaxPool2d, 3: adaptiveMaxPool3d }

/** An average pool of a wanted size over `N` spatial dimensions. */
abstract class AdaptiveAvgPoolNd<
  What extends string,
  N extends Dims,
  const W extends WantedSizes<N>,
> extends OperatorShapeLayer<AdaptiveRule<What, N, W>> {
  readonly outputSize: W

  /** @internal */
  static readonly dims: Dims = 1

  constructor(outputSize: W | { outputSize: W })
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions(new.target.name, ['outputSize'], args, 1)
    this.outputSize = options.wantedSizes('outputSize', new.target.dims) as W
  }

  override [compute](x: Tensor): unknown {
    const pool = AVG_POOLS[(this.constructor as typeof AdaptiveAvgPoolNd).dims] as (...args: unknown[]) => unknown
    return pool(x, this.outputSize)
  }

  override extraRepr(): string {
    return `output_size=${pythonWord(this.outputSize)}`
  }
}

/** A max pool of a wanted size over `N` spatial dimensions. */
abstract class AdaptiveMaxPoolNd<
  What extends string,
  N extends Dims,
  const W extends WantedSizes<N>,
  const Indices extends boolean,
> extends OperatorLayer<Indices extends true ? TwoResultsRule<What> : AdaptiveRule<What, N, W>> {
  readonly outputSize: W
  readonly returnIndices: Indices

  /** @internal */
  static readonly dims: Dims = 1

  constructor(outputSize: W, returnIndices?: Indices | { returnIndices?: Indices })
  constructor(options: { outputSize: W; returnIndices?: Indices })
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions(new.target.name, ['outputSize', 'returnIndices'], args, 1)
    this.outputSize = options.wantedSizes('outputSize', new.target.dims) as W
    this.returnIndices = options.flag('returnIndices') as Indices
  }

  forward<S extends Shape, T extends DType>(
    x: Tensor<S, T> & Check<AdaptiveShape<What, N, S, W>>,
  ): Pooled<AdaptiveShape<What, N, S, W>, T, Indices> {
    return this.run(x)
  }

  override [compute](x: Tensor): unknown {
    const pool = MAX_POOLS[(this.constructor as typeof AdaptiveMaxPoolNd).dims] as (...args: unknown[]) => unknown
    return pool(x, this.outputSize, this.returnIndices)
  }

  override extraRepr(): string {
    return `output_size=${pythonWord(this.outputSize)}`
  }
}

markPlain(AdaptiveMaxPoolNd)

/**
 * Means of evenly spread windows of a sequence, so many as `outputSize` says.
 *
 * Shapes: `[N, C, L]` or `[C, L]` to `[N, C, outputSize]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html
 * @example
 * new nn.AdaptiveAvgPool1d(5).forward(torch.rand([8, 4, 10])).shape // [8, 4, 5]
 */
export class AdaptiveAvgPool1d<const W extends WantedSizes<1>> extends AdaptiveAvgPoolNd<'AdaptiveAvgPool1d', 1, W> {}

/**
 * Means of evenly spread windows of an image, so many as `outputSize` says.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` to `[N, C, ...outputSize]`. `outputSize` is one number for all dimensions, or one for each, where null keeps the
 * size. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
 * @example
 * new nn.AdaptiveAvgPool2d([5, null]).forward(torch.rand([8, 4, 10, 9])).shape // [8, 4, 5, 9]
 */
export class AdaptiveAvgPool2d<const W extends WantedSizes<2>> extends AdaptiveAvgPoolNd<'AdaptiveAvgPool2d', 2, W> {
  /** @internal */
  static override readonly dims = 2
}

/**
 * Means of evenly spread windows of a volume, so many as `outputSize` says.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` to `[N, C, ...outputSize]`. `outputSize` is one number for all dimensions, or one for each, where null keeps the
 * size. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html
 * @example
 * new nn.AdaptiveAvgPool3d(2).forward(torch.rand([2, 4, 4, 6, 6])).shape // [2, 4, 2, 2, 2]
 */
export class AdaptiveAvgPool3d<const W extends WantedSizes<3>> extends AdaptiveAvgPoolNd<'AdaptiveAvgPool3d', 3, W> {
  /** @internal */
  static override readonly dims = 3
}

/**
 * The largest elements of evenly spread windows of a sequence, so many as `outputSize` says.
 *
 * Shapes: `[N, C, L]` or `[C, L]` to `[N, C, outputSize]`. With `returnIndices` (default
 * false) the result is a tuple [values, indices], the indices int64. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html
 * @example
 * new nn.AdaptiveMaxPool1d(5).forward(torch.rand([8, 4, 10])).shape // [8, 4, 5]
 */
export class AdaptiveMaxPool1d<
  const W extends WantedSizes<1>,
  const Indices extends boolean = false,
> extends AdaptiveMaxPoolNd<'AdaptiveMaxPool1d', 1, W, Indices> {}

/**
 * The largest elements of evenly spread windows of an image, so many as `outputSize` says.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` to `[N, C, ...outputSize]`. `outputSize` is one number for all dimensions, or one for each, where null keeps the
 * size. With `returnIndices` (default
 * false) the result is a tuple [values, indices], the indices int64. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html
 * @example
 * new nn.AdaptiveMaxPool2d([5, null]).forward(torch.rand([8, 4, 10, 9])).shape // [8, 4, 5, 9]
 */
export class AdaptiveMaxPool2d<
  const W extends WantedSizes<2>,
  const Indices extends boolean = false,
> extends AdaptiveMaxPoolNd<'AdaptiveMaxPool2d', 2, W, Indices> {
  /** @internal */
  static override readonly dims = 2
}

/**
 * The largest elements of evenly spread windows of a volume, so many as `outputSize` says.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` to `[N, C, ...outputSize]`. `outputSize` is one number for all dimensions, or one for each, where null keeps the
 * size. With `returnIndices` (default
 * false) the result is a tuple [values, indices], the indices int64. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html
 * @example
 * new nn.AdaptiveMaxPool3d(2).forward(torch.rand([2, 4, 4, 6, 6])).shape // [2, 4, 2, 2, 2]
 */
export class AdaptiveMaxPool3d<
  const W extends WantedSizes<3>,
  const Indices extends boolean = false,
> extends AdaptiveMaxPoolNd<'AdaptiveMaxPool3d', 3, W, Indices> {
  /** @internal */
  static override readonly dims = 3
}
