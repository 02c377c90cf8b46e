import { describe, InvalidArgTypeError, InvalidArgValueError, StateDictError } from '../../core/errors'
import { hasStepped, Optimizer, watchSteps } from '../optimizer'

/** An optimizer of any kind. */
export type AnyOptimizer = Optimizer<any, any>
/** A group as schedulers see it: the optimizer's options, and what schedulers note down beside them. */
export type Group = Record<string, unknown> & { lr: number; initialLr: number }
/** A scheduler's state under Python's names. */
export type SchedulerStateDict = Record<string, unknown>

export const groupsOf = (optimizer: AnyOptimizer) => optimizer.paramGroups as unknown as readonly Group[]
export const lrsOf = (optimizer: AnyOptimizer): number[] => groupsOf(optimizer).map(({ lr }) => lr)

const ORDER =
  'Detected call of `lrScheduler.step()` before `optimizer.step()`. Call them in the opposite order: `optimizer.step()` before `lrScheduler.step()`. Failure to do this will result in skipping the first value of the learning rate schedule.'
const OVERRIDDEN =
  'Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. Please, make sure to call `optimizer.step()` before `lrScheduler.step()`.'
const EPOCH =
  'The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use `scheduler.step()` to step the scheduler. During the deprecation, if epoch is given, the closed form is used instead of the new chainable form, where available.'
const LAST = 'To get the last learning rate computed by the scheduler, please use `getLastLr()`.'

export const warnOfEpoch = () => process.emitWarning(EPOCH)

// Names that the general rule does not turn round
const PYTHON: Readonly<Record<string, string>> = { TMax: 'T_max', T0: 'T_0', TMult: 'T_mult', TI: 'T_i', TCur: 'T_cur' }
const pythonName = (name: string) => PYTHON[name] ?? name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

export function checkOptimizer(what: string, value: unknown): AnyOptimizer {
  if (value instanceof Optimizer) return value
  throw new InvalidArgTypeError(`${what}: ${describe(value)} is not an Optimizer`)
}

/**
 * Base of the schedulers, as `torch.optim.lr_scheduler.LRScheduler`: sets the `lr` of every group when it is made and
 * in each `step`. A class of your own has `getLr`, and calls `begin` at the end of its constructor.
 *
 * @example
 * const scheduler = new optim.lrScheduler.StepLR(optimizer, { stepSize: 30 })
 * for (let epoch = 0; epoch < 90; epoch++) {
 *   // ... optimizer.step() ...
 *   scheduler.step()
 * }
 * @see https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate
 */
export abstract class LRScheduler {
  readonly #optimizer: AnyOptimizer
  readonly #optimizerStep: unknown
  /** The rates that the schedule begins with, by group. */
  declare baseLrs: number[]
  /** How many epochs were stepped through; 0 at first. */
  declare lastEpoch: number
  declare protected _stepCount: number
  declare protected _isInitial: boolean
  declare protected _getLrCalledWithinStep: boolean
  declare protected _lastLr: number[]

  constructor(optimizer: AnyOptimizer) {
    this.#optimizer = checkOptimizer(new.target.name, optimizer)
    watchSteps(optimizer)
    this.#optimizerStep = optimizer.step
  }

  /** The optimizer whose rates it sets. */
  get optimizer(): AnyOptimizer {
    return this.#optimizer
  }

  /** Notes down the rates that the groups have, or those of a run that goes on after `lastEpoch`, and sets the first. */
  protected begin(lastEpoch = -1): void {
    for (const [i, group] of groupsOf(this.#optimizer).entries()) {
      if (lastEpoch === -1) group.initialLr ??= group.lr
      else if (group.initialLr === undefined) {
        throw new InvalidArgValueError(
          `param 'initialLr' is not specified in paramGroups[${i}] when resuming scheduler with lastEpoch >= 0.\nThis typically happens when:\n1. You're trying to resume training from a checkpoint but haven't properly loaded the optimizer state\n2. You're using lastEpoch >= 0 for a fresh training run (not recommended)`,
        )
      }
    }
    this.baseLrs = groupsOf(this.#optimizer).map(({ initialLr }) => initialLr)
    this.lastEpoch = lastEpoch
    this.initialStep()
  }

  /** The step that sets the first rates. @internal */
  initialStep(): void {
    this._stepCount = 0
    this._isInitial = true
    try {
      this.step()
    } finally {
      this._isInitial = false
    }
  }

  /** The rates of `lastEpoch`, from those that the groups have now; asked by `step`. */
  abstract getLr(): number[]

  /** The rates of `lastEpoch` by formula, where there is one. */
  protected closedFormLr?(): number[]

  /** The rates that the last `step` set, by group. */
  getLastLr(): readonly number[] {
    return this._lastLr
  }

  /** The next epoch; call it after `optimizer.step()`. A given `epoch` is jumped to, which Python deprecates. */
  step(epoch?: number): void {
    if (this._stepCount === 1) {
      if (this.#optimizer.step !== this.#optimizerStep) process.emitWarning(OVERRIDDEN)
      else if (!hasStepped(this.#optimizer)) process.emitWarning(ORDER)
    }
    this._stepCount++
    if (epoch !== undefined) warnOfEpoch()
    this.update(epoch)
  }

  /** `step` without its warnings. @internal */
  update(epoch?: number): void {
    this.lastEpoch = epoch ?? this.lastEpoch + 1
    this.setLrs(this.inStep(() => (epoch !== undefined && this.closedFormLr ? this.closedFormLr() : this.getLr())))
  }

  /** `getLr` may be called inside without a warning. */
  protected inStep<T>(work: () => T): T {
    this._getLrCalledWithinStep = true
    try {
      return work()
    } finally {
      this._getLrCalledWithinStep = false
    }
  }

  protected setLrs(lrs: readonly number[]): void {
    for (const [i, group] of groupsOf(this.#optimizer).entries()) {
      const lr = lrs[i]
      if (typeof lr !== 'number' || lrs.length !== this.#optimizer.paramGroups.length) {
        throw new InvalidArgValueError(
          `${this.constructor.name} has ${lrs.length} learning rates for ${this.#optimizer.paramGroups.length} parameter groups`,
        )
      }
      group.lr = lr
    }
    this._lastLr = lrsOf(this.#optimizer)
  }

  /** Warns where `getLr` is called by hand: it is the rule from one epoch to the next. */
  protected warnOutsideStep(): void {
    if (!this._getLrCalledWithinStep) process.emitWarning(LAST)
  }

  /** The groups, for rules that go on from the rates they have. */
  protected get groups(): readonly Group[] {
    return groupsOf(this.#optimizer)
  }

  /** All that the schedule has come to, as Python keeps it: `{ step_size, gamma, base_lrs, last_epoch, ... }`. */
  stateDict(): SchedulerStateDict {
    return Object.fromEntries(Object.entries(this).map(([name, value]) => [pythonName(name), structuredClone(value)]))
  }

  /** Takes over a state dict of a scheduler of this kind, Python's included; one that lacks something is `ERR_STATE_DICT`. */
  loadStateDict(stateDict: SchedulerStateDict): void {
    if (typeof stateDict !== 'object' || stateDict === null) {
      throw new InvalidArgTypeError(`a scheduler's state dict is an object, got ${describe(stateDict)}`)
    }
    const values = Object.entries(this).map(([name, own]) => {
      const given = stateDict[pythonName(name)]
      const fits =
        own === null || given === null || (typeof given === typeof own && Array.isArray(given) === Array.isArray(own))
      if (given === undefined || !fits) {
        throw new StateDictError(
          `the state of ${this.constructor.name} has '${pythonName(name)}' as ${describe(own)}, got ${describe(given)}`,
        )
      }
      return [name, structuredClone(given)]
    })
    Object.assign(this, Object.fromEntries(values))
  }
}
