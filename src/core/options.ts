import { distance } from 'fastest-levenshtein'
import { describe, InvalidArgTypeError, UnknownOptionError } from './errors'

/** The nearest of `known` to a misspelt `name`, if any is near enough to be meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = (s: string) => s.replace(/[_-]/g, '').toLowerCase()
  let best: string | undefined
  let bestDistance = Math.max(2, Math.ceil(name.length / 3)) + 1
  for (const candidate of known) {
    // what differs in case and underscores alone is near, what is nearer as written nearer
    const d = Math.min(distance(name, candidate), distance(plain(name), plain(candidate)) + 0.5)
    if (d < bestDistance) {
      best = candidate
      bestDistance = d
    }
  }
  return best
}

/** True for `{ ... }`: an object made by a literal, so not a tensor, array, module or number. */
export function isOptions(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/**
 * One call's arguments, Python's way: as many positional ones as the caller likes, in order, then one options object
 * for any of the rest. Gives them by name. Throws `ERR_UNKNOWN_OPTION` for an option that nobody reads,
 * `ERR_INVALID_ARG_TYPE` for too many arguments, for one given twice, and for one of the first `required` that lacks.
 */
export function mergeArguments(
  what: string,
  names: readonly string[],
  args: readonly unknown[],
  required = 0,
): Record<string, unknown> {
  const last = args[args.length - 1]
  const options = isOptions(last) ? last : undefined
  const positional = options ? args.slice(0, -1) : args
  if (positional.length > names.length) {
    throw new InvalidArgTypeError(
      `${what} takes at most ${names.length} arguments (${names.join(', ')}), got ${positional.length}`,
    )
  }
  const merged: Record<string, unknown> = {}
  positional.forEach((value, i) => {
    if (value !== undefined) merged[names[i]!] = value
  })
  for (const [key, value] of Object.entries(options ?? {})) {
    if (!names.includes(key)) throw unknownOption(what, key, names)
    if (value === undefined) continue
    if (key in merged) throw new InvalidArgTypeError(`${what} got '${key}' twice: as an argument and as an option`)
    merged[key] = value
  }
  for (const name of names.slice(0, required)) {
    if (!(name in merged)) throw new InvalidArgTypeError(`${what} needs '${name}'`)
  }
  return merged
}

/** The error for an option that nobody reads. */
export function unknownOption(what: string, key: string, known: readonly string[]): UnknownOptionError {
  const near = nearest(key, known)
  const hint = near === undefined ? `known options: ${known.join(', ') || 'none'}` : `did you mean '${near}'?`
  return new UnknownOptionError(`${what} has no option '${key}'; ${hint}`)
}

type Check = (value: unknown) => boolean

const oneOf =
  (...values: readonly unknown[]): Check =>
  value =>
    values.includes(value)

/** The vocabulary of argument checks: what is expected, in words, and its test. */
export const is = {
  number: ['a number', value => typeof value === 'number'] as const,
  finite: ['a finite number', value => Number.isFinite(value)] as const,
  integer: ['an integer', value => Number.isSafeInteger(value)] as const,
  count: ['an integer of at least 0', value => Number.isSafeInteger(value) && (value as number) >= 0] as const,
  positive: ['an integer of at least 1', value => Number.isSafeInteger(value) && (value as number) >= 1] as const,
  boolean: ['a boolean', value => typeof value === 'boolean'] as const,
  string: ['a string', value => typeof value === 'string'] as const,
  oneOf: (...values: readonly unknown[]) =>
    [`one of ${values.map(value => `'${value}'`).join(', ')}`, oneOf(...values)] as const,
} satisfies Record<string, readonly [string, Check] | ((...values: readonly unknown[]) => readonly [string, Check])>

/** Throws `ERR_INVALID_ARG_TYPE` unless `value` passes: `check('Linear', 'inFeatures', 'a', is.positive)`. */
export function check(what: string, name: string, value: unknown, [expected, test]: readonly [string, Check]): void {
  if (!test(value)) throw new InvalidArgTypeError(`${what}: '${name}' must be ${expected}, got ${describe(value)}`)
}
