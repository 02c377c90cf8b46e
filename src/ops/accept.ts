import { DTYPE_CODES } from '../core/dtype'
import { Generator } from '../core/generator'
import { isHandle } from '../core/handle'
import type { SchemaValue } from '../native/binding'

/** Tells whether a JavaScript value can be an argument of this kind. */
export type Accept = (value: unknown) => boolean

const DTYPES: ReadonlySet<unknown> = new Set(DTYPE_CODES)

function isInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) || typeof value === 'bigint'
}

/** A plain number, bigint, boolean or `{ re, im }`. */
export function isScalar(value: unknown): boolean {
  const type = typeof value
  if (type === 'number' || type === 'bigint' || type === 'boolean') return true
  return (
    type === 'object' && value !== null && !isHandle(value) && 're' in (value as object) && 'im' in (value as object)
  )
}

/** The operators that take a number for any tensor, as Python's do. */
export const TAKES_NUMBERS = /^aten::(add|sub|subtract|mul|multiply|div|divide|true_divide|floor_divide|copy)_?$/

const listOf =
  (accept: Accept): Accept =>
  value =>
    Array.isArray(value) && value.every(accept)

const BASE: Readonly<Record<string, Accept>> = {
  Tensor: isHandle,
  int: isInteger,
  float: value => typeof value === 'number',
  bool: value => typeof value === 'boolean',
  Scalar: isScalar,
  complex: isScalar,
  str: value => typeof value === 'string',
  ScalarType: value => DTYPES.has(value),
  Layout: value => typeof value === 'string',
  MemoryFormat: value => typeof value === 'string',
  Device: value => typeof value === 'string',
  Generator: value => Generator.idOf(value) !== undefined,
}

const never: Accept = () => false

function acceptBase(kind: string, size: number): Accept {
  if (!kind.endsWith('[]')) return BASE[kind] ?? never
  const element = kind.slice(0, -2)
  const one = element.endsWith('?') ? nullable(BASE[element.slice(0, -1)] ?? never) : (BASE[element] ?? never)
  const list = listOf(one)
  return size > 0 && element === 'int' ? value => list(value) || isInteger(value) : list
}

function nullable(accept: Accept): Accept {
  return value => value === null || value === undefined || accept(value)
}

/** The test of one schema argument. */
export function acceptOf(schema: SchemaValue): Accept {
  if (!schema.supported) return never
  const optional = schema.kind.endsWith('?')
  const accept = acceptBase(optional ? schema.kind.slice(0, -1) : schema.kind, schema.size)
  return optional ? nullable(accept) : accept
}
