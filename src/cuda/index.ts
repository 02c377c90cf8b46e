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
  type CaptureErrorMode,
  type CaptureOptions,
  CUDAGraph,
  type CUDAGraphOptions,
  type GraphOptions,
  type GraphPoolHandle,
  graph,
  graphPoolHandle,
  isCurrentStreamCapturing,
} from './graphs'
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
