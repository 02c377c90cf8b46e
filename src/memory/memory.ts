import { collectGarbage } from '../core/collector'
import { binding } from '../native/load'

/** What the tensors of this thread take, and the memory of the CPU that all threads of the process share. */
export interface MemoryStats {
  /** Tensors that JavaScript holds on this thread, collected ones that wait to be freed included. */
  readonly tensors: number
  /** Their bytes on the CPU: data that nobody else holds, and bookkeeping. */
  readonly bytes: number
  /** Collected tensors that wait to be freed; the next operators free them. */
  readonly queued: number
  /** Bytes of the large blocks (64 KiB and more) that libtorch has in use on the CPU, on all threads. */
  readonly allocated: number
  /** The most that `allocated` was since the start or `resetPeakStats`. */
  readonly maxAllocated: number
  /** `allocated`, and the bytes of large blocks that are kept for the next tensors. */
  readonly reserved: number
  /** The most that `reserved` was. */
  readonly maxReserved: number
  /** Large blocks that were made of kept memory. */
  readonly hits: number
  /** Large blocks for which the system was asked. */
  readonly misses: number
}

/**
 * What tensors take now.
 *
 * Large blocks of the CPU (64 KiB and more) are kept when their last tensor is freed, and used again by any thread: fresh
 * memory is dear, because the system hands it out page by page. Blocks in use and kept ones together stay at the most
 * that was in use within the last minute, and 64 MB for rounding. After 5 seconds without use all that is kept goes back
 * to the system. `LIBTORCH_NODE_KEEP_MEMORY`, read when the package is loaded, is another number of seconds; `0` keeps
 * nothing. Linux only: elsewhere nothing is kept.
 *
 * @example
 * torch.memory.emptyCache()
 * const { allocated, reserved } = torch.memory.stats()
 */
export function stats(): MemoryStats {
  return binding.memoryStats()
}

/** Starts `maxAllocated` and `maxReserved` of `stats` anew from what they are now. */
export function resetPeakStats(): void {
  binding.resetPeakStats()
}

/** Frees what was collected, and gives all unused memory of the CPU, kept blocks too, back to the system. */
export function emptyCache(): void {
  binding.emptyCache()
}

/** Runs the garbage collector and frees every tensor that nobody can reach any more. */
export function collect(): void {
  collectGarbage()
}
