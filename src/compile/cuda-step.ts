import type { Job } from '../core/job'
import { product } from '../core/sizes'
import type { CudaDevice } from '../cuda/device'
import { CUDAGraph, captureStrictly, defaultCaptureStream, holdsInPlace } from '../cuda/graphs'
import { currentStream, stream as onStream } from '../cuda/streams'
import { tidy } from '../memory'
import type { Module } from '../nn'
import { captureStepsOf, Optimizer, replayStepOf, stateReplacedOf } from '../optim/optimizer'
import type { Tensor } from '../tensor/tensor'
import { deviceOf, WARM_UP } from './cuda-forward'
import { ModelGuard } from './cuda-guard'
import { type Body, chooseTraining, type TrainingChoice } from './cuda-train'
import { NotFused } from './recording'
import { type GraphedSteps, noteTraining, type TrainingEntry } from './training'

/**
 * The steps of a training on a GPU: the first three run as they are, on a stream of their own; then one is captured as a
 * CUDA graph, with the gradients in the graph's memory and the optimizer's fused kernel, and from there on replayed. Blocks
 * of the network are computed by fused kernels where those agree with eager's and are faster (`chooseTraining`). What
 * cannot be captured goes on as it is, and `explain` says why.
 */
export class GraphedTraining {
  readonly #entry: TrainingEntry
  readonly #steps: GraphedSteps = { captures: 0, replays: 0, eager: 0, kernels: [] }
  readonly #model: Module
  readonly #optimizer: Optimizer
  readonly #device: CudaDevice
  #guard: ModelGuard | undefined
  #options = ''
  #warm = 0
  #choice: TrainingChoice | undefined
  #graph: CUDAGraph | undefined
  #losses: Tensor | undefined
  #gradients: readonly (readonly [Tensor, Tensor | null])[] = []
  /** Whether the last step was a replay: then the gradients are the graph's. */
  #replayed = false

  /** `rows` are the inputs of a step. */
  constructor(model: Module, optimizer: unknown, x: Tensor, rows: number) {
    this.#model = model
    this.#optimizer = optimizer as Optimizer
    this.#device = deviceOf(x)
    this.#entry = {
      signature: `[${[rows, ...x.shape.slice(1)].join(', ')}] ${x.dtype} train, a whole step`,
      count: rows,
      id: -1,
      reason: undefined,
      more: [],
    }
    noteTraining(model, this.#entry)
    try {
      if (x.requiresGrad) throw new NotFused('a gradient at the inputs is wanted')
      if (product(x.shape as readonly number[]) === 0) throw new NotFused('the inputs are empty')
      checkOptimizer(optimizer, x.device)
      this.#entry.graphed = this.#steps
    } catch (error) {
      this.#entry.reason = (error as Error).message
    }
  }

  /** False where all steps are to be eager. */
  get possible(): boolean {
    return this.#entry.reason === undefined
  }

  /** Before the steps of an epoch: whether the model, and what the optimizer was told, are what was captured. */
  begin(): void {
    captureStepsOf(this.#optimizer, true)
    const options = optionsOf(this.#optimizer)
    const inPlace = this.#graph === undefined || holdsInPlace(this.#graph)
    if (this.#guard !== undefined && !this.#guard.holds()) {
      this.#choice = undefined
      this.#forget()
      this.#warm = 0
    } else if (this.#graph !== undefined && (options !== this.#options || !inPlace)) {
      if (!inPlace) this.#choice = undefined
      this.#forget()
      this.#warm = WARM_UP - 1 // one makes what an optimizer lacks
    }
    this.#options = options
    try {
      this.#guard ??= new ModelGuard(this.#model)
    } catch (error) {
      this.#giveUp(error)
    }
  }

  /**
   * One step. Gives a tensor of its own: what `body` gave. `body` must ask for the same, on the same tensors, each time.
   */
  async step(job: Job, body: Body): Promise<Tensor> {
    if (!this.possible) return this.eager(job, body)
    if (this.#graph === undefined) {
      await job.settled()
      if (this.#warm < WARM_UP) return this.#prepare(job, body)
      this.#capture(body)
      if (!this.possible) return this.eager(job, body)
    }
    this.#steps.replays++
    this.#replayed = true
    return job.run(() => {
      replayStepOf(this.#optimizer)
      this.#graph!.replay()
      return this.#losses!.clone()
    })
  }

  /** One step that is neither captured nor replayed. */
  eager(job: Job, body: Body): Tensor {
    this.#steps.eager++
    this.#replayed = false
    return job.run(() => this.#run(body))
  }

  #run(body: Body): Tensor {
    this.#optimizer.zeroGrad()
    const losses = tidy(body)
    this.#optimizer.step()
    return losses
  }

  /** A step on the stream that will be captured; the last one on the thread that captures, whose libraries it prepares. */
  async #prepare(job: Job, body: Body): Promise<Tensor> {
    this.#warm++
    this.#steps.eager++
    this.#replayed = false
    const side = defaultCaptureStream(this.#device)
    const before = currentStream(this.#device)
    side.waitStream(before)
    const run = () => this.#run(body)
    const losses = onStream(side, () => (this.#warm < WARM_UP ? job.run(run) : run()))
    await job.settled()
    before.waitStream(side)
    losses.recordStream(before)
    return losses
  }

  #capture(body: Body): void {
    const graph = new CUDAGraph()
    const side = defaultCaptureStream(this.#device)
    this.#optimizer.zeroGrad() // those of the capture have memory of the graph's, and are written anew by each replay
    replayStepOf(this.#optimizer)
    try {
      side.waitStream(currentStream(this.#device))
      this.#choice ??= chooseTraining(this.#model, parametersOf(this.#optimizer), this.#device, side, body)
      const { forward, told } = this.#choice
      this.#steps.kernels = told
      this.#losses = captureStrictly(graph, side, () => {
        const losses = tidy(() => body(forward))
        this.#optimizer.step()
        return losses
      })
      this.#graph = graph
      this.#gradients = parametersOf(this.#optimizer).map(parameter => [parameter, parameter.grad] as const)
      this.#steps.captures++
    } catch (error) {
      this.#optimizer.zeroGrad()
      this.#giveUp(error)
    }
  }

  /** After the steps of an epoch: the gradients are those of the last step, as after eager ones. */
  end(): void {
    if (this.#replayed) for (const [parameter, gradient] of this.#gradients) parameter.grad = gradient
  }

  /** After the last epoch; also where it failed. */
  close(): void {
    if (this.#entry.graphed === undefined) return
    captureStepsOf(this.#optimizer, false)
    this.#choice = undefined
    this.#forget()
  }

  #giveUp(error: unknown): void {
    this.#entry.reason = (error as Error).message
    this.#forget()
    captureStepsOf(this.#optimizer, false)
  }

  #forget(): void {
    this.#graph?.reset()
    this.#graph = undefined
    this.#losses = undefined
    this.#gradients = []
    this.#guard = undefined
  }
}

type Group = Record<string, unknown> & { params: readonly Tensor[] }

const groupsOf = (optimizer: Optimizer) => optimizer.paramGroups as unknown as readonly Group[]
const parametersOf = (optimizer: Optimizer) => groupsOf(optimizer).flatMap(({ params }) => params)

/** What is part of a captured step besides tensors. The learning rate is a tensor where there is a fused kernel. */
function optionsOf(optimizer: Optimizer): string {
  const fused = captureStepsOf(optimizer, null)
  const names = Object.keys(optimizer.defaults).filter(name => !(fused && name === 'lr'))
  const groups = groupsOf(optimizer).map(group => [group.params.length, names.map(name => group[name])])
  return JSON.stringify([stateReplacedOf(optimizer), groups])
}

function checkOptimizer(optimizer: unknown, device: string): void {
  if (!(optimizer instanceof Optimizer)) throw new NotFused('the optimizer is none of optim')
  const { step, zeroGrad } = Optimizer.prototype
  const name = optimizer.constructor.name
  if (optimizer.step !== step || optimizer.zeroGrad !== zeroGrad) throw new NotFused(`${name} has a step of its own`)
  const groups = groupsOf(optimizer)
  if (groups.some(({ differentiable }) => differentiable === true)) throw new NotFused(`${name} is differentiable`)
  for (const parameter of parametersOf(optimizer)) {
    if (parameter.device !== device) throw new NotFused(`a parameter is on ${parameter.device}, the data on ${device}`)
    if (!/^b?float/.test(parameter.dtype)) throw new NotFused(`a parameter is of ${parameter.dtype}`)
  }
  if (captureStepsOf(optimizer, null) || groups.every(({ capturable }) => capturable === true)) return
  throw new NotFused(
    'capturable' in groups[0]!
      ? `the steps of ${name} are captured with { capturable: true } alone`
      : `the steps of ${name} cannot be captured`,
  )
}
