import type { DType } from '../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError, UnsupportedTypeError } from '../core/errors'

/** A label of one sample: what can tell classes apart. */
export type Label = number | bigint | string | boolean

/** The classes of a list of labels, in sorted order, as `numpy.unique` gives them. */
export interface Classes {
  /** Each class's members in their order. */
  members: number[][]
  /** Each class as Python would print it. */
  texts: string[]
}

/**
 * Groups samples by label; rows of labels (several to a sample) count as one label each, joined as text, as scikit-learn
 * does. `dtype` is the element type where the labels come from a tensor. Throws scikit-learn's errors.
 */
export function classesOf(labels: readonly unknown[], dtype?: DType): Classes {
  const plain = Array.isArray(labels[0]) ? joinRows(labels, dtype) : labels
  const kind = typeof plain[0]
  plain.forEach((label, i) => {
    if (typeof label !== kind || !['number', 'bigint', 'string', 'boolean'].includes(kind)) {
      throw new InvalidArgTypeError(
        `'stratify' takes numbers, bigints, strings or booleans, all of one kind; got ${describe(label)} at ${i}`,
      )
    }
  })
  if (kind === 'number') checkFinite(plain as number[])
  const found = new Map<Label, number[]>()
  ;(plain as Label[]).forEach((label, i) => {
    const members = found.get(label)
    if (members) members.push(i)
    else found.set(label, [i])
  })
  const classes = [...found.keys()].sort(kind === 'string' ? compareText : (a, b) => (a < b ? -1 : 1))
  const floating = dtype?.includes('float') || classes.some(label => kind === 'number' && !Number.isInteger(label))
  const text = (label: Label) =>
    kind === 'string'
      ? `'${label}'`
      : kind === 'boolean'
        ? pythonBoolean(label as boolean)
        : floating
          ? pythonFloat(label as number)
          : `${label}`
  return { members: classes.map(label => found.get(label)!), texts: classes.map(text) }
}

function checkFinite(labels: readonly number[]): void {
  if (labels.some(Number.isNaN)) throw new InvalidArgValueError('Input y contains NaN.')
  if (!labels.every(Number.isFinite)) {
    throw new InvalidArgValueError("Input y contains infinity or a value too large for dtype('float64').")
  }
}

/** One string a row: `'1 0'`, `'0.5 1.0'`, `'True False'`. */
function joinRows(rows: readonly unknown[], dtype: DType | undefined): string[] {
  const width = (rows[0] as unknown[]).length
  if (width === 0) {
    const shape = `(shape=(${rows.length}, 0))`
    throw new InvalidArgValueError(`Found array with 0 feature(s) ${shape} while a minimum of 1 is required.`)
  }
  if (Array.isArray((rows[0] as unknown[])[0])) {
    let depth = 0
    for (let inner: unknown = rows; Array.isArray(inner); inner = inner[0]) depth++
    throw new InvalidArgValueError(`Found array with dim ${depth}, while dim <= 2 is required.`)
  }
  const flat = rows.flatMap((row, i) => {
    if (!Array.isArray(row) || row.length !== width) {
      throw new InvalidArgTypeError(`'stratify' takes rows of one length: expected ${width} labels at ${i}`)
    }
    return row as Label[]
  })
  const kind = typeof flat[0]
  const odd = flat.findIndex(label => typeof label !== kind)
  if (odd >= 0) throw new InvalidArgTypeError(`'stratify' takes labels of one kind, got ${describe(flat[odd])}`)
  if (kind === 'number') checkFinite(flat as number[])
  if (dtype !== undefined && /float16|float8|complex/.test(dtype)) {
    throw new UnsupportedTypeError(`'stratify' takes rows of integers, booleans, float32 or float64, not of ${dtype}`)
  }
  const floating = dtype === undefined ? flat.some(label => !Number.isInteger(label)) : dtype.startsWith('float')
  const text = (label: Label) => {
    if (typeof label === 'boolean') return pythonBoolean(label)
    if (typeof label !== 'number' || !floating) return String(label)
    return pythonFloat(dtype === 'float32' ? shortestFloat32(label) : label)
  }
  return rows.map(row => (row as Label[]).map(text).join(' '))
}

/** By code point, as Python compares; JavaScript compares UTF-16 units. */
function compareText(left: Label, right: Label): number {
  return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)))
}

function pythonBoolean(value: boolean): string {
  return value ? 'True' : 'False'
}

/** A double as Python's `repr` writes it. */
function pythonFloat(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  }
  return Number.isInteger(value) ? `${Object.is(value, -0) ? '-0' : value}.0` : String(value)
}

/** The double with the fewest digits that is this float32. */
function shortestFloat32(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(9))
}
