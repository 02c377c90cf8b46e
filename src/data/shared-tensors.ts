import { collectGarbage } from '../core/collector'
import { type DType, dtypeCode, itemSize } from '../core/dtype'
import { InvalidArgTypeError } from '../core/errors'
import { adopt } from '../core/handle'
import { isOptions } from '../core/options'
import { product } from '../core/sizes'
import { binding } from '../native/load'
import { empty, isTensor, type Tensor } from '../tensor'

/** A tensor as it goes from thread to thread: memory that both see, and what lies in it. */
export interface SharedTensor {
  readonly kind: 'shared tensor'
  readonly memory: SharedArrayBuffer
  readonly dtype: DType
  readonly shape: readonly number[]
}

export function isSharedTensor(value: unknown): value is SharedTensor {
  return isOptions(value) && value.kind === 'shared tensor' && value.memory instanceof SharedArrayBuffer
}

/** V8 takes shared memory for nothing, and would collect what is left of it far too late: look after so many bytes. */
const COLLECT_AFTER = 128 << 20
let sinceCollection = 0

function countShared({ memory }: SharedTensor): void {
  sinceCollection += memory.byteLength
}

/** Lets go of shared memory that nobody has any more, where much of it has come by since the last time. */
export function collectShared(): void {
  if (sinceCollection < COLLECT_AFTER) return
  sinceCollection = 0
  collectGarbage()
}

/** The tensor that lies in shared memory: nothing is copied. Who wrote it must have stopped writing. */
export function tensorIn(shared: SharedTensor): Tensor {
  const { memory, dtype, shape } = shared
  countShared(shared)
  if (memory.byteLength === 0) return empty(shape as number[], { dtype }) as Tensor
  return adopt<Tensor>(binding.tensorFromBuffer(new Uint8Array(memory), dtypeCode(dtype), shape, 0, true))
}

/** Room for a tensor in shared memory. */
export function sharedRoom(shape: readonly number[], dtype: DType): SharedTensor {
  const elements = product(shape)
  return { kind: 'shared tensor', memory: new SharedArrayBuffer(elements * itemSize(dtype)), dtype, shape }
}

/** Copies a tensor on the CPU into shared memory. */
export function shareTensor(tensor: Tensor): SharedTensor {
  if (tensor.device !== 'cpu') {
    throw new InvalidArgTypeError(
      `tensors go between threads on the CPU, got one on ${tensor.device}; use tensor.cpu()`,
    )
  }
  const room = sharedRoom([...tensor.shape], tensor.dtype)
  using inside = tensorIn(room)
  using plain = tensor.detach()
  inside.copy_(plain)
  return room
}

/** Makes tensors in shared memory, and packs batches with them: what lies there already is not copied once more. */
export class Packer {
  #rooms = new Map<Tensor, SharedTensor>()

  readonly allocate = (shape: readonly number[], like: Tensor): Tensor | undefined => {
    if (like.device !== 'cpu' || like.requiresGrad) return undefined
    const room = sharedRoom(shape, like.dtype)
    const made = tensorIn(room)
    this.#rooms.set(made, room)
    return made
  }

  /** The same with `SharedTensor`s for tensors. */
  pack(value: unknown): unknown {
    if (isTensor(value)) return this.#rooms.get(value) ?? shareTensor(value)
    if (Array.isArray(value)) return value.map(item => this.pack(item))
    if (isOptions(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.pack(item)]))
    }
    return value
  }

  /** Frees what `allocate` made: the memory lives on with whoever has it now. */
  forget(): void {
    for (const made of this.#rooms.keys()) made.dispose()
    this.#rooms.clear()
    collectShared()
  }
}

/** The other way round. */
export function unpack(value: unknown): unknown {
  if (isSharedTensor(value)) return tensorIn(value)
  if (Array.isArray(value)) return value.map(unpack)
  if (isOptions(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpack(item)]))
  return value
}
