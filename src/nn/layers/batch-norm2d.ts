import { check, is, mergeArguments } from '../../core/options'
import type { ShowSize } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import type { Parameter } from '../parameter'
import type { ChannelsRule } from '../spatial-rules'
import type { NormOptions } from './norm-base'
import { pythonWord } from './python-words'
import { type FactoryOptions, ShapeLayer } from './shape-layer'

/** The options of `BatchNorm2d`. */
export type BatchNorm2dOptions = NormOptions

const NAMES = ['numFeatures', 'eps', 'momentum', 'affine', 'trackRunningStats', 'device', 'dtype', 'bias'] as const

/**
 * Batch normalisation: y = (x - mean) / sqrt(variance + eps) * weight + bias, channel by channel.
 *
 * In train mode mean and variance are the batch's, and the running statistics (`running_mean`, `running_var`,
 * `num_batches_tracked`) move towards them; in eval mode they are the running statistics.
 * Shapes: `[N, numFeatures, H, W]` to the same; `weight` and `bias` `[numFeatures]` or null.
 * Dtype: that of the parameters, float32 by default; float16 and bfloat16 inputs too.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit, and in train mode
 * for one value per channel.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
 * @example
 * new nn.BatchNorm2d(4).forward(torch.rand([8, 4, 29, 29])).shape // [8, 4, 29, 29]
 */
export class BatchNorm2d<const C extends number> extends ShapeLayer<
  ChannelsRule<'BatchNorm2d', C, 4, `[N, ${ShowSize<C>}, H, W]`>
> {
  declare weight: Parameter<[C]> | null
  declare bias: Parameter<[C]> | null
  declare running_mean: Tensor<[C]> | null
  declare running_var: Tensor<[C]> | null
  declare num_batches_tracked: Tensor<[], 'int64'> | null
  readonly numFeatures: C
  readonly eps: number
  readonly affine: boolean
  readonly trackRunningStats: boolean

  constructor(
    numFeatures: C,
    eps?: number | BatchNorm2dOptions,
    momentum?: number | null | Omit<BatchNorm2dOptions, 'eps'>,
    affine?: boolean | Omit<BatchNorm2dOptions, 'eps' | 'momentum'>,
    trackRunningStats?: boolean | Omit<BatchNorm2dOptions, 'eps' | 'momentum' | 'affine'>,
    device?: string | (FactoryOptions & { bias?: boolean }),
    dtype?: FactoryOptions['dtype'] | (Pick<FactoryOptions, 'dtype'> & { bias?: boolean }),
    bias?: boolean | { bias?: boolean },
  )
  constructor(options: { numFeatures: C } & BatchNorm2dOptions)
  constructor(...args: unknown[]) {
    const options = mergeArguments('BatchNorm2d', NAMES, args, 1)
    super('BatchNorm2d', options)
    const { numFeatures, eps = 1e-5, affine = true, trackRunningStats = true } = options
    this.numFeatures = numFeatures as C
    this.eps = eps as number
    this.affine = affine as boolean
    this.trackRunningStats = trackRunningStats as boolean
  }

  /** The share of each batch in the running statistics; null for the mean over all batches. May be set at any time. */
  get momentum(): number | null {
    return this.nativeMomentum
  }

  set momentum(momentum: number | null) {
    if (momentum !== null) check('BatchNorm2d', 'momentum', momentum, is.number)
    this.nativeMomentum = momentum
  }

  /** Forgets what the running statistics have seen. */
  resetRunningStats(): void {
    this.running_mean?.zero_()
    this.running_var?.fill_(1)
    this.num_batches_tracked?.zero_()
  }

  /** The running means of the channels, `[numFeatures]`; null without running statistics. */
  get runningMean(): Tensor<[C]> | null {
    return this.running_mean
  }

  /** The running variances of the channels, `[numFeatures]`; null without running statistics. */
  get runningVar(): Tensor<[C]> | null {
    return this.running_var
  }

  /** How many batches the running statistics have seen; null without them. */
  get numBatchesTracked(): Tensor<[], 'int64'> | null {
    return this.num_batches_tracked
  }

  override extraRepr(): string {
    const words = {
      eps: this.eps,
      momentum: this.momentum,
      affine: this.affine,
      bias: this.bias !== null,
      track_running_stats: this.trackRunningStats,
    }
    const rest = Object.entries(words).map(([name, value]) => `${name}=${pythonWord(value)}`)
    return [this.numFeatures, ...rest].join(', ')
  }
}
