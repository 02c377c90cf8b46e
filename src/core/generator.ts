import { binding } from '../native/load'
import type { Device } from './device'
import { describe, InvalidArgTypeError } from './errors'
import { check, is, mergeArguments } from './options'

const registry = new FinalizationRegistry<number>(id => binding.generatorDrop(id))

/** A seed: a safe integer or a bigint of at most 64 bits. */
export function checkSeed(seed: unknown): number | bigint {
  if (typeof seed === 'bigint') return BigInt.asIntN(64, seed)
  if (Number.isSafeInteger(seed)) return seed as number
  throw new InvalidArgTypeError(`a seed must be a safe integer or a bigint, got ${describe(seed)}`)
}

/**
 * A stream of random numbers of its own, as `torch.Generator`. Operators that draw take it as `{ generator }`.
 *
 * @example
 * const generator = new torch.Generator().manualSeed(0)
 * torch.randperm(10, { generator })
 */
export class Generator {
  readonly #id: number

  /** `device` is `'cpu'` unless given; a CUDA one without a GPU is `ERR_CUDA_UNAVAILABLE`. */
  constructor(...args: [device?: Device | { device?: Device }]) {
    const { device = 'cpu' } = mergeArguments('Generator', ['device'], args)
    check('Generator', 'device', device, is.string)
    this.#id = binding.generatorCreate(device as string)
    registry.register(this, this.#id)
  }

  /** @internal */
  static idOf(generator: unknown): number | undefined {
    return typeof generator === 'object' && generator !== null && #id in generator ? generator.#id : undefined
  }

  get device(): Device {
    return binding.generatorDevice(this.#id)
  }

  /** Starts the stream anew from `seed` (a safe integer, or a bigint of 64 bits). */
  manualSeed(seed: number | bigint): this {
    binding.generatorSetSeed(this.#id, checkSeed(seed))
    return this
  }

  /** Starts the stream anew from a random seed, and gives it. */
  seed(): bigint {
    return binding.generatorSeed(this.#id)
  }

  /** The seed that the stream began with. */
  initialSeed(): bigint {
    return binding.generatorInitialSeed(this.#id)
  }

  /** @internal */
  get id(): number {
    return this.#id
  }
}
