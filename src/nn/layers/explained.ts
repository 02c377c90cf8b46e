import { describe, InvalidArgTypeError, LibtorchError } from '../../core/errors'
import { isTensor } from '../../tensor/tensor'

/**
 * An error of a layer's `forward` with the layer's name: libtorch's text has none, and reading the brand of what is no
 * tensor names nothing at all.
 */
export function explained(layer: { toString(): string }, error: unknown, inputs: readonly unknown[]): unknown {
  const wrong = inputs.find((input, i) => !isTensor(input) && (i === 0 || input !== undefined))
  const what = layer.toString()
  if (error instanceof TypeError && inputs.some(input => !isTensor(input))) {
    return new InvalidArgTypeError(`${what}: forward takes tensors, got ${describe(wrong)}`)
  }
  if (!(error instanceof LibtorchError)) return error
  return new LibtorchError(`${what}: ${error.message}`, { cause: error.cause, operator: error.operator })
}
