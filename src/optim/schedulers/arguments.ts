import { InvalidArgValueError } from '../../core/errors'
import { check, is, mergeArguments } from '../../core/options'
import { type AnyOptimizer, checkOptimizer } from './scheduler'

type Check = Parameters<typeof check>[3]

/** A number for all groups, or one for each. */
export const numbers: Check = [
  'a number or an array of numbers',
  value =>
    typeof value === 'number' || (Array.isArray(value) && value.every((entry: unknown) => typeof entry === 'number')),
]

/** The same or null. */
export const orNull = ([expected, test]: Check): Check => [
  `${expected} or null`,
  value => value === null || (test as (value: unknown) => boolean)(value),
]

/**
 * A scheduler's arguments by name: `table` has each after the optimizer, in Python's order, with its check and, unless
 * it must be given, its default. `lastEpoch` comes last of all.
 */
export function readArguments<T>(
  what: string,
  args: readonly unknown[],
  table: Readonly<Record<string, readonly [Check, unknown?]>>,
): T & { optimizer: AnyOptimizer; lastEpoch: number } {
  const all: typeof table = { ...table, lastEpoch: [is.integer, -1] }
  const required = Object.values(all).findIndex(row => row.length > 1)
  const merged = mergeArguments(what, ['optimizer', ...Object.keys(all)], args, 1 + required)
  checkOptimizer(what, merged.optimizer)
  for (const [name, [test, value]] of Object.entries(all)) {
    merged[name] ??= value
    if (merged[name] !== null || value !== null) check(what, name, merged[name], test)
  }
  return merged as T & { optimizer: AnyOptimizer; lastEpoch: number }
}

/** One value for each group. */
export function perGroup(name: string, optimizer: AnyOptimizer, value: number | readonly number[]): number[] {
  const count = optimizer.paramGroups.length
  if (typeof value === 'number') return new Array<number>(count).fill(value)
  if (value.length === count) return [...value]
  throw new InvalidArgValueError(
    `${name} must have the same length as optimizer.param_groups. ${name} has ${value.length} values, param_groups has ${count}.`,
  )
}
