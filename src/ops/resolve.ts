import { type DType, dtypeName, isComplex, isFloating } from '../core/dtype'
import { describe, InvalidArgTypeError } from '../core/errors'
import { type Handle, isHandle, slotOf } from '../core/handle'
import { isOptions, unknownOption } from '../core/options'
import { binding } from '../native/load'
import { type Accept, acceptOf, isScalar, TAKES_NUMBERS } from './accept'
import { camelCase } from './names'
import type { Overload } from './overload'
import { callOperator, findOverload, overloadsOf, unknownOperator } from './registry'

/*
 * Which overload a call means. One pass over the candidates in a fixed order, each tested by its schema's kinds:
 * nothing is tried and caught. The order: the overload without a name, then by name, `out` ones last; those whose
 * arguments are named dimensions never, since libtorch gave them up.
 */

interface Candidate {
  overload: Overload
  names: string[]
  accepts: Accept[]
  required: boolean[]
  positional: number
}

function candidateOf(overload: Overload): Candidate {
  const schema = overload.schema.arguments
  return {
    overload,
    names: schema.map(argument => camelCase(argument.name)),
    accepts: schema.map(acceptOf),
    required: schema.map(argument => !argument.optional),
    positional: overload.positional,
  }
}

function order(a: string, b: string): number {
  const weight = (name: string) => (name === '' ? 0 : /(^|_)out$/.test(name) ? 2 : 1)
  return weight(a) - weight(b) || (a < b ? -1 : 1)
}

const byName = new Map<string, Candidate[]>()

function candidatesOf(name: string): Candidate[] {
  let found = byName.get(name)
  if (found === undefined) {
    const overloads = overloadsOf(name)
    if (overloads.length === 0) throw unknownOperator(name)
    found = [...overloads]
      .filter(overload => !/dimname|^names|_names/i.test(overload))
      .sort(order)
      .map(overload => candidateOf(findOverload(name, overload)))
    byName.set(name, found)
  }
  return found
}

/** The arguments in the schema's order, or why this candidate is not meant. */
function match(
  candidate: Candidate,
  args: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  numbersAsTensors: boolean,
): unknown[] | undefined {
  if (args.length > candidate.positional) return undefined
  const values: unknown[] = args.slice()
  for (const key of keys) {
    const at = candidate.names.indexOf(key === 'input' && !candidate.names.includes('input') ? 'self' : key)
    if (at === -1 || (at < args.length && args[at] !== undefined)) return undefined
    values[at] = options[key]
  }
  for (let i = 0; i < candidate.names.length; i++) {
    const value = values[i]
    if (value === undefined) {
      if (candidate.required[i]) return undefined
    } else if (!candidate.accepts[i]!(value)) {
      if (!numbersAsTensors || !isScalar(value) || candidate.overload.schema.arguments[i]!.kind !== 'Tensor') {
        return undefined
      }
    }
  }
  return values
}

/** The dtype that a number has beside a tensor: the tensor's, unless only another kind of dtype can hold it. */
function dtypeBeside(value: unknown, other: DType | undefined): DType {
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'object') return other !== undefined && isComplex(other) ? other : 'complex64'
  if (other !== undefined && (isFloating(other) || isComplex(other))) return other
  if (typeof value === 'number' && (!Number.isSafeInteger(value) || Object.is(value, -0))) return 'float32'
  return other === undefined || other === 'bool' ? 'int64' : other
}

/** A number where a tensor is expected: zero-dimensional, so that it takes no part in the choice of dtype. */
function scalarTensor(value: unknown, other: Handle | undefined): Handle {
  const dtype = other === undefined ? undefined : dtypeName(binding.tensorDtype(slotOf(other)))
  return callOperator('aten::scalar_tensor', '', [value, dtypeBeside(value, dtype)]) as Handle
}

/** Calls an operator by its public face: positional arguments in Python's order, then options in camelCase. */
export function callPublic(name: string, args: readonly unknown[]): unknown {
  const candidates = candidatesOf(name)
  const last = args[args.length - 1]
  const hasOptions = isOptions(last) && !isScalar(last)
  const options: Readonly<Record<string, unknown>> = hasOptions ? last : {}
  const positional = hasOptions ? args.slice(0, -1) : args
  const keys = hasOptions ? Object.keys(options).filter(key => options[key] !== undefined) : []
  for (const numbersAsTensors of TAKES_NUMBERS.test(name) ? [false, true] : [false]) {
    for (const candidate of candidates) {
      const values = match(candidate, positional, options, keys, numbersAsTensors)
      if (values === undefined) continue
      if (numbersAsTensors) {
        const other = values.find(isHandle)
        candidate.overload.schema.arguments.forEach((argument, i) => {
          const value = values[i]
          if (argument.kind === 'Tensor' && value !== undefined && !isHandle(value))
            values[i] = scalarTensor(value, other)
        })
      }
      return candidate.overload.call(values)
    }
  }
  throw noMatch(name, candidates, positional, options, keys)
}

function noMatch(
  name: string,
  candidates: readonly Candidate[],
  args: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): Error {
  const short = camelCase(name.slice(name.indexOf('::') + 2))
  const known = [...new Set(candidates.flatMap(candidate => candidate.names))]
  for (const key of keys) {
    if (!known.includes(key) && key !== 'input') return unknownOption(short, key, known)
  }
  const word = (value: unknown) => (isHandle(value) ? 'a tensor' : describe(value))
  const got = [...args.map(word), ...keys.map(key => `${key}: ${word(options[key])}`)].join(', ')
  const expected = candidates.filter(candidate => candidate.overload.supported)
  const hint = sizesApart(short, expected, args)
  const signatures = expected.map(({ overload }) => `\n  ${overload.schema.text}`).join('')
  return new InvalidArgTypeError(`${short} got (${got}), and expects one of${signatures}${hint}`, { operator: name })
}

/** What to type instead of `view(2, 3)`: sizes are one array here. */
function sizesApart(short: string, candidates: readonly Candidate[], args: readonly unknown[]): string {
  const at = args.findIndex(Number.isSafeInteger)
  const sizes = args.slice(at)
  if (at === -1 || !sizes.every(Number.isSafeInteger)) return ''
  const takesList = candidates.some(({ overload }) => /^int\[\]/.test(overload.schema.arguments[at]?.kind ?? ''))
  return takesList ? `\nSizes and dimensions are one array: ${short}([${sizes.join(', ')}])` : ''
}
