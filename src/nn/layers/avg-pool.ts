import type { Tensor } from '../../tensor/tensor'
import { type AvgPoolCounting, type AvgPoolOptions, avgPool1d, avgPool2d, avgPool3d } from '../functional-pool'
import type { PoolRule } from '../layer-rules'
import type { Dims, Sizes } from '../window-rules'
import { expanded, LayerOptions } from './layer-options'
import { compute, OperatorShapeLayer } from './operator-layer'
import { pythonWord } from './python-words'

const NAMES = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad', 'divisorOverride']
const POOLS = { 1: avgPool1d, 2: avgPool2d, 3: avgPool3d }

/** An average pool over `N` spatial dimensions. */
abstract class AvgPoolNd<
  What extends string,
  N extends Dims,
  const K extends Sizes<N>,
  const St extends Sizes<N>,
  const P extends Sizes<N>,
  const Ceil extends boolean,
> extends OperatorShapeLayer<PoolRule<What, N, K, St, P, 1, Ceil>> {
  readonly kernelSize: Sizes<N>
  readonly stride: Sizes<N>
  readonly padding: Sizes<N>
  readonly ceilMode: Ceil
  readonly countIncludePad: boolean
  /** What sums are divided by, of 2 and 3 dimensions; null for the window's elements. */
  readonly divisorOverride: number | null

  /** @internal */
  static readonly dims: Dims = 1

  // One signature for each place of the options object: a type parameter that could be either would lose its default.
  constructor(
    kernelSize: K,
    stride?: St | null,
    padding?: P,
    ceilMode?: Ceil,
    countIncludePad?: boolean | AvgPoolCounting<N>,
    divisorOverride?: AvgPoolCounting<N>['divisorOverride'] | Pick<AvgPoolCounting<N>, 'divisorOverride'>,
  )
  constructor(kernelSize: K, options: AvgPoolOptions<N, St, P, Ceil>)
  constructor(options: { kernelSize: K } & AvgPoolOptions<N, St, P, Ceil>)
  constructor(kernelSize: K, stride: St | null, options: Omit<AvgPoolOptions<N, Sizes<N>, P, Ceil>, 'stride'>)
  constructor(kernelSize: K, stride: St | null, padding: P, options: { ceilMode?: Ceil } & AvgPoolCounting<N>)
  constructor(...args: unknown[]) {
    super()
    const { dims } = new.target
    const options = new LayerOptions(new.target.name, dims === 1 ? NAMES.slice(0, -1) : NAMES, args, 1)
    // As in Python, the sizes of one dimension are printed as a tuple, and those of more as they were given
    const given = (sizes: number | readonly number[]) => (dims === 1 ? expanded(sizes, 1) : sizes) as Sizes<N>
    this.kernelSize = given(options.sizes('kernelSize', dims))
    this.stride = given(options.sizesOrNull('stride', dims) ?? this.kernelSize)
    this.padding = given(options.sizes('padding', dims, 0))
    this.ceilMode = options.flag('ceilMode') as Ceil
    this.countIncludePad = options.flag('countIncludePad', true)
    this.divisorOverride = options.integerOrNull('divisorOverride')
  }

  override [compute](x: Tensor): unknown {
    const { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride } = this
    const { dims } = this.constructor as typeof AvgPoolNd
    const values = [x, kernelSize, stride, padding, ceilMode, countIncludePad]
    if (dims > 1) values.push(divisorOverride as never)
    return (POOLS[dims] as (...args: unknown[]) => unknown)(...values)
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding } = this
    return `kernel_size=${pythonWord(kernelSize)}, stride=${pythonWord(stride)}, padding=${pythonWord(padding)}`
  }
}

/**
 * The mean of each window of a sequence.
 *
 * Shapes: `[N, C, L]` or `[C, L]` to `[N, C, L']`, where L' = floor((L + 2 padding - kernelSize) / stride) + 1, rounded
 * up with `ceilMode`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input or a padding that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html
 * @example
 * new nn.AvgPool1d(3, { stride: 2 }).forward(torch.rand([8, 4, 11])).shape // [8, 4, 5]
 */
export class AvgPool1d<
  const K extends Sizes<1>,
  const St extends Sizes<1> = K,
  const P extends Sizes<1> = 0,
  const Ceil extends boolean = false,
> extends AvgPoolNd<'AvgPool1d', 1, K, St, P, Ceil> {}

/**
 * The mean of each window of an image.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` to `[N, C, H', W']`, where H' = floor((H + 2 padding - kernelSize) / stride) + 1,
 * rounded up with `ceilMode`. Each size is one number or a pair [rows, columns]. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input or a padding that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
 * @example
 * new nn.AvgPool2d(2).forward(torch.rand([8, 4, 14, 14])).shape // [8, 4, 7, 7]
 */
export class AvgPool2d<
  const K extends Sizes<2>,
  const St extends Sizes<2> = K,
  const P extends Sizes<2> = 0,
  const Ceil extends boolean = false,
> extends AvgPoolNd<'AvgPool2d', 2, K, St, P, Ceil> {
  /** @internal */
  static override readonly dims = 2
}

/**
 * The mean of each window of a volume.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` to `[N, C, D', H', W']`, where
 * D' = floor((D + 2 padding - kernelSize) / stride) + 1, rounded up with `ceilMode`. Each size is one number or three
 * [depth, rows, columns]. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input or a padding that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html
 * @example
 * new nn.AvgPool3d(2).forward(torch.rand([2, 4, 4, 6, 6])).shape // [2, 4, 2, 3, 3]
 */
export class AvgPool3d<
  const K extends Sizes<3>,
  const St extends Sizes<3> = K,
  const P extends Sizes<3> = 0,
  const Ceil extends boolean = false,
> extends AvgPoolNd<'AvgPool3d', 3, K, St, P, Ceil> {
  /** @internal */
  static override readonly dims = 3
}
