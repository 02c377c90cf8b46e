import { callOperator } from '../../ops/registry'
import type { Tensor } from '../../tensor/tensor'
import * as init from '../init'
import type { Parameter } from '../parameter'
import type { Rule } from '../rules'
import { addMissingCount, type Loading } from '../state-dict'
import { LayerOptions } from './layer-options'
import { emptyParameter, OperatorShapeLayer } from './operator-layer'
import { pythonWord } from './python-words'
import type { FactoryOptions } from './shape-layer'

const NAMES = ['numFeatures', 'eps', 'momentum', 'affine', 'trackRunningStats', 'device', 'dtype', 'bias']

/** The options of batch and instance normalisation that have defaults. */
export interface NormOptions extends FactoryOptions {
  /** Added to the variance; default 1e-5. */
  eps?: number
  /** The share of each batch in the running statistics; null for the mean over all batches; default 0.1. */
  momentum?: number | null
  /** Whether there are a weight and a bias to learn; default true, and false for instance normalisation. */
  affine?: boolean
  /** Whether running statistics are kept, and used in eval mode; default true, and false for instance normalisation. */
  trackRunningStats?: boolean
  /** Whether there is a bias, where `affine`; default true. */
  bias?: boolean
}

/** What batch and instance normalisation share: a weight and a bias, and running statistics, of the channels. */
export abstract class NormBase<R extends Rule, const C extends number> extends OperatorShapeLayer<R> {
  declare weight: Parameter<[C]> | null
  declare bias: Parameter<[C]> | null
  declare running_mean: Tensor<[C]> | null
  declare running_var: Tensor<[C]> | null
  declare num_batches_tracked: Tensor<[], 'int64'> | null
  readonly numFeatures: C
  readonly eps: number
  /** The share of each batch in the running statistics; null for the mean over all batches. May be changed. */
  momentum: number | null
  readonly affine: boolean
  readonly trackRunningStats: boolean

  /** @internal Whether `affine` and `trackRunningStats` are on unless said otherwise. */
  static readonly learns: boolean = true

  constructor(
    numFeatures: C,
    eps?: number | NormOptions,
    momentum?: number | null | Omit<NormOptions, 'eps'>,
    affine?: boolean | Omit<NormOptions, 'eps' | 'momentum'>,
    trackRunningStats?: boolean | Omit<NormOptions, 'eps' | 'momentum' | 'affine'>,
    device?: string | (FactoryOptions & { bias?: boolean }),
    dtype?: FactoryOptions['dtype'] | (Pick<FactoryOptions, 'dtype'> & { bias?: boolean }),
    bias?: boolean | { bias?: boolean },
  )
  constructor(options: { numFeatures: C } & NormOptions)
  constructor(...args: unknown[]) {
    super()
    const { learns } = new.target
    const options = new LayerOptions(new.target.name, NAMES, args, 1)
    this.numFeatures = options.integer('numFeatures') as C
    this.eps = options.number('eps', 1e-5)
    this.momentum = options.numberOrNull('momentum', 0.1)
    this.affine = options.flag('affine', learns)
    this.trackRunningStats = options.flag('trackRunningStats', learns)
    const bias = options.flag('bias', true)
    const factory = options.factory()
    const shape: [C] = [this.numFeatures]
    this.weight = this.affine ? emptyParameter(shape, factory) : null
    this.bias = this.affine && bias ? emptyParameter(shape, factory) : null
    const { dtype, device } = factory
    const made = (name: string, size: readonly number[], as = dtype) =>
      this.trackRunningStats ? callOperator(`aten::${name}`, '', [size, as, undefined, device]) : null
    this.registerBuffer('running_mean', made('zeros', shape) as Tensor)
    this.registerBuffer('running_var', made('ones', shape) as Tensor)
    this.registerBuffer('num_batches_tracked', made('zeros', [], 'int64') as Tensor)
    this.resetParameters()
  }

  /** Forgets what the running statistics have seen. */
  resetRunningStats(): void {
    if (this.running_mean !== null) callOperator('aten::zero_', '', [this.running_mean])
    if (this.running_var !== null) callOperator('aten::fill_', 'Scalar', [this.running_var, 1])
    if (this.num_batches_tracked !== null) callOperator('aten::zero_', '', [this.num_batches_tracked])
  }

  /** The weight becomes 1 and the bias 0, and the running statistics are forgotten. */
  resetParameters(): void {
    this.resetRunningStats()
    if (this.weight !== null) init.ones_(this.weight)
    if (this.bias !== null) init.zeros_(this.bias)
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

  protected override get stateVersion(): number {
    return 2
  }

  protected override loadOwnState(loading: Loading, entries: Map<string, unknown>, prefix: string): void {
    addMissingCount(loading, entries, prefix, this.num_batches_tracked)
    super.loadOwnState(loading, entries, prefix)
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
