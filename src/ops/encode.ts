import { dtypeCode } from '../core/dtype'
import { describe, InvalidArgTypeError, UnsupportedTypeError } from '../core/errors'
import { Generator } from '../core/generator'
import { isHandle, slotOf } from '../core/handle'
import type { SchemaValue } from '../native/binding'
import { binding } from '../native/load'

/** Turns one JavaScript argument into what the native function takes, by the schema's kind alone. */
export type Encode = (value: unknown, operator: string) => unknown

const scratch = binding.scratch
/** Where the next list of numbers goes; the caller of a native function sets it to 0 before it encodes. */
let scratchAt = 0

/** Begins the encoding of one call. */
export function beginEncoding(): void {
  scratchAt = 0
}

/**
 * Puts an array of integers where native code reads it without touching the array; gives its length. Arrays that do
 * not fit, or hold bigints, cross as they are.
 */
export function encodeInts(list: readonly unknown[]): number | readonly unknown[] {
  const n = list.length
  if (scratchAt + n > scratch.length) return list
  for (let i = 0; i < n; i++) {
    const value = list[i]
    if (typeof value !== 'number') return list
    scratch[scratchAt + i] = value
  }
  scratchAt += n
  return n
}

function wrong(operator: string, name: string, expected: string, value: unknown): InvalidArgTypeError {
  return new InvalidArgTypeError(`${operator}: '${name}' must be ${expected}, got ${describe(value)}`, { operator })
}

function encodeTensors(schema: SchemaValue, nullable: boolean): Encode {
  const expected = nullable ? 'an array of tensors and nulls' : 'an array of tensors'
  return (value, operator) => {
    if (!Array.isArray(value)) throw wrong(operator, schema.name, expected, value)
    return value.map(element => {
      if (isHandle(element)) return slotOf(element)
      if (nullable && (element === null || element === undefined)) return null
      throw wrong(operator, schema.name, expected, element)
    })
  }
}

function encodeIntList(schema: SchemaValue): Encode {
  return (value, operator) => {
    if (Array.isArray(value)) return encodeInts(value)
    if (schema.size > 0 && (typeof value === 'number' || typeof value === 'bigint')) {
      return encodeInts(new Array(schema.size).fill(value))
    }
    throw wrong(operator, schema.name, 'an array of integers', value)
  }
}

function encodeGenerator(schema: SchemaValue): Encode {
  return (value, operator) => {
    const id = Generator.idOf(value)
    if (id === undefined) throw wrong(operator, schema.name, 'a Generator', value)
    return id
  }
}

function encodeTensor(schema: SchemaValue): Encode {
  return (value, operator) => {
    if (isHandle(value)) return slotOf(value)
    throw wrong(operator, schema.name, 'a tensor', value)
  }
}

const asItIs: Encode = value => value

function encodeBase(schema: SchemaValue, kind: string): Encode {
  switch (kind) {
    case 'Tensor':
      return encodeTensor(schema)
    case 'Tensor[]':
      return encodeTensors(schema, false)
    case 'Tensor?[]':
      return encodeTensors(schema, true)
    case 'int[]':
      return encodeIntList(schema)
    case 'ScalarType':
      return dtypeCode
    case 'Generator':
      return encodeGenerator(schema)
    default:
      return asItIs // numbers, booleans, strings and lists of them: native code checks them by the schema
  }
}

/** The encoder of one schema argument. `undefined` always means the default. */
export function encoderOf(schema: SchemaValue): Encode {
  if (!schema.supported) {
    return (_, operator) => {
      throw new UnsupportedTypeError(
        `${operator}: '${schema.name}' is a ${schema.kind}, which has no JavaScript form`,
        {
          operator,
        },
      )
    }
  }
  const optional = schema.kind.endsWith('?')
  const base = encodeBase(schema, optional ? schema.kind.slice(0, -1) : schema.kind)
  if (base === asItIs) return asItIs
  if (!optional) return (value, operator) => (value === undefined ? undefined : base(value, operator))
  return (value, operator) => (value === undefined || value === null ? value : base(value, operator))
}
