export {
  type CudaDevice,
  currentDevice,
  type DeviceProperties,
  deviceCount,
  getDeviceCapability,
  getDeviceName,
  getDeviceProperties,
  isAvailable,
  isBuilt,
  synchronize,
} from './device'
export {
  emptyCache,
  maxMemoryAllocated,
  maxMemoryReserved,
  memGetInfo,
  memoryAllocated,
  memoryReserved,
  memoryStats,
  resetPeakMemoryStats,
} from './memory'
export {
  currentStream,
  defaultStream,
  Event,
  type EventOptions,
  Stream,
  type StreamOptions,
  stream,
} from './streams'
