/** Values as Python prints them in a module's representation. */
export function pythonWord(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return pythonNumber(value)
  if (Array.isArray(value))
    return value.length === 1 ? `(${pythonWord(value[0])},)` : `(${value.map(pythonWord).join(', ')})`
  return String(value)
}

// Shortest digits in both languages; only the form differs: Python writes 1e-05 from four zeros on, JavaScript 0.00001.
function pythonNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Number.isInteger(value)) return BigInt(value).toString()
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  const power = Number(exponent)
  if (power >= -4) return String(value)
  return `${digits}e-${String(-power).padStart(2, '0')}`
}

/** A number that is a float in Python: 1 is printed as `1.0`. */
export function pythonFloat(value: number): string {
  return Number.isInteger(value) ? `${pythonWord(value)}.0` : pythonWord(value)
}

/** One number for both spatial dimensions as a pair; a pair as it is. */
export function pairOf(value: number | readonly [number, number]): readonly [number, number] {
  return typeof value === 'number' ? [value, value] : [value[0], value[1]]
}
