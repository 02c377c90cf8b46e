import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { keep } from '../core/handle'
import { is, isOptions } from '../core/options'
import type { Module } from '../nn'
import { isTensor, type Tensor } from '../tensor/tensor'

/** `'full'` or a count, in the words of a check. */
export const BATCH_SIZE = [
  "'full' or an integer of at least 1",
  (value: unknown) => value === 'full' || is.positive[1](value),
] as const

/**
 * Checks inputs and targets before anything is computed; `labels` where the targets are classes, `batch` the number of a
 * loader's batch.
 */
export function checkPair(
  what: string,
  name: string,
  pair: unknown,
  labels: boolean,
  batch?: number,
): [Tensor, Tensor] {
  const whole = what === name ? what : `${what}: '${name}'`
  const where = batch === undefined ? whole : `${whole}: batch ${batch} of the loader`
  if (!Array.isArray(pair) || pair.length !== 2) {
    throw new InvalidArgTypeError(`${where} must be [inputs, targets], got ${describe(pair)}`)
  }
  const [x, y] = pair
  for (const [position, value] of [x, y].entries()) {
    if (!isTensor(value)) {
      throw new InvalidArgTypeError(
        `${where}: expected a tensor as ${position === 0 ? 'inputs' : 'targets'}, got ${describe(value)}`,
      )
    }
    if (value.ndim === 0)
      throw new InvalidArgValueError(`${where}: expected a tensor of many, got one without dimensions`)
  }
  const count = x.size(0)
  if (count === 0) throw new InvalidArgValueError(`${where}: expected at least one input, got ${shapeOf(x)}`)
  if (y.size(0) !== count) {
    throw new InvalidArgValueError(`${where}: expected as many targets as inputs, got ${shapeOf(x)} and ${shapeOf(y)}`)
  }
  if (labels && y.ndim === 1 && y.dtype !== 'int64') {
    throw new InvalidArgTypeError(
      `${where}: expected labels of dtype int64, got ${y.dtype}; labels.long() makes them so`,
    )
  }
  if (x.device !== y.device) {
    throw new InvalidArgValueError(
      `${where}: expected inputs and targets on one device, got ${x.device} and ${y.device}`,
    )
  }
  return [x, y]
}

/** Checks what a model's `forward` gave for a batch. */
export function checkOutput(what: string, output: unknown, target: Tensor): asserts output is Tensor {
  if (isOptions(output) || !isTensor(output)) {
    throw new InvalidArgTypeError(`${what}: expected a tensor from the model's forward, got ${describe(output)}`)
  }
  if (output.ndim === 0 || output.size(0) !== target.size(0)) {
    throw new InvalidArgValueError(
      `${what}: expected an output for each of the ${target.size(0)} inputs, got ${shapeOf(output)}`,
    )
  }
}

/** A shape in the words of an error. */
export function shapeOf(tensor: Tensor): string {
  return `[${tensor.shape.join(', ')}]`
}

/** Runs with the whole model in train or eval mode, and gives every module its own mode back. */
export function withMode<R>(model: Module, training: boolean, run: () => R): R {
  const before = [...model.modules()].map(module => [module, module.training] as const)
  model.train(training)
  try {
    return run()
  } finally {
    // From the root down: a parent's train() reaches into its children, whose own turn comes later.
    for (const [module, was] of before) if (module.training !== was) module.train(was)
  }
}

/** Lets the tensors that a model put into its fields (or into arrays there) outlive the scope of the step. */
export function keepFields(model: Module): void {
  for (const module of model.modules()) {
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(module))) {
      if (isTensor(value)) keep(value)
      else if (Array.isArray(value)) for (const item of value) if (isTensor(item)) keep(item)
    }
  }
}
