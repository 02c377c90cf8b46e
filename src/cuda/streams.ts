import type { DType } from '../core/dtype'
import { describe, InvalidArgTypeError } from '../core/errors'
import { slotOf } from '../core/handle'
import { inMode, type Scope } from '../core/mode-scope'
import { check, is, mergeArguments } from '../core/options'
import type { Shape } from '../core/shape-types'
import { binding } from '../native/load'
import { Tensor } from '../tensor/tensor'
import { type CudaDevice, indexOf } from './device'

/** The options of a new stream. */
export interface StreamOptions {
  /** Default: the current device. */
  device?: CudaDevice | null
  /** 0, the default, or negative for work that goes first. */
  priority?: number
}

/** Names a stream that is there already, where `new Stream()` takes one from the pool. */
class Existing {
  constructor(readonly find: (owner: object) => number) {}
}

let streamId: (stream: unknown) => number
let eventId: (event: unknown) => number

/**
 * A queue of work on a GPU: what is asked of one stream happens in order, what is asked of two may overlap. Work goes to
 * the current stream (`cuda.stream`). A tensor that one stream makes and another uses needs `waitStream` or an event
 * between them, and `tensor.recordStream(other)` where it may be freed before the other is done.
 *
 * Streams come from libtorch's pool of 32 for each device and priority, and are used anew in turn.
 *
 * Without a GPU: `ERR_CUDA_UNAVAILABLE`. Mirrors `torch.cuda.Stream`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.cuda.Stream.html
 * @example
 * const side = new torch.cuda.Stream()
 * side.waitStream(torch.cuda.currentStream())                     // what x is made of is there
 * const y = torch.cuda.stream(side, () => x.matmul(x))
 * torch.cuda.currentStream().waitStream(side)                     // y may be used here
 */
export class Stream {
  readonly #id: number

  constructor(options?: StreamOptions)
  constructor(device?: CudaDevice | null, options?: Omit<StreamOptions, 'device'>)
  constructor(...args: unknown[]) {
    if (args[0] instanceof Existing) {
      this.#id = args[0].find(this)
      return
    }
    const { device, priority = 0 } = mergeArguments('Stream', ['device', 'priority'], args)
    check('Stream', 'priority', priority, is.integer)
    this.#id = binding.cudaStreamCreate(this, indexOf(device), priority as number)
  }

  /** @internal */
  static {
    streamId = stream => {
      if (typeof stream === 'object' && stream !== null && #id in stream) return stream.#id
      throw new InvalidArgTypeError(`expected a Stream, got ${describe(stream)}`)
    }
  }

  /** `'cuda:0'` */
  get device(): `cuda:${number}` {
    return `cuda:${binding.cudaStreamDevice(this.#id)}`
  }

  /** libtorch's number of the stream; 0 for the default one of its device. */
  get streamId(): number {
    return binding.cudaStreamId(this.#id)
  }

  /** True for the same stream of the same device. */
  equals(other: Stream): boolean {
    streamId(other)
    return this.streamId === other.streamId && this.device === other.device
  }

  /** True once all that was asked of the stream is done. */
  query(): boolean {
    return binding.cudaStreamQuery(this.#id)
  }

  /** Waits, and the event loop with it, until all that was asked of the stream is done. */
  synchronize(): void {
    binding.cudaStreamSynchronize(this.#id)
  }

  /** Records an event, a new one unless given, and gives it. */
  recordEvent(event: Event = new Event()): Event {
    event.record(this)
    return event
  }

  /** What is asked of this stream from now on begins after the event; the program goes on at once. */
  waitEvent(event: Event): void {
    binding.cudaEventWait(eventId(event), this.#id)
  }

  /** What is asked of this stream from now on begins after what was asked of the other one until now. */
  waitStream(other: Stream): void {
    streamId(other)
    this.waitEvent(other.recordEvent())
  }
}

/** The options of an event. */
export interface EventOptions {
  /** Keeps the time, for `elapsedTime`; default false. */
  enableTiming?: boolean
}

/**
 * A mark in a stream's queue: recorded there, waited for elsewhere, and with two of them the time between.
 *
 * Without a GPU: `ERR_CUDA_UNAVAILABLE`. Mirrors `torch.cuda.Event`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.cuda.Event.html
 * @example
 * const start = new torch.cuda.Event({ enableTiming: true }), end = new torch.cuda.Event({ enableTiming: true })
 * start.record()
 * x.matmul(x)
 * end.record()
 * end.synchronize()
 * console.log(start.elapsedTime(end), 'ms')
 */
export class Event {
  readonly #id: number

  constructor(options?: EventOptions)
  constructor(enableTiming?: boolean)
  constructor(...args: unknown[]) {
    const { enableTiming = false } = mergeArguments('Event', ['enableTiming'], args)
    check('Event', 'enableTiming', enableTiming, is.boolean)
    this.#id = binding.cudaEventCreate(this, enableTiming as boolean)
  }

  /** @internal */
  static {
    eventId = event => {
      if (typeof event === 'object' && event !== null && #id in event) return event.#id
      throw new InvalidArgTypeError(`expected an Event, got ${describe(event)}`)
    }
  }

  /** Marks the end of what was asked of the stream until now; the current stream unless given. */
  record(stream: Stream = currentStream()): void {
    binding.cudaEventRecord(this.#id, streamId(stream))
  }

  /** What is asked of the stream (the current one unless given) from now on begins after this event. */
  wait(stream: Stream = currentStream()): void {
    binding.cudaEventWait(this.#id, streamId(stream))
  }

  /** True once all that was asked before the event is done, and for an event that was never recorded. */
  query(): boolean {
    return binding.cudaEventQuery(this.#id)
  }

  /** Waits, and the event loop with it, until all that was asked before the event is done. */
  synchronize(): void {
    binding.cudaEventSynchronize(this.#id)
  }

  /**
   * Milliseconds from this event to `end`. Both are made with `enableTiming`, recorded, and have happened; else
   * `ERR_INVALID_ARG_VALUE`.
   */
  elapsedTime(end: Event): number {
    return binding.cudaEventElapsedTime(this.#id, eventId(end))
  }
}

function existing(find: (owner: object) => number): Stream {
  return new (Stream as new (existing: Existing) => Stream)(new Existing(find))
}

/** The stream that work on the device goes to. Mirrors `torch.cuda.current_stream`. */
export function currentStream(device?: CudaDevice): Stream {
  const index = indexOf(device)
  return existing(owner => binding.cudaStreamCurrent(owner, index))
}

/** The stream that the device begins with. Mirrors `torch.cuda.default_stream`. */
export function defaultStream(device?: CudaDevice): Stream {
  const index = indexOf(device)
  return existing(owner => binding.cudaStreamDefault(owner, index))
}

/**
 * Makes a stream and its device the current ones while `fn` runs; without `fn`, a scope for `using`. Null changes nothing.
 * An async function is `ERR_ASYNC_SCOPE`. Mirrors `torch.cuda.stream`.
 *
 * @example
 * using _ = torch.cuda.stream(side)
 */
export function stream(stream: Stream | null): Scope
export function stream<R>(stream: Stream | null, fn: () => R): R
export function stream<R>(stream: Stream | null, fn?: () => R): R | Scope {
  const id = stream === null ? null : streamId(stream)
  const open = () => {
    if (id === null) return () => {}
    binding.cudaStreamOpen(id)
    return () => {
      binding.cudaStreamClose()
    }
  }
  return inMode({ name: 'cuda.stream', open }, fn)
}

declare module '../tensor/tensor' {
  interface Tensor<out S extends Shape, out D extends DType> {
    /**
     * Keeps the tensor's memory from being given to others, once it is freed, before `stream` has done what it was asked
     * until then: for a tensor that was made on one stream and is used on another. `torch.Tensor.record_stream`
     */
    recordStream(stream: Stream): void
  }
}

Object.defineProperty(Tensor.prototype, 'recordStream', {
  value: function recordStream(this: Tensor, stream: Stream): void {
    binding.cudaRecordStream(slotOf(this), streamId(stream))
  },
  writable: true,
  configurable: true,
})
