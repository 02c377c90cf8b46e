import type { Slot } from '../native/binding'
import { binding } from '../native/load'

/** What the addon offers for layers; see `native/nn/nn.cc`. */
export interface NnBinding {
  moduleCreate(kind: string, options: object, tensors: Record<string, Slot>, owner: object): number
  /** Another module of the same kind, options and mode, with the same tensors until others are set. */
  moduleCopy(id: number, owner: object): number
  /** The result belongs to `result`; -1 where it is `x` itself. */
  moduleForward(id: number, x: Slot, result: object, y?: Slot): Slot
  moduleForwardTwo(id: number, x: Slot): [Slot, Slot]
  moduleTensors(id: number): [name: string, buffer: boolean, slot: Slot | null][]
  moduleSetTensor(id: number, name: string, slot: Slot | null): void
  moduleMomentum(id: number): number | null
  moduleSetMomentum(id: number, momentum: number | null): void
  moduleTrain(id: number, mode: boolean): void
  modulesLive(): number
  parameterCreate(source: Slot, requiresGrad: boolean): Slot
  gradientsClear(slots: Slot[], setToNone: boolean): void
}

export const nn = binding as unknown as NnBinding
