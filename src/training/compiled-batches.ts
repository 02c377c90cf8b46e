import { noGrad } from '../autograd'
import { CompiledStep, compile } from '../compile'
import type { Module } from '../nn'
import type { Tensor } from '../tensor'
import { withMode } from './batch'
import { wholeStep } from './compiled'

type Callable = Module & { forward(x: Tensor): Tensor }

/** Compiled steps and predictions for batches as a loader gives them: a step is recorded for each shape of an input. */
export class CompiledBatches {
  readonly #model: Callable
  readonly #criterion: unknown
  /** By the shape of an input and what the targets are; undefined where the step is eager. */
  readonly #steps = new Map<string, CompiledStep | undefined>()
  readonly #predict: Callable

  constructor(model: Callable, criterion: unknown) {
    this.#model = model
    this.#criterion = criterion
    this.#predict = compile(model) as Callable
  }

  /** Records the step of such batches, where it is not recorded or the model is another one since. Not in a job. */
  prepare(x: Tensor, y: Tensor): void {
    const key = keyOf(x, y)
    if (this.#steps.has(key) && this.#steps.get(key)?.holds() !== false) return
    this.#steps.set(key, CompiledStep.make(this.#model, this.#criterion, x, y))
  }

  /** The loss, float64 without dimensions, after a whole step; undefined, and nothing done, where that is eager. */
  step(x: Tensor, y: Tensor, optimizer: { zeroGrad(): unknown; step(): unknown }): Tensor | undefined {
    const step = this.#steps.get(keyOf(x, y))
    if (step === undefined) return undefined
    using losses = wholeStep(optimizer, native => step.run(x, y, { optimizer: native }))
    return losses.reshape([])
  }

  /** What `read` makes of a prediction in eval mode, without gradients. */
  predict<R>(x: Tensor, read: (output: Tensor) => R): R {
    return withMode(this.#predict, false, () => noGrad(() => read(this.#predict.forward(x))))
  }
}

function keyOf(x: Tensor, y: Tensor): string {
  return `${x.shape.slice(1).join()} ${x.dtype} ${x.device}, ${y.shape.slice(1).join()} ${y.dtype}`
}
