import { mergeArguments } from '../../core/options'
import type { ConvRule, Pair } from '../layer-rules'
import type { Parameter } from '../parameter'
import type { ConvNdOptions } from './conv-nd'
import type { ConvPaddingMode } from './convolution'
import { pairOf, pythonWord } from './python-words'
import { type FactoryOptions, ShapeLayer } from './shape-layer'

/** The options of `Conv2d` that have defaults. */
export type Conv2dOptions<St extends Pair, P extends Pair | 'same' | 'valid', D extends Pair> = ConvNdOptions<
  2,
  St,
  P,
  D
>

type AfterStride<P extends Pair | 'same' | 'valid', D extends Pair> = Omit<Conv2dOptions<Pair, P, D>, 'stride'>
type AfterPadding<D extends Pair> = Omit<Conv2dOptions<Pair, Pair, D>, 'stride' | 'padding'>
type AfterDilation = Omit<AfterPadding<Pair>, 'dilation'>
type AfterGroups = Omit<AfterDilation, 'groups'>

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
] as const

/**
 * A convolution (cross-correlation, as PyTorch means it) over images.
 *
 * Shapes: `[N, inChannels, H, W]` or `[inChannels, H, W]` to `[N, outChannels, H', W']`, where
 * H' = floor((H + 2 padding - dilation (kernelSize - 1) - 1) / stride) + 1; `weight` `[outChannels, inChannels / groups,
 * kH, kW]`, `bias` `[outChannels]` or null. Each of `kernelSize`, `stride`, `padding`, `dilation` is one number or a
 * pair [rows, columns]. Dtype: that of the parameters, float32 by default.
 * Errors: `ERR_INVALID_ARG_VALUE` for groups that do not divide the channels, or `'same'` with a stride;
 * `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 * @example
 * new nn.Conv2d(1, 4, 2, { padding: 1 }).forward(torch.zeros([8, 1, 28, 28])).shape // [8, 4, 29, 29]
 */
export class Conv2d<
  const I extends number,
  const O extends number,
  const K extends Pair,
  const St extends Pair = 1,
  const P extends Pair | 'same' | 'valid' = 0,
  const D extends Pair = 1,
> extends ShapeLayer<ConvRule<'Conv2d', 2, I, O, K, St, P, D>> {
  declare weight: Parameter<[O, number, number, number]>
  declare bias: Parameter<[O]> | null
  readonly inChannels: I
  readonly outChannels: O
  readonly kernelSize: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly padding: readonly [number, number] | 'same' | 'valid'
  readonly dilation: readonly [number, number]
  readonly groups: number
  readonly paddingMode: ConvPaddingMode

  // One signature for each place of the options object: a type parameter that could be either would lose its default.
  constructor(
    inChannels: I,
    outChannels: O,
    kernelSize: K,
    stride?: St,
    padding?: P,
    dilation?: D,
    groups?: number | AfterGroups,
    bias?: boolean | Omit<AfterGroups, 'bias'>,
    paddingMode?: ConvPaddingMode | FactoryOptions,
    device?: string | FactoryOptions,
    dtype?: FactoryOptions['dtype'] | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(inChannels: I, outChannels: O, kernelSize: K, options: Conv2dOptions<St, P, D>)
  constructor(inChannels: I, outChannels: O, options: { kernelSize: K } & Conv2dOptions<St, P, D>)
  constructor(inChannels: I, outChannels: O, kernelSize: K, stride: St, options: AfterStride<P, D>)
  constructor(inChannels: I, outChannels: O, kernelSize: K, stride: St, padding: P, options: AfterPadding<D>)
  constructor(inChannels: I, outChannels: O, kernelSize: K, stride: St, padding: P, dilation: D, options: AfterDilation)
  constructor(inChannels: I, options: { outChannels: O; kernelSize: K } & Conv2dOptions<St, P, D>)
  constructor(options: { inChannels: I; outChannels: O; kernelSize: K } & Conv2dOptions<St, P, D>)
  constructor(...args: unknown[]) {
    const options = mergeArguments('Conv2d', NAMES, args, 3)
    super('Conv2d', options)
    const { inChannels, outChannels, kernelSize, stride = 1, padding = 0, dilation = 1, groups = 1 } = options
    this.inChannels = inChannels as I
    this.outChannels = outChannels as O
    this.kernelSize = pairOf(kernelSize as Pair)
    this.stride = pairOf(stride as Pair)
    this.padding = typeof padding === 'string' ? (padding as 'same' | 'valid') : pairOf(padding as Pair)
    this.dilation = pairOf(dilation as Pair)
    this.groups = groups as number
    this.paddingMode = (options.paddingMode as ConvPaddingMode | undefined) ?? 'zeros'
  }

  override extraRepr(): string {
    const { padding, dilation, groups, paddingMode } = this
    let text = `${this.inChannels}, ${this.outChannels}`
    text += `, kernel_size=${pythonWord(this.kernelSize)}, stride=${pythonWord(this.stride)}`
    if (typeof padding === 'string' || padding.some(n => n !== 0)) text += `, padding=${pythonWord(padding)}`
    if (dilation.some(n => n !== 1)) text += `, dilation=${pythonWord(dilation)}`
    if (groups !== 1) text += `, groups=${groups}`
    if (this.bias === null) text += ', bias=False'
    if (paddingMode !== 'zeros') text += `, padding_mode=${paddingMode}`
    return text
  }
}
