import type { Generator } from '../core/generator'

/** What a worker of a `DataLoader` knows of itself. */
export interface WorkerInfo {
  /** From 0 to `numWorkers - 1`. */
  readonly id: number
  readonly numWorkers: number
  /** The loader's base seed plus `id`, as in Python. */
  readonly seed: bigint
  /** This worker's copy of the data set. */
  readonly dataset: unknown
  /** Random numbers of this worker alone, begun from `seed`: those that a worker process of Python draws by default. */
  readonly generator: Generator
}

let info: WorkerInfo | null = null

/**
 * What this worker of a `DataLoader` knows of itself, or null outside of one; as `torch.utils.data.get_worker_info`.
 *
 * Workers are threads, and the default generator is one for all threads of a process: a data set that draws random numbers
 * takes `getWorkerInfo()?.generator` (null or undefined is the default one). The package's transforms do.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.get_worker_info
 * @example
 * const noise = torch.randn([3], { generator: data.getWorkerInfo()?.generator })
 */
export function getWorkerInfo(): WorkerInfo | null {
  return info
}

/** Says what this worker is. */
export function setWorkerInfo(value: WorkerInfo): void {
  info = value
}
