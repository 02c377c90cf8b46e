import type { DType } from '../../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import type { Check, Shape } from '../../core/shape-types'
import { callOperator } from '../../ops/registry'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import { markPlain } from '../leaf'
import type { TransposedRule, TransposedShape } from '../spatial-rules'
import type { Dims, Each, Sizes } from '../window-rules'
import { ConvolutionBase } from './convolution'
import { LayerOptions } from './layer-options'
import { compute } from './operator-layer'
import type { FactoryOptions } from './shape-layer'

/** The options of `ConvTranspose1d` to `ConvTranspose3d` that have defaults. */
export interface ConvTransposeNdOptions<
  N extends Dims,
  St extends Sizes<N>,
  P extends Sizes<N>,
  E extends Sizes<N>,
  D extends Sizes<N>,
> extends FactoryOptions {
  /** Steps of the window; default 1. */
  stride?: St
  /** What is taken off on each side; default 0. */
  padding?: P
  /** What is added at the end of each dimension, less than the stride or the dilation; default 0. */
  outputPadding?: E
  /** Groups of channels that do not mix; divides both numbers of channels; default 1. */
  groups?: number
  /** Whether a bias is added; default true. */
  bias?: boolean
  /** Distance of the window's elements; default 1. */
  dilation?: D
  /** `'zeros'` alone. */
  paddingMode?: 'zeros'
}

type After<N extends Dims, D extends Sizes<N>, Names extends string> = Omit<
  ConvTransposeNdOptions<N, Sizes<N>, Sizes<N>, Sizes<N>, D>,
  Names
>

const NAMES = [
  'inChannels',
  'outChannels',
  'kernelSize',
  'stride',
  'padding',
  'outputPadding',
  'groups',
  'bias',
  'dilation',
  'paddingMode',
  'device',
  'dtype',
]

/** A transposed convolution over `N` spatial dimensions. */
export abstract class ConvTransposeNd<
  What extends string,
  N extends Dims,
  const I extends number,
  const O extends number,
  const K extends Sizes<N>,
  const St extends Sizes<N>,
  const P extends Sizes<N>,
  const E extends Sizes<N>,
  const D extends Sizes<N>,
> extends ConvolutionBase<TransposedRule<What, N, I, O, K, St, P, E, D>, N, I, O> {
  readonly padding: Each<N>
  readonly outputPadding: Each<N>

  // One signature for each place of the options object: a type parameter that could be either would lose its default.
  constructor(
    inChannels: I,
    outChannels: O,
    kernelSize: K,
    stride?: St,
    padding?: P,
    outputPadding?: E,
    groups?: number,
    bias?: boolean,
    dilation?: D,
    paddingMode?: 'zeros' | FactoryOptions,
    device?: string | FactoryOptions,
    dtype?: FactoryOptions['dtype'] | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(inChannels: I, outChannels: O, kernelSize: K, options: ConvTransposeNdOptions<N, St, P, E, D>)
  constructor(inChannels: I, outChannels: O, options: { kernelSize: K } & ConvTransposeNdOptions<N, St, P, E, D>)
  constructor(
    inChannels: I,
    outChannels: O,
    kernelSize: K,
    stride: St,
    options: Omit<ConvTransposeNdOptions<N, Sizes<N>, P, E, D>, 'stride'>,
  )
  constructor(
    inChannels: I,
    outChannels: O,
    kernelSize: K,
    stride: St,
    padding: P,
    options: Omit<ConvTransposeNdOptions<N, Sizes<N>, Sizes<N>, E, D>, 'stride' | 'padding'>,
  )
  constructor(
    inChannels: I,
    outChannels: O,
    kernelSize: K,
    stride: St,
    padding: P,
    outputPadding: E,
    options: After<N, D, 'stride' | 'padding' | 'outputPadding'>,
  )
  constructor(
    inChannels: I,
    outChannels: O,
    kernelSize: K,
    stride: St,
    padding: P,
    outputPadding: E,
    groups: number,
    options: After<N, D, 'stride' | 'padding' | 'outputPadding' | 'groups'>,
  )
  constructor(
    inChannels: I,
    outChannels: O,
    kernelSize: K,
    stride: St,
    padding: P,
    outputPadding: E,
    groups: number,
    bias: boolean,
    options: After<N, D, 'stride' | 'padding' | 'outputPadding' | 'groups' | 'bias'>,
  )
  constructor(inChannels: I, options: { outChannels: O; kernelSize: K } & ConvTransposeNdOptions<N, St, P, E, D>)
  constructor(options: { inChannels: I; outChannels: O; kernelSize: K } & ConvTransposeNdOptions<N, St, P, E, D>)
  constructor(...args: unknown[]) {
    const options = new LayerOptions(new.target.name, NAMES, args, 3)
    super(options, true)
    if (this.paddingMode !== 'zeros') {
      throw new InvalidArgValueError(`Only "zeros" padding mode is supported for ${options.what}`)
    }
    const { length } = this.kernelSize
    this.padding = options.eachSize('padding', length, 0) as Each<N>
    this.outputPadding = options.eachSize('outputPadding', length, 0) as Each<N>
  }

  /**
   * With `outputSize`, the wanted sizes (of the spatial dimensions, or of all), the output padding is chosen to give them;
   * sizes that cannot be are `ERR_INVALID_ARG_VALUE`.
   */
  forward<S extends Shape, T extends DType, const V extends Shape | null | undefined = undefined>(
    x: Tensor<S, T> & Check<TransposedShape<What, N, S, I, O, K, St, P, E, D, V>>,
    outputSize?: V,
  ): Result<TransposedShape<What, N, S, I, O, K, St, P, E, D, V>, T> {
    return outputSize === undefined || outputSize === null ? this.run(x) : this.run(x, outputSize)
  }

  override [compute](x: Tensor, outputSize?: unknown): Tensor {
    const { weight, bias, stride, padding, groups, dilation, kernelSize } = this
    const [operator, overload] = OPERATORS[kernelSize.length]!
    const extra = outputSize === undefined ? this.outputPadding : this._paddingFor(x, outputSize)
    return callOperator(operator, overload, [x, weight, bias, stride, padding, extra, groups, dilation]) as Tensor
  }

  protected _paddingFor(x: Tensor, outputSize: unknown): readonly number[] {
    const { kernelSize, stride, padding, dilation } = this
    if (!Array.isArray(outputSize)) {
      throw new InvalidArgTypeError(`${this}: 'outputSize' must be an array of integers, got ${describe(outputSize)}`)
    }
    const dims = kernelSize.length
    const before = x.ndim === dims + 2 ? 2 : 1
    const wanted = (outputSize.length === before + dims ? outputSize.slice(before) : outputSize) as number[]
    if (wanted.length !== dims) {
      throw new InvalidArgValueError(
        `ConvTranspose${dims}D: for ${x.ndim}D input, output_size must have ${dims} or ${before + dims} elements (got ${wanted.length})`,
      )
    }
    const sizes = (x.shape as number[]).slice(before)
    const least = sizes.map(
      (size, i) => (size - 1) * stride[i]! - 2 * padding[i]! + dilation[i]! * (kernelSize[i]! - 1) + 1,
    )
    const most = least.map((size, i) => size + stride[i]! - 1)
    // not (a <= b): what is no number is refused too
    if (wanted.some((size, i) => !(size >= least[i]! && size <= most[i]!))) {
      throw new InvalidArgValueError(
        `requested an output size of [${wanted}], but valid sizes range from [${least}] to [${most}] (for an input of [${sizes}])`,
      )
    }
    return wanted.map((size, i) => size - least[i]!)
  }

  override extraRepr(): string {
    return this.represent(this.padding, this.outputPadding)
  }
}

markPlain(ConvTransposeNd)

const OPERATORS = [
  ['', ''],
  ['aten::conv_transpose1d', ''],
  ['aten::conv_transpose2d', 'input'],
  ['aten::conv_transpose3d', 'input'],
] as const
