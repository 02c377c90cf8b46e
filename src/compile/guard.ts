import { Dropout, Leaf, type Module } from '../nn'
import { layerChanges } from '../nn/leaf'
import { ownBuffers, ownChildren, ownParameters } from '../nn/module-tree'
import type { Tensor } from '../tensor/tensor'
import type { Call } from './recording'

type Fields = Record<string, unknown>

/** Fields and what they have to be. */
class Expectations {
  readonly #owners: Fields[] = []
  readonly #names: string[] = []
  readonly #values: unknown[] = []

  add(owner: object, name: string): void {
    this.#owners.push(owner as Fields)
    this.#names.push(name)
    this.#values.push((owner as Fields)[name])
  }

  met(): boolean {
    const [owners, names, values] = [this.#owners, this.#names, this.#values]
    for (let i = 0; i < owners.length; i++) {
      if (owners[i]![names[i]!] !== values[i]) return false
    }
    return true
  }
}

/**
 * What a recording relies on besides values: the same modules in the same places, the same tensors in them, the same
 * `forward`s (a hook replaces one), and the same mode where the mode matters. Values may change: native code notices.
 *
 * It is looked at before each call, so what layers count themselves (their tensors and modes) is only looked at once the
 * count has moved.
 */
export class Guard {
  readonly #modules: readonly { forward?: unknown }[]
  readonly #forwards: readonly unknown[]
  readonly #fields = new Expectations()
  readonly #layers = new Expectations()
  readonly #modal: Module[]
  readonly #modes: boolean[]
  #changes = layerChanges

  constructor(model: Module, chain: readonly Call[]) {
    this.#modules = model.modules() as { forward?: unknown }[]
    this.#forwards = this.#modules.map(({ forward }) => forward)
    for (const module of model.modules()) {
      for (const [name] of ownChildren(module)) this.#expect(module, name)
      for (const [name] of ownParameters(module)) this.#expect(module, name)
      if (module instanceof Leaf) continue
      // written in JavaScript, it may do something else in the other mode
      this.#expect(module, 'training')
      for (const [name] of ownBuffers(module)) this.#expect(module, name)
    }
    const layers = new Set(chain.flatMap(({ layer }) => (layer === undefined ? [] : [layer])))
    this.#modal = [...layers].filter(isModal)
    for (const layer of layers) {
      for (const name of ['bias', 'running_mean', 'running_var', 'num_batches_tracked']) {
        if (name in layer) this.#expect(layer, name)
      }
    }
    this.#modes = this.#modal.map(({ training }) => training)
  }

  #expect(owner: object, name: string): void {
    const counted = owner instanceof Leaf && Object.getOwnPropertyDescriptor(owner, name)?.set !== undefined
    ;(counted ? this.#layers : this.#fields).add(owner, name)
  }

  /** True while all that still holds. */
  holds(): boolean {
    const [modules, forwards] = [this.#modules, this.#forwards]
    for (let i = 0; i < modules.length; i++) {
      if (modules[i]!.forward !== forwards[i]) return false
    }
    if (!this.#fields.met()) return false
    if (this.#changes === layerChanges) return true
    for (let i = 0; i < this.#modal.length; i++) {
      if (this.#modal[i]!.training !== this.#modes[i]) return false
    }
    if (!this.#layers.met()) return false
    this.#changes = layerChanges
    return true
  }

  /** True where every layer whose mode matters is in train mode. */
  get allTraining(): boolean {
    return this.#modes.every(mode => mode)
  }

  /** True where a layer does what it does in training only. */
  get training(): boolean {
    return this.#modes.some(mode => mode)
  }
}

/** True for a layer that differs between training and evaluation. */
export function isModal(layer: Leaf): boolean {
  return layer instanceof Dropout || (layer as { running_mean?: Tensor | null }).running_mean !== undefined
}
