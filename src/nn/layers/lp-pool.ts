import type { Tensor } from '../../tensor/tensor'
import { type LPPoolOptions, lpPool1d, lpPool2d, lpPool3d } from '../functional-pool'
import type { PoolRule } from '../layer-rules'
import type { Dims, Sizes } from '../window-rules'
import { LayerOptions } from './layer-options'
import { compute, OperatorShapeLayer } from './operator-layer'
import { pythonWord } from './python-words'

const POOLS = { 1: lpPool1d, 2: lpPool2d, 3: lpPool3d }

/** A power average pool over `N` spatial dimensions. */
abstract class LPPoolNd<
  What extends string,
  N extends Dims,
  const K extends Sizes<N>,
  const St extends Sizes<N>,
  const Ceil extends boolean,
> extends OperatorShapeLayer<PoolRule<What, N, K, St, 0, 1, Ceil>> {
  readonly normType: number
  readonly kernelSize: Sizes<N>
  readonly stride: Sizes<N> | null
  readonly ceilMode: Ceil

  /** @internal */
  static readonly dims: Dims = 1

  constructor(normType: number, kernelSize: K, stride?: St | null, ceilMode?: Ceil)
  constructor(normType: number, kernelSize: K, options: LPPoolOptions<N, St, Ceil>)
  constructor(normType: number, options: { kernelSize: K } & LPPoolOptions<N, St, Ceil>)
  constructor(options: { normType: number; kernelSize: K } & LPPoolOptions<N, St, Ceil>)
  constructor(normType: number, kernelSize: K, stride: St | null, options: { ceilMode?: Ceil })
  constructor(...args: unknown[]) {
    super()
    const { dims } = new.target
    const options = new LayerOptions(new.target.name, ['normType', 'kernelSize', 'stride', 'ceilMode'], args, 2)
    this.normType = options.number('normType')
    this.kernelSize = options.sizes('kernelSize', dims) as Sizes<N>
    this.stride = options.sizesOrNull('stride', dims) as Sizes<N> | null
    this.ceilMode = options.flag('ceilMode') as Ceil
  }

  override [compute](x: Tensor): unknown {
    const pool = POOLS[(this.constructor as typeof LPPoolNd).dims] as (...args: unknown[]) => unknown
    return pool(x, this.normType, this.kernelSize, this.stride, this.ceilMode)
  }

  override extraRepr(): string {
    const { normType, kernelSize, stride, ceilMode } = this
    const words = { norm_type: normType, kernel_size: kernelSize, stride, ceil_mode: ceilMode }
    return Object.entries(words)
      .map(([name, value]) => `${name}=${pythonWord(value)}`)
      .join(', ')
  }
}

/**
 * The `normType`-norm of each window of a sequence: (the sum of x ^ normType) ^ (1 / normType).
 *
 * Shapes: `[N, C, L]` or `[C, L]` to `[N, C, L']`, where L' = floor((L - kernelSize) / stride) + 1, rounded up with
 * `ceilMode`; `stride` is the kernel's size unless given. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html
 * @example
 * new nn.LPPool1d(2, 3).forward(torch.rand([8, 4, 12])).shape // [8, 4, 4]
 */
export class LPPool1d<
  const K extends Sizes<1>,
  const St extends Sizes<1> = K,
  const Ceil extends boolean = false,
> extends LPPoolNd<'LPPool1d', 1, K, St, Ceil> {}

/**
 * The `normType`-norm of each window of an image: (the sum of x ^ normType) ^ (1 / normType).
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` to `[N, C, H', W']`, where H' = floor((H - kernelSize) / stride) + 1, rounded up
 * with `ceilMode`; `stride` is the kernel's size unless given. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html
 * @example
 * new nn.LPPool2d(2, 2).forward(torch.rand([8, 4, 14, 14])).shape // [8, 4, 7, 7]
 */
export class LPPool2d<
  const K extends Sizes<2>,
  const St extends Sizes<2> = K,
  const Ceil extends boolean = false,
> extends LPPoolNd<'LPPool2d', 2, K, St, Ceil> {
  /** @internal */
  static override readonly dims = 2
}

/**
 * The `normType`-norm of each window of a volume: (the sum of x ^ normType) ^ (1 / normType).
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` to `[N, C, D', H', W']`, where D' = floor((D - kernelSize) / stride) + 1,
 * rounded up with `ceilMode`; `stride` is the kernel's size unless given. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html
 * @example
 * new nn.LPPool3d(2, 2).forward(torch.rand([2, 4, 4, 6, 6])).shape // [2, 4, 2, 3, 3]
 */
export class LPPool3d<
  const K extends Sizes<3>,
  const St extends Sizes<3> = K,
  const Ceil extends boolean = false,
> extends LPPoolNd<'LPPool3d', 3, K, St, Ceil> {
  /** @internal */
  static override readonly dims = 3
}
