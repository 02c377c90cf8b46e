import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import { is } from '../../core/options'
import { isTensor, type Tensor } from '../../tensor/tensor'
import { numbers, readArguments } from './arguments'
import { type AnyOptimizer, groupsOf, LRScheduler, lrsOf, warnOfEpoch } from './scheduler'

type Rest = readonly (number | string | object | undefined)[]

/** The options of `ReduceLROnPlateau`. */
export interface ReduceLROnPlateauOptions {
  /** Whether a lower or a higher metric is better (default 'min'). */
  mode?: 'min' | 'max'
  /** What the rate is multiplied by, below 1 (default 0.1). */
  factor?: number
  /** How many epochs without progress are let pass (default 10). */
  patience?: number
  /** How much better counts as progress (default 1e-4). */
  threshold?: number
  /** Whether `threshold` is a part of the best metric or a difference (default 'rel'). */
  thresholdMode?: 'rel' | 'abs'
  /** How many epochs after a fall are not counted (default 0). */
  cooldown?: number
  /** The lowest rate, or one for each group (default 0). */
  minLr?: number | readonly number[]
  /** Smaller falls are left out (default 1e-8). */
  eps?: number
}

/**
 * Multiplies the rate by `factor` where a metric, given to each `step`, has stopped getting better.
 *
 * @example
 * const scheduler = new optim.lrScheduler.ReduceLROnPlateau(optimizer, { patience: 5 })
 * scheduler.step(validationLoss)
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html
 */
export class ReduceLROnPlateau extends LRScheduler {
  declare factor: number
  declare defaultMinLr: number | null
  declare minLrs: number[]
  declare patience: number
  declare cooldown: number
  declare eps: number
  declare mode: 'min' | 'max'
  declare threshold: number
  declare thresholdMode: 'rel' | 'abs'
  /** The best metric so far. */
  declare best: number
  declare cooldownCounter: number
  declare numBadEpochs: number

  constructor(optimizer: AnyOptimizer, options?: ReduceLROnPlateauOptions)
  constructor(optimizer: AnyOptimizer, mode: 'min' | 'max', ...rest: Rest)
  constructor(...args: unknown[]) {
    const o = readArguments<Required<ReduceLROnPlateauOptions>>('ReduceLROnPlateau', args, {
      mode: [is.string, 'min'],
      factor: [is.number, 0.1],
      patience: [is.number, 10],
      threshold: [is.number, 1e-4],
      thresholdMode: [is.string, 'rel'],
      cooldown: [is.number, 0],
      minLr: [numbers, 0],
      eps: [is.number, 1e-8],
    })
    if (!(o.factor < 1)) throw new InvalidArgValueError('Factor should be < 1.0.')
    super(o.optimizer)
    const count = o.optimizer.paramGroups.length
    const { minLr, mode, thresholdMode } = o
    if (typeof minLr !== 'number' && minLr.length !== count) {
      throw new InvalidArgValueError(`expected ${count} min_lrs, got ${minLr.length}`)
    }
    if (mode !== 'min' && mode !== 'max') throw new InvalidArgValueError(`mode ${mode as string} is unknown!`)
    if (thresholdMode !== 'rel' && thresholdMode !== 'abs') {
      throw new InvalidArgValueError(`threshold mode ${thresholdMode as string} is unknown!`)
    }
    const { factor, patience, cooldown, eps, threshold } = o
    Object.assign(this, { factor, patience, cooldown, eps, mode, threshold, thresholdMode, lastEpoch: 0 })
    this.defaultMinLr = typeof minLr === 'number' ? minLr : null
    this.minLrs = typeof minLr === 'number' ? new Array<number>(count).fill(minLr) : [...minLr]
    this.best = mode === 'min' ? Infinity : -Infinity
    this.cooldownCounter = 0
    this.numBadEpochs = 0
    this._lastLr = lrsOf(o.optimizer)
  }

  /** True in the epochs after a fall that are not counted. */
  get inCooldown(): boolean {
    return this.cooldownCounter > 0
  }

  getLr(): number[] {
    return lrsOf(this.optimizer)
  }

  /** The next epoch, with the metric that it came to. */
  override step(metrics?: number | Tensor, epoch?: number): void {
    if (typeof metrics !== 'number' && !isTensor(metrics)) {
      throw new InvalidArgTypeError(`ReduceLROnPlateau: 'metrics' must be a number, got ${describe(metrics)}`)
    }
    const current = typeof metrics === 'number' ? metrics : Number(metrics.item())
    if (epoch !== undefined) warnOfEpoch()
    this.lastEpoch = epoch ?? this.lastEpoch + 1
    if (this.#isBetter(current)) {
      this.best = current
      this.numBadEpochs = 0
    } else this.numBadEpochs++
    if (this.inCooldown) {
      this.cooldownCounter--
      this.numBadEpochs = 0
    }
    if (this.numBadEpochs > this.patience) {
      this.#reduce()
      this.cooldownCounter = this.cooldown
      this.numBadEpochs = 0
    }
    this._lastLr = lrsOf(this.optimizer)
  }

  #reduce(): void {
    const groups = groupsOf(this.optimizer)
    if (groups.length !== this.minLrs.length) {
      if (this.defaultMinLr === null) {
        throw new InvalidArgValueError(
          `The number of param groups in the \`optimizer\` (${groups.length}) differs from when \`ReduceLROnPlateau\` was initialized (${this.minLrs.length}), usually due to a new param group being added to the optimizer. Please modify the \`minLrs\` field to match the length of the \`optimizer\` param groups.`,
        )
      }
      this.minLrs = new Array<number>(groups.length).fill(this.defaultMinLr)
    }
    for (const [i, group] of groups.entries()) {
      const lr = Math.max(group.lr * this.factor, this.minLrs[i]!)
      if (group.lr - lr > this.eps) group.lr = lr
    }
  }

  #isBetter(value: number): boolean {
    const { mode, thresholdMode, threshold, best } = this
    if (mode === 'min') return value < (thresholdMode === 'rel' ? best * (1 - threshold) : best - threshold)
    return value > (thresholdMode === 'rel' ? best * (threshold + 1) : best + threshold)
  }
}
