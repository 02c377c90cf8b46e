import { END } from './fetch'
import type { Plan } from './loader-options'
import { toPortable } from './portable'
import type { WorkerSetup } from './worker-messages'
import { WorkerPass } from './worker-pass'
import { WorkerPool } from './worker-pool'

type Setup = Omit<WorkerSetup, 'id' | 'seed' | 'current'>

/** Ends the workers of a loader that nobody has any more. */
const forgotten = new FinalizationRegistry<WorkerPool>(pool => void pool.end())

/** Makes the batches of a loader in worker threads. */
export class WorkerBatches {
  readonly #setup: Setup
  readonly #plan: Plan
  #kept: WorkerPool | undefined

  /** Throws `ERR_INVALID_ARG_TYPE` for what workers cannot be given. */
  constructor(plan: Plan) {
    const { dataset, collate, isStream, batchSampler, dropLast } = plan
    const { numWorkers, workerInit } = plan.workers!
    this.#plan = plan
    this.#setup = {
      numWorkers,
      dataset: toPortable('DataLoader with workers', dataset),
      collate: collate && toPortable("DataLoader with workers: 'collate'", collate),
      workerInit: workerInit && toPortable("DataLoader with workers: 'workerInit'", workerInit),
      isStream,
      batching: batchSampler !== null,
      dropLast,
    }
  }

  /**
   * One pass, begun at once; `seed` draws the base seed where new workers need one, `placed` puts a batch where it is
   * wanted.
   */
  pass<B>(order: Iterable<unknown>, seed: () => bigint, placed: (batch: unknown) => B): AsyncIterableIterator<B> {
    const { persistent } = this.#plan.workers!
    const pool = this.#pool(seed)
    const pass = new WorkerPass(pool, order[Symbol.iterator](), { ...this.#plan.workers!, signal: this.#plan.signal })
    const finish = async () => {
      pass.close()
      if (persistent && pool.usable && !pass.timedOut) return
      if (this.#kept === pool) this.#kept = undefined
      await pool.end()
    }
    const batches = batchesOf(pass, placed, finish)
    let begun = false
    return {
      next() {
        begun = true
        return batches.next()
      },
      async return(value) {
        if (!begun) await finish() // a generator that has not begun does not do so by itself
        return batches.return!(value)
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  async close(): Promise<void> {
    const pool = this.#kept
    this.#kept = undefined
    await pool?.end()
  }

  #pool(seed: () => bigint): WorkerPool {
    if (this.#kept?.usable) return this.#kept
    const pool = new WorkerPool(this.#setup, seed())
    if (this.#plan.workers!.persistent) {
      this.#kept = pool
      forgotten.register(this, pool)
    }
    return pool
  }
}

async function* batchesOf<B>(
  pass: WorkerPass,
  placed: (batch: unknown) => B,
  finish: () => Promise<void>,
): AsyncIterableIterator<B> {
  try {
    for (;;) {
      const batch = await pass.next()
      if (batch === END) return
      yield placed(batch)
    }
  } finally {
    await finish()
  }
}
