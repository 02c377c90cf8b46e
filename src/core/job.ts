import { binding } from '../native/load'
import { forgetTraces, recordTrace } from './traces'

/**
 * Work on the package's own thread, in the order in which it is asked for, as on a CUDA stream: while `run(fn)` runs `fn`,
 * operators, layers, `backward` and optimizers are queued instead of run. Sizes, dtypes and devices of their results are
 * known at once; whoever reads a value waits for it. What cannot be queued waits for what is and runs here.
 *
 * The tasks of one job share one fate: after the first that fails the others are skipped, and `settled` rejects with its
 * error, whose stack is that of the call that queued it. Code outside that wants a tensor which a job uses waits for the
 * job, so that it never sees one half done.
 */
export class Job {
  /** The innermost job whose `run` is at work. */
  static current: Job | undefined
  readonly #id = binding.jobCreate(this)
  #traced: number[] = []
  #failure: unknown

  /** Queues what `fn` asks for; gives what it gives. */
  run<R>(fn: () => R): R {
    const outer = Job.current
    binding.jobEnter(this.#id)
    Job.current = this
    try {
      return fn()
    } finally {
      Job.current = outer
      binding.jobLeave()
    }
  }

  /** The place in the queue after all that this job has queued so far, for `reached`. */
  get mark(): number {
    return binding.jobLast(this.#id)
  }

  /** Resolves once the queue has come to this place; rejects with the error of the first task that failed by then. */
  async reached(mark: number): Promise<void> {
    if (mark > 0) await new Promise<void>(resolve => binding.jobNotify(mark, resolve))
    try {
      binding.jobCheck(this.#id)
    } catch (error) {
      this.#failure ??= error
      throw this.#failure
    } finally {
      const open = this.#traced.findIndex(sequence => sequence > mark)
      forgetTraces(this.#traced.splice(0, open === -1 ? this.#traced.length : open))
    }
  }

  /** The same for all that was queued so far. */
  async settled(): Promise<void> {
    await this.reached(this.mark)
  }

  /** Notes where the task was asked for. */
  static trace(sequence: number): void {
    recordTrace(sequence)
    if (Job.current !== undefined) Job.current.#traced.push(sequence)
  }
}

binding.jobTracer(Job.trace)
