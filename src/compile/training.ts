import { noGrad } from '../autograd'
import { blank, finish, slotOf } from '../core/handle'
import { tidy } from '../memory'
import { CrossEntropyLoss, type Module } from '../nn'
import type { Tensor } from '../tensor/tensor'
import { graph } from './binding'
import { networkOf } from './compiled'
import type { Guard } from './guard'
import { type Callable, NotFused, whyNot } from './recording'

/** What `explain` is told of CUDA graphs. */
export interface GraphedSteps {
  captures: number
  replays: number
  eager: number
  /** What the kernels of the graphs are. */
  kernels: readonly string[]
}

/** A loss as `train` calls it. */
export interface Criterion {
  forward(output: Tensor, target: Tensor): Tensor
}

/** What became of a model that was to be trained compiled, for `explain`. */
export interface TrainingEntry {
  signature: string
  count: number
  id: number
  reason: string | undefined
  /** Further lines to the reason. */
  more: readonly string[]
  /** On a GPU. */
  graphed?: GraphedSteps
}

const trained = new WeakMap<Module, TrainingEntry>()

/** The last compiled training of a module. */
export function trainingOf(model: Module): TrainingEntry | undefined {
  return trained.get(model)
}

export function noteTraining(model: Module, entry: TrainingEntry): void {
  trained.set(model, entry)
}

/** How many rows a first loss is compared on. */
const COMPARED = 64

/** Of the loss: what a fused one may differ from the eager one by when it is recorded. */
const TOLERANCE = 1e-4

/** What a call of `CompiledStep.run` does besides. */
export interface StepOptions {
  /** Rows of the training data, int64: a step for each `batch` of them; default one step with all data. */
  order?: Tensor
  batch?: number
  /** Data whose loss is taken too, in train mode and before the optimizer steps; with one step only. */
  validation?: readonly [Tensor, Tensor]
  /** Its gradients are forgotten before each step, and it steps after it: the id of `nativeStepOf`. */
  optimizer?: number
}

/** Training steps as one call of native code. */
export class CompiledStep {
  private constructor(
    private readonly id: number,
    private readonly guard: Guard,
  ) {}

  /** A step for a model in train mode and data like these; undefined where it is not fused, `explain` says why. */
  static make(model: Module, criterion: unknown, x: Tensor, y: Tensor): CompiledStep | undefined {
    graph.graphKernels()
    const entry: TrainingEntry = {
      signature: `[${x.shape.join(', ')}] ${x.dtype} train, a whole step`,
      count: x.size(0),
      id: -1,
      reason: undefined,
      more: [],
    }
    noteTraining(model, entry)
    try {
      const options = lossOf(criterion, y)
      if (x.device !== 'cpu') throw new NotFused(`no fused kernels for ${x.device}`)
      if (x.dtype !== 'float32') throw new NotFused(`no fused kernels for ${x.dtype}`)
      if (x.requiresGrad) throw new NotFused('a gradient at the inputs is wanted')
      const { id, random, guard } = networkOf(model as Callable, x, 'train', entry)
      if (!guard.allTraining) throw new NotFused('a layer is in eval mode while the model trains')
      graph.graphTrainer(id, options.crossEntropy, options.mean, options.ignoreIndex)
      const step = new CompiledStep(id, guard)
      if (!random) step.#compare(model as Callable, criterion as Criterion, x, y)
      entry.id = id
      steps.set(step, entry)
      return step
    } catch (error) {
      Object.assign(entry, whyNot(error))
      return undefined
    }
  }

  /** True while the model is what was recorded. */
  holds(): boolean {
    return this.guard.holds()
  }

  /**
   * The losses, float64: of each step, then of the validation data. The parameters get their gradients, running statistics
   * move.
   */
  run(x: Tensor, y: Tensor, options: StepOptions = {}): Tensor<[number], 'float64'> {
    return this.#call(x, y, options, true)
  }

  #call(x: Tensor, y: Tensor, { order, batch = 0, validation, optimizer }: StepOptions, learn: boolean) {
    const result = blank() as Tensor<[number], 'float64'>
    const slot = (tensor: Tensor | undefined) => (tensor === undefined ? null : slotOf(tensor))
    const [valX, valY] = validation ?? []
    const losses = graph.graphTrainSteps(
      this.id,
      optimizer ?? null,
      slotOf(x),
      slotOf(y),
      slot(order),
      batch,
      slot(valX),
      slot(valY),
      learn,
      result,
    )
    return finish(result, losses)
  }

  /** A recording is believed only once it gave eager's loss. Statistics are as before afterwards. */
  #compare(model: Callable, criterion: Criterion, x: Tensor, y: Tensor): void {
    const rows = Math.min(COMPARED, x.size(0))
    noGrad(() =>
      tidy(() => {
        const buffers = model.buffers()
        const saved = buffers.map(buffer => buffer.clone())
        const restore = () => {
          for (const [i, buffer] of buffers.entries()) buffer.copy_(saved[i]!)
        }
        const [someX, someY] = [x.narrow(0, 0, rows), y.narrow(0, 0, rows)]
        try {
          const expected = criterion.forward(model.forward(someX) as Tensor, someY).item() as number
          restore()
          const got = this.#call(someX, someY, {}, false).tolist()[0]!
          if (Number.isFinite(expected) && !(Math.abs(got - expected) <= TOLERANCE * Math.max(1, Math.abs(expected)))) {
            throw new NotFused(`the fused loss is ${got}, eager's ${expected}`)
          }
        } finally {
          restore()
        }
      }),
    )
  }
}

const steps = new WeakMap<CompiledStep, TrainingEntry>() // the native network lives as long as its entry

function lossOf(criterion: unknown, y: Tensor) {
  const own = Object.hasOwn(criterion as object, 'forward')
  if (!own && (criterion as object).constructor === CrossEntropyLoss) {
    const { weight, labelSmoothing, reduction, ignoreIndex } = criterion as CrossEntropyLoss
    if (weight !== null || labelSmoothing !== 0) throw new NotFused('class weights and label smoothing are not fused')
    if (reduction !== 'mean' && reduction !== 'sum') throw new NotFused('a loss without reduction is not fused')
    if (y.dtype !== 'int64' || y.ndim !== 1) throw new NotFused('only class indices [N] are fused as targets')
    return { crossEntropy: true, mean: reduction === 'mean', ignoreIndex }
  }
  if (!own && (criterion as object).constructor.name === 'MSELoss') {
    const { reduction = 'mean' } = criterion as { reduction?: string }
    if (reduction !== 'mean' && reduction !== 'sum') throw new NotFused('a loss without reduction is not fused')
    if (y.dtype !== 'float32') throw new NotFused(`targets of ${y.dtype} are not fused`)
    return { crossEntropy: false, mean: reduction === 'mean', ignoreIndex: 0 }
  }
  throw new NotFused(`no kernel for the loss ${String(criterion)}`)
}
