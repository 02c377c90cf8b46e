import { InvalidArgValueError } from '../../core/errors'
import { is } from '../../core/options'
import { cosine } from '../libc'
import { numbers, orNull, perGroup, readArguments } from './arguments'
import { momentaOf, setMomentum } from './momenta'
import { type AnyOptimizer, groupsOf, LRScheduler } from './scheduler'

type Rest = readonly (number | string | boolean | object | null | undefined)[]

/** The options of `OneCycleLR`. */
export interface OneCycleLROptions {
  /** The highest rate, or one for each group. */
  maxLr: number | readonly number[]
  /** How many steps the cycle has; else `epochs` and `stepsPerEpoch` say so. */
  totalSteps?: number | null
  /** Epochs of the training. */
  epochs?: number | null
  /** Batches of an epoch. */
  stepsPerEpoch?: number | null
  /** The part of the cycle in which the rate rises, in [0, 1] (default 0.3). */
  pctStart?: number
  /** The form of rise and fall (default 'cos'). */
  annealStrategy?: 'cos' | 'linear'
  /** Whether momentum, or the first beta, goes the other way (default true). */
  cycleMomentum?: boolean
  /** The lowest momentum, or one for each group (default 0.85). */
  baseMomentum?: number | readonly number[]
  /** The highest momentum, or one for each group (default 0.95). */
  maxMomentum?: number | readonly number[]
  /** The first rate is `maxLr / divFactor` (default 25). */
  divFactor?: number
  /** The last rate is the first over this (default 10000). */
  finalDivFactor?: number
  /** Fall to the first rate and then to the last, instead of at once (default false). */
  threePhase?: boolean
  /** The last step of the run that goes on (default -1: none). */
  lastEpoch?: number
}

/** As Python keeps it, and with Python's names for what a group notes down. */
interface Phase {
  end_step: number
  start_lr: string
  end_lr: string
  start_momentum: string
  end_momentum: string
}

const RISE = { start_lr: 'initial_lr', end_lr: 'max_lr', start_momentum: 'max_momentum', end_momentum: 'base_momentum' }
const FALL = { start_lr: 'max_lr', end_lr: 'min_lr', start_momentum: 'base_momentum', end_momentum: 'max_momentum' }
const BACK = { ...FALL, end_lr: 'initial_lr' }
const OUT = { start_lr: 'initial_lr', end_lr: 'min_lr', start_momentum: 'max_momentum', end_momentum: 'max_momentum' }

const NOTES: Readonly<Record<string, string>> = {
  initial_lr: 'initialLr',
  max_lr: 'maxLr',
  min_lr: 'minLr',
  max_momentum: 'maxMomentum',
  base_momentum: 'baseMomentum',
}

function totalStepsOf({ totalSteps, epochs, stepsPerEpoch }: OneCycleLROptions): number {
  const positive = (name: string, value: number) => {
    if (Number.isSafeInteger(value) && value > 0) return value
    throw new InvalidArgValueError(`Expected positive integer ${name}, but got ${value}`)
  }
  if (totalSteps != null) return positive('total_steps', totalSteps)
  if (epochs != null && stepsPerEpoch != null) {
    return positive('epochs', epochs) * positive('steps_per_epoch', stepsPerEpoch)
  }
  throw new InvalidArgValueError('You must define either total_steps OR (epochs AND steps_per_epoch)')
}

/**
 * The rate rises to `maxLr` and falls to nearly nothing, once; `step` comes after each batch, and one more than
 * `totalSteps` is `ERR_INVALID_ARG_VALUE`.
 *
 * @example
 * const scheduler = new optim.lrScheduler.OneCycleLR(optimizer, { maxLr: 0.1, epochs: 10, stepsPerEpoch: 100 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html
 */
export class OneCycleLR extends LRScheduler {
  declare totalSteps: number
  declare cycleMomentum: boolean
  declare protected _schedulePhases: Phase[]
  declare protected _annealFuncType: string

  constructor(optimizer: AnyOptimizer, options: OneCycleLROptions)
  constructor(optimizer: AnyOptimizer, maxLr: number | readonly number[], ...rest: Rest)
  constructor(...args: unknown[]) {
    const o = readArguments<Required<OneCycleLROptions>>('OneCycleLR', args, {
      maxLr: [numbers],
      totalSteps: [orNull(is.number), null],
      epochs: [orNull(is.number), null],
      stepsPerEpoch: [orNull(is.number), null],
      pctStart: [is.number, 0.3],
      annealStrategy: [is.string, 'cos'],
      cycleMomentum: [is.boolean, true],
      baseMomentum: [numbers, 0.85],
      maxMomentum: [numbers, 0.95],
      divFactor: [is.number, 25],
      finalDivFactor: [is.number, 1e4],
      threePhase: [is.boolean, false],
    })
    super(o.optimizer)
    const { pctStart, annealStrategy, cycleMomentum, lastEpoch } = o
    const totalSteps = totalStepsOf(o)
    const rise = { end_step: pctStart * totalSteps - 1, ...RISE }
    const phases: Phase[] = o.threePhase
      ? [rise, { end_step: 2 * pctStart * totalSteps - 2, ...BACK }, { end_step: totalSteps - 1, ...OUT }]
      : [rise, { end_step: totalSteps - 1, ...FALL }]
    if (!(pctStart >= 0 && pctStart <= 1)) {
      throw new InvalidArgValueError(`Expected float between 0 and 1 pct_start, but got ${pctStart}`)
    }
    if (annealStrategy !== 'cos' && annealStrategy !== 'linear') {
      throw new InvalidArgValueError(
        `anneal_strategy must be one of 'cos' or 'linear', instead got ${annealStrategy as string}`,
      )
    }
    const maxLrs = perGroup('max_lr', o.optimizer, o.maxLr)
    for (const [i, group] of groupsOf(o.optimizer).entries()) {
      if (lastEpoch !== -1) break
      const maxLr = maxLrs[i]!
      const initialLr = maxLr / o.divFactor
      Object.assign(group, { initialLr, maxLr, minLr: initialLr / o.finalDivFactor })
    }
    Object.assign(this, { totalSteps, _schedulePhases: phases, _annealFuncType: annealStrategy, cycleMomentum })
    if (cycleMomentum) {
      const { useBeta1 } = momentaOf(o.optimizer, o.baseMomentum, o.maxMomentum, lastEpoch)
      Object.assign(this, { useBeta1 })
    }
    this.begin(lastEpoch)
  }

  #anneal(start: number, end: number, share: number): number {
    if (this._annealFuncType === 'linear') return (end - start) * share + start
    return end + ((start - end) / 2) * (cosine(Math.PI * share) + 1)
  }

  getLr(): number[] {
    this.warnOutsideStep()
    const step = this.lastEpoch
    if (step > this.totalSteps) {
      throw new InvalidArgValueError(
        `Tried to step ${step} times. The specified number of total steps is ${this.totalSteps}`,
      )
    }
    const last = this._schedulePhases.length - 1
    const at = this._schedulePhases.findIndex((phase, i) => step <= phase.end_step || i === last)
    const phase = this._schedulePhases[at]!
    const begin = at === 0 ? 0 : this._schedulePhases[at - 1]!.end_step
    const share = (step - begin) / (phase.end_step - begin)
    return this.groups.map(group => {
      const noted = (name: string) => group[NOTES[name]!] as number
      const lr = this.#anneal(noted(phase.start_lr), noted(phase.end_lr), share)
      if (this.cycleMomentum) {
        setMomentum(group, this.#anneal(noted(phase.start_momentum), noted(phase.end_momentum), share))
      }
      return lr
    })
  }
}
