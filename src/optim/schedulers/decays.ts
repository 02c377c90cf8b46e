import { InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import { is } from '../../core/options'
import { power } from '../libc'
import { readArguments } from './arguments'
import { type AnyOptimizer, LRScheduler } from './scheduler'

type Rest = readonly (number | object | undefined)[]

/** The options of `StepLR`. */
export interface StepLROptions {
  /** Epochs from one fall to the next, at least 1. */
  stepSize: number
  /** What the rate is multiplied by (default 0.1). */
  gamma?: number
  /** The last epoch of the run that goes on (default -1: none). */
  lastEpoch?: number
}

/**
 * Multiplies the rate by `gamma` every `stepSize` epochs.
 *
 * @example
 * const scheduler = new optim.lrScheduler.StepLR(optimizer, { stepSize: 30, gamma: 0.1 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html
 */
export class StepLR extends LRScheduler {
  declare stepSize: number
  declare gamma: number

  constructor(optimizer: AnyOptimizer, options: StepLROptions)
  constructor(optimizer: AnyOptimizer, stepSize: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const o = readArguments<StepLROptions>('StepLR', args, { stepSize: [is.positive], gamma: [is.number, 0.1] })
    super(o.optimizer)
    Object.assign(this, { stepSize: o.stepSize, gamma: o.gamma })
    this.begin(o.lastEpoch)
  }

  getLr(): number[] {
    this.warnOutsideStep()
    const falls = this.lastEpoch !== 0 && this.lastEpoch % this.stepSize === 0
    return this.groups.map(({ lr }) => (falls ? lr * this.gamma : lr))
  }

  protected override closedFormLr(): number[] {
    const falls = Math.floor(this.lastEpoch / this.stepSize)
    return this.baseLrs.map(lr => lr * power(this.gamma, falls))
  }
}

/** The options of `MultiStepLR`. */
export interface MultiStepLROptions {
  /** The epochs in which the rate falls; one that comes twice falls twice. */
  milestones: Iterable<number>
  /** What the rate is multiplied by (default 0.1). */
  gamma?: number
  /** The last epoch of the run that goes on (default -1: none). */
  lastEpoch?: number
}

/**
 * Multiplies the rate by `gamma` in each of `milestones`.
 *
 * @example
 * const scheduler = new optim.lrScheduler.MultiStepLR(optimizer, { milestones: [30, 80] })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html
 */
export class MultiStepLR extends LRScheduler {
  /** How often each milestone comes. */
  declare milestones: Record<number, number>
  declare gamma: number

  constructor(optimizer: AnyOptimizer, options: MultiStepLROptions)
  constructor(optimizer: AnyOptimizer, milestones: Iterable<number>, ...rest: Rest)
  constructor(...args: unknown[]) {
    const o = readArguments<MultiStepLROptions>('MultiStepLR', args, {
      milestones: [['an iterable of integers', value => typeof Object(value)[Symbol.iterator] === 'function']],
      gamma: [is.number, 0.1],
    })
    super(o.optimizer)
    const milestones: Record<number, number> = {}
    for (const milestone of o.milestones) {
      if (!Number.isSafeInteger(milestone)) throw new InvalidArgTypeError("MultiStepLR: 'milestones' must be integers")
      milestones[milestone] = (milestones[milestone] ?? 0) + 1
    }
    Object.assign(this, { milestones, gamma: o.gamma })
    this.begin(o.lastEpoch)
  }

  getLr(): number[] {
    this.warnOutsideStep()
    const falls = this.milestones[this.lastEpoch]
    return this.groups.map(({ lr }) => (falls === undefined ? lr : lr * power(this.gamma, falls)))
  }

  protected override closedFormLr(): number[] {
    let falls = 0
    for (const [milestone, times] of Object.entries(this.milestones)) {
      if (Number(milestone) <= this.lastEpoch) falls += times
    }
    return this.baseLrs.map(lr => lr * power(this.gamma, falls))
  }
}

/** The options of `ConstantLR`. */
export interface ConstantLROptions {
  /** What the rate is multiplied by at first, in [0, 1] (default 1/3). */
  factor?: number
  /** How many epochs (default 5). */
  totalIters?: number
  /** The last epoch of the run that goes on (default -1: none). */
  lastEpoch?: number
}

/**
 * The rate times `factor` for `totalIters` epochs, then the whole.
 *
 * @example
 * const scheduler = new optim.lrScheduler.ConstantLR(optimizer, { factor: 0.5, totalIters: 4 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html
 */
export class ConstantLR extends LRScheduler {
  declare factor: number
  declare totalIters: number

  constructor(optimizer: AnyOptimizer, options?: ConstantLROptions)
  constructor(optimizer: AnyOptimizer, factor: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const table = { factor: [is.number, 1 / 3], totalIters: [is.integer, 5] } as const
    const o = readArguments<Required<ConstantLROptions>>('ConstantLR', args, table)
    if (!(o.factor <= 1 && o.factor >= 0)) {
      throw new InvalidArgValueError('Constant multiplicative factor expected to be between 0 and 1.')
    }
    super(o.optimizer)
    Object.assign(this, { factor: o.factor, totalIters: o.totalIters })
    this.begin(o.lastEpoch)
  }

  getLr(): number[] {
    this.warnOutsideStep()
    if (this.lastEpoch === 0) return this.groups.map(({ lr }) => lr * this.factor)
    return this.groups.map(({ lr }) => (this.lastEpoch === this.totalIters ? lr * (1 / this.factor) : lr))
  }

  protected override closedFormLr(): number[] {
    const whole = this.lastEpoch >= this.totalIters ? 1 : 0
    return this.baseLrs.map(lr => lr * (this.factor + whole * (1 - this.factor)))
  }
}

/** The options of `LinearLR`. */
export interface LinearLROptions {
  /** What the rate is multiplied by at first, in (0, 1] (default 1/3). */
  startFactor?: number
  /** What it is multiplied by in the end, in [0, 1] (default 1). */
  endFactor?: number
  /** How many epochs from the one to the other (default 5). */
  totalIters?: number
  /** The last epoch of the run that goes on (default -1: none). */
  lastEpoch?: number
}

/**
 * A straight line from `startFactor` to `endFactor` times the rate, over `totalIters` epochs: a warm-up.
 *
 * @example
 * const scheduler = new optim.lrScheduler.LinearLR(optimizer, { startFactor: 0.1, totalIters: 10 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html
 */
export class LinearLR extends LRScheduler {
  declare startFactor: number
  declare endFactor: number
  declare totalIters: number

  constructor(optimizer: AnyOptimizer, options?: LinearLROptions)
  constructor(optimizer: AnyOptimizer, startFactor: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const o = readArguments<Required<LinearLROptions>>('LinearLR', args, {
      startFactor: [is.number, 1 / 3],
      endFactor: [is.number, 1],
      totalIters: [is.integer, 5],
    })
    if (!(o.startFactor <= 1 && o.startFactor > 0)) {
      throw new InvalidArgValueError(
        'Starting multiplicative factor expected to be greater than 0 and less or equal to 1.',
      )
    }
    if (!(o.endFactor <= 1 && o.endFactor >= 0)) {
      throw new InvalidArgValueError('Ending multiplicative factor expected to be between 0 and 1.')
    }
    super(o.optimizer)
    Object.assign(this, { startFactor: o.startFactor, endFactor: o.endFactor, totalIters: o.totalIters })
    this.begin(o.lastEpoch)
  }

  getLr(): number[] {
    this.warnOutsideStep()
    const { startFactor: start, endFactor: end, totalIters: total, lastEpoch: epoch } = this
    if (epoch === 0) return this.groups.map(({ lr }) => lr * start)
    if (this._isInitial || epoch > total) return this.groups.map(({ lr }) => lr)
    return this.groups.map(({ lr }) => lr * (1 + (end - start) / (total * start + (epoch - 1) * (end - start))))
  }

  protected override closedFormLr(): number[] {
    const { startFactor: start, endFactor: end, totalIters: total, lastEpoch: epoch } = this
    return this.baseLrs.map(lr => lr * (start + ((end - start) * Math.min(total, epoch)) / total))
  }
}

/** The options of `ExponentialLR`. */
export interface ExponentialLROptions {
  /** What the rate is multiplied by in each epoch. */
  gamma: number
  /** The last epoch of the run that goes on (default -1: none). */
  lastEpoch?: number
}

/**
 * Multiplies the rate by `gamma` every epoch.
 *
 * @example
 * const scheduler = new optim.lrScheduler.ExponentialLR(optimizer, { gamma: 0.95 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html
 */
export class ExponentialLR extends LRScheduler {
  declare gamma: number

  constructor(optimizer: AnyOptimizer, options: ExponentialLROptions)
  constructor(optimizer: AnyOptimizer, gamma: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const o = readArguments<ExponentialLROptions>('ExponentialLR', args, { gamma: [is.number] })
    super(o.optimizer)
    this.gamma = o.gamma
    this.begin(o.lastEpoch)
  }

  getLr(): number[] {
    this.warnOutsideStep()
    return this.groups.map(({ lr }) => (this._isInitial ? lr : lr * this.gamma))
  }

  protected override closedFormLr(): number[] {
    return this.baseLrs.map(lr => lr * power(this.gamma, this.lastEpoch))
  }
}

/** The options of `PolynomialLR`. */
export interface PolynomialLROptions {
  /** How many epochs until the rate is 0, at least 1 (default 5). */
  totalIters?: number
  /** The power (default 1). */
  power?: number
  /** The last epoch of the run that goes on (default -1: none). */
  lastEpoch?: number
}

/**
 * `lr (1 - epoch / totalIters)^power`.
 *
 * @example
 * const scheduler = new optim.lrScheduler.PolynomialLR(optimizer, { totalIters: 50, power: 2 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html
 */
export class PolynomialLR extends LRScheduler {
  declare totalIters: number
  declare power: number

  constructor(optimizer: AnyOptimizer, options?: PolynomialLROptions)
  constructor(optimizer: AnyOptimizer, totalIters: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const table = { totalIters: [is.positive, 5], power: [is.number, 1] } as const
    const o = readArguments<Required<PolynomialLROptions>>('PolynomialLR', args, table)
    super(o.optimizer)
    Object.assign(this, { totalIters: o.totalIters, power: o.power })
    this.begin(o.lastEpoch)
  }

  getLr(): number[] {
    this.warnOutsideStep()
    const { totalIters: total, lastEpoch: epoch } = this
    if (this._isInitial || epoch > total) return this.groups.map(({ lr }) => lr)
    const factor = power((1 - epoch / total) / (1 - (epoch - 1) / total), this.power)
    return this.groups.map(({ lr }) => lr * factor)
  }

  protected override closedFormLr(): number[] {
    const { totalIters: total, lastEpoch: epoch } = this
    return this.baseLrs.map(lr => lr * power(1 - Math.min(total, epoch) / total, this.power))
  }
}
