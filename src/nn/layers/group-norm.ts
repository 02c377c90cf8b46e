import { InvalidArgValueError } from '../../core/errors'
import { check, is } from '../../core/options'
import type { ShowSize } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import { groupNorm } from '../functional-norm'
import * as init from '../init'
import type { Parameter } from '../parameter'
import type { ChannelsRule } from '../spatial-rules'
import { LayerOptions } from './layer-options'
import { compute, emptyParameter, OperatorShapeLayer } from './operator-layer'
import { pythonWord } from './python-words'
import type { FactoryOptions } from './shape-layer'

/** The options of `GroupNorm` that have defaults. */
export interface GroupNormOptions extends FactoryOptions {
  /** Added to the variance; default 1e-5. */
  eps?: number
  /** Whether there are a weight and a bias to learn; default true. */
  affine?: boolean
  /** Whether there is a bias, where `affine`; default true. */
  bias?: boolean
}

const NAMES = ['numGroups', 'numChannels', 'eps', 'affine', 'device', 'dtype', 'bias']

/**
 * Normalises over groups of channels: y = (x - mean) / sqrt(variance + eps) * weight + bias, where mean and variance are
 * those of `numChannels / numGroups` channels of one instance.
 *
 * Shapes: `[N, numChannels, ...]` to the same; `weight` and `bias` `[numChannels]` or null. Dtype: that of the
 * parameters, float32 by default.
 * Errors: `ERR_INVALID_ARG_VALUE` for groups that do not divide the channels, and for one value per group;
 * `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
 * @example
 * new nn.GroupNorm(2, 4).forward(torch.rand([8, 4, 7, 7])).shape // [8, 4, 7, 7]
 */
export class GroupNorm<const C extends number> extends OperatorShapeLayer<
  ChannelsRule<'GroupNorm', C, 2 | 3 | 4 | 5 | 6 | 7 | 8, `[N, ${ShowSize<C>}, ...]`>
> {
  declare weight: Parameter<[C]> | null
  declare bias: Parameter<[C]> | null
  readonly numGroups: number
  readonly numChannels: C
  readonly eps: number
  readonly affine: boolean

  constructor(
    numGroups: number,
    numChannels: C,
    eps?: number | GroupNormOptions,
    affine?: boolean | Omit<GroupNormOptions, 'eps'>,
    device?: string | (FactoryOptions & { bias?: boolean }),
    dtype?: FactoryOptions['dtype'] | (Pick<FactoryOptions, 'dtype'> & { bias?: boolean }),
    bias?: boolean | { bias?: boolean },
  )
  constructor(numGroups: number, options: { numChannels: C } & GroupNormOptions)
  constructor(options: { numGroups: number; numChannels: C } & GroupNormOptions)
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions(new.target.name, NAMES, args, 2)
    this.numGroups = options.integer('numGroups')
    this.numChannels = options.integer('numChannels') as C
    check(options.what, 'numGroups', this.numGroups, is.positive)
    if (this.numChannels % this.numGroups !== 0) {
      throw new InvalidArgValueError(
        `num_channels (${this.numChannels}) must be divisible by num_groups (${this.numGroups})`,
      )
    }
    this.eps = options.number('eps', 1e-5)
    this.affine = options.flag('affine', true)
    const bias = options.flag('bias', true)
    const factory = options.factory()
    const shape: [C] = [this.numChannels]
    this.weight = this.affine ? emptyParameter(shape, factory) : null
    this.bias = this.affine && bias ? emptyParameter(shape, factory) : null
    this.resetParameters()
  }

  /** The weight becomes 1 and the bias 0. */
  resetParameters(): void {
    if (this.weight !== null) init.ones_(this.weight)
    if (this.bias !== null) init.zeros_(this.bias)
  }

  override [compute](x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this.weight, this.bias, this.eps)
  }

  override extraRepr(): string {
    const { numGroups, numChannels, eps, affine, bias } = this
    const words = { eps, affine, bias: bias !== null }
    const rest = Object.entries(words).map(([name, value]) => `${name}=${pythonWord(value)}`)
    return [numGroups, numChannels, ...rest].join(', ')
  }
}
