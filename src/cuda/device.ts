import { describe, InvalidArgTypeError } from '../core/errors'
import { binding } from '../native/load'

/** A CUDA device: its index, or `'cuda'`, `'cuda:1'`; the current one unless given. */
export type CudaDevice = number | 'cuda' | `cuda:${number}`

/** The index of a device for native code; null for the current one. */
export function indexOf(device: unknown): number | null {
  if (device === undefined || device === null || device === 'cuda') return null
  if (Number.isSafeInteger(device) && (device as number) >= 0) return device as number
  const match = typeof device === 'string' ? /^cuda:(\d{1,9})$/.exec(device) : null
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

/** What the driver says of a device. */
export interface DeviceProperties {
  /** `'NVIDIA H100 80GB HBM3'` */
  readonly name: string
  /** The compute capability, as `major.minor`. */
  readonly major: number
  readonly minor: number
  /** Bytes. */
  readonly totalMemory: number
  readonly multiProcessorCount: number
  readonly maxThreadsPerMultiProcessor: number
  readonly warpSize: number
  /** Bytes. */
  readonly L2CacheSize: number
}

/** What the driver says of the device. Mirrors `torch.cuda.get_device_properties`. */
export function getDeviceProperties(device?: CudaDevice): DeviceProperties {
  return binding.cudaDeviceProperties(indexOf(device))
}

/** The driver's name of the device. Mirrors `torch.cuda.get_device_name`. */
export function getDeviceName(device?: CudaDevice): string {
  return getDeviceProperties(device).name
}

/** The compute capability, `[major, minor]`. Mirrors `torch.cuda.get_device_capability`. */
export function getDeviceCapability(device?: CudaDevice): [major: number, minor: number] {
  const { major, minor } = getDeviceProperties(device)
  return [major, minor]
}
