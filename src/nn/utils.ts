/**
 * `torch.nn.utils`: clipping of gradients, and parameters as one vector.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.html#module-torch.nn.utils
 */
export * as rnn from './utils-rnn'

import type { DType } from '../core/dtype'
import { describe, InvalidArgTypeError } from '../core/errors'
import { callOperator } from '../ops/registry'
import { isTensor, setData, type Tensor } from '../tensor/tensor'
import { listTensors } from './gradients'

export {
  clipGradNorm_,
  clipGradsWithNorm_,
  clipGradValue_,
  getTotalNorm,
  type NormOptions,
  type Tensors,
} from './gradients'

/** A list of tensors on one device; `ERR_INVALID_ARG_TYPE` otherwise. */
function onOneDevice(what: string, value: unknown): Tensor[] {
  const tensors = listTensors(what, 'parameters', value)
  if (tensors.some(tensor => tensor.device !== tensors[0]!.device)) {
    throw new InvalidArgTypeError(
      `${what}: Found two parameters on different devices, this is currently not supported.`,
    )
  }
  return tensors
}

/**
 * All parameters flattened into one vector, in order; gradients flow back through it.
 *
 * Shapes: any to `[number]`. Errors: `ERR_INVALID_ARG_TYPE`, for parameters on several devices too; `ERR_LIBTORCH` for none,
 * and for parameters that are not contiguous.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parameters_to_vector.html
 * @example
 * nn.utils.parametersToVector(new nn.Linear(4, 3).parameters()).shape // [15]
 */
export function parametersToVector<D extends DType>(parameters: Iterable<Tensor<any, D>>): Tensor<[number], D>
export function parametersToVector(parameters: unknown): Tensor {
  const flat = onOneDevice('parametersToVector', parameters).map(parameter =>
    callOperator('aten::view', '', [parameter, [-1]]),
  )
  return callOperator('aten::cat', '', [flat]) as Tensor
}

/**
 * The opposite of `parametersToVector`: each parameter becomes its piece of the vector. As in Python they share its memory
 * from then on.
 *
 * Errors: `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for a vector that is too short.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.vector_to_parameters.html
 */
export function vectorToParameters(vec: Tensor<readonly [number]>, parameters: Iterable<Tensor>): void {
  if (!isTensor(vec)) {
    throw new InvalidArgTypeError(`vectorToParameters: 'vec' must be a tensor, got ${describe(vec)}`)
  }
  let from = 0
  for (const parameter of onOneDevice('vectorToParameters', parameters)) {
    const to = from + parameter.numel()
    const piece = callOperator('aten::slice', 'Tensor', [vec.detach(), 0, from, to])
    const data = callOperator('aten::view', '', [piece, parameter.shape]) as Tensor
    setData(parameter, data)
    data.dispose()
    from = to
  }
}
