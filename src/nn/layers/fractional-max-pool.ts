import type { DType } from '../../core/dtype'
import { InvalidArgValueError } from '../../core/errors'
import type { Check, Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import {
  type FractionalMaxPoolOptions,
  type FractionalShape,
  fractionalMaxPool2d,
  fractionalMaxPool3d,
} from '../functional-adaptive-pool'
import type { TwoResultsRule } from '../layer-rules'
import { markPlain } from '../leaf'
import type { AdaptiveRule } from '../spatial-rules'
import type { Dims, Each, Sizes } from '../window-rules'
import { expanded, LayerOptions } from './layer-options'
import type { Pooled } from './max-pool2d'
import { compute, OperatorLayer } from './operator-layer'
import { pythonWord } from './python-words'

const NAMES = ['kernelSize', 'outputSize', 'outputRatio', 'returnIndices', '_randomSamples']

type FractionalRule<What extends string, N extends Dims, W, Indices> = Indices extends true
  ? TwoResultsRule<What>
  : AdaptiveRule<What, N, W extends number | Shape ? W : number>

/** A max pool of random windows over `N` spatial dimensions. */
abstract class FractionalMaxPoolNd<
  What extends string,
  N extends 2 | 3,
  const W extends Sizes<N> | null,
  const Indices extends boolean,
> extends OperatorLayer<FractionalRule<What, N, W, Indices>> {
  declare _random_samples: Tensor | null
  readonly kernelSize: Each<N>
  readonly returnIndices: Indices
  readonly outputSize: Each<N> | null
  readonly outputRatio: Each<N> | null

  /** @internal */
  static readonly dims: 2 | 3 = 2

  constructor(
    kernelSize: Sizes<N>,
    outputSize?: W,
    outputRatio?: number | Each<N> | null,
    returnIndices?: Indices,
    _randomSamples?: Tensor | null,
  )
  constructor(kernelSize: Sizes<N>, options: FractionalMaxPoolOptions<N, W, Indices>)
  constructor(options: { kernelSize: Sizes<N> } & FractionalMaxPoolOptions<N, W, Indices>)
  constructor(
    kernelSize: Sizes<N>,
    outputSize: W,
    options: Omit<FractionalMaxPoolOptions<N, null, Indices>, 'outputSize'>,
  )
  constructor(...args: unknown[]) {
    super()
    const { dims, name } = new.target
    const options = new LayerOptions(name, NAMES, args, 1)
    const each = <T>(sizes: T | number | readonly number[] | null) =>
      (sizes === null ? null : expanded(sizes as number | readonly number[], dims)) as Each<N> | null
    this.kernelSize = each(options.sizes('kernelSize', dims))!
    if (dims === 3 && (this.kernelSize as readonly number[]).some(size => size <= 0)) {
      throw new InvalidArgValueError(
        `kernel_size must be greater than 0, but got ${pythonWord(options.raw('kernelSize'))}`,
      )
    }
    this.returnIndices = options.flag('returnIndices') as Indices
    this.registerBuffer('_random_samples', options.tensorOrNull('_randomSamples'))
    this.outputSize = each(options.sizesOrNull('outputSize', dims))
    this.outputRatio = each(options.numbersOrNull('outputRatio', dims))
    if (this.outputSize === null && this.outputRatio === null) {
      throw new InvalidArgValueError(`${name} requires specifying either an output size, or a pooling ratio`)
    }
    if (this.outputSize !== null && this.outputRatio !== null) {
      throw new InvalidArgValueError('only one of output_size and output_ratio may be specified')
    }
    if ((this.outputRatio as readonly number[] | null)?.some(ratio => !(ratio > 0 && ratio < 1))) {
      const ratio = pythonWord(options.raw('outputRatio'))
      throw new InvalidArgValueError(`output_ratio must be between 0 and 1 (got ${ratio})`)
    }
  }

  forward<S extends Shape, T extends DType>(
    x: Tensor<S, T> & Check<FractionalShape<What, N, S, W>>,
  ): Pooled<FractionalShape<What, N, S, W>, T, Indices> {
    return this.run(x)
  }

  override [compute](x: Tensor): unknown {
    const { dims } = this.constructor as typeof FractionalMaxPoolNd
    const pool = (dims === 2 ? fractionalMaxPool2d : fractionalMaxPool3d) as (...args: unknown[]) => unknown
    return pool(x, this.kernelSize, this.outputSize, this.outputRatio, this.returnIndices, this._random_samples)
  }
}

markPlain(FractionalMaxPoolNd)

/**
 * The largest elements of windows that begin at random places of an image, so many as `outputSize`, or `outputRatio` of
 * the input's size, says. Draws from the default generator as Python does.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` to `[N, C, ...outputSize]`. With `returnIndices` (default false) the result is a
 * tuple [values, indices], the indices int64. Floating dtypes.
 * Errors: `ERR_INVALID_ARG_VALUE` without exactly one of `outputSize` and `outputRatio`, or for a ratio that is not
 * between 0 and 1; `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool2d.html
 * @example
 * new nn.FractionalMaxPool2d(3, { outputRatio: 0.5 }).forward(torch.rand([8, 4, 20, 16])).shape // [8, 4, 10, 8]
 */
export class FractionalMaxPool2d<
  const W extends Sizes<2> | null = null,
  const Indices extends boolean = false,
> extends FractionalMaxPoolNd<'FractionalMaxPool2d', 2, W, Indices> {}

/**
 * The largest elements of windows that begin at random places of a volume, so many as `outputSize`, or `outputRatio` of
 * the input's size, says. Draws from the default generator as Python does.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` to `[N, C, ...outputSize]`. With `returnIndices` (default false) the result is a
 * tuple [values, indices], the indices int64. Floating dtypes.
 * Errors: `ERR_INVALID_ARG_VALUE` without exactly one of `outputSize` and `outputRatio`, or for a ratio that is not
 * between 0 and 1; `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool3d.html
 * @example
 * new nn.FractionalMaxPool3d(2, 3).forward(torch.rand([2, 4, 8, 8, 8])).shape // [2, 4, 3, 3, 3]
 */
export class FractionalMaxPool3d<
  const W extends Sizes<3> | null = null,
  const Indices extends boolean = false,
> extends FractionalMaxPoolNd<'FractionalMaxPool3d', 3, W, Indices> {
  /** @internal */
  static override readonly dims = 3
}
