import { dtypeCode } from '../core/dtype'
import { describe, InvalidArgTypeError } from '../core/errors'
import { adopt, blank, finish, keep, slotOf } from '../core/handle'
import { Job } from '../core/job'
import { check, is } from '../core/options'
import { traceSubject } from '../core/traces'
import { checkDevice } from '../tensor/conversions'
import { isTensor, type Tensor } from '../tensor/tensor'
import { nn } from './binding'
import { blankCopy } from './clone'
import { explained } from './layers/explained'
import { Module } from './module'
import { adoptParameter, isParameter } from './parameter'
import type { Rule, rule } from './rules'
import { addMissingCount, type Loading } from './state-dict'

/** Options that native code takes in another form. */
const ENCODED: Readonly<Record<string, (value: unknown) => unknown>> = { dtype: dtypeCode, device: checkDevice }

// Every `forward` that hands its input to `run` and does nothing else with it, and every such `run`
const plainForwards = new Set<unknown>()
const plainRuns = new Set<unknown>()

/** Says of a class's own `forward` that it hands its input to `run` and does nothing else with it. */
export function markPlain(layerClass: { prototype: { forward: unknown } }): void {
  plainForwards.add(layerClass.prototype.forward)
}

/** Says of a `run` that it hands its input to native code and does nothing else with it. */
export function markPlainRun(run: unknown): void {
  plainRuns.add(run)
}

/** True where nobody but native code sees what goes into the layer's `forward`: not where a subclass or a hook is there. */
export function isPlain(layer: Module): boolean {
  return plainForwards.has(layer.forward) && plainRuns.has((layer as Module & { run?: unknown }).run)
}

/** How often any layer got another tensor or mode: one number to look at instead of all of them. */
export let layerChanges = 0

/** The native module of a layer, as recordings name it. */
export let layerId: (layer: Leaf) => number

/**
 * A layer that holds a native `torch::nn` module. Its parameters and buffers are enumerable accessors under PyTorch's
 * names (`weight`, `running_mean`): reading gives the same handle each time, assigning sets the native module's tensor.
 * `R` is the rule by which the layer's type computes shapes.
 */
export abstract class Leaf<R extends Rule = Rule> extends Module {
  declare readonly [rule]?: R
  static readonly #accessors = new Map<string, PropertyDescriptor>()
  /** @internal */
  static {
    markPlainRun(Leaf.prototype.run)
    layerId = layer => layer.#id
  }

  readonly #id: number
  readonly #tensors = new Map<string, Tensor | null>()

  /**
   * `kind` is a row of the native table; `options` are in camelCase, and native code has the defaults. A layer in place of a
   * kind is copied, with the very tensors that it has.
   */
  protected constructor(kind: string | Leaf, options: Readonly<Record<string, unknown>> = {}) {
    super()
    const plain: Record<string, unknown> = {}
    const slots: Record<string, number> = {}
    for (const [name, value] of Object.entries(options)) {
      if (isTensor(value)) slots[name] = slotOf(value)
      else plain[name] = value === null || value === undefined ? value : (ENCODED[name]?.(value) ?? value)
    }
    this.#id = kind instanceof Leaf ? nn.moduleCopy(kind.#id, this) : nn.moduleCreate(kind, plain, slots, this)
    for (const [name, isBuffer, slot] of nn.moduleTensors(this.#id)) {
      this.#tensors.set(name, slot === null ? null : isBuffer ? adopt<Tensor>(slot, true) : adoptParameter(slot))
      if (isBuffer) this.markBuffer(name)
      Object.defineProperty(this, name, Leaf.#accessor(name, isBuffer))
    }
  }

  /**
   * The accessor of a name, one for all layers. Functions of each layer's own would give each a hidden class of its own,
   * which slows every use of layers down, and which keeps them alive until the next full garbage collection.
   */
  static #accessor(name: string, isBuffer: boolean): PropertyDescriptor {
    const key = `${name} ${isBuffer}`
    let accessor = Leaf.#accessors.get(key)
    if (accessor === undefined) {
      accessor = {
        get(this: Leaf) {
          return this.#tensors.get(name)
        },
        set(this: Leaf, value: unknown) {
          this.#setTensor(name, isBuffer, value)
        },
        enumerable: true,
        configurable: true,
      }
      Leaf.#accessors.set(key, accessor)
    }
    return accessor
  }

  #setTensor(name: string, isBuffer: boolean, value: unknown): void {
    if (value !== null && !(isBuffer ? isTensor(value) : isParameter(value))) {
      const expected = isBuffer
        ? "buffer '%' (torch.Tensor or null expected)"
        : "parameter '%' (torch.nn.Parameter or null expected)"
      throw new InvalidArgTypeError(`cannot assign ${describe(value)} as ${expected.replace('%', name)}`)
    }
    const tensor = value as Tensor | null
    layerChanges++
    nn.moduleSetTensor(this.#id, name, tensor === null ? null : slotOf(tensor))
    this.#tensors.set(name, tensor === null ? null : keep(tensor))
  }

  override get training(): boolean {
    return super.training
  }

  override set training(mode: boolean) {
    check('Module', 'training', mode, is.boolean)
    layerChanges++
    nn.moduleTrain(this.#id, mode)
    super.training = mode
  }

  /** @internal */
  override [blankCopy](): this {
    return Reflect.construct(Leaf, [this], this.constructor)
  }

  /** The share of each batch in the running statistics, of a native batch normalisation. */
  protected get nativeMomentum(): number | null {
    return nn.moduleMomentum(this.#id)
  }

  protected set nativeMomentum(momentum: number | null) {
    nn.moduleSetMomentum(this.#id, momentum)
  }

  /** The native forward of one tensor, or of two. Where nothing is to be done, or in place, it gives `x` itself. */
  protected run(x: Tensor, y?: Tensor): Tensor {
    try {
      if (Job.current !== undefined) traceSubject(() => this.toString())
      const result = blank() as Tensor
      const slot =
        y === undefined
          ? nn.moduleForward(this.#id, slotOf(x), result)
          : nn.moduleForward(this.#id, slotOf(x), result, slotOf(y))
      return slot === -1 ? x : finish(result, slot)
    } catch (error) {
      throw explained(this, error, [x, y])
    }
  }

  /** The native forward of a layer that gives two tensors, as `MaxPool2d` with `returnIndices`. */
  protected runTwo(x: Tensor): [Tensor, Tensor] {
    try {
      const [first, second] = nn.moduleForwardTwo(this.#id, slotOf(x))
      return [adopt(first), adopt(second)]
    } catch (error) {
      throw explained(this, error, [x])
    }
  }

  protected override get stateVersion(): number {
    return this.#tensors.has('num_batches_tracked') ? 2 : 1
  }

  protected override loadOwnState(loading: Loading, entries: Map<string, unknown>, prefix: string): void {
    addMissingCount(loading, entries, prefix, this.#tensors.get('num_batches_tracked'))
    super.loadOwnState(loading, entries, prefix)
  }
}
