import { InvalidArgValueError } from '../../core/errors'
import { is } from '../../core/options'
import { cosine } from '../libc'
import { numbers, perGroup, readArguments } from './arguments'
import { type AnyOptimizer, LRScheduler } from './scheduler'

type Rest = readonly (number | string | object | undefined)[]

/** The options of `SWALR`. */
export interface SWALROptions {
  /** The rate to come to, or one for each group. */
  swaLr: number | readonly number[]
  /** How many epochs until then (default 10). */
  annealEpochs?: number
  /** The form of the way (default 'cos'). */
  annealStrategy?: 'cos' | 'linear'
  /** The last epoch of the run that goes on (default -1: none). */
  lastEpoch?: number
}

/**
 * From the rate that the groups have to a constant one, at which weights are averaged.
 *
 * @example
 * const scheduler = new optim.swaUtils.SWALR(optimizer, { swaLr: 0.05 })
 * @see https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema
 */
export class SWALR extends LRScheduler {
  declare annealEpochs: number
  declare protected _annealStrategy: string

  constructor(optimizer: AnyOptimizer, options: SWALROptions)
  constructor(optimizer: AnyOptimizer, swaLr: number | readonly number[], ...rest: Rest)
  constructor(...args: unknown[]) {
    const o = readArguments<Required<SWALROptions>>('SWALR', args, {
      swaLr: [numbers],
      annealEpochs: [is.number, 10],
      annealStrategy: [is.string, 'cos'],
    })
    super(o.optimizer)
    const { annealEpochs, annealStrategy } = o
    const swaLrs = perGroup('swa_lr', o.optimizer, o.swaLr)
    if (annealStrategy !== 'cos' && annealStrategy !== 'linear') {
      throw new InvalidArgValueError(
        `anneal_strategy must be one of 'cos' or 'linear', instead got ${annealStrategy as string}`,
      )
    }
    if (!(Number.isInteger(annealEpochs) && annealEpochs >= 0)) {
      throw new InvalidArgValueError(`anneal_epochs must be equal or greater than 0, got ${annealEpochs}`)
    }
    for (const [i, group] of this.groups.entries()) group.swaLr = swaLrs[i]
    Object.assign(this, { _annealStrategy: annealStrategy, annealEpochs })
    this.begin(o.lastEpoch)
  }

  /** How far the way is gone after `epoch` epochs, in [0, 1]. */
  #share(epoch: number): number {
    const t = Math.max(0, Math.min(1, epoch / Math.max(1, this.annealEpochs)))
    return this._annealStrategy === 'linear' ? t : (1 - cosine(Math.PI * t)) / 2
  }

  getLr(): number[] {
    this.warnOutsideStep()
    const step = this.annealEpochs === 0 ? Math.max(1, this._stepCount - 1) : this._stepCount - 1
    const before = this.#share(step - 1)
    const now = this.#share(step)
    return this.groups.map(group => {
      const swaLr = group.swaLr as number
      const initial = before === 1 ? swaLr : (group.lr - before * swaLr) / (1 - before)
      return swaLr * now + initial * (1 - now)
    })
  }
}
