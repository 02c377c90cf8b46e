import type { Module } from '../nn'
import { isTensor, type Tensor } from '../tensor/tensor'
import { Guard } from './guard'
import { type Call, leavesOf, NotFused } from './recording'

/** What a CUDA graph of a model relies on besides values: modules, tensors, modes and `forward`s stay what they are. */
export class ModelGuard {
  readonly #model: Module
  readonly #guard: Guard
  readonly #modes: readonly (readonly [Module, boolean])[]
  readonly #buffers: readonly Tensor[]

  /** `NotFused` for a model with hooks, which no replay would call. */
  constructor(model: Module) {
    for (const [name, module] of model.namedModules()) {
      if (Object.hasOwn(module, 'forward'))
        throw new NotFused(`${name || 'the model'} has hooks or a forward of its own`)
    }
    this.#model = model
    this.#guard = new Guard(
      model,
      leavesOf(model).map(layer => ({ layer }) as unknown as Call),
    )
    this.#modes = model.modules().map(module => [module, module.training] as const)
    this.#buffers = model.buffers()
  }

  holds(): boolean {
    if (!this.#guard.holds() || this.#modes.some(([module, mode]) => module.training !== mode)) return false
    const buffers = this.#model.buffers()
    return buffers.length === this.#buffers.length && buffers.every((buffer, i) => buffer === this.#buffers[i])
  }
}

/** The tensor that a forward gave; `NotFused` for anything else. */
export function oneTensor(out: unknown): Tensor {
  if (!isTensor(out)) throw new NotFused('forward gives something else than one tensor')
  return out
}
