import { describe, InvalidArgTypeError } from '../core/errors'
import { camelCase } from '../ops/names'
import { callPublic } from '../ops/resolve'
import { isTensor } from '../tensor/tensor'

/** Calls an operator whose first argument is a tensor, and nothing that could stand for one. */
export function call(operator: string, args: readonly unknown[]): any {
  if (!isTensor(args[0])) {
    throw new InvalidArgTypeError(`${camelCase(operator)}: expected a tensor as 'input', got ${describe(args[0])}`)
  }
  return callPublic(`aten::${operator}`, args)
}
