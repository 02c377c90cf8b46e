import { type DType, isFloating } from '../core/dtype'
import { InvalidArgTypeError } from '../core/errors'
import { mergeArguments } from '../core/options'
import { isTensor } from '../tensor/tensor'

/** The arguments of `to`: the dtype apart from the rest, which becomes options. */
export function splitDtype(args: readonly unknown[]): { dtype?: DType; rest: Record<string, unknown> } {
  const [first, ...others] = args
  if (isTensor(first)) {
    const { nonBlocking, memoryFormat } = mergeArguments('to', ['nonBlocking', 'memoryFormat'], others)
    return { dtype: first.dtype, rest: defined({ device: first.device, nonBlocking, memoryFormat }) }
  }
  // A string is a dtype where it names one: `to('cuda', 'float16')`, `to('float16')`
  const dtypeFirst = typeof first === 'string' && (isFloating(first as DType) || INTEGRAL.test(first))
  const names = dtypeFirst ? ['dtype', 'nonBlocking', 'device'] : ['device', 'dtype', 'nonBlocking']
  const { dtype, ...rest } = mergeArguments('to', [...names, 'memoryFormat'], args)
  if (args.length === 0) throw new InvalidArgTypeError('to needs a device, a dtype, or a tensor')
  return { dtype: (dtype ?? undefined) as DType | undefined, rest: defined(rest) }
}

const INTEGRAL = /^(u?int\d+|bool|complex\d+)$/

function defined(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null))
}
