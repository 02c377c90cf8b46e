import { describe, InvalidArgTypeError } from '../core/errors'
import { isOptions, mergeArguments } from '../core/options'
import { callOperator } from '../ops/registry'
import { callPublic } from '../ops/resolve'
import { isTensor, type Tensor } from './tensor'
import type { TypedFunctions } from './typed-functions'

/** Tensors as one array, or as arguments of their own; and the options behind them. */
function tensorsOf(args: readonly unknown[]): [tensors: unknown, options: readonly unknown[]] {
  if (!isTensor(args[0])) return [args[0], args.slice(1)]
  const options = isOptions(args.at(-1)) ? args.slice(-1) : []
  return [args.slice(0, args.length - options.length), options]
}

export const einsum: TypedFunctions['einsum'] = (equation: unknown, ...args: unknown[]): any => {
  const [tensors, options] = tensorsOf(args)
  return callPublic('aten::einsum', [equation, tensors, ...options])
}

export const meshgrid: TypedFunctions['meshgrid'] = (...args: unknown[]): any => {
  const [tensors, options] = tensorsOf(args)
  return callPublic('aten::meshgrid', [tensors, ...options])
}

function contracted(dims: unknown, input: Tensor): [readonly unknown[], readonly unknown[]] {
  if (Number.isSafeInteger(dims) && (dims as number) >= 0) {
    const count = Array.from({ length: dims as number }, (_, i) => i)
    return [count.map(i => i - count.length + input.ndim), count]
  }
  if (Array.isArray(dims) && dims.length === 2 && dims.every(Array.isArray)) return [dims[0], dims[1]]
  throw new InvalidArgTypeError(
    `tensordot: 'dims' is a number of dimensions, or two lists of them as in [[1], [0]], got ${describe(dims)}`,
  )
}

export const tensordot: TypedFunctions['tensordot'] = (...args: unknown[]): any => {
  if (args.length === 4 && args.slice(2).every(Array.isArray)) return callPublic('aten::tensordot', args)
  const { input, other, dims = 2 } = mergeArguments('tensordot', ['input', 'other', 'dims'], args, 2)
  for (const [name, value] of Object.entries({ input, other })) {
    if (!isTensor(value)) throw new InvalidArgTypeError(`tensordot: '${name}' must be a tensor, got ${describe(value)}`)
  }
  return callOperator('aten::tensordot', '', [input, other, ...contracted(dims, input as Tensor)])
}
