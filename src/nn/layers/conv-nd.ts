import type { DType } from '../../core/dtype'
import { InvalidArgValueError } from '../../core/errors'
import type { Check, Shape } from '../../core/shape-types'
import { callOperator } from '../../ops/registry'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import type { ConvRule, ConvShape } from '../layer-rules'
import { markPlain } from '../leaf'
import type { Parameter } from '../parameter'
import type { Dims, Each, Sizes } from '../window-rules'
import { ConvolutionBase, type ConvPaddingMode } from './convolution'
import { LayerOptions } from './layer-options'
import { compute } from './operator-layer'
import type { FactoryOptions } from './shape-layer'

type Padding<N extends Dims> = Sizes<N> | 'same' | 'valid'

/** The options of `Conv1d` and `Conv3d` that have defaults. */
export interface ConvNdOptions<N extends Dims, St extends Sizes<N>, P extends Padding<N>, D extends Sizes<N>>
  extends FactoryOptions {
  /** Steps of the window; default 1. */
  stride?: St
  /** What is added on each side; `'valid'` for nothing, `'same'` for as much as keeps the size; default 0. */
  padding?: P
  /** Distance of the window's elements; default 1. */
  dilation?: D
  /** Groups of channels that do not mix; divides both numbers of channels; default 1. */
  groups?: number
  /** Whether a bias is added; default true. */
  bias?: boolean
  /** What the padding is filled with; default `'zeros'`. */
  paddingMode?: ConvPaddingMode
}

type AfterStride<N extends Dims, P extends Padding<N>, D extends Sizes<N>> = Omit<
  ConvNdOptions<N, Sizes<N>, P, D>,
  'stride'
>
type AfterPadding<N extends Dims, D extends Sizes<N>> = Omit<
  ConvNdOptions<N, Sizes<N>, Sizes<N>, D>,
  'stride' | 'padding'
>
type AfterDilation<N extends Dims> = Omit<AfterPadding<N, Sizes<N>>, 'dilation'>
type AfterGroups<N extends Dims> = Omit<AfterDilation<N>, 'groups'>

const NAMES = [
  'inChannels',
  'outChannels',
  'kernelSize',
  'stride',
  'padding',
  'dilation',
  'groups',
  'bias',
  'paddingMode',
  'device',
  'dtype',
]

/** A convolution over `N` spatial dimensions. */
export abstract class ConvNd<
  What extends string,
  N extends Dims,
  const I extends number,
  const O extends number,
  const K extends Sizes<N>,
  const St extends Sizes<N>,
  const P extends Padding<N>,
  const D extends Sizes<N>,
> extends ConvolutionBase<ConvRule<What, N, I, O, K, St, P, D>, N, I, O> {
  readonly padding: Each<N> | 'same' | 'valid'
  /** Before and behind each dimension, from the last one on; null where the operator pads by itself. */
  protected readonly _around: readonly number[] | null

  // One signature for each place of the options object: a type parameter that could be either would lose its default.
  constructor(
    inChannels: I,
    outChannels: O,
    kernelSize: K,
    stride?: St,
    padding?: P,
    dilation?: D,
    groups?: number | AfterGroups<N>,
    bias?: boolean | Omit<AfterGroups<N>, 'bias'>,
    paddingMode?: ConvPaddingMode | FactoryOptions,
    device?: string | FactoryOptions,
    dtype?: FactoryOptions['dtype'] | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(inChannels: I, outChannels: O, kernelSize: K, options: ConvNdOptions<N, St, P, D>)
  constructor(inChannels: I, outChannels: O, options: { kernelSize: K } & ConvNdOptions<N, St, P, D>)
  constructor(inChannels: I, outChannels: O, kernelSize: K, stride: St, options: AfterStride<N, P, D>)
  constructor(inChannels: I, outChannels: O, kernelSize: K, stride: St, padding: P, options: AfterPadding<N, D>)
  constructor(
    inChannels: I,
    outChannels: O,
    kernelSize: K,
    stride: St,
    padding: P,
    dilation: D,
    options: AfterDilation<N>,
  )
  constructor(inChannels: I, options: { outChannels: O; kernelSize: K } & ConvNdOptions<N, St, P, D>)
  constructor(options: { inChannels: I; outChannels: O; kernelSize: K } & ConvNdOptions<N, St, P, D>)
  constructor(...args: unknown[]) {
    const options = new LayerOptions(new.target.name, NAMES, args, 3)
    super(options, false)
    const { kernelSize, stride, dilation, paddingMode } = this
    this.padding = options.isString('padding')
      ? options.word('padding', ['same', 'valid'])
      : (options.eachSize('padding', kernelSize.length, 0) as Each<N>)
    const { padding } = this
    if (padding === 'same' && (stride as readonly number[]).some(step => step !== 1)) {
      throw new InvalidArgValueError("padding='same' is not supported for strided convolutions")
    }
    this._around = paddingMode === 'zeros' ? null : sides(padding, kernelSize, dilation)
  }

  forward<S extends Shape, T extends DType>(
    x: Tensor<S, T> & Check<ConvShape<What, N, S, I, O, K, St, P, D>>,
  ): Result<ConvShape<What, N, S, I, O, K, St, P, D>, T> {
    return this.run(x)
  }

  override [compute](x: Tensor): Tensor {
    const { weight, bias, stride, padding, dilation, groups, paddingMode, kernelSize } = this
    const operator = `aten::conv${kernelSize.length}d`
    if (this._around === null) {
      const overload = typeof padding === 'string' ? 'padding' : ''
      return callOperator(operator, overload, [x, weight, bias, stride, padding, dilation, groups]) as Tensor
    }
    const padded = callOperator('aten::pad', '', [x, this._around, paddingMode]) as Tensor
    const none = new Array<number>(kernelSize.length).fill(0)
    const result = callOperator(operator, '', [padded, weight, bias, stride, none, dilation, groups]) as Tensor
    padded.dispose()
    return result
  }

  override extraRepr(): string {
    return this.represent(this.padding)
  }
}

markPlain(ConvNd)

function sides(
  padding: readonly number[] | 'same' | 'valid',
  kernelSize: readonly number[],
  dilation: readonly number[],
): readonly number[] {
  const each = kernelSize.map((size, i) => {
    if (typeof padding !== 'string') return [padding[i]!, padding[i]!]
    const total = padding === 'same' ? dilation[i]! * (size - 1) : 0
    const left = Math.floor(total / 2)
    return [left, total - left]
  })
  return each.reverse().flat()
}

/**
 * A convolution (cross-correlation, as PyTorch means it) over sequences.
 *
 * Shapes: `[N, inChannels, L]` or `[inChannels, L]` to `[N, outChannels, L']`, where
 * L' = floor((L + 2 padding - dilation (kernelSize - 1) - 1) / stride) + 1; `weight` `[outChannels, inChannels / groups,
 * kL]`, `bias` `[outChannels]` or null. Dtype: that of the parameters, float32 by default.
 * Errors: `ERR_INVALID_ARG_VALUE` for groups that do not divide the channels, or `'same'` with a stride;
 * `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
 * @example
 * new nn.Conv1d(1, 4, 3, { padding: 1 }).forward(torch.zeros([8, 1, 50])).shape // [8, 4, 50]
 */
export class Conv1d<
  const I extends number,
  const O extends number,
  const K extends Sizes<1>,
  const St extends Sizes<1> = 1,
  const P extends Padding<1> = 0,
  const D extends Sizes<1> = 1,
> extends ConvNd<'Conv1d', 1, I, O, K, St, P, D> {
  declare weight: Parameter<[O, number, number]>
  /** @internal */
  static override readonly dims = 1
}

/**
 * A convolution (cross-correlation, as PyTorch means it) over volumes.
 *
 * Shapes: `[N, inChannels, D, H, W]` or `[inChannels, D, H, W]` to `[N, outChannels, D', H', W']`, where
 * D' = floor((D + 2 padding - dilation (kernelSize - 1) - 1) / stride) + 1; `weight` `[outChannels, inChannels / groups,
 * kD, kH, kW]`, `bias` `[outChannels]` or null. Each of `kernelSize`, `stride`, `padding`, `dilation` is one number or
 * three [depth, rows, columns]. Dtype: that of the parameters, float32 by default.
 * Errors: `ERR_INVALID_ARG_VALUE` for groups that do not divide the channels, or `'same'` with a stride;
 * `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv3d.html
 * @example
 * new nn.Conv3d(1, 4, 3).forward(torch.zeros([2, 1, 8, 9, 9])).shape // [2, 4, 6, 7, 7]
 */
export class Conv3d<
  const I extends number,
  const O extends number,
  const K extends Sizes<3>,
  const St extends Sizes<3> = 1,
  const P extends Padding<3> = 0,
  const D extends Sizes<3> = 1,
> extends ConvNd<'Conv3d', 3, I, O, K, St, P, D> {
  declare weight: Parameter<[O, number, number, number, number]>
  /** @internal */
  static override readonly dims = 3
}
