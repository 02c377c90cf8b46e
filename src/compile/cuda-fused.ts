import { blank, finish, slotOf } from '../core/handle'
import { indexOf } from '../cuda/device'
import type { CUDAGraph } from '../cuda/graphs'
import { Event } from '../cuda/streams'
import { tidy } from '../memory'
import type { Tensor } from '../tensor/tensor'
import { needAgreement } from './agreement'
import { graph } from './binding'
import { oneTensor } from './cuda-guard'
import { Guard } from './guard'
import { planOf } from './obstacles'
import { type Callable, NotFused, recordForward, whyNot } from './recording'

/** A forward that was captured, and where its output lies. */
export interface Captured {
  graph: CUDAGraph
  output: Tensor
}

/** What replays, and what `explain` says of its kernels. */
export interface Choice {
  captured: Captured
  told: readonly string[]
}

/** How many forms of a fused forward are captured and measured; the rest are not once one takes so much longer than the best. */
const MOST_CANDIDATES = 5
const HOPELESS = 1.2
/** A measurement: so many replays, or fewer where they take long; the best of so many rounds counts. */
const REPLAYS = 20
const MILLISECONDS = 5
const ROUNDS = 3

/**
 * A model's forward by fused kernels, for inputs like one. The first `direct` of its convolutions are computed by them,
 * with all that follows; those further on, which are usually wider, by libtorch, and what follows by one kernel.
 */
class FusedForward {
  readonly #model: Callable
  readonly #id: number
  readonly convolutions: number

  /** `NotFused` where the forward is no chain that kernels are there for. */
  constructor(model: Callable, x: Tensor) {
    const missing = graph.cudaFusedMissing()
    if (missing !== null) throw new NotFused(`there are no fused kernels: ${missing}`)
    if (x.dtype !== 'float32') throw new NotFused(`there are no fused kernels for ${x.dtype}`)
    if (x.numel() === 0) throw new NotFused('the inputs are empty')
    if (!x.isContiguous()) throw new NotFused('fused kernels take contiguous inputs')
    const chain = recordForward(model, x)
    if (new Guard(model, chain).training) throw new NotFused('a layer is in train mode')
    const names = new Map(model.namedModules().map(([name, child]) => [child, name]))
    this.#model = model
    this.#id = planOf(chain, names, { shape: x.shape, gpu: indexOf(x.device) }, 'predict', this).id
    this.convolutions = graph.graphCudaConvolutions(this.#id)
  }

  run(x: Tensor, direct: number): Tensor {
    const result = blank() as Tensor
    return finish(result, graph.graphCudaPredict(this.#id, slotOf(x), direct, result))
  }

  steps(direct: number): string[] {
    return graph.graphCudaSteps(this.#id, direct)
  }

  /** Numbers of convolutions to try as `direct`: from none to all, as many as are tried. */
  splits(): number[] {
    const steps = Math.min(this.convolutions, MOST_CANDIDATES - 1)
    return Array.from({ length: steps + 1 }, (_, i) => Math.round((this.convolutions * i) / Math.max(steps, 1)))
  }

  /** What eager gives. */
  expected(x: Tensor): Tensor {
    return unrounded(() => oneTensor(this.#model.forward(x)))
  }

  /** How far the output is from what is expected; `NotFused` where that is too far. */
  compare(x: Tensor, direct: number, expected: Tensor): number {
    return unrounded(() => {
      const apart = needAgreement(expected, this.run(x, direct))
      if (Number.isFinite(apart)) return apart
      throw new NotFused('the first output is not finite, which tells nothing of fused kernels')
    })
  }
}

/** Libtorch's convolutions do not round their inputs to TF32 meanwhile. */
export function unrounded<R>(body: () => R): R {
  const allowed = graph.cudaTf32Convolutions(false)
  try {
    return tidy(body)
  } finally {
    graph.cudaTf32Convolutions(allowed)
  }
}

/**
 * Of eager's captured forward and the fused ones, the fastest: a fused one only where its output agrees with eager's on `x`,
 * and where its replays were measured to take less time. `capture` captures on the current stream. Graphs that are not
 * chosen are let go.
 */
export function chooseForward(
  model: Callable,
  x: Tensor,
  eager: Captured,
  capture: (forward: () => Tensor) => Captured,
): Choice {
  let best: { captured: Captured; time: number; direct: number } | undefined
  let expected: Tensor | undefined
  let apart = 0
  try {
    const fused = new FusedForward(model, x)
    expected = fused.expected(x)
    for (const direct of fused.splits()) {
      apart = Math.max(apart, fused.compare(x, direct, expected))
      const captured = capture(() => fused.run(x, direct))
      const time = timeOf(captured.graph)
      const isBest = best === undefined || time <= best.time
      ;(isBest ? best?.captured : captured)?.graph.reset()
      if (isBest) best = { captured, time, direct }
      else if (time > HOPELESS * best!.time) break
    }
    const { captured, time, direct } = best!
    const ratio = time / timeOf(eager.graph)
    if (!(ratio < 1)) throw new NotFused(`fused kernels took ${ratio.toPrecision(3)} times as long`)
    eager.graph.reset()
    const told = `of fused kernels, in ${ratio.toPrecision(2)} of the time of eager's; outputs apart by up to ${apart.toPrecision(2)}:`
    return { captured, told: [told, ...fused.steps(direct).map((step, i) => `  ${i + 1} ${step}`)] }
  } catch (error) {
    best?.captured.graph.reset()
    const { reason, more } = whyNot(error)
    return { captured: eager, told: [`of eager's kernels: ${reason}`, ...more.map(line => `  ${line}`)] }
  } finally {
    expected?.dispose()
  }
}

/** Milliseconds of a replay, on the current stream. */
export function timeOf(cudaGraph: CUDAGraph): number {
  const replays = (count: number) => {
    const [start, end] = [new Event({ enableTiming: true }), new Event({ enableTiming: true })]
    start.record()
    for (let i = 0; i < count; i++) cudaGraph.replay()
    end.record()
    end.synchronize()
    return start.elapsedTime(end) / count
  }
  const once = replays(1)
  if (once > MILLISECONDS) return Math.min(once, replays(1))
  const count = Math.min(REPLAYS, Math.ceil(MILLISECONDS / once))
  return Math.min(...Array.from({ length: ROUNDS }, () => replays(count)))
}
