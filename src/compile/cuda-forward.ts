import { isGradEnabled } from '../autograd'
import { Job } from '../core/job'
import type { CudaDevice } from '../cuda/device'
import {
  CUDAGraph,
  captureStrictly,
  defaultCaptureStream,
  holdsInPlace,
  isCurrentStreamCapturing,
} from '../cuda/graphs'
import { currentStream, stream as onStream } from '../cuda/streams'
import { tidy } from '../memory'
import { isTensor, type Tensor } from '../tensor/tensor'
import { type Captured, chooseForward } from './cuda-fused'
import { ModelGuard, oneTensor } from './cuda-guard'
import { type Callable, NotFused } from './recording'

/** Calls of a signature that come before its capture: libraries of the GPU prepare themselves in them. */
export const WARM_UP = 3

/** Where a tensor on a GPU is. */
export const deviceOf = (tensor: Tensor) => tensor.device as CudaDevice

/** The forwards of one signature as a CUDA graph. */
export class GraphedForward {
  /** Why all calls are eager, in words for `explain`. */
  reason: string | undefined
  /** What its kernels are, for `explain`. */
  kernels: readonly string[] = []
  captures = 0
  replays = 0
  eager = 0
  readonly #model: Callable
  readonly #input: Tensor
  #guard: ModelGuard
  #warm = 0
  #captured: Captured | undefined

  /** `NotFused` where there can be no graph. */
  constructor(model: Callable, x: Tensor) {
    if (x.layout !== 'strided') throw new NotFused(`no CUDA graph takes inputs whose layout is ${x.layout}`)
    if (isGradEnabled() && (x.requiresGrad || model.parameters().some(p => p.requiresGrad))) {
      throw new NotFused('gradients are recorded: use noGrad, or train with { compile: true }')
    }
    this.#model = model
    this.#guard = new ModelGuard(model)
    this.#input = x.detach().clone()
  }

  /** True where the next call, on this thread, prepares or captures the graph. */
  get preparing(): boolean {
    return this.reason === undefined && this.#captured === undefined
  }

  /** What `forward` gives for `x`, of this signature. */
  run(x: Tensor): unknown {
    const eager = () => {
      this.eager++
      return this.#model.forward(x)
    }
    // a capture of one's own, around this one, has the operators themselves
    if (this.reason !== undefined || isCurrentStreamCapturing()) return eager()
    if (!this.#guard.holds() || (this.#captured !== undefined && !holdsInPlace(this.#captured.graph))) {
      this.close()
      try {
        this.#guard = new ModelGuard(this.#model)
      } catch (error) {
        this.reason = (error as Error).message
        return eager()
      }
    }
    if (this.#captured === undefined) {
      // the thread of a job has other handles of cuBLAS and cuDNN than this one, which captures
      if (Job.current !== undefined) return eager()
      if (this.#warm++ < WARM_UP) return this.#aside(eager)
      this.#prepare(x)
      if (this.reason !== undefined) return eager()
    }
    const { graph, output } = this.#captured!
    this.#input.copy_(x)
    graph.replay()
    this.replays++
    return output.clone()
  }

  /** On the stream that will be captured: what libraries keep for each stream is then there. */
  #aside<R>(body: () => R): R {
    const side = defaultCaptureStream(deviceOf(this.#input))
    const before = currentStream(deviceOf(this.#input))
    side.waitStream(before)
    const out = onStream(side, body)
    before.waitStream(side)
    if (isTensor(out) && out.device.startsWith('cuda') && out.layout === 'strided') out.recordStream(before)
    return out
  }

  #prepare(x: Tensor): void {
    this.#input.copy_(x)
    const model = this.#model
    try {
      this.#aside(() => {
        const eager = this.#capture(() => oneTensor(model.forward(this.#input)))
        const { captured, told } = chooseForward(model, this.#input, eager, forward => this.#capture(forward))
        this.#captured = captured
        this.kernels = told
      })
      this.captures++
    } catch (error) {
      this.reason = (error as Error).message
    }
  }

  #capture(forward: () => Tensor): Captured {
    const graph = new CUDAGraph()
    const output = captureStrictly(graph, defaultCaptureStream(deviceOf(this.#input)), () => tidy(forward))
    return { graph, output }
  }

  /** Lets the graph go, and its memory. */
  close(): void {
    this.#captured?.graph.reset()
    this.#captured = undefined
    this.kernels = []
    this.#warm = 0
  }
}
