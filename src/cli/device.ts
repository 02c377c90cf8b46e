import type { Device } from '../core/device'
import { CudaUnavailableError } from '../core/errors'
import { deviceCount, isAvailable } from '../cuda'

/** The device of `--device`: `auto` is CUDA where there is one, as in the article. */
export function chooseDevice(wanted: string): Device {
  const available = isAvailable()
  if (wanted === 'auto') return available ? 'cuda' : 'cpu'
  if (wanted === 'cpu') return 'cpu'
  if (!available) {
    throw new CudaUnavailableError(
      `--device ${wanted}: no CUDA device can be used here; --device cpu trains without one`,
    )
  }
  const index = Number(wanted.split(':')[1] ?? 0)
  if (index >= deviceCount()) {
    throw new CudaUnavailableError(
      `--device ${wanted}: expected an index below ${deviceCount()}, the number of devices`,
    )
  }
  return wanted as Device
}
