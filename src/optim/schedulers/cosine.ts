import { InvalidArgValueError } from '../../core/errors'
import { is } from '../../core/options'
import { cosine, logarithm, power } from '../libc'
import { readArguments } from './arguments'
import { type AnyOptimizer, LRScheduler } from './scheduler'

type Rest = readonly (number | object | undefined)[]

/** The options of `CosineAnnealingLR`. */
export interface CosineAnnealingLROptions {
  /** Epochs from the highest rate to the lowest, at least 1. */
  TMax: number
  /** The lowest rate (default 0). */
  etaMin?: number
  /** The last epoch of the run that goes on (default -1: none). */
  lastEpoch?: number
}

/**
 * Half a cosine down, over `TMax` epochs, and up again: `etaMin + (lr - etaMin) (1 + cos(pi epoch / TMax)) / 2`, each
 * rate from the one before, as in Python.
 *
 * @example
 * const scheduler = new optim.lrScheduler.CosineAnnealingLR(optimizer, { TMax: 100 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html
 */
export class CosineAnnealingLR extends LRScheduler {
  declare TMax: number
  declare etaMin: number

  constructor(optimizer: AnyOptimizer, options: CosineAnnealingLROptions)
  constructor(optimizer: AnyOptimizer, TMax: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const table = { TMax: [is.positive], etaMin: [is.number, 0] } as const
    const o = readArguments<CosineAnnealingLROptions>('CosineAnnealingLR', args, table)
    super(o.optimizer)
    Object.assign(this, { TMax: o.TMax, etaMin: o.etaMin })
    this.begin(o.lastEpoch)
  }

  getLr(): number[] {
    this.warnOutsideStep()
    const { TMax, etaMin, lastEpoch: epoch, baseLrs } = this
    if (this._isInitial) return this.groups.map(({ lr }) => lr)
    if (this._stepCount === 1 && epoch > 0) {
      return baseLrs.map(base => etaMin + ((base - etaMin) * (1 + cosine((epoch * Math.PI) / TMax))) / 2)
    }
    if ((epoch - 1 - TMax) % (2 * TMax) === 0) {
      const turn = 1 - cosine(Math.PI / TMax)
      return this.groups.map(({ lr }, i) => lr + ((baseLrs[i]! - etaMin) * turn) / 2)
    }
    const ratio = (1 + cosine((Math.PI * epoch) / TMax)) / (1 + cosine((Math.PI * (epoch - 1)) / TMax))
    return this.groups.map(({ lr }) => ratio * (lr - etaMin) + etaMin)
  }

  protected override closedFormLr(): number[] {
    const { TMax, etaMin, lastEpoch: epoch } = this
    return this.baseLrs.map(base => etaMin + ((base - etaMin) * (1 + cosine((Math.PI * epoch) / TMax))) / 2)
  }
}

/** The options of `CosineAnnealingWarmRestarts`. */
export interface CosineAnnealingWarmRestartsOptions {
  /** Epochs until the first restart, at least 1. */
  T0: number
  /** How much longer each cycle is than the one before, an integer of at least 1 (default 1). */
  TMult?: number
  /** The lowest rate (default 0). */
  etaMin?: number
  /** The last epoch of the run that goes on (default -1: none). */
  lastEpoch?: number
}

/**
 * Half a cosine down, again and again: `etaMin + (lr - etaMin) (1 + cos(pi Tcur / Ti)) / 2`. `step(epoch)` may have a
 * fraction, for steps inside an epoch.
 *
 * @example
 * const scheduler = new optim.lrScheduler.CosineAnnealingWarmRestarts(optimizer, { T0: 10, TMult: 2 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  declare T0: number
  declare TI: number
  declare TMult: number
  declare etaMin: number
  declare TCur: number

  constructor(optimizer: AnyOptimizer, options: CosineAnnealingWarmRestartsOptions)
  constructor(optimizer: AnyOptimizer, T0: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const o = readArguments<Required<CosineAnnealingWarmRestartsOptions>>('CosineAnnealingWarmRestarts', args, {
      T0: [is.number],
      TMult: [is.number, 1],
      etaMin: [is.number, 0],
    })
    if (!(Number.isInteger(o.T0) && o.T0 > 0)) {
      throw new InvalidArgValueError(`Expected positive integer T_0, but got ${o.T0}`)
    }
    if (!(Number.isInteger(o.TMult) && o.TMult >= 1)) {
      throw new InvalidArgValueError(`Expected integer T_mult >= 1, but got ${o.TMult}`)
    }
    super(o.optimizer)
    Object.assign(this, { T0: o.T0, TI: o.T0, TMult: o.TMult, etaMin: o.etaMin, TCur: o.lastEpoch })
    this.begin(o.lastEpoch)
  }

  getLr(): number[] {
    this.warnOutsideStep()
    const { TCur, TI, etaMin } = this
    return this.baseLrs.map(base => etaMin + ((base - etaMin) * (1 + cosine((Math.PI * TCur) / TI))) / 2)
  }

  override step(given?: number): void {
    let epoch = given ?? (this.lastEpoch < 0 ? 0 : undefined)
    if (epoch === undefined) {
      epoch = this.lastEpoch + 1
      this.TCur++
      if (this.TCur >= this.TI) {
        this.TCur %= this.TI
        this.TI *= this.TMult
      }
    } else {
      if (!(epoch >= 0)) throw new InvalidArgValueError(`Expected non-negative epoch, but got ${epoch}`)
      this.#jump(epoch)
    }
    this.lastEpoch = Math.floor(epoch)
    this.setLrs(this.inStep(() => this.getLr()))
  }

  #jump(epoch: number): void {
    const { T0, TMult } = this
    if (epoch < T0) Object.assign(this, { TI: T0, TCur: epoch })
    else if (TMult === 1) this.TCur = epoch % T0
    else {
      const n = Math.trunc(logarithm((epoch / T0) * (TMult - 1) + 1, TMult))
      this.TCur = epoch - (T0 * (power(TMult, n) - 1)) / (TMult - 1)
      this.TI = T0 * power(TMult, n)
    }
  }
}
