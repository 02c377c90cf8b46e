import { binding } from '../native/load'
import { type CudaDevice, indexOf } from './device'

/**
 * The statistics of the caching allocator under Python's names: `'allocated_bytes.all.current'`, `'num_ooms'`, ...; empty
 * before the first tensor on a GPU. Bytes and counts. Mirrors `torch.cuda.memory_stats`.
 */
export function memoryStats(device?: CudaDevice): Record<string, number> {
  return binding.cudaMemoryStats(indexOf(device))
}

function statistic(name: string, device: CudaDevice | undefined): number {
  return memoryStats(device)[name] ?? 0
}

/** Bytes that tensors hold on the device. Mirrors `torch.cuda.memory_allocated`. */
export function memoryAllocated(device?: CudaDevice): number {
  return statistic('allocated_bytes.all.current', device)
}

/** The most bytes that tensors held since the start or `resetPeakMemoryStats`. Mirrors `torch.cuda.max_memory_allocated`. */
export function maxMemoryAllocated(device?: CudaDevice): number {
  return statistic('allocated_bytes.all.peak', device)
}

/** Bytes that the caching allocator holds on the device. Mirrors `torch.cuda.memory_reserved`. */
export function memoryReserved(device?: CudaDevice): number {
  return statistic('reserved_bytes.all.current', device)
}

/** The most bytes that the caching allocator held. Mirrors `torch.cuda.max_memory_reserved`. */
export function maxMemoryReserved(device?: CudaDevice): number {
  return statistic('reserved_bytes.all.peak', device)
}

/** Starts the peaks anew. Mirrors `torch.cuda.reset_peak_memory_stats`. */
export function resetPeakMemoryStats(device?: CudaDevice): void {
  binding.cudaResetPeakStats(indexOf(device))
}

/**
 * The bytes of the device that are free, for all programs together, and its bytes in all. libtorch 2.9 cannot tell
 * (`ERR_LIBTORCH`). Mirrors `torch.cuda.mem_get_info`.
 */
export function memGetInfo(device?: CudaDevice): [free: number, total: number] {
  return binding.cudaMemGetInfo(indexOf(device))
}

/** Gives cached memory of the GPU back; without a GPU does nothing. Mirrors `torch.cuda.empty_cache`. */
export function emptyCache(): void {
  binding.cudaEmptyCache()
}
