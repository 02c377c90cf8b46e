import { extname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { DataError } from '../core/errors'
import type { WorkerAnswer, WorkerSetup, WorkerTask } from './worker-messages'

/** The same program from `src/` and from `dist/`. */
const PROGRAM = join(__dirname, `worker-main${extname(__filename)}`)

/** Who hears what the workers answer: one pass at a time. */
export interface Listener {
  answered(worker: number, answer: WorkerAnswer): void
  /** A worker is gone, or the pool was given to another pass. */
  failed(error: Error): void
}

/** The worker threads of a loader, for one pass or, where they are persistent, for one after another. */
export class WorkerPool {
  readonly current = new Int32Array(new SharedArrayBuffer(4)).fill(-1)
  readonly #workers: Worker[]
  #listener: Listener | undefined
  #failure: Error | undefined
  #ended = false
  #passes = 0

  constructor(setup: Omit<WorkerSetup, 'id' | 'seed' | 'current'>, baseSeed: bigint) {
    this.#workers = Array.from({ length: setup.numWorkers }, (_, id) => {
      const seed = BigInt.asIntN(64, baseSeed + BigInt(id))
      const workerData: WorkerSetup = { ...setup, id, seed, current: this.current }
      const worker = new Worker(PROGRAM, { workerData, name: `DataLoader worker ${id}` })
      worker.on('message', (answer: WorkerAnswer) => {
        if (answer.pass === this.current[0]) this.#listener?.answered(id, answer)
      })
      worker.on('error', error => this.#fail(crash(id, error)))
      worker.on('messageerror', error => this.#fail(crash(id, error)))
      worker.on('exit', code => {
        if (!this.#ended) this.#fail(new DataError(`DataLoader worker ${id} exited unexpectedly with code ${code}`))
      })
      worker.unref() // a pass that nobody waits for keeps no program alive
      return worker
    })
  }

  /** Whether another pass can have it. */
  get usable(): boolean {
    return !this.#ended && this.#failure === undefined
  }

  /** Gives the workers to a pass; one that was at work fails. */
  begin(listener: Listener): number {
    const former = this.#listener
    this.#listener = listener
    const pass = this.#passes++
    Atomics.store(this.current, 0, pass)
    former?.failed(new DataError('another pass over this DataLoader took its persistent workers'))
    if (this.#failure !== undefined) listener.failed(this.#failure)
    return pass
  }

  /** What a pass asked for is skipped from now on. */
  leave(listener: Listener): void {
    if (this.#listener !== listener) return
    this.#listener = undefined
    Atomics.store(this.current, 0, -1)
  }

  send(worker: number, task: WorkerTask): void {
    this.#workers[worker]!.postMessage(task)
  }

  /** Whether the program stays alive for the workers. */
  hold(held: boolean): void {
    for (const worker of this.#workers) {
      if (held) worker.ref()
      else worker.unref()
    }
  }

  /** Ends the threads, whatever they do. */
  async end(): Promise<void> {
    this.#ended = true
    Atomics.store(this.current, 0, -1)
    await Promise.all(this.#workers.map(worker => worker.terminate()))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#listener?.failed(this.#failure)
  }
}

function crash(id: number, cause: Error): DataError {
  const error = new DataError(`DataLoader worker ${id} ended with ${cause.name}: ${cause.message}`, { cause })
  error.stack = `${error.stack}\n  in DataLoader worker ${id}: ${cause.stack}`
  return error
}
