import { isOptions } from '../core/options'
import { isTensor } from '../tensor'

/** The same with every tensor on the CPU copied into pinned memory. */
export function pinned(batch: unknown): unknown {
  if (isTensor(batch)) return batch.device === 'cpu' ? batch.pinMemory() : batch
  if (Array.isArray(batch)) return batch.map(pinned)
  if (isOptions(batch)) return Object.fromEntries(Object.entries(batch).map(([key, value]) => [key, pinned(value)]))
  return batch
}
