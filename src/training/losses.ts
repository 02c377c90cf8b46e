import { noGrad } from '../autograd'
import { describe, InvalidArgValueError } from '../core/errors'
import { tidy } from '../memory'
import type { Module } from '../nn'
import { isTensor, type Tensor } from '../tensor/tensor'
import { checkOutput, keepFields, withMode } from './batch'
import type { Precision } from './precision'

/** What losses are computed of. */
export interface Losses {
  model: Module & { forward(x: Tensor): Tensor }
  criterion: { forward(output: Tensor, target: Tensor): Tensor }
  /** For a loader known once there is a batch. */
  precision: Precision | undefined
}

type Pair = readonly [x: Tensor, y: Tensor]

/** Both losses of a step with all images; the gradients are those of the first. `forward` takes the place of the model's. */
export function fullLosses(
  run: Losses,
  [x, y]: Pair,
  [valX, valY]: Pair,
  forward = (input: Tensor) => run.model.forward(input),
): Tensor[] {
  const { model } = run
  const precision = run.precision!
  const [trainLoss, valLoss] = precision.forward(() => {
    const output = forward(x)
    const valOutput = noGrad(() => forward(valX))
    return [lossOf(run, output, y), noGrad(() => lossOf(run, valOutput, valY))] as const
  })
  precision.backward(trainLoss)
  keepFields(model)
  return [value(trainLoss), value(valLoss)]
}

/** The loss of a batch, and its gradients. */
export function batchLoss(
  run: Losses,
  x: Tensor,
  y: Tensor,
  forward = (input: Tensor) => run.model.forward(input),
): Tensor {
  const precision = run.precision!
  const batchLoss = precision.forward(() => lossOf(run, forward(x), y))
  precision.backward(batchLoss)
  keepFields(run.model)
  return value(batchLoss)
}

/** The loss in eval mode. */
export function validationLoss(run: Losses, x: Tensor, y: Tensor): Tensor {
  const forward = () => tidy(() => value(run.precision!.forward(() => lossOf(run, run.model.forward(x), y))))
  return withMode(run.model, false, () => noGrad(forward))
}

/** A loss apart from what it was computed from, with no dimension. */
function value(loss: Tensor): Tensor {
  return loss.detach().reshape([])
}

/** The loss of outputs; `ERR_INVALID_ARG_VALUE` where it is not one number. */
export function lossOf({ criterion }: Losses, output: Tensor, target: Tensor): Tensor {
  checkOutput('train', output, target)
  const value = criterion.forward(output, target)
  if (!isTensor(value) || value.numel() !== 1) {
    const got = isTensor(value) ? `a tensor of shape [${value.shape.join(', ')}]` : describe(value)
    throw new InvalidArgValueError(`train: the criterion must give one number as a tensor, got ${got}`)
  }
  return value
}
