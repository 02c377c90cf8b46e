import { AbortError } from '../core/abort'
import { DataError } from '../core/errors'
import { END } from './fetch'
import { collectShared, unpack } from './shared-tensors'
import type { WorkerAnswer } from './worker-messages'
import type { Listener, WorkerPool } from './worker-pool'

export interface PassOptions {
  numWorkers: number
  /** Batches that may be under way for each worker. */
  prefetchFactor: number
  /** Seconds to wait for a batch; 0 is for ever. */
  timeout: number
  signal: AbortSignal | undefined
}

interface Task {
  worker: number
  answer?: WorkerAnswer
}

/**
 * One pass over a loader with workers. Tasks go round the workers as in Python, a new one for each batch that is taken, so
 * that what a sampler draws is drawn in Python's order; batches come in the order of the tasks.
 */
export class WorkerPass implements Listener {
  readonly #pool: WorkerPool
  readonly #order: Iterator<unknown>
  readonly #options: PassOptions
  readonly #pass: number
  /** Not yet given, by number. */
  readonly #tasks = new Map<number, Task>()
  /** Workers whose stream has not ended. */
  readonly #busy: boolean[]
  #sent = 0
  #given = 0
  #turn = 0
  #failure: Error | undefined
  #wake: (() => void) | undefined
  /** Whether a worker took too long: nobody knows what it does. */
  timedOut = false

  constructor(pool: WorkerPool, order: Iterator<unknown>, options: PassOptions) {
    this.#pool = pool
    this.#order = order
    this.#options = options
    this.#busy = Array<boolean>(options.numWorkers).fill(true)
    this.#pass = pool.begin(this)
    for (let i = 0; i < options.prefetchFactor * options.numWorkers; i++) this.#send()
  }

  /** The next batch, or `END`. */
  async next(): Promise<unknown> {
    for (;;) {
      this.#check()
      this.#skip()
      if (this.#given >= this.#sent) return END
      const { worker, answer } = this.#tasks.get(this.#given)!
      if (answer === undefined) {
        await this.#wait()
        continue
      }
      this.#tasks.delete(this.#given++)
      this.#send()
      if ('error' in answer) throw rethrown(worker, answer.error)
      collectShared()
      return unpack((answer as { batch: unknown }).batch)
    }
  }

  /** Lets go of the workers. */
  close(): void {
    this.#pool.leave(this)
    this.#order.return?.()
    this.#tasks.clear()
  }

  answered(worker: number, answer: WorkerAnswer): void {
    if ('end' in answer) {
      this.#busy[worker] = false
      this.#send()
    } else {
      const task = this.#tasks.get(answer.task)
      if (task !== undefined) task.answer = answer
    }
    this.#wake?.()
  }

  failed(error: Error): void {
    this.#failure ??= error
    this.#wake?.()
  }

  /** Passes over the tasks of workers whose stream had ended before them. */
  #skip(): void {
    for (; this.#given < this.#sent; this.#given++) {
      const task = this.#tasks.get(this.#given)!
      if (task.answer !== undefined || this.#busy[task.worker]) return
      this.#tasks.delete(this.#given)
    }
  }

  #send(): void {
    if (this.#failure !== undefined || !this.#busy.includes(true)) return
    const { done, value: index } = this.#order.next()
    if (done) return
    while (!this.#busy[this.#turn]) this.#turn = (this.#turn + 1) % this.#busy.length
    const worker = this.#turn
    this.#turn = (worker + 1) % this.#busy.length
    this.#tasks.set(this.#sent, { worker })
    this.#pool.send(worker, { pass: this.#pass, task: this.#sent++, index })
  }

  #check(): void {
    const { signal } = this.#options
    if (signal?.aborted) throw new AbortError(signal.reason)
    if (this.#failure !== undefined) throw this.#failure
  }

  async #wait(): Promise<void> {
    const { signal, timeout } = this.#options
    let timer: NodeJS.Timeout | undefined
    this.#pool.hold(true)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve
        signal?.addEventListener('abort', this.#wake)
        const late = () => {
          this.timedOut = true
          reject(new DataError(`DataLoader timed out after ${timeout} seconds`))
        }
        if (timeout > 0) timer = setTimeout(late, timeout * 1000)
      })
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', this.#wake!)
      this.#wake = undefined
      this.#pool.hold(false)
    }
  }
}

function rethrown(worker: number, told: Extract<WorkerAnswer, { error: unknown }>['error']): DataError {
  const cause = Object.assign(new Error(told.message), { stack: told.stack, ...(told.code ? { code: told.code } : {}) })
  cause.name = told.name
  const error = new DataError(`Caught ${told.name} in DataLoader worker ${worker}: ${told.message}`, { cause })
  error.stack = `${error.stack}\n  in DataLoader worker ${worker}: ${told.stack}`
  return error
}
