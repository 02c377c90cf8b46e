import type { AutocastDevice } from '../autograd'
import { describe, InvalidArgTypeError, InvalidArgValueError, StateDictError } from '../core/errors'
import { keep, slotOf } from '../core/handle'
import { check, is, mergeArguments } from '../core/options'
import { isAvailable } from '../cuda/device'
import { callOperator } from '../ops/registry'
import { Optimizer } from '../optim'
import { optim } from '../optim/binding'
import { scalerStepOf, scalerUnscaleOf } from '../optim/optimizer'
import { isTensor, type Tensor } from '../tensor/tensor'

/** The options of `GradScaler`. */
export interface GradScalerOptions {
  /** Where the losses are; default `'cuda'`. */
  device?: AutocastDevice
  /** The scale to begin with; default 65536. */
  initScale?: number
  /** By this the scale grows after `growthInterval` steps without an infinite gradient; more than 1, default 2. */
  growthFactor?: number
  /** By this it shrinks after a step with one; less than 1, default 0.5. */
  backoffFactor?: number
  /** Default 2000. */
  growthInterval?: number
  /** False makes every method a plain one: `scale` gives its argument, `step` steps; default true. */
  enabled?: boolean
}

/** The state of a `GradScaler`, under Python's names; empty where it is not enabled. */
export interface GradScalerState {
  scale?: number
  growth_factor?: number
  backoff_factor?: number
  growth_interval?: number
  _growth_tracker?: number
}

type Stage = 'ready' | 'unscaled' | 'stepped'
interface OptimizerState {
  stage: Stage
  /** 1 where a gradient is infinite or no number; undefined where there was none to check. */
  found?: Tensor
}

const NAMES = ['device', 'initScale', 'growthFactor', 'backoffFactor', 'growthInterval', 'enabled']
const STATE = ['scale', 'growth_factor', 'backoff_factor', 'growth_interval', '_growth_tracker'] as const

function number(value: number, dtype: 'float32' | 'int32', device: string): Tensor {
  return keep(callOperator('aten::full', '', [[], value, dtype, undefined, device]) as Tensor)
}

/**
 * Keeps small gradients of float16 from becoming zero: multiplies the loss by a large scale, divides the gradients by it
 * before the optimizer's step, and leaves the step out where one of them became infinite. The scale adapts itself.
 *
 * Mutates the optimizer's gradients. Wrong use (`step` twice before `update`, before `scale`) is `ERR_INVALID_ARG_VALUE`
 * in Python's words. Without a GPU, a scaler for `'cuda'` warns and is disabled, as in Python.
 *
 * @see https://docs.pytorch.org/docs/stable/amp.html#gradient-scaling
 * @example
 * const scaler = new torch.amp.GradScaler('cpu')
 * const weight = torch.ones([2, 2], { requiresGrad: true })
 * const optimizer = new torch.optim.SGD([weight], { lr: 0.1 })
 * const loss = torch.autocast('cpu', { dtype: 'float16' }, () => torch.ones([2, 2]).matmul(weight).sum())
 * scaler.scale(loss).backward()
 * scaler.step(optimizer)
 * scaler.update()
 */
export class GradScaler {
  readonly #device: string
  readonly #enabled: boolean
  #initScale: number
  #growthFactor: number
  #backoffFactor: number
  #growthInterval: number
  #initTracker = 0
  #scale: Tensor | undefined
  #tracker: Tensor | undefined
  #optimizers = new Map<Optimizer<any, any>, OptimizerState>()

  constructor(options?: GradScalerOptions)
  constructor(device: AutocastDevice, options?: Omit<GradScalerOptions, 'device'>)
  constructor(...args: unknown[]) {
    const merged = mergeArguments('GradScaler', NAMES, args)
    const { device = 'cuda', initScale = 65536, growthFactor = 2, backoffFactor = 0.5 } = merged
    const { growthInterval = 2000, enabled = true } = merged
    check('GradScaler', 'device', device, is.oneOf('cpu', 'cuda'))
    check('GradScaler', 'initScale', initScale, is.number)
    check('GradScaler', 'enabled', enabled, is.boolean)
    this.#device = device as string
    this.#initScale = initScale as number
    this.#growthFactor = factor('growthFactor', growthFactor)
    this.#backoffFactor = factor('backoffFactor', backoffFactor)
    this.#growthInterval = interval(growthInterval)
    this.#enabled = enabled as boolean
    if (enabled && device === 'cuda' && !isAvailable()) {
      process.emitWarning('torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.')
      this.#enabled = false
    }
    if (!this.#enabled) return
    if (this.#growthFactor <= 1) throw new InvalidArgValueError('The growth factor must be > 1.0.')
    if (this.#backoffFactor >= 1) throw new InvalidArgValueError('The backoff factor must be < 1.0.')
  }

  /** Multiplies a loss, or each in an array of them, by the scale. */
  scale<T extends Tensor>(outputs: T): T
  scale<T extends readonly unknown[]>(outputs: T): T
  scale(outputs: unknown): unknown {
    if (!this.#enabled) return outputs
    if (isTensor(outputs)) return outputs.mul(this.#scaleOn(outputs.device))
    if (Array.isArray(outputs)) return outputs.map(output => this.scale(output as Tensor))
    throw new InvalidArgValueError(`outputs must be a Tensor or an iterable of Tensors, got ${describe(outputs)}`)
  }

  #scaleOn(device: string): Tensor {
    if (this.#scale === undefined) {
      this.#scale = number(this.#initScale, 'float32', device)
      this.#tracker = number(this.#initTracker, 'int32', device)
    }
    return device === this.#scale.device ? this.#scale : (this.#scale.to as (device: string) => Tensor)(device)
  }

  #begun(method: string): Tensor {
    if (this.#scale !== undefined) return this.#scale
    throw new InvalidArgValueError(
      `Attempted ${method} but _scale is None.  This may indicate your script did not use scaler.scale(loss or outputs) earlier in the iteration.`,
    )
  }

  #stateOf(optimizer: unknown): OptimizerState {
    if (!(optimizer instanceof Optimizer)) {
      throw new InvalidArgTypeError(`GradScaler takes an optimizer of optim, got ${describe(optimizer)}`)
    }
    let state = this.#optimizers.get(optimizer)
    if (state === undefined) {
      state = { stage: 'ready' }
      this.#optimizers.set(optimizer, state)
    }
    return state
  }

  /**
   * Divides the optimizer's gradients by the scale, so that they can be looked at or clipped before `step`, which does it
   * otherwise. Once for each `step`. Gradients of float16 are `ERR_INVALID_ARG_VALUE`: parameters stay float32.
   */
  unscale_(optimizer: Optimizer<any, any>): void {
    if (!this.#enabled) return
    const scale = this.#begun('unscale_')
    const state = this.#stateOf(optimizer)
    if (state.stage === 'unscaled') {
      throw new InvalidArgValueError('unscale_() has already been called on this optimizer since the last update().')
    }
    if (state.stage === 'stepped') throw new InvalidArgValueError('unscale_() is being called after step().')
    // in double, as Python does: not every float32 has a float32 reciprocal that is good enough
    const inverse = scale.double().reciprocal().float()
    const found = number(0, 'float32', scale.device)
    if (scalerUnscaleOf(optimizer, inverse, found)) state.found = found
    state.stage = 'unscaled'
  }

  /**
   * The optimizer's step with gradients that are divided by the scale, or none where one of them is infinite or no number.
   * A closure is refused, as in Python.
   */
  step(optimizer: Optimizer<any, any>, ...args: unknown[]): unknown {
    if (!this.#enabled) return (optimizer.step as (...args: unknown[]) => unknown)(...args)
    if (args.length > 0) {
      throw new InvalidArgValueError('Closure use is not currently supported if GradScaler is enabled.')
    }
    this.#begun('step')
    const state = this.#stateOf(optimizer)
    if (state.stage === 'stepped') {
      throw new InvalidArgValueError('step() has already been called since the last update().')
    }
    if (state.stage === 'ready') this.unscale_(optimizer)
    if (state.found === undefined) {
      throw new InvalidArgValueError('No inf checks were recorded for this optimizer.')
    }
    // An optimizer with a step of its own is asked here, where JavaScript is
    if (optimizer.step === Optimizer.prototype.step) scalerStepOf(optimizer, state.found)
    else if (state.found.item() === 0) optimizer.step()
    state.stage = 'stepped'
    return undefined
  }

  /** The scale of the next iteration, after all its `step`s: adapted, or as given by a number or a tensor of one. */
  update(newScale?: number | Tensor | null): void {
    if (!this.#enabled) return
    const scale = this.#begun('update')
    if (newScale !== undefined && newScale !== null) this.#setScale(scale, newScale)
    else this.#adapt(scale)
    for (const { found } of this.#optimizers.values()) found?.dispose()
    this.#optimizers = new Map()
  }

  #setScale(scale: Tensor, to: unknown): void {
    if (typeof to === 'number') {
      scale.fill_(to)
    } else if (isTensor(to) && to.device.split(':')[0] === this.#device && to.numel() === 1 && !to.requiresGrad) {
      scale.copy_(to.reshape([]))
    } else {
      throw new InvalidArgValueError(
        `new_scale should be a float or a 1-element torch.cuda.FloatTensor or torch.FloatTensor with requires_grad=False, got ${describe(to)}`,
      )
    }
  }

  #adapt(scale: Tensor): void {
    const founds = [...this.#optimizers.values()].flatMap(({ found }) => found ?? [])
    const [first, ...others] = founds
    if (first === undefined) throw new InvalidArgValueError('No inf checks were recorded prior to update.')
    for (const other of others) first.add_(other)
    optim.scalerUpdate(
      slotOf(scale),
      slotOf(this.#tracker!),
      slotOf(first),
      this.#growthFactor,
      this.#backoffFactor,
      this.#growthInterval,
    )
  }

  /** The scale; 1 where the scaler is not enabled. Waits for the device. */
  getScale(): number {
    if (!this.#enabled) return 1
    return this.#scale === undefined ? this.#initScale : (this.#scale.item() as number)
  }

  getGrowthFactor(): number {
    return this.#growthFactor
  }

  setGrowthFactor(newFactor: number): void {
    this.#growthFactor = factor('newFactor', newFactor)
  }

  getBackoffFactor(): number {
    return this.#backoffFactor
  }

  setBackoffFactor(newFactor: number): void {
    this.#backoffFactor = factor('newFactor', newFactor)
  }

  getGrowthInterval(): number {
    return this.#growthInterval
  }

  setGrowthInterval(newInterval: number): void {
    this.#growthInterval = interval(newInterval)
  }

  isEnabled(): boolean {
    return this.#enabled
  }

  /** The state under Python's names, for checkpoints; take it after `update`. Empty where the scaler is not enabled. */
  stateDict(): GradScalerState {
    if (!this.#enabled) return {}
    return {
      scale: this.getScale(),
      growth_factor: this.#growthFactor,
      backoff_factor: this.#backoffFactor,
      growth_interval: this.#growthInterval,
      _growth_tracker: this.#tracker === undefined ? this.#initTracker : (this.#tracker.item() as number),
    }
  }

  /** Takes over a state; that of a scaler that is not enabled is `ERR_STATE_DICT`. */
  loadStateDict(stateDict: GradScalerState): void {
    if (!this.#enabled) return
    if (typeof stateDict !== 'object' || stateDict === null) {
      throw new InvalidArgTypeError(`expected the state dict of a GradScaler, got ${describe(stateDict)}`)
    }
    if (Object.keys(stateDict).length === 0) {
      throw new StateDictError(
        'The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler.',
      )
    }
    const wrong = STATE.find(name => typeof stateDict[name] !== 'number')
    if (wrong !== undefined) {
      throw new StateDictError(`the state '${wrong}' must be a number, got ${describe(stateDict[wrong])}`)
    }
    const state = stateDict as Required<GradScalerState>
    this.#initScale = state.scale
    this.#scale?.fill_(state.scale)
    this.#growthFactor = state.growth_factor
    this.#backoffFactor = state.backoff_factor
    this.#growthInterval = interval(state.growth_interval)
    this.#initTracker = state._growth_tracker
    this.#tracker?.fill_(state._growth_tracker)
  }
}

function factor(name: string, value: unknown): number {
  check('GradScaler', name, value, is.number)
  return value as number
}

function interval(value: unknown): number {
  check('GradScaler', 'growthInterval', value, is.positive)
  return value as number
}
