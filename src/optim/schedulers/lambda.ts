import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import { readArguments } from './arguments'
import { type AnyOptimizer, LRScheduler, type SchedulerStateDict } from './scheduler'

/** A factor of an epoch. */
export type LRLambda = (epoch: number) => number

/** The options of `LambdaLR` and `MultiplicativeLR`. */
export interface LambdaLROptions {
  /** The factor of an epoch, or one function for each group. */
  lrLambda: LRLambda | readonly LRLambda[]
  /** The last epoch of the run that goes on (default -1: none). */
  lastEpoch?: number
}

abstract class Lambdas extends LRScheduler {
  readonly #lambdas: readonly LRLambda[]

  protected constructor(what: string, args: readonly unknown[]) {
    const any = ['a function or an array of functions', () => true] as const
    const { optimizer, lrLambda, lastEpoch } = readArguments<LambdaLROptions>(what, args, { lrLambda: [any] })
    super(optimizer)
    const count = optimizer.paramGroups.length
    const lambdas = Array.isArray(lrLambda) ? lrLambda : new Array(count).fill(lrLambda)
    if (lambdas.length !== count) {
      throw new InvalidArgValueError(`Expected ${count} lr_lambdas, but got ${lambdas.length}`)
    }
    for (const lambda of lambdas) {
      if (typeof lambda === 'function') continue
      throw new InvalidArgTypeError(`lr_lambda should be a function, but got ${describe(lambda)}`)
    }
    this.#lambdas = [...lambdas]
    this.begin(lastEpoch)
  }

  /** The factors of `lastEpoch`, by group. */
  protected factors(): number[] {
    return this.#lambdas.map(lambda => lambda(this.lastEpoch))
  }

  /** Functions are no state, as in Python. */
  override stateDict(): SchedulerStateDict {
    return { ...super.stateDict(), lr_lambdas: this.#lambdas.map(() => null) }
  }
}

/**
 * The rate that a group begins with times what a function gives for the epoch.
 *
 * @example
 * const scheduler = new optim.lrScheduler.LambdaLR(optimizer, { lrLambda: epoch => 0.95 ** epoch })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html
 */
export class LambdaLR extends Lambdas {
  constructor(optimizer: AnyOptimizer, options: LambdaLROptions)
  constructor(optimizer: AnyOptimizer, lrLambda: LRLambda | readonly LRLambda[], lastEpoch?: number)
  constructor(...args: unknown[]) {
    super('LambdaLR', args)
  }

  getLr(): number[] {
    this.warnOutsideStep()
    const factors = this.factors()
    return this.baseLrs.map((lr, i) => lr * factors[i]!)
  }
}

/**
 * The rate times what a function gives for the epoch, again and again.
 *
 * @example
 * const scheduler = new optim.lrScheduler.MultiplicativeLR(optimizer, { lrLambda: () => 0.95 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiplicativeLR.html
 */
export class MultiplicativeLR extends Lambdas {
  constructor(optimizer: AnyOptimizer, options: LambdaLROptions)
  constructor(optimizer: AnyOptimizer, lrLambda: LRLambda | readonly LRLambda[], lastEpoch?: number)
  constructor(...args: unknown[]) {
    super('MultiplicativeLR', args)
  }

  getLr(): number[] {
    this.warnOutsideStep()
    if (this._isInitial) return this.groups.map(({ lr }) => lr)
    const factors = this.factors()
    return this.groups.map(({ lr }, i) => lr * factors[i]!)
  }
}
