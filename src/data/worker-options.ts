import { InvalidArgValueError } from '../core/errors'
import { check, is } from '../core/options'

/** What a loader's workers are told, and how long they are kept. */
export interface WorkerPlan {
  numWorkers: number
  prefetchFactor: number
  /** Seconds. */
  timeout: number
  workerInit: ((id: number) => unknown) | null
  persistent: boolean
}

const SECONDS = ['a number of at least 0', (v: unknown) => Number.isFinite(v) && (v as number) >= 0] as const
const INIT = ['a function or null', (v: unknown) => v === null || typeof v === 'function'] as const
const FACTOR = ['an integer of at least 1 or null', (v: unknown) => v === null || is.positive[1](v)] as const

/** Checks the options about workers; undefined for none. */
export function workersOf(merged: Record<string, unknown>): WorkerPlan | undefined {
  const { numWorkers = 0, timeout = 0, workerInit = null, prefetchFactor = null, persistentWorkers = false } = merged
  check('DataLoader', 'numWorkers', numWorkers, is.count)
  check('DataLoader', 'timeout', timeout, SECONDS)
  check('DataLoader', 'workerInit', workerInit, INIT)
  check('DataLoader', 'prefetchFactor', prefetchFactor, FACTOR)
  check('DataLoader', 'persistentWorkers', persistentWorkers, is.boolean)
  if (numWorkers === 0) {
    if (prefetchFactor !== null) throw new InvalidArgValueError('prefetchFactor option needs numWorkers > 0')
    if (persistentWorkers) throw new InvalidArgValueError('persistentWorkers option needs numWorkers > 0')
    if (timeout !== 0) throw new InvalidArgValueError('timeout option needs numWorkers > 0')
    return undefined
  }
  return {
    numWorkers: numWorkers as number,
    prefetchFactor: (prefetchFactor as number | null) ?? 2,
    timeout: timeout as number,
    workerInit: workerInit as WorkerPlan['workerInit'],
    persistent: persistentWorkers as boolean,
  }
}
