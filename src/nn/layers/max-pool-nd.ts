import type { DType } from '../../core/dtype'
import type { Check, Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import { type MaxPoolNdOptions, maxPool1d, maxPool2d, maxPool3d } from '../functional-max-pool'
import type { PoolRule, PoolShape, TwoResultsRule } from '../layer-rules'
import { markPlain } from '../leaf'
import type { Dims, Sizes } from '../window-rules'
import { LayerOptions } from './layer-options'
import type { Pooled } from './max-pool2d'
import { compute, OperatorLayer } from './operator-layer'
import { pythonWord } from './python-words'

const POOLS = { 1: maxPool1d, 2: maxPool2d, 3: maxPool3d }
const NAMES = ['kernelSize', 'stride', 'padding', 'dilation', 'returnIndices', 'ceilMode']

/** A max pool over `N` spatial dimensions. */
abstract class MaxPoolNd<
  What extends string,
  N extends Dims,
  const K extends Sizes<N>,
  const St extends Sizes<N>,
  const P extends Sizes<N>,
  const D extends Sizes<N>,
  const Indices extends boolean,
  const Ceil extends boolean,
> extends OperatorLayer<Indices extends true ? TwoResultsRule<What> : PoolRule<What, N, K, St, P, D, Ceil>> {
  readonly kernelSize: Sizes<N>
  readonly stride: Sizes<N>
  readonly padding: Sizes<N>
  readonly dilation: Sizes<N>
  readonly returnIndices: Indices
  readonly ceilMode: Ceil

  /** @internal */
  static readonly dims: Dims = 1

  // One signature for each place of the options object: a type parameter that could be either would lose its default.
  constructor(kernelSize: K, stride?: St | null, padding?: P, dilation?: D, returnIndices?: Indices, ceilMode?: Ceil)
  constructor(kernelSize: K, options: MaxPoolNdOptions<N, St, P, D, Indices, Ceil>)
  constructor(options: { kernelSize: K } & MaxPoolNdOptions<N, St, P, D, Indices, Ceil>)
  constructor(
    kernelSize: K,
    stride: St | null,
    options: Omit<MaxPoolNdOptions<N, Sizes<N>, P, D, Indices, Ceil>, 'stride'>,
  )
  constructor(
    kernelSize: K,
    stride: St | null,
    padding: P,
    options: Omit<MaxPoolNdOptions<N, Sizes<N>, Sizes<N>, D, Indices, Ceil>, 'stride' | 'padding'>,
  )
  constructor(
    kernelSize: K,
    stride: St | null,
    padding: P,
    dilation: D,
    options: { returnIndices?: Indices; ceilMode?: Ceil },
  )
  constructor(
    kernelSize: K,
    stride: St | null,
    padding: P,
    dilation: D,
    returnIndices: Indices,
    options: { ceilMode?: Ceil },
  )
  constructor(...args: unknown[]) {
    super()
    const { dims } = new.target
    const options = new LayerOptions(new.target.name, NAMES, args, 1)
    this.kernelSize = options.sizes('kernelSize', dims) as Sizes<N>
    this.stride = (options.sizesOrNull('stride', dims) ?? this.kernelSize) as Sizes<N>
    this.padding = options.sizes('padding', dims, 0) as Sizes<N>
    this.dilation = options.sizes('dilation', dims, 1) as Sizes<N>
    this.returnIndices = options.flag('returnIndices') as Indices
    this.ceilMode = options.flag('ceilMode') as Ceil
  }

  forward<S extends Shape, T extends DType>(
    x: Tensor<S, T> & Check<PoolShape<What, N, S, K, St, P, D, Ceil>>,
  ): Pooled<PoolShape<What, N, S, K, St, P, D, Ceil>, T, Indices> {
    return this.run(x)
  }

  override [compute](x: Tensor): unknown {
    const { kernelSize, stride, padding, dilation, ceilMode, returnIndices } = this
    const pool = POOLS[(this.constructor as typeof MaxPoolNd).dims] as (...args: unknown[]) => unknown
    return pool(x, kernelSize, stride, padding, dilation, ceilMode, returnIndices)
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation, ceilMode } = this
    const words = { kernel_size: kernelSize, stride, padding, dilation, ceil_mode: ceilMode }
    return Object.entries(words)
      .map(([name, value]) => `${name}=${pythonWord(value)}`)
      .join(', ')
  }
}

markPlain(MaxPoolNd)

/**
 * The largest element of each window of a sequence.
 *
 * Shapes: `[N, C, L]` or `[C, L]` to `[N, C, L']`, where
 * L' = floor((L + 2 padding - dilation (kernelSize - 1) - 1) / stride) + 1, rounded up with `ceilMode`. With
 * `returnIndices` the result is a tuple [values, indices], the indices int64.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input or a padding that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html
 * @example
 * new nn.MaxPool1d(2).forward(torch.rand([8, 4, 29])).shape // [8, 4, 14]
 */
export class MaxPool1d<
  const K extends Sizes<1>,
  const St extends Sizes<1> = K,
  const P extends Sizes<1> = 0,
  const D extends Sizes<1> = 1,
  const Indices extends boolean = false,
  const Ceil extends boolean = false,
> extends MaxPoolNd<'MaxPool1d', 1, K, St, P, D, Indices, Ceil> {}

/**
 * The largest element of each window of a volume.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` to `[N, C, D', H', W']`, where
 * D' = floor((D + 2 padding - dilation (kernelSize - 1) - 1) / stride) + 1, rounded up with `ceilMode`. Each of
 * `kernelSize`, `stride`, `padding`, `dilation` is one number or three [depth, rows, columns]. With `returnIndices` the
 * result is a tuple [values, indices], the indices int64 into the flattened volume.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input or a padding that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html
 * @example
 * new nn.MaxPool3d(2).forward(torch.rand([2, 4, 4, 6, 6])).shape // [2, 4, 2, 3, 3]
 */
export class MaxPool3d<
  const K extends Sizes<3>,
  const St extends Sizes<3> = K,
  const P extends Sizes<3> = 0,
  const D extends Sizes<3> = 1,
  const Indices extends boolean = false,
  const Ceil extends boolean = false,
> extends MaxPoolNd<'MaxPool3d', 3, K, St, P, D, Indices, Ceil> {
  /** @internal */
  static override readonly dims = 3
}
