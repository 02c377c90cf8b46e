import { type DType, dtypeCode } from '../../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import { check, is, mergeArguments } from '../../core/options'
import { checkDevice } from '../../tensor/conversions'
import { isTensor, type Tensor } from '../../tensor/tensor'
import type { FactoryOptions } from './shape-layer'

const countWords = (count: number): string =>
  count === 2 ? 'a pair of integers' : `an array of ${count === 1 ? 'one integer' : `${count} integers`}`
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value)

/** The arguments of one constructor or function by name, each read once with its kind and its default. */
export class LayerOptions {
  readonly #values: Record<string, unknown>

  constructor(
    readonly what: string,
    names: readonly string[],
    args: readonly unknown[],
    required = 0,
  ) {
    this.#values = mergeArguments(what, names, args, required)
  }

  #value(name: string, fallback: unknown): unknown {
    const value = this.#values[name]
    return value === undefined ? fallback : value
  }

  #wrong(name: string, expected: string, value: unknown): InvalidArgTypeError {
    return new InvalidArgTypeError(`${this.what}: '${name}' must be ${expected}, got ${describe(value)}`)
  }

  /** Whether an option was given, be it null. */
  has(name: string): boolean {
    return name in this.#values
  }

  integer(name: string, fallback?: number): number {
    const value = this.#value(name, fallback)
    check(this.what, name, value, is.integer)
    return value as number
  }

  integerOrNull(name: string, fallback: number | null = null): number | null {
    return this.#value(name, fallback) === null ? null : this.integer(name, fallback ?? undefined)
  }

  number(name: string, fallback?: number): number {
    const value = this.#value(name, fallback)
    check(this.what, name, value, is.number)
    return value as number
  }

  numberOrNull(name: string, fallback: number | null = null): number | null {
    return this.#value(name, fallback) === null ? null : this.number(name, fallback ?? undefined)
  }

  flag(name: string, fallback = false): boolean {
    const value = this.#value(name, fallback)
    check(this.what, name, value, is.boolean)
    return value as boolean
  }

  flagOrNull(name: string, fallback: boolean | null = null): boolean | null {
    return this.#value(name, fallback) === null ? null : this.flag(name, fallback ?? undefined)
  }

  /** One of several words; another one is `ERR_INVALID_ARG_VALUE`. */
  word<const W extends string>(name: string, words: readonly W[], fallback?: W): W {
    const value = this.#value(name, fallback)
    const expected = `one of ${words.map(word => `'${word}'`).join(', ')}`
    if (typeof value !== 'string') throw this.#wrong(name, expected, value)
    if (words.includes(value as W)) return value as W
    throw new InvalidArgValueError(`${this.what}: '${name}' must be ${expected}, got '${value}'`)
  }

  isString(name: string): boolean {
    return typeof this.#values[name] === 'string'
  }

  /** One integer, or one for each of `count` dimensions; as it was given. */
  sizes(name: string, count: number, fallback?: number | readonly number[]): number | readonly number[] {
    const value = this.#value(name, fallback)
    const fits = Array.isArray(value) && value.length === count && value.every(isInteger)
    if (!isInteger(value) && !fits) throw this.#wrong(name, `an integer or ${countWords(count)}`, value)
    return value as number | readonly number[]
  }

  /** The same, one for each dimension. */
  eachSize(name: string, count: number, fallback?: number | readonly number[]): readonly number[] {
    return expanded(this.sizes(name, count, fallback), count)
  }

  sizesOrNull(name: string, count: number): number | readonly number[] | null {
    return (this.#values[name] ?? null) === null ? null : this.sizes(name, count)
  }

  /** One integer, or one or null for each of `count` dimensions; as it was given. */
  wantedSizes(name: string, count: number): number | readonly (number | null)[] {
    const value = this.#values[name]
    const fits = Array.isArray(value) && value.length === count && value.every(size => size === null || isInteger(size))
    if (!isInteger(value) && !fits) throw this.#wrong(name, `an integer or ${countWords(count)}, or nulls`, value)
    return value as number | readonly (number | null)[]
  }

  /** One number, or one for each of `count` dimensions; as it was given. */
  numbersOrNull(name: string, count: number): number | readonly number[] | null {
    const value = this.#values[name] ?? null
    const fits = Array.isArray(value) && value.length === count && value.every(part => typeof part === 'number')
    if (value !== null && typeof value !== 'number' && !fits) {
      throw this.#wrong(name, `a number, an array of ${count}, or null`, value)
    }
    return value as number | readonly number[] | null
  }

  /** One number or several, or null. */
  anyNumbersOrNull(name: string): number | readonly number[] | null {
    const value = this.#values[name]
    return Array.isArray(value) ? this.numbersOrNull(name, value.length) : this.numberOrNull(name)
  }

  /** One or several integers. */
  integers(name: string): number | readonly number[] {
    const value = this.#values[name]
    if (!isInteger(value) && !(Array.isArray(value) && value.every(isInteger))) {
      throw this.#wrong(name, 'an integer or an array of integers', value)
    }
    return value as number | readonly number[]
  }

  /** An array of integers. */
  integerList(name: string): readonly number[] {
    const value = this.#values[name]
    if (!Array.isArray(value) || !value.every(isInteger)) throw this.#wrong(name, 'an array of integers', value)
    return value
  }

  tensor(name: string): Tensor {
    const value = this.#values[name]
    if (!isTensor(value)) throw this.#wrong(name, 'a tensor', value)
    return value
  }

  tensorOrNull(name: string): Tensor | null {
    return (this.#values[name] ?? null) === null ? null : this.tensor(name)
  }

  /** What was given, unchecked. */
  raw(name: string): unknown {
    return this.#values[name]
  }

  /** Where and as what parameters are made. */
  factory(): FactoryOptions {
    const { device, dtype } = this.#values
    const made: FactoryOptions = {}
    if (device !== undefined && device !== null) made.device = checkDevice(device)
    if (dtype !== undefined && dtype !== null) {
      dtypeCode(dtype)
      made.dtype = dtype as DType
    }
    return made
  }
}

/** One size for each of `count` dimensions. */
export function expanded(sizes: number | readonly number[], count: number): readonly number[] {
  return typeof sizes === 'number' ? new Array<number>(count).fill(sizes) : [...sizes]
}
