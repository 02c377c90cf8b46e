import { inspect } from 'node:util'
import { isOptions } from '../core/options'
import type { Tensor } from '../tensor/tensor'
import { optim } from './binding'

/** Parameters with options of their own. Options are live: what is written takes effect in the next step. */
export type ParamGroup<O> = Required<O> & {
  readonly params: readonly Tensor[]
  /** The parameters' names, where the optimizer was given `namedParameters()`. */
  readonly paramNames?: readonly string[]
}

/** An option of a group, or of the defaults (-1); pairs are frozen, for writing into one would change nothing. */
export function readOption(id: number, group: number, option: number): unknown {
  const value = optim.optimizerGetOption(id, group, option)
  return Array.isArray(value) ? Object.freeze(value) : value
}

class LiveGroup {
  /** Keeps the native optimizer alive as long as the group. */
  readonly #optimizer: object
  readonly #id: number
  readonly #at: number
  /** One for all groups: functions of each group's own would keep it alive until the next full garbage collection. */
  static readonly #accessors: PropertyDescriptor[] = []

  constructor(optimizer: object, id: number, at: number) {
    this.#optimizer = optimizer
    this.#id = id
    this.#at = at
  }

  [inspect.custom](): object {
    return { ...this }
  }

  static accessor(option: number): PropertyDescriptor {
    LiveGroup.#accessors[option] ??= {
      get(this: LiveGroup) {
        return this.#optimizer && readOption(this.#id, this.#at, option)
      },
      set(this: LiveGroup, value: unknown) {
        optim.optimizerSetOption(this.#id, this.#at, option, value)
      },
      enumerable: true,
    }
    return LiveGroup.#accessors[option]
  }
}

/** True for what describes a group: a plain object, or another optimizer's group. */
export function isGroup(value: unknown): value is Record<string, unknown> {
  return isOptions(value) || value instanceof LiveGroup
}

/** The group at `at` of the optimizer with the native `id`, whose options have these `names`. */
export function liveGroup<O>(
  optimizer: object,
  id: number,
  at: number,
  names: readonly string[],
  params: readonly Tensor[],
  paramNames?: readonly string[],
): ParamGroup<O> {
  const group = new LiveGroup(optimizer, id, at)
  Object.assign(group, { params: Object.freeze(params) }, paramNames && { paramNames: Object.freeze(paramNames) })
  for (const [option, name] of names.entries()) Object.defineProperty(group, name, LiveGroup.accessor(option))
  return group as unknown as ParamGroup<O>
}
