import { refusePromise } from '../core/async-scope'
import { describe, InvalidArgTypeError } from '../core/errors'
import { inMode, type Scope } from '../core/mode-scope'
import { check, is, isOptions, mergeArguments } from '../core/options'
import { binding } from '../native/load'
import { type CudaDevice, currentDevice, indexOf } from './device'
import { Stream, stream as streamScope } from './streams'

/** Names a pool of memory that graphs may share: what `graphPoolHandle()` or a graph's `pool()` gave. */
export type GraphPoolHandle = readonly [number, number]

/** Which calls spoil a capture: those of any thread, of the one that captures, or none but those that no capture bears. */
export type CaptureErrorMode = 'global' | 'thread_local' | 'relaxed'

/** The options of a new graph. */
export interface CUDAGraphOptions {
  /** Keeps what was captured apart from what runs: `instantiate()` then makes that, or the first replay. Default false. */
  keepGraph?: boolean
}

/** The options of `captureBegin`. */
export interface CaptureOptions {
  /** Memory that is shared with another graph; default a pool of its own. */
  pool?: GraphPoolHandle | null
  /** Default `'global'`. */
  captureErrorMode?: CaptureErrorMode
}

/** The options of `cuda.graph`. */
export interface GraphOptions extends CaptureOptions {
  /** The stream that is captured; default one that is kept for this. */
  stream?: Stream | null
}

const MODES: readonly unknown[] = ['global', 'thread_local', 'relaxed']

const POOL = [
  'what graphPoolHandle() or the pool() of a graph gave',
  (value: unknown) =>
    value === undefined || value === null || (Array.isArray(value) && value.length === 2 && value.every(is.integer[1])),
] as const

let graphId: (graph: unknown) => number

interface Capture {
  pool: GraphPoolHandle | null
  mode: number
  /** See `captureStrictly`. */
  strict: boolean
}

function captureOf(what: string, { pool = null, captureErrorMode = 'global' }: Record<string, unknown>): Capture {
  check(what, 'pool', pool, POOL)
  check(what, 'captureErrorMode', captureErrorMode, is.oneOf(...MODES))
  return { pool: pool as GraphPoolHandle | null, mode: MODES.indexOf(captureErrorMode), strict: false }
}

/**
 * Work for a GPU that was captured once and is replayed as one call: its kernels begin one after the other without the
 * program, on the very memory on which they were captured. New inputs are copied into the tensors that were there then,
 * and results are read from those that `fn` made, after each replay.
 *
 * `cuda.graph(graph, fn)` captures. Kernels are not run by a capture, but by a replay. All that a graph read is kept in
 * memory as long as the graph, and what it made has memory of a pool of its own, so that a replay never meets another
 * tensor's memory; a tensor that was made inside is nevertheless overwritten by the next replay. Random operators draw
 * anew at each replay, in the order of the generator.
 *
 * Without a GPU: `ERR_CUDA_UNAVAILABLE`. A libtorch without such graphs: `ERR_LIBTORCH`. Mirrors `torch.cuda.CUDAGraph`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.cuda.CUDAGraph.html
 * @example
 * const x = torch.zeros([64, 10], { device: 'cuda' })
 * const graph = new torch.cuda.CUDAGraph()
 * const y = torch.cuda.graph(graph, () => model.forward(x))          // after some calls that are not captured
 * x.copy_(input)
 * graph.replay()
 * y.tolist()
 */
export class CUDAGraph {
  readonly #id: number

  constructor(options?: CUDAGraphOptions)
  constructor(keepGraph?: boolean)
  constructor(...args: unknown[]) {
    const { keepGraph = false } = mergeArguments('CUDAGraph', ['keepGraph'], args)
    check('CUDAGraph', 'keepGraph', keepGraph, is.boolean)
    this.#id = binding.cudaGraphCreate(this, keepGraph as boolean)
  }

  /** @internal */
  static {
    graphId = graph => {
      if (typeof graph === 'object' && graph !== null && #id in graph) return graph.#id
      throw new InvalidArgTypeError(`expected a CUDAGraph, got ${describe(graph)}`)
    }
  }

  /**
   * Begins to capture what is asked of the current stream, which must not be the default one; `cuda.graph` takes care of
   * that, and ends the capture whatever happens. While it is open, whatever waits for the GPU is `ERR_CUDA_CAPTURE`:
   * `item()`, `tolist()`, copies from and to the CPU, `synchronize()`, operators whose results' sizes depend on values.
   *
   * `ERR_CUDA_CAPTURE`: on the default stream, while another graph is captured in this process, and where this graph holds
   * a capture already.
   */
  captureBegin(options?: CaptureOptions): void
  captureBegin(pool?: GraphPoolHandle | null, options?: Omit<CaptureOptions, 'pool'>): void
  captureBegin(...args: unknown[]): void {
    const merged = mergeArguments('captureBegin', ['pool', 'captureErrorMode'], args)
    const { pool, mode, strict } = captureOf('captureBegin', merged)
    binding.cudaGraphBegin(this.#id, pool, mode, strict)
  }

  /** Ends the capture, on the stream on which it began. Where it failed: `ERR_CUDA_CAPTURE`, and the graph stays empty. */
  captureEnd(): void {
    binding.cudaGraphEnd(this.#id, false)
  }

  /** Makes what runs of what was captured: for a graph with `keepGraph`, before its first replay. */
  instantiate(): void {
    binding.cudaGraphInstantiate(this.#id)
  }

  /** Does what was captured, on the current stream. Without a capture, and inside of one: `ERR_CUDA_CAPTURE`. */
  replay(): void {
    binding.cudaGraphReplay(this.#id)
  }

  /** Lets what was captured go, and its memory once nobody has a tensor in it. The graph may be captured anew. */
  reset(): void {
    binding.cudaGraphReset(this.#id)
  }

  /** The pool of the graph's memory, for another graph that is replayed in turns with this one. */
  pool(): GraphPoolHandle {
    return Object.freeze(binding.cudaGraphPool(this.#id))
  }
}

/** A pool for the graphs that are to share one. Mirrors `torch.cuda.graph_pool_handle`. */
export function graphPoolHandle(): GraphPoolHandle {
  return Object.freeze(binding.cudaGraphPool(-1))
}

/** True while the current stream is captured; false without a GPU. Mirrors `torch.cuda.is_current_stream_capturing`. */
export function isCurrentStreamCapturing(): boolean {
  return binding.cudaStreamIsCapturing()
}

/** False once something that the graph read lies elsewhere in memory than when it was captured. */
export function holdsInPlace(graph: CUDAGraph): boolean {
  return binding.cudaGraphHolds(graphId(graph))
}

const captureStreams = new Map<number, Stream>()

/** The stream of a device (the current one unless given) that is captured unless another is asked for. */
export function defaultCaptureStream(device?: CudaDevice): Stream {
  const index = indexOf(device) ?? currentDevice()
  const stream = captureStreams.get(index) ?? new Stream(index)
  captureStreams.set(index, stream)
  return stream
}

function openCapture(id: number, stream: Stream, { pool, mode, strict }: Capture, failed: () => boolean): () => void {
  const scope = streamScope(stream)
  try {
    binding.cudaGraphPrepare()
    binding.cudaGraphBegin(id, pool, mode, strict)
  } catch (error) {
    scope[Symbol.dispose]()
    throw error
  }
  return () => {
    try {
      binding.cudaGraphEnd(id, failed())
    } finally {
      scope[Symbol.dispose]()
    }
  }
}

/** `cuda.graph` for what computes no more than its graph replays: an operator on the CPU is refused, too. */
export function captureStrictly<R>(graph: CUDAGraph, stream: Stream, fn: () => R): R {
  return capture(graphId(graph), stream, { pool: null, mode: MODES.indexOf('thread_local'), strict: true }, fn) as R
}

function capture(id: number, stream: Stream, how: Capture, fn: (() => unknown) | undefined): unknown {
  let failed = false
  const open = () => openCapture(id, stream, how, () => failed)
  if (typeof fn !== 'function') return inMode({ name: 'cuda.graph', open }, fn)
  return inMode({ name: 'cuda.graph', open }, () => {
    failed = true
    const result = fn()
    refusePromise('cuda.graph', result)
    failed = false
    return result
  })
}

/**
 * Captures what `fn` asks of the GPU into `graph`, and gives what `fn` gives; without `fn`, a scope for `using`. Everything
 * that the GPU was asked before is waited for, and cached memory goes back first; `fn` runs at once, its operators on
 * another stream than the current one.
 *
 * `fn` is to be called some times before (three, on another stream: cuDNN and cuBLAS prepare themselves then), in `tidy`
 * where it computes gradients, so that autograd keeps nothing of those calls, whose stream is not the one captured. Where `fn`
 * throws, the capture is given up and the graph stays empty. `ERR_CUDA_CAPTURE` for what cannot be captured, as
 * `captureBegin` says; an async function is `ERR_ASYNC_SCOPE`. What the program does besides (counting, branching,
 * operators on the CPU) happens once, and not when the graph is replayed. One capture at a time in a process. Mirrors
 * `torch.cuda.graph`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.cuda.graph.html
 * @example
 * const side = new torch.cuda.Stream()
 * side.waitStream(torch.cuda.currentStream())
 * torch.cuda.stream(side, () => { for (let i = 0; i < 3; i++) torch.tidy(step) })
 * torch.cuda.currentStream().waitStream(side)
 * const graph = new torch.cuda.CUDAGraph()
 * optimizer.zeroGrad()                                      // gradients get memory of the graph's
 * const loss = torch.cuda.graph(graph, () => torch.tidy(step))
 * for (const [x, y] of batches) {
 *   staticX.copy_(x)
 *   staticY.copy_(y)
 *   graph.replay()                                          // the loss, the gradients, the parameters are those of x and y
 * }
 */
export function graph(cudaGraph: CUDAGraph, options?: GraphOptions): Scope
export function graph<R>(cudaGraph: CUDAGraph, fn: () => R, options?: GraphOptions): R
export function graph(cudaGraph: CUDAGraph, ...rest: unknown[]): unknown {
  const id = graphId(cudaGraph)
  const fn = rest.length === 0 || (rest.length === 1 && isOptions(rest[0])) ? undefined : rest.shift()
  if (fn !== undefined && typeof fn !== 'function') {
    throw new InvalidArgTypeError(`cuda.graph takes a function, got ${describe(fn)}`)
  }
  const merged = mergeArguments('cuda.graph', ['pool', 'stream', 'captureErrorMode'], rest)
  const how = captureOf('cuda.graph', merged)
  const stream = merged.stream ?? defaultCaptureStream()
  if (!(stream instanceof Stream)) {
    throw new InvalidArgTypeError(`cuda.graph: 'stream' must be a Stream, got ${describe(stream)}`)
  }
  return capture(id, stream, how, fn as (() => unknown) | undefined)
}
