import type { Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import { layerNorm, rmsNorm } from '../functional-norm'
import * as init from '../init'
import type { Parameter } from '../parameter'
import type { TrailingRule } from '../spatial-rules'
import { LayerOptions } from './layer-options'
import { compute, emptyParameter, OperatorShapeLayer } from './operator-layer'
import { pythonWord } from './python-words'
import type { FactoryOptions } from './shape-layer'

/** The options of `LayerNorm` that have defaults. */
export interface LayerNormLayerOptions extends FactoryOptions {
  /** Added to the variance; default 1e-5. */
  eps?: number
  /** Whether there are a weight and a bias to learn; default true. */
  elementwiseAffine?: boolean
  /** Whether there is a bias, where `elementwiseAffine`; default true. */
  bias?: boolean
}

const listOf = (sizes: number | readonly number[]): readonly number[] =>
  typeof sizes === 'number' ? [sizes] : [...sizes]

/**
 * Normalises over the last dimensions: y = (x - mean) / sqrt(variance + eps) * weight + bias.
 *
 * Shapes: `[*, ...normalizedShape]` to the same; `weight` and `bias` of `normalizedShape`, or null. `normalizedShape` is
 * one size or several. Dtype: that of the parameters, float32 by default.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
 * @example
 * new nn.LayerNorm(16).forward(torch.rand([8, 10, 16])).shape // [8, 10, 16]
 */
export class LayerNorm<const W extends number | Shape> extends OperatorShapeLayer<TrailingRule<'LayerNorm', W>> {
  declare weight: Parameter | null
  declare bias: Parameter | null
  readonly normalizedShape: readonly number[]
  readonly eps: number
  readonly elementwiseAffine: boolean

  constructor(
    normalizedShape: W,
    eps?: number | LayerNormLayerOptions,
    elementwiseAffine?: boolean | Omit<LayerNormLayerOptions, 'eps'>,
    bias?: boolean | (FactoryOptions & { bias?: boolean }),
    device?: string | FactoryOptions,
    dtype?: FactoryOptions['dtype'] | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(options: { normalizedShape: W } & LayerNormLayerOptions)
  constructor(...args: unknown[]) {
    super()
    const names = ['normalizedShape', 'eps', 'elementwiseAffine', 'bias', 'device', 'dtype']
    const options = new LayerOptions(new.target.name, names, args, 1)
    this.normalizedShape = listOf(options.integers('normalizedShape'))
    this.eps = options.number('eps', 1e-5)
    this.elementwiseAffine = options.flag('elementwiseAffine', true)
    const bias = options.flag('bias', true)
    const factory = options.factory()
    this.weight = this.elementwiseAffine ? emptyParameter(this.normalizedShape, factory) : null
    this.bias = this.elementwiseAffine && bias ? emptyParameter(this.normalizedShape, factory) : null
    this.resetParameters()
  }

  /** The weight becomes 1 and the bias 0. */
  resetParameters(): void {
    if (this.weight !== null) init.ones_(this.weight)
    if (this.bias !== null) init.zeros_(this.bias)
  }

  override [compute](x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, this.eps)
  }

  override extraRepr(): string {
    const { normalizedShape, eps, elementwiseAffine, bias } = this
    const words = { eps, elementwise_affine: elementwiseAffine, bias: bias !== null }
    const rest = Object.entries(words).map(([name, value]) => `${name}=${pythonWord(value)}`)
    return [pythonWord(normalizedShape), ...rest].join(', ')
  }
}

/** The options of `RMSNorm` that have defaults. */
export interface RMSNormOptions extends FactoryOptions {
  /** Added to the mean of squares; null for the smallest step of the dtype, the default. */
  eps?: number | null
  /** Whether there is a weight to learn; default true. */
  elementwiseAffine?: boolean
}

/**
 * Divides by the root mean square over the last dimensions: y = x / sqrt(mean(x^2) + eps) * weight.
 *
 * Shapes: `[*, ...normalizedShape]` to the same; `weight` of `normalizedShape`, or null. `normalizedShape` is one size or
 * several. Dtype: that of the weight, float32 by default.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html
 * @example
 * new nn.RMSNorm([16]).forward(torch.rand([8, 10, 16])).shape // [8, 10, 16]
 */
export class RMSNorm<const W extends number | Shape> extends OperatorShapeLayer<TrailingRule<'RMSNorm', W>> {
  declare weight: Parameter | null
  readonly normalizedShape: readonly number[]
  readonly eps: number | null
  readonly elementwiseAffine: boolean

  constructor(
    normalizedShape: W,
    eps?: number | null | RMSNormOptions,
    elementwiseAffine?: boolean | Omit<RMSNormOptions, 'eps'>,
    device?: string | FactoryOptions,
    dtype?: FactoryOptions['dtype'] | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(options: { normalizedShape: W } & RMSNormOptions)
  constructor(...args: unknown[]) {
    super()
    const names = ['normalizedShape', 'eps', 'elementwiseAffine', 'device', 'dtype']
    const options = new LayerOptions(new.target.name, names, args, 1)
    this.normalizedShape = listOf(options.integers('normalizedShape'))
    this.eps = options.numberOrNull('eps')
    this.elementwiseAffine = options.flag('elementwiseAffine', true)
    const factory = options.factory()
    this.weight = this.elementwiseAffine ? emptyParameter(this.normalizedShape, factory) : null
    this.resetParameters()
  }

  /** The weight becomes 1. */
  resetParameters(): void {
    if (this.weight !== null) init.ones_(this.weight)
  }

  override [compute](x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, this.weight, this.eps)
  }

  override extraRepr(): string {
    const { normalizedShape, eps, elementwiseAffine } = this
    return `${pythonWord(normalizedShape)}, eps=${pythonWord(eps)}, elementwise_affine=${pythonWord(elementwiseAffine)}`
  }
}
