import { describe, InvalidArgTypeError } from '../core/errors'
import { checkSeed, Generator } from '../core/generator'
import { adopt, slotOf } from '../core/handle'
import { binding } from '../native/load'
import { isTensor, type Tensor } from './tensor'

let defaultId: number | undefined

function defaultGenerator(): number {
  defaultId ??= binding.generatorDefault('cpu')
  return defaultId
}

/**
 * Starts the random numbers of all devices anew from `seed` (a safe integer, or a bigint of 64 bits): the same seed
 * gives the very numbers that Python's PyTorch draws. Mirrors `torch.manual_seed`.
 */
export function manualSeed(seed: number | bigint): void {
  binding.manualSeed(checkSeed(seed))
}

/** Starts the random numbers of the CPU anew from a random seed, and gives it. Mirrors `torch.seed`. */
export function seed(): bigint {
  const drawn = binding.generatorSeed(defaultGenerator())
  binding.manualSeed(BigInt.asIntN(64, drawn))
  return drawn
}

/** The seed that the CPU's random numbers began with. Mirrors `torch.initial_seed`. */
export function initialSeed(): bigint {
  return binding.generatorInitialSeed(defaultGenerator())
}

/** The state of the CPU's random numbers, a uint8 tensor. Mirrors `torch.get_rng_state`. */
export function getRngState(): Tensor<[number], 'uint8'> {
  return adopt<Tensor>(binding.generatorState(defaultGenerator()))
}

/** Puts the CPU's random numbers into a state that `getRngState` gave. Mirrors `torch.set_rng_state`. */
export function setRngState(state: Tensor): void {
  binding.generatorSetState(defaultGenerator(), checkedState(state))
}

function checkedState(state: unknown): number {
  if (!isTensor(state)) throw new InvalidArgTypeError(`a generator's state is a tensor, got ${describe(state)}`)
  return slotOf(state)
}

declare module '../core/generator' {
  interface Generator {
    /** The state of the stream, a uint8 tensor. */
    getState(): Tensor<[number], 'uint8'>
    /** Puts the stream into a state that `getState` gave. */
    setState(state: Tensor): this
  }
}

Generator.prototype.getState = function () {
  return adopt<Tensor>(binding.generatorState(this.id))
}

Generator.prototype.setState = function (state) {
  binding.generatorSetState(this.id, checkedState(state))
  return this
}

export { Generator }
