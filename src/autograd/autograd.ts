import { describe, InvalidArgTypeError } from '../core/errors'
import { adopt, slotOf } from '../core/handle'
import { check, is, mergeArguments } from '../core/options'
import { binding } from '../native/load'
import { isTensor, slotsOf, type Tensor } from '../tensor/tensor'

/** The options of `autograd.grad`. */
export interface GradOptions {
  /** The vector of each vector-Jacobian product, of the outputs' shapes; not needed for outputs of one element. */
  gradOutputs?: Tensor | readonly (Tensor | null)[] | null
  /** Keeps the graph for another pass; default: as `createGraph`. */
  retainGraph?: boolean
  /** Records the pass itself, for derivatives of higher order; default false. */
  createGraph?: boolean
  /** Gives null for inputs that the outputs do not depend on, instead of an error; default false. */
  allowUnused?: boolean
}

function list(value: unknown): unknown {
  return isTensor(value) ? [value] : value
}

function gradients(what: string, value: unknown): (number | null)[] | null {
  if (value === null || value === undefined) return null
  const items = list(value)
  if (!Array.isArray(items) || !items.every(item => item === null || isTensor(item))) {
    throw new InvalidArgTypeError(`${what} must be tensors or nulls, got ${describe(value)}`)
  }
  return items.map(item => (item === null ? null : slotOf(item)))
}

const GRAD = ['outputs', 'inputs', 'gradOutputs', 'retainGraph', 'createGraph', 'allowUnused']

/**
 * The gradients of the sum of `outputs` with respect to `inputs`, without touching any `grad`. Null only with
 * `allowUnused`. Mirrors `torch.autograd.grad`.
 *
 * @example
 * const x = torch.tensor([3], { requiresGrad: true })
 * const [dx] = torch.autograd.grad([x.pow(2)], [x])   // tensor([6.])
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions & { allowUnused: true },
): (Tensor | null)[]
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  gradOutputs?: Tensor | readonly (Tensor | null)[] | null,
  options?: Omit<GradOptions, 'gradOutputs'>,
): Tensor[]
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options?: GradOptions,
): Tensor[]
export function grad(...args: unknown[]): (Tensor | null)[] {
  const merged = mergeArguments('grad', GRAD, args, 2)
  const { retainGraph = null, createGraph = false, allowUnused = false } = merged
  if (retainGraph !== null) check('grad', 'retainGraph', retainGraph, is.boolean)
  check('grad', 'createGraph', createGraph, is.boolean)
  check('grad', 'allowUnused', allowUnused, is.boolean)
  const slots = binding.grad(
    slotsOf('grad', 'outputs', list(merged.outputs)),
    slotsOf('grad', 'inputs', list(merged.inputs)),
    gradients("grad: 'gradOutputs'", merged.gradOutputs),
    retainGraph as boolean | null,
    createGraph as boolean,
    allowUnused as boolean,
  )
  return slots.map(slot => (slot === null ? null : adopt<Tensor>(slot)))
}

/** The options of `autograd.backward`. */
export interface BackwardAllOptions {
  gradTensors?: Tensor | readonly (Tensor | null)[] | null
  retainGraph?: boolean
  createGraph?: boolean
  inputs?: readonly Tensor[]
}

const BACKWARD = ['tensors', 'gradTensors', 'retainGraph', 'createGraph', 'inputs']

/** Adds the gradients of the sum of `tensors` to the `grad` of the leaves. Mirrors `torch.autograd.backward`. */
export function backward(tensors: Tensor | readonly Tensor[], options?: BackwardAllOptions): void
export function backward(...args: unknown[]): void {
  const merged = mergeArguments('backward', BACKWARD, args, 1)
  const { retainGraph = null, createGraph = false, inputs = null } = merged
  if (retainGraph !== null) check('backward', 'retainGraph', retainGraph, is.boolean)
  check('backward', 'createGraph', createGraph, is.boolean)
  binding.backward(
    slotsOf('backward', 'tensors', list(merged.tensors)),
    gradients("backward: 'gradTensors'", merged.gradTensors),
    retainGraph as boolean | null,
    createGraph as boolean,
    inputs === null ? null : slotsOf('backward', 'inputs', inputs),
  )
}
