import { isAutocastEnabled } from '../autograd'
import { blank, finish, slotOf } from '../core/handle'
import { type CudaDevice, indexOf } from '../cuda/device'
import { CUDAGraph, captureStrictly } from '../cuda/graphs'
import { stream as onStream, type Stream } from '../cuda/streams'
import { tidy } from '../memory'
import type { Module } from '../nn'
import { callOperator } from '../ops/registry'
import { isTensor, type Tensor } from '../tensor/tensor'
import { graph, type Stage } from './binding'
import { timeOf, unrounded } from './cuda-fused'
import { oneTensor } from './cuda-guard'
import { Guard } from './guard'
import { type Call, type Callable, NotFused, recordForward, whyNot } from './recording'
import { nameOf, stagesOf } from './stages'

/** What takes the place of a model's `forward`. */
export type Forward = (x: Tensor) => Tensor

/** How a step is computed: forward, loss and backward, without `zeroGrad` and `step`; gives the losses as one tensor. */
export type Body = (forward?: Forward) => Tensor

/** Which forward a step is captured with, the model's own where there is none, and what `explain` says of its kernels. */
export interface TrainingChoice {
  forward: Forward | undefined
  told: readonly string[]
}

/** Of 1 or the largest of a tensor, where that is more: what losses and running statistics may differ from eager's. */
const TOLERANCE = 1e-4
/**
 * Of the largest of a gradient, and a hundredth of the largest of all. Those before batch norm are what remains of sums that
 * cancel: eager's own are off by some thousandths for thousands of images, and a bias has rounding alone.
 */
const GRADIENTS = 1e-2

/** A call of the chain, or the calls of a block that fused kernels compute. */
interface Step {
  name: string
  fused: boolean
  run: Forward
}

/** A model's forward in training: blocks by fused kernels, and what is between them as eager has it. */
class FusedChain {
  readonly #model: Callable
  readonly #chains = new Map<string, readonly Step[]>()

  constructor(model: Module) {
    const missing = graph.cudaFusedMissing()
    if (missing !== null) throw new NotFused(`there are no fused kernels: ${missing}`)
    this.#model = model as Callable
  }

  readonly forward: Forward = x => {
    if (isAutocastEnabled('cuda')) throw new NotFused('mixed precision is not fused')
    return this.#chain(x).reduce((value, { run }) => run(value), x)
  }

  /** Those of the first inputs that came. */
  steps(): readonly Step[] {
    return [...this.#chains.values()][0] ?? []
  }

  #chain(x: Tensor): readonly Step[] {
    const key = x.shape.join()
    const steps = this.#chains.get(key) ?? stepsOf(this.#model, x)
    this.#chains.set(key, steps)
    return steps
  }
}

function stepsOf(model: Callable, x: Tensor): Step[] {
  const chain = recordForward(model, x)
  const guard = new Guard(model, chain)
  if (!guard.allTraining) throw new NotFused('a layer is in eval mode while the model trains')
  const names = new Map(model.namedModules().map(([name, child]) => [child, name]))
  const { stages, obstacles } = stagesOf(chain, names, 'train')
  const steps: Step[] = []
  for (let place = 0; place < chain.length; place++) {
    const first = stages.findIndex(stage => stage.place === place)
    const block = first === -1 ? undefined : stages.slice(first, first + 4)
    const end = block?.at(-1)?.place ?? place
    const clear = !obstacles.some(obstacle => obstacle.place >= place && obstacle.place <= end)
    if (block !== undefined && clear && isBlock(block)) {
      steps.push(fusedStep(block))
      place = end
    } else {
      steps.push(eagerStep(chain[place]!, names))
    }
  }
  if (steps.some(({ fused }) => fused)) return steps
  throw new NotFused('there is no block of a convolution, batch norm, ReLU and a maximum pool of 2x2 that is fused')
}

/** ReLU may come before the pool or behind it: the maximum is the same. */
function isBlock(stages: readonly Stage[]): boolean {
  const [convolution, norm, third, fourth] = stages
  if (fourth === undefined || convolution!.kind !== 'conv' || norm!.kind !== 'norm') return false
  const [activation, pool] = third!.kind === 'activation' ? [third!, fourth] : [fourth, third!]
  if (activation.activation !== 'relu' || pool.kind !== 'pool' || pool.average === true || pool.ceil === true)
    return false
  const sizes = [pool.kernel, pool.stride, pool.padding].map(String).join(';')
  return sizes === '2,2;2,2;0,0' && graph.graphCudaTrains(convolution!, norm!)
}

function fusedStep([convolution, norm, third]: readonly Stage[]): Step {
  const tail = third!.kind === 'pool' ? 'max pool + relu' : 'relu + max pool'
  return {
    name: `convolution + batch norm + ${tail}`,
    fused: true,
    run: x => {
      const result = blank() as Tensor
      return finish(result, graph.graphCudaTrainBlock(convolution!, norm!, slotOf(x), result))
    },
  }
}

function eagerStep(call: Call, names: ReadonlyMap<Module, string>): Step {
  const { layer, operation, overload, options, problem, counter } = call
  if (problem !== undefined) throw new NotFused(problem)
  const step = { name: `${nameOf(call, names)} of libtorch`, fused: false }
  if (layer !== undefined) return { ...step, run: x => oneTensor((layer as unknown as Callable).forward(x)) }
  if (counter !== undefined || options.includes(undefined)) throw new NotFused(`${operation} is not called anew`)
  return {
    ...step,
    run: x => {
      const out = callOperator(operation, overload, [x, ...options])
      return oneTensor(Array.isArray(out) ? out[0] : out)
    },
  }
}

/** What a step moves besides the parameters, which `restore` puts back. */
class State {
  readonly parameters: readonly Tensor[]
  readonly #buffers: readonly (readonly [Tensor, Tensor])[]
  readonly #gradients: readonly (Tensor | null)[]
  readonly #random = blank() as Tensor
  readonly #device: number

  constructor(model: Module, parameters: readonly Tensor[], device: CudaDevice) {
    this.parameters = [...new Set([...model.parameters(), ...parameters])]
    this.#buffers = model.buffers().map(buffer => [buffer, buffer.clone()] as const)
    this.#gradients = this.parameters.map(({ grad }) => grad)
    this.#device = indexOf(device)!
    finish(this.#random, graph.cudaRandomState(this.#device, this.#random))
  }

  /** Losses, then buffers, then gradients of one step, whose traces are removed. */
  trial(body: Body, forward: Forward | undefined): { values: Tensor[]; gradients: (Tensor | null)[] } {
    const run = () => {
      const losses = body(forward)
      const buffers = this.#buffers.map(([buffer]) => buffer.clone())
      return { values: [losses, ...buffers], gradients: this.parameters.map(({ grad }) => grad) }
    }
    return this.#aside(() => tidy(run))
  }

  /** Milliseconds of a replay of forward, loss and backward. */
  time(body: Body, forward: Forward | undefined, stream: Stream): number {
    const captured = new CUDAGraph()
    try {
      return this.#aside(() => {
        captureStrictly(captured, stream, () => tidy(() => void body(forward)))
        return timeOf(captured)
      })
    } finally {
      captured.reset()
    }
  }

  #aside<R>(work: () => R): R {
    try {
      for (const parameter of this.parameters) parameter.grad = null
      return work()
    } finally {
      for (const [buffer, saved] of this.#buffers) buffer.detach().copy_(saved)
      this.parameters.forEach((parameter, i) => {
        parameter.grad = this.#gradients[i]!
      })
      graph.cudaSetRandomState(this.#device, slotOf(this.#random))
    }
  }
}

/** The tensors in the fields of a model, or in arrays there. */
function fieldsOf(model: Module): Set<unknown> {
  const fields = model.modules().flatMap(module => Object.values(Object.getOwnPropertyDescriptors(module)))
  return new Set(fields.flatMap(({ value }) => value as unknown).filter(isTensor))
}

const largest = (tensor: Tensor) => (tensor.numel() === 0 ? 0 : (tensor.abs().max().item() as number))

/** How far one step by fused kernels is from eager's, of what is allowed; `NotFused` where that is too far. */
function compare(model: Module, state: State, body: Body, forward: Forward): number {
  return unrounded(() => {
    const fields = fieldsOf(model)
    const eager = state.trial(body, undefined)
    const kept = [...fieldsOf(model)].some(tensor => !fields.has(tensor))
    if (kept) throw new NotFused('forward keeps tensors in fields of the model')
    const fused = state.trial(body, forward)
    let most = 0
    const look = (what: string, expected: Tensor, got: Tensor, allowed: number) => {
      const apart = largest(expected.detach().double().sub(got.detach().double()))
      if (!Number.isFinite(apart)) {
        throw new NotFused(`a first ${what} is not finite, which tells nothing of fused kernels`)
      }
      if (apart > allowed) throw new NotFused(`a fused ${what} differs from eager's by ${apart.toPrecision(3)}`)
      if (apart > 0) most = Math.max(most, apart / allowed)
    }
    for (const [i, expected] of eager.values.entries()) {
      const counts = !expected.dtype.startsWith('float')
      const allowed = counts ? 0 : TOLERANCE * Math.max(1, largest(expected))
      look(i === 0 ? 'loss' : 'running statistic', expected, fused.values[i]!, allowed)
    }
    const sizes = eager.gradients.map(gradient => (gradient === null ? 0 : largest(gradient)))
    const all = Math.max(...sizes)
    for (const [i, expected] of eager.gradients.entries()) {
      const got = fused.gradients[i]!
      if ((expected === null) !== (got === null)) throw new NotFused('fused kernels give gradients to other parameters')
      if (expected !== null) look('gradient', expected, got, GRADIENTS * (sizes[i]! + all / 100))
    }
    return most
  })
}

/**
 * With which forward a step is captured: one by fused kernels only where one step on the data at hand gives eager's losses,
 * gradients and running statistics, and where its graph, without the optimizer's step, was measured to take less time than
 * eager's. Everything is as before afterwards: buffers, gradients and random numbers.
 */
export function chooseTraining(
  model: Module,
  parameters: readonly Tensor[],
  device: CudaDevice,
  stream: Stream,
  body: Body,
): TrainingChoice {
  try {
    const chain = new FusedChain(model)
    return onStream(stream, () =>
      tidy(() => {
        const state = new State(model, parameters, device)
        const apart = compare(model, state, body, chain.forward)
        const ratio = state.time(body, chain.forward, stream) / state.time(body, undefined, stream)
        if (!(ratio < 1)) throw new NotFused(`fused kernels took ${ratio.toPrecision(3)} times as long`)
        const head = `of fused kernels, in ${ratio.toPrecision(2)} of the time of eager's without the optimizer; apart by up to ${apart.toPrecision(2)} of what is allowed:`
        return { forward: chain.forward, told: [head, ...chain.steps().map(({ name }, i) => `  ${i + 1} ${name}`)] }
      }),
    )
  } catch (error) {
    const { reason, more } = whyNot(error)
    return { forward: undefined, told: [`of eager's kernels: ${reason}`, ...more.map(line => `  ${line}`)] }
  }
}
