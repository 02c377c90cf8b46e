import { mergeArguments } from '../../core/options'
import type { LinearRule } from '../layer-rules'
import type { Parameter } from '../parameter'
import { pythonWord } from './python-words'
import { type FactoryOptions, ShapeLayer } from './shape-layer'

/** The options of `Linear`. */
export interface LinearOptions extends FactoryOptions {
  /** Whether a bias is added; default true. */
  bias?: boolean
}

const NAMES = ['inFeatures', 'outFeatures', 'bias', 'device', 'dtype'] as const

/**
 * y = x W^T + b, over the last dimension.
 *
 * Shapes: `[..., inFeatures]` to `[..., outFeatures]`; `weight` `[outFeatures, inFeatures]`, `bias` `[outFeatures]` or
 * null, both drawn uniformly from ±1 / sqrt(inFeatures), as Python draws them.
 * Dtype: that of the parameters, float32 by default.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
 * @example
 * new nn.Linear(196, 10).forward(torch.zeros([8, 196])).shape // [8, 10]
 */
export class Linear<const I extends number, const O extends number> extends ShapeLayer<LinearRule<I, O>> {
  declare weight: Parameter<[O, I]>
  declare bias: Parameter<[O]> | null
  readonly inFeatures: I
  readonly outFeatures: O

  constructor(
    inFeatures: I,
    outFeatures: O,
    bias?: boolean | LinearOptions,
    device?: string | FactoryOptions,
    dtype?: FactoryOptions['dtype'] | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(inFeatures: I, options: { outFeatures: O } & LinearOptions)
  constructor(options: { inFeatures: I; outFeatures: O } & LinearOptions)
  constructor(...args: unknown[]) {
    const options = mergeArguments('Linear', NAMES, args, 2)
    super('Linear', options)
    this.inFeatures = options.inFeatures as I
    this.outFeatures = options.outFeatures as O
  }

  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${pythonWord(this.bias !== null)}`
  }
}
