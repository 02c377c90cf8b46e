import { describe, InvalidArgTypeError, InvalidArgValueError, StateDictError } from '../../core/errors'
import { check, mergeArguments } from '../../core/options'
import { ReduceLROnPlateau } from './plateau'
import { type AnyOptimizer, checkOptimizer, groupsOf, LRScheduler, lrsOf, type SchedulerStateDict } from './scheduler'

function checkSchedulers(
  what: string,
  schedulers: readonly LRScheduler[],
  given: AnyOptimizer | undefined,
  none: string,
): AnyOptimizer {
  if (schedulers.length < 1) throw new InvalidArgValueError(`${what} expects at least one scheduler ${none}`)
  for (const [i, scheduler] of schedulers.entries()) {
    if (!(scheduler instanceof LRScheduler)) {
      throw new InvalidArgTypeError(`${what} at index ${i} should be a scheduler, got ${describe(scheduler)}`)
    }
    if (scheduler instanceof ReduceLROnPlateau) {
      throw new InvalidArgValueError(
        `${what} does not support \`ReduceLROnPlateau\` scheduler as it requires additional kwargs to be specified when calling \`step\`, but got one at index ${i} in the given schedulers sequence.`,
      )
    }
    if (scheduler.optimizer !== (given ?? schedulers[0]!.optimizer)) {
      throw new InvalidArgValueError(
        `${what} expects all schedulers to belong to the same optimizer, but got scheduler ${scheduler.constructor.name} at index ${i}, which has a different one.`,
      )
    }
  }
  return given ?? schedulers[0]!.optimizer
}

const list = (what: string) =>
  [`an array of ${what}`, (value: unknown) => Array.isArray(value)] as const satisfies Parameters<typeof check>[3]

/** Schedulers that make up one. */
abstract class Composed extends LRScheduler {
  readonly #schedulers: readonly LRScheduler[]

  protected constructor(optimizer: AnyOptimizer, schedulers: readonly LRScheduler[]) {
    super(optimizer)
    this.#schedulers = [...schedulers]
  }

  /** The parts, in order. */
  get schedulers(): readonly LRScheduler[] {
    return this.#schedulers
  }

  getLr(): number[] {
    return lrsOf(this.optimizer)
  }

  override stateDict(): SchedulerStateDict {
    return { ...super.stateDict(), _schedulers: this.#schedulers.map(scheduler => scheduler.stateDict()) }
  }

  override loadStateDict(stateDict: SchedulerStateDict): void {
    const parts = stateDict?._schedulers
    if (!Array.isArray(parts) || parts.length !== this.#schedulers.length) {
      throw new StateDictError(`the state of ${this.constructor.name} has ${this.#schedulers.length} _schedulers`)
    }
    const before = this.stateDict()
    try {
      super.loadStateDict(stateDict)
      for (const [i, scheduler] of this.#schedulers.entries()) scheduler.loadStateDict(parts[i])
    } catch (error) {
      super.loadStateDict(before)
      const own = before._schedulers as SchedulerStateDict[]
      for (const [i, scheduler] of this.#schedulers.entries()) scheduler.loadStateDict(own[i]!)
      throw error
    }
  }
}

/** The options of `SequentialLR`. */
export interface SequentialLROptions {
  /** The schedulers in order, all of the one optimizer. */
  schedulers: readonly LRScheduler[]
  /** The epochs in which each but the first begins. */
  milestones: readonly number[]
  /** The last epoch of the run that goes on (default -1: none). */
  lastEpoch?: number
}

/**
 * One scheduler after another: a warm-up, then a decay.
 *
 * @example
 * const warmup = new optim.lrScheduler.LinearLR(optimizer, { startFactor: 0.1, totalIters: 5 })
 * const decay = new optim.lrScheduler.CosineAnnealingLR(optimizer, { TMax: 45 })
 * const scheduler = new optim.lrScheduler.SequentialLR(optimizer, { schedulers: [warmup, decay], milestones: [5] })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html
 */
export class SequentialLR extends Composed {
  declare protected _milestones: number[]

  constructor(optimizer: AnyOptimizer, options: SequentialLROptions)
  constructor(
    optimizer: AnyOptimizer,
    schedulers: readonly LRScheduler[],
    milestones: readonly number[],
    lastEpoch?: number,
  )
  constructor(...args: unknown[]) {
    const names = ['optimizer', 'schedulers', 'milestones', 'lastEpoch']
    const { optimizer, schedulers, milestones, lastEpoch = -1 } = mergeArguments('SequentialLR', names, args, 3)
    check('SequentialLR', 'schedulers', schedulers, list('schedulers'))
    check('SequentialLR', 'milestones', milestones, list('numbers'))
    const parts = schedulers as LRScheduler[]
    const given = checkOptimizer('SequentialLR', optimizer)
    checkSchedulers('SequentialLR', parts, given, ', but got no scheduler.')
    const places = milestones as number[]
    if (places.length !== parts.length - 1) {
      throw new InvalidArgValueError(
        `Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, but got number of schedulers ${parts.length} and the number of milestones to be equal to ${places.length}`,
      )
    }
    super(given, parts)
    this._milestones = [...places]
    this.lastEpoch = (lastEpoch as number) + 1
    // Each part has set its first rates when it was made: back to the beginning, and only the first one's count
    for (const group of groupsOf(given)) group.lr = group.initialLr
    undo(this)
    const first = parts[this.#at(0)]!
    first.initialStep()
    this._lastLr = [...first.getLastLr()]
  }

  /** The part that an epoch falls to. */
  #at(epoch: number): number {
    return this._milestones.filter(milestone => milestone <= epoch).length
  }

  override step(): void {
    this.lastEpoch++
    const at = this.#at(this.lastEpoch)
    const scheduler = this.schedulers[at]!
    if (at > 0 && this._milestones[at - 1] === this.lastEpoch) scheduler.update(0)
    else scheduler.step()
    this._lastLr = [...scheduler.getLastLr()]
  }
}

function undo(scheduler: LRScheduler): void {
  if (scheduler instanceof Composed) for (const part of scheduler.schedulers) undo(part)
  else scheduler.lastEpoch--
}

/**
 * All schedulers in each step, one on top of the other.
 *
 * @example
 * const warmup = new optim.lrScheduler.ConstantLR(optimizer, { factor: 0.1, totalIters: 2 })
 * const decay = new optim.lrScheduler.ExponentialLR(optimizer, { gamma: 0.9 })
 * const scheduler = new optim.lrScheduler.ChainedScheduler([warmup, decay])
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html
 */
export class ChainedScheduler extends Composed {
  constructor(schedulers: readonly LRScheduler[], optimizer?: AnyOptimizer | { optimizer?: AnyOptimizer }) {
    const merged = mergeArguments('ChainedScheduler', ['schedulers', 'optimizer'], [schedulers, optimizer], 1)
    check('ChainedScheduler', 'schedulers', merged.schedulers, list('schedulers'))
    const given = merged.optimizer == null ? undefined : checkOptimizer('ChainedScheduler', merged.optimizer)
    super(checkSchedulers('ChainedScheduler', schedulers, given, 'to be chained, but got no scheduler.'), schedulers)
    this._lastLr = lrsOf(this.optimizer)
  }

  override step(): void {
    for (const scheduler of this.schedulers) scheduler.step()
    this._lastLr = lrsOf(this.optimizer)
  }
}
