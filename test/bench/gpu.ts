import * as torch from '../../src'

/** Waits for what was left to a GPU; on the CPU there is nothing to wait for. */
export function settler(device: torch.Device): () => void {
  return device === 'cpu' ? () => {} : () => torch.cuda.synchronize(device as torch.cuda.CudaDevice)
}

/** What the benchmarks of a GPU have in common. */
export const ON_GPU = { gpu: true, onlyAll: true, inductor: true, noBars: true } as const
