import { getSystemErrorMap } from 'node:util'
import { AbortError } from '../core/abort'
import type { Device } from '../core/device'
import { dtypeCode } from '../core/dtype'
import { FileFormatError } from '../core/errors'
import { adopt, slotOf } from '../core/handle'
import { Job } from '../core/job'
import { binding } from '../native/load'
import type { Tensor } from '../tensor'
import { dtypeOf, type TensorInfo } from './safetensors'
import { freshToken } from './write-atomically'

/** What `onProgress` is told. */
export interface FileProgress {
  /** Of the file, written or read by now. */
  bytes: number
  /** Of the whole file. */
  total: number
}

/** How the work on a file is watched and ended. */
export interface Watching {
  /**
   * Called from the event loop while bytes are written or read, at most 20 times a second, and once when all is done.
   * What it throws ends the work.
   */
  onProgress?: (progress: FileProgress) => unknown
  /** Ends the work. */
  signal?: AbortSignal
}

const PROGRESS_MS = 50

/** A file that the package's thread writes or reads; see `native/serialize/`. */
abstract class Transfer {
  protected readonly job = new Job()
  /** Of what comes after the pieces, also where those have failed. It uses no tensors: nobody waits for the disk. */
  protected readonly ending = new Job()
  protected abandoned = false
  protected abstract readonly id: number

  /** The work itself. */
  protected abstract finished(): Promise<unknown>

  /** Gives the rest up; false where it is too late for that. */
  abandon(): boolean {
    this.abandoned = binding.fileAbandon(this.id)
    return this.abandoned
  }

  /** Waits for the work, tells of its progress, and gives it up where something ends it. */
  protected async watched({ onProgress, signal }: Watching, total: number): Promise<void> {
    let stop!: (reason: unknown) => void
    const stopped = new Promise<never>((_, reject) => {
      stop = reject
    })
    const onAbort = () => {
      if (this.abandon()) stop(new AbortError(signal!.reason))
    }
    let told = 0
    const tell = () => {
      const bytes = binding.fileBytes(this.id)
      if (bytes === told || bytes === total) return // all is told at the end
      told = bytes
      try {
        onProgress!({ bytes, total })
      } catch (error) {
        stop(error)
      }
    }
    signal?.addEventListener('abort', onAbort)
    const timer = onProgress && setInterval(tell, PROGRESS_MS)
    try {
      if (signal?.aborted) onAbort()
      await Promise.race([this.finished(), stopped])
    } catch (error) {
      this.abandon()
      throw error
    } finally {
      clearInterval(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    onProgress?.({ bytes: total, total })
  }

  /** Throws what the system refused. */
  protected check(path: string): void {
    const failure = binding.fileFailure(this.id)
    if (failure === null) return
    const [errno, call, ...paths] = failure
    if (errno === 0) throw new FileFormatError(`${path}: the file became shorter while it was read`)
    throw systemError(errno, call, paths)
  }
}

/** The error that Node's own functions throw. */
function systemError(errno: number, syscall: string, [path, dest]: string[]): Error {
  const [code, text] = getSystemErrorMap().get(-errno) ?? ['UNKNOWN', 'unknown error']
  const places = `${path ? ` '${path}'` : ''}${dest ? ` -> '${dest}'` : ''}`
  const error = new Error(`${code}: ${text}, ${syscall}${places}`)
  return Object.assign(error, { errno: -errno, code, syscall }, path ? { path } : {}, dest ? { dest } : {})
}

/** Those at work: `process.exit()` leaves no unfinished files behind. */
const writing = new Set<Writing>()

function abandonAll(): void {
  for (const transfer of writing) transfer.abandon()
}

/** Writes a file as `writeAtomically` does. */
export class Writing extends Transfer {
  protected readonly id: number

  /** All of it is queued here, before whatever is asked for later. */
  constructor(
    readonly path: string,
    header: Uint8Array,
    tensors: readonly Tensor[],
    lengths: readonly number[],
  ) {
    super()
    const slots = tensors.map(slotOf)
    this.id = this.job.run(() => binding.fileWrite(this, path, freshToken(), header, slots, lengths))
    this.ending.run(() => binding.fileEnd(this.id))
  }

  /** Resolves when the file has its name. */
  async done(watching: Watching, total: number): Promise<void> {
    if (writing.size === 0) process.on('exit', abandonAll)
    writing.add(this)
    try {
      await this.watched(watching, total)
    } finally {
      writing.delete(this)
      if (writing.size === 0) process.off('exit', abandonAll)
    }
  }

  protected async finished(): Promise<void> {
    await this.job.settled()
    await this.ending.settled()
    this.check(this.path)
  }
}

/** Pieces that may be queued at once: the next one is there when one is done. */
const AHEAD = 2

/** Reads the tensors of a file. */
export class Reading extends Transfer {
  protected readonly id: number
  #tensors: Tensor[] = []

  /** `descriptor` may be closed afterwards; the tensors' data begin at byte `start`. */
  constructor(
    readonly path: string,
    descriptor: number,
    start: number,
    device: Device,
    tensors: readonly TensorInfo[],
  ) {
    super()
    this.id = binding.fileRead(
      this,
      descriptor,
      start,
      device,
      tensors.map(info => dtypeCode(dtypeOf(info))),
      tensors.map(({ shape }) => shape.length),
      tensors.flatMap(({ shape }) => shape),
      tensors.map(({ begin, end }) => end - begin),
    )
  }

  /** Resolves with the tensors, in their order. */
  async done(watching: Watching, total: number): Promise<Tensor[]> {
    try {
      await this.watched(watching, total)
      return this.#tensors
    } finally {
      this.ending.run(() => binding.fileEnd(this.id))
      this.ending.settled()
    }
  }

  protected async finished(): Promise<void> {
    const marks: number[] = []
    for (let more = true; more && !this.abandoned; ) {
      more = this.job.run(() => binding.fileReadNext(this.id))
      marks.push(this.job.mark)
      if (marks.length >= AHEAD) await this.job.reached(marks.shift()!)
      this.check(this.path)
    }
    await this.job.settled()
    this.check(this.path)
    if (!this.abandoned) this.#tensors = binding.fileTensors(this.id).map(slot => adopt<Tensor>(slot))
  }
}
