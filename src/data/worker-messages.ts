import type { Portable } from './portable'

/** What a worker is begun with. */
export interface WorkerSetup {
  id: number
  numWorkers: number
  seed: bigint
  dataset: Portable
  collate: Portable | null
  workerInit: Portable | null
  isStream: boolean
  batching: boolean
  dropLast: boolean
  /** One number: the pass that is at work, or -1. What was asked for in another one is skipped. */
  current: Int32Array<SharedArrayBuffer>
}

/** Makes a batch. */
export interface WorkerTask {
  pass: number
  task: number
  index: unknown
}

/** What became of it. */
export type WorkerAnswer = { pass: number; task: number } & (
  | { batch: unknown }
  | { end: true }
  | { error: { name: string; message: string; stack: string; code?: string } }
)
