import { InvalidArgValueError } from '../../core/errors'
import { product } from '../../core/sizes'
import * as init from '../init'
import type { Parameter } from '../parameter'
import type { Rule } from '../rules'
import type { Dims, Each } from '../window-rules'
import type { LayerOptions } from './layer-options'
import { emptyParameter, OperatorLayer } from './operator-layer'
import { pythonWord } from './python-words'

/** What the padding of a convolution is filled with. */
export type ConvPaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular'
const PADDING_MODES = ['zeros', 'reflect', 'replicate', 'circular'] as const

/** The weight, the bias and the numbers that convolutions and transposed ones share. */
export abstract class ConvolutionBase<
  R extends Rule,
  N extends Dims,
  I extends number,
  O extends number,
> extends OperatorLayer<R> {
  declare weight: Parameter
  declare bias: Parameter<[O]> | null
  readonly inChannels: I
  readonly outChannels: O
  readonly kernelSize: Each<N>
  readonly stride: Each<N>
  readonly dilation: Each<N>
  readonly groups: number
  readonly paddingMode: ConvPaddingMode

  /** @internal How many spatial dimensions the class has. */
  static readonly dims: Dims = 2

  protected constructor(options: LayerOptions, transposed: boolean) {
    super()
    const { dims } = new.target
    const each = (name: string, fallback?: number) => options.eachSize(name, dims, fallback) as Each<N>
    this.inChannels = options.integer('inChannels') as I
    this.outChannels = options.integer('outChannels') as O
    this.kernelSize = each('kernelSize')
    this.stride = each('stride', 1)
    this.dilation = each('dilation', 1)
    this.groups = options.integer('groups', 1)
    const bias = options.flag('bias', true)
    this.paddingMode = options.word('paddingMode', PADDING_MODES, 'zeros')
    const factory = options.factory()
    const { inChannels, outChannels, groups } = this
    if (groups <= 0) throw new InvalidArgValueError('groups must be a positive integer')
    if (inChannels % groups !== 0) throw new InvalidArgValueError('in_channels must be divisible by groups')
    if (outChannels % groups !== 0) throw new InvalidArgValueError('out_channels must be divisible by groups')
    const channels = transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups]
    this.weight = emptyParameter([...channels, ...this.kernelSize], factory)
    this.bias = bias ? emptyParameter([outChannels], factory) : null
    this.resetParameters()
  }

  /** Draws weight and bias anew, evenly between ±1 / sqrt(inputs of an output), as Python does. */
  resetParameters(): void {
    init.kaimingUniform_(this.weight, Math.sqrt(5))
    if (this.bias === null) return
    const [, ...sizes] = this.weight.shape as number[]
    const inputs = product(sizes)
    const bound = inputs > 0 ? 1 / Math.sqrt(inputs) : 0
    init.uniform_(this.bias, -bound, bound)
  }

  /** @internal */
  protected represent(padding: Each<N> | string, outputPadding?: Each<N>): string {
    const { dilation, groups, paddingMode } = this
    const differs = (sizes: Each<N>, usual: number) => (sizes as readonly number[]).some(size => size !== usual)
    let text = `${this.inChannels}, ${this.outChannels}`
    text += `, kernel_size=${pythonWord(this.kernelSize)}, stride=${pythonWord(this.stride)}`
    if (typeof padding === 'string' || differs(padding, 0)) text += `, padding=${pythonWord(padding)}`
    if (differs(dilation, 1)) text += `, dilation=${pythonWord(dilation)}`
    if (outputPadding !== undefined && differs(outputPadding, 0))
      text += `, output_padding=${pythonWord(outputPadding)}`
    if (groups !== 1) text += `, groups=${groups}`
    if (this.bias === null) text += ', bias=False'
    if (paddingMode !== 'zeros') text += `, padding_mode=${paddingMode}`
    return text
  }
}
