import { InvalidArgValueError } from '../../core/errors'
import { is } from '../../core/options'
import { power } from '../libc'
import { numbers, orNull, perGroup, readArguments } from './arguments'
import { momentaOf, setMomentum } from './momenta'
import { type AnyOptimizer, groupsOf, LRScheduler, type SchedulerStateDict } from './scheduler'

type Rest = readonly (number | string | boolean | object | null | undefined)[]

/** The options of `CyclicLR`. */
export interface CyclicLROptions {
  /** The lowest rate, or one for each group. */
  baseLr: number | readonly number[]
  /** The highest rate, or one for each group. */
  maxLr: number | readonly number[]
  /** Steps from the lowest to the highest (default 2000). */
  stepSizeUp?: number
  /** Steps back (default null: as many). */
  stepSizeDown?: number | null
  /** What becomes of the height: it stays, halves with each cycle, or is `gamma ** step` (default 'triangular'). */
  mode?: 'triangular' | 'triangular2' | 'exp_range'
  /** See `mode` (default 1). */
  gamma?: number
  /** A height of one's own, in [0, 1], instead of `mode` (default null). */
  scaleFn?: ((x: number) => number) | null
  /** What `scaleFn` is given: the cycle or the step (default 'cycle'). */
  scaleMode?: 'cycle' | 'iterations'
  /** Whether momentum, or the first beta, goes the other way (default true). */
  cycleMomentum?: boolean
  /** The lowest momentum, or one for each group (default 0.8). */
  baseMomentum?: number | readonly number[]
  /** The highest momentum, or one for each group (default 0.9). */
  maxMomentum?: number | readonly number[]
  /** The last step of the run that goes on (default -1: none). */
  lastEpoch?: number
}

const MODES = ['triangular', 'triangular2', 'exp_range']

/**
 * Up and down between two rates; `step` comes after each batch.
 *
 * @example
 * const scheduler = new optim.lrScheduler.CyclicLR(optimizer, { baseLr: 0.01, maxLr: 0.1, stepSizeUp: 500 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html
 */
export class CyclicLR extends LRScheduler {
  readonly #scaleFn: ((x: number) => number) | null
  declare maxLrs: number[]
  declare totalSize: number
  declare stepRatio: number
  declare mode: string
  declare gamma: number
  declare scaleMode: string
  declare cycleMomentum: boolean
  declare baseMomentums: number[]
  declare maxMomentums: number[]

  constructor(optimizer: AnyOptimizer, options: CyclicLROptions)
  constructor(
    optimizer: AnyOptimizer,
    baseLr: number | readonly number[],
    maxLr: number | readonly number[],
    ...rest: Rest
  )
  constructor(...args: unknown[]) {
    const o = readArguments<Required<CyclicLROptions>>('CyclicLR', args, {
      baseLr: [numbers],
      maxLr: [numbers],
      stepSizeUp: [is.number, 2000],
      stepSizeDown: [orNull(is.number), null],
      mode: [is.string, 'triangular'],
      gamma: [is.number, 1],
      scaleFn: [orNull(['a function', value => typeof value === 'function']), null],
      scaleMode: [is.oneOf('cycle', 'iterations'), 'cycle'],
      cycleMomentum: [is.boolean, true],
      baseMomentum: [numbers, 0.8],
      maxMomentum: [numbers, 0.9],
    })
    super(o.optimizer)
    const baseLrs = perGroup('base_lr', o.optimizer, o.baseLr)
    const maxLrs = perGroup('max_lr', o.optimizer, o.maxLr)
    const known = MODES.indexOf(o.mode)
    if (known === -1 && o.scaleFn === null) throw new InvalidArgValueError('mode is invalid and scale_fn is None')
    for (const [i, group] of groupsOf(o.optimizer).entries()) if (o.lastEpoch === -1) group.lr = baseLrs[i]!
    const { stepSizeUp, stepSizeDown, mode, gamma, cycleMomentum } = o
    const totalSize = stepSizeUp + (stepSizeDown ?? stepSizeUp)
    const scaleMode = o.scaleFn === null ? (mode === 'exp_range' ? 'iterations' : 'cycle') : o.scaleMode
    this.#scaleFn = o.scaleFn
    Object.assign(this, { maxLrs, totalSize, stepRatio: stepSizeUp / totalSize, mode, gamma, scaleMode, cycleMomentum })
    if (cycleMomentum) Object.assign(this, momentaOf(o.optimizer, o.baseMomentum, o.maxMomentum, o.lastEpoch))
    this.begin(o.lastEpoch)
    this.baseLrs = baseLrs
  }

  #scale(x: number): number {
    if (this.#scaleFn !== null) return this.#scaleFn(x)
    if (this.mode === 'triangular2') return 1 / power(2, x - 1)
    return this.mode === 'exp_range' ? power(this.gamma, x) : 1
  }

  getLr(): number[] {
    this.warnOutsideStep()
    const cycle = Math.floor(1 + this.lastEpoch / this.totalSize)
    const x = 1 + this.lastEpoch / this.totalSize - cycle
    const share = x <= this.stepRatio ? x / this.stepRatio : (x - 1) / (this.stepRatio - 1)
    const at = this.scaleMode === 'cycle' ? cycle : this.lastEpoch
    const lrs = this.baseLrs.map((base, i) => base + (this.maxLrs[i]! - base) * share * this.#scale(at))
    if (this.cycleMomentum) {
      const momenta = this.baseMomentums.map((base, i) => {
        const max = this.maxMomentums[i]!
        return max - (max - base) * share * this.#scale(at)
      })
      for (const [i, group] of this.groups.entries()) setMomentum(group, momenta[i]!)
    }
    return lrs
  }

  /** A function is no state, as in Python. */
  override stateDict(): SchedulerStateDict {
    return { ...super.stateDict(), _scale_fn_custom: null }
  }
}
