import { collectGarbage } from '../core/collector'
import { binding } from '../native/load'

/** What the tensors of this thread take. */
export interface MemoryStats {
  /** Tensors that JavaScript holds, collected ones that wait to be freed included. */
  readonly tensors: number
  /** Their bytes on the CPU: data that nobody else holds, and bookkeeping. */
  readonly bytes: number
  /** Collected tensors that wait to be freed; the next operators free them. */
  readonly queued: number
}

/** What the tensors of this thread take now. */
export function stats(): MemoryStats {
  return binding.memoryStats()
}

/** Frees what was collected, and gives unused memory of the CPU back to the system. */
export function emptyCache(): void {
  binding.emptyCache()
}

/** Runs the garbage collector and frees every tensor that nobody can reach any more. */
export function collect(): void {
  collectGarbage()
}
