import { describe, InvalidArgTypeError } from '../core/errors'
import { binding } from '../native/load'

/** A CUDA device: its index, or `'cuda'`, `'cuda:1'`; the current one unless given. */
export type CudaDevice = number | 'cuda' | `cuda:${number}`

function indexOf(device: CudaDevice | undefined): number | null {
  if (device === undefined || device === 'cuda') return null
  if (Number.isSafeInteger(device) && (device as number) >= 0) return device as number
  const match = /^cuda:(\d+)$/.exec(String(device))
  if (match === null)
    throw new InvalidArgTypeError(`expected a CUDA device such as 0 or 'cuda:0', got ${describe(device)}`)
  return Number(match[1])
}

/** True where libtorch has CUDA, and a driver and a GPU are there. Mirrors `torch.cuda.is_available`. */
export function isAvailable(): boolean {
  return binding.cudaDeviceCount() > 0
}

/** True where libtorch was built with CUDA, with or without a GPU. */
export function isBuilt(): boolean {
  return binding.cudaIsBuilt()
}

/** The number of GPUs; 0 without CUDA. Mirrors `torch.cuda.device_count`. */
export function deviceCount(): number {
  return binding.cudaDeviceCount()
}

/** The index of the current device. Without a GPU: `ERR_CUDA_UNAVAILABLE`, as for all that follow. */
export function currentDevice(): number {
  return binding.cudaCurrentDevice()
}

/** Waits until the device has done all that it was asked. Mirrors `torch.cuda.synchronize`. */
export function synchronize(device?: CudaDevice): void {
  binding.cudaSynchronize(indexOf(device))
}

/** The driver's name of the device. Mirrors `torch.cuda.get_device_name`. */
export function getDeviceName(device?: CudaDevice): string {
  return binding.cudaDeviceName(indexOf(device))
}

/** Bytes that tensors hold on the device. Mirrors `torch.cuda.memory_allocated`. */
export function memoryAllocated(device?: CudaDevice): number {
  return binding.cudaMemoryStats(indexOf(device)).allocated
}

/** The most bytes that tensors held since the start or `resetPeakMemoryStats`. */
export function maxMemoryAllocated(device?: CudaDevice): number {
  return binding.cudaMemoryStats(indexOf(device)).maxAllocated
}

/** Bytes that the caching allocator holds on the device. Mirrors `torch.cuda.memory_reserved`. */
export function memoryReserved(device?: CudaDevice): number {
  return binding.cudaMemoryStats(indexOf(device)).reserved
}

/** The most bytes that the caching allocator held. */
export function maxMemoryReserved(device?: CudaDevice): number {
  return binding.cudaMemoryStats(indexOf(device)).maxReserved
}

/** Starts the peaks anew. Mirrors `torch.cuda.reset_peak_memory_stats`. */
export function resetPeakMemoryStats(device?: CudaDevice): void {
  binding.cudaResetPeakStats(indexOf(device))
}

/** Gives cached memory of the GPU back; without a GPU does nothing. Mirrors `torch.cuda.empty_cache`. */
export function emptyCache(): void {
  binding.cudaEmptyCache()
}
