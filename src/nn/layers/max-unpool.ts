import type { DType } from '../../core/dtype'
import type { Check, Shape, ShapeError } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import { type MaxUnpoolOptions, maxUnpool1d, maxUnpool2d, maxUnpool3d } from '../functional-max-pool'
import type { Rule } from '../rules'
import type { UnpoolShape } from '../spatial-rules'
import type { Dims, Each, Sizes } from '../window-rules'
import { expanded, LayerOptions } from './layer-options'
import { compute, OperatorLayer } from './operator-layer'
import { pythonWord } from './python-words'

interface TwoInputsRule<What extends string> extends Rule {
  out: ShapeError<`${What} takes an input and the indices of a max pool`>
}

const UNPOOLS = { 1: maxUnpool1d, 2: maxUnpool2d, 3: maxUnpool3d }

/** What undoes a max pool over `N` spatial dimensions. */
abstract class MaxUnpoolNd<
  What extends string,
  N extends Dims,
  const K extends Sizes<N>,
  const St extends Sizes<N>,
  const P extends Sizes<N>,
> extends OperatorLayer<TwoInputsRule<What>> {
  readonly kernelSize: Each<N>
  readonly stride: Each<N>
  readonly padding: Each<N>

  /** @internal */
  static readonly dims: Dims = 1

  constructor(kernelSize: K, stride?: St | null, padding?: P)
  constructor(kernelSize: K, options: MaxUnpoolOptions<N, St, P>)
  constructor(options: { kernelSize: K } & MaxUnpoolOptions<N, St, P>)
  constructor(kernelSize: K, stride: St | null, options: { padding?: P })
  constructor(...args: unknown[]) {
    super()
    const { dims } = new.target
    const options = new LayerOptions(new.target.name, ['kernelSize', 'stride', 'padding'], args, 1)
    this.kernelSize = options.eachSize('kernelSize', dims) as Each<N>
    this.stride = expanded(options.sizesOrNull('stride', dims) ?? this.kernelSize, dims) as Each<N>
    this.padding = options.eachSize('padding', dims, 0) as Each<N>
  }

  /**
   * Puts the elements of `x` where `indices` say. `outputSize` tells the sizes (of the spatial dimensions, or of all) where
   * several were pooled to one; sizes that cannot be are `ERR_INVALID_ARG_VALUE`.
   */
  forward<S extends Shape, T extends DType, const V extends Shape | null | undefined = undefined>(
    x: Tensor<S, T> & Check<UnpoolShape<What, N, S, K, St, P, V>>,
    indices: Tensor<S, 'int64'>,
    outputSize?: V,
  ): Result<UnpoolShape<What, N, S, K, St, P, V>, T> {
    return this.run(x, indices, outputSize)
  }

  override [compute](x: Tensor, indices: Tensor, outputSize: unknown): unknown {
    const unpool = UNPOOLS[(this.constructor as typeof MaxUnpoolNd).dims] as (...args: unknown[]) => unknown
    return unpool(x, indices, this.kernelSize, this.stride, this.padding, outputSize)
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding } = this
    return `kernel_size=${pythonWord(kernelSize)}, stride=${pythonWord(stride)}, padding=${pythonWord(padding)}`
  }
}

/**
 * Puts the maxima of a `MaxPool1d` back where they were, with zeros everywhere else.
 *
 * Shapes: `[N, C, L]` or `[C, L]`, and indices of the same, to `[N, C, L']`, where
 * L' = (L - 1) stride - 2 padding + kernelSize, or the `outputSize` of `forward`.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for an `outputSize` that cannot be;
 * `ERR_LIBTORCH` for inputs that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool1d.html
 * @example
 * const [y, indices] = new nn.MaxPool1d(2, { returnIndices: true }).forward(torch.rand([8, 4, 10]))
 * new nn.MaxUnpool1d(2).forward(y, indices).shape // [8, 4, 10]
 */
export class MaxUnpool1d<
  const K extends Sizes<1>,
  const St extends Sizes<1> = K,
  const P extends Sizes<1> = 0,
> extends MaxUnpoolNd<'MaxUnpool1d', 1, K, St, P> {}

/**
 * Puts the maxima of a `MaxPool2d` back where they were, with zeros everywhere else.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]`, and indices of the same, to `[N, C, H', W']`, where
 * H' = (H - 1) stride - 2 padding + kernelSize, or the `outputSize` of `forward`. Each size is one number or a pair.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for an `outputSize` that cannot be;
 * `ERR_LIBTORCH` for inputs that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html
 * @example
 * const [y, indices] = new nn.MaxPool2d(2, { returnIndices: true }).forward(torch.rand([8, 4, 10, 10]))
 * new nn.MaxUnpool2d(2).forward(y, indices).shape // [8, 4, 10, 10]
 */
export class MaxUnpool2d<
  const K extends Sizes<2>,
  const St extends Sizes<2> = K,
  const P extends Sizes<2> = 0,
> extends MaxUnpoolNd<'MaxUnpool2d', 2, K, St, P> {
  /** @internal */
  static override readonly dims = 2
}

/**
 * Puts the maxima of a `MaxPool3d` back where they were, with zeros everywhere else.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]`, and indices of the same, to `[N, C, D', H', W']`, where
 * D' = (D - 1) stride - 2 padding + kernelSize, or the `outputSize` of `forward`. Each size is one number or three.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for an `outputSize` that cannot be;
 * `ERR_LIBTORCH` for inputs that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool3d.html
 * @example
 * const [y, indices] = new nn.MaxPool3d(2, { returnIndices: true }).forward(torch.rand([2, 4, 4, 6, 6]))
 * new nn.MaxUnpool3d(2).forward(y, indices).shape // [2, 4, 4, 6, 6]
 */
export class MaxUnpool3d<
  const K extends Sizes<3>,
  const St extends Sizes<3> = K,
  const P extends Sizes<3> = 0,
> extends MaxUnpoolNd<'MaxUnpool3d', 3, K, St, P> {
  /** @internal */
  static override readonly dims = 3
}
