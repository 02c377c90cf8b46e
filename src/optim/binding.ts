import type { Slot } from '../native/binding'
import { binding } from '../native/load'

/** What the addon offers for optimizers; see `native/optim/optim.cc`. A group of -1 is the defaults. */
export interface OptimBinding {
  optimizerCreate(kind: string, options: object, owner: object): number
  optimizerOptionNames(id: number): string[]
  optimizerAddGroup(id: number, params: Slot[], options: object): number
  optimizerGetOption(id: number, group: number, option: number): unknown
  optimizerSetOption(id: number, group: number, option: number, value: unknown): void
  optimizerStep(id: number): void
  optimizerZeroGrad(id: number, setToNone: boolean): void
  optimizerState(id: number, param: Slot): [name: string, slot: Slot][]
  optimizerSetState(id: number, param: Slot, names: string[], slots: Slot[]): void
  optimizerClearState(id: number): void
  optimizersLive(): number
  /** Steps that a CUDA graph can capture, from now on or no more (null: as before); false where there are none. */
  optimizerCapture(id: number, on: boolean | null): boolean
  optimizerWriteRates(id: number): void
  /** How often its state was replaced by another one. */
  optimizerReplaced(id: number): number
  /** Unscales the optimizer's gradients and notes in `found` whether one is not finite; false where there was none. */
  scalerUnscale(id: number, inverse: Slot, found: Slot): boolean
  /** A step, unless something was found. */
  scalerStep(id: number, found: Slot): void
  scalerUpdate(scale: Slot, tracker: Slot, found: Slot, growth: number, backoff: number, interval: number): void
  libcPower(base: number, exponent: number): number
  libcCosine(x: number): number
  libcLogarithm(x: number): number
}

export const optim = binding as unknown as OptimBinding
