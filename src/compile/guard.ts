import { Dropout, Leaf, type Module } from '../nn'
import { ownBuffers, ownChildren, ownParameters } from '../nn/module-tree'
import type { Tensor } from '../tensor/tensor'
import type { Call } from './recording'

type Fields = Record<string, unknown>

/**
 * What a recording relies on besides values: the same modules in the same places, the same tensors in them, the same
 * `forward`s (a hook replaces one), and the same mode where the mode matters. Values may change: native code notices.
 */
export class Guard {
  readonly #owners: Fields[] = []
  readonly #names: string[] = []
  readonly #values: unknown[] = []
  readonly #modal: Module[]
  readonly #modes: boolean[]

  constructor(model: Module, chain: readonly Call[]) {
    for (const module of model.modules()) {
      this.#expect(module, 'forward')
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
    this.#owners.push(owner as Fields)
    this.#names.push(name)
    this.#values.push((owner as Fields)[name])
  }

  /** True while all that still holds. */
  holds(): boolean {
    const owners = this.#owners
    for (let i = 0; i < owners.length; i++) {
      if (owners[i]![this.#names[i]!] !== this.#values[i]) return false
    }
    for (let i = 0; i < this.#modal.length; i++) {
      if (this.#modal[i]!.training !== this.#modes[i]) return false
    }
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
