/*
 * Numbers as C's printf writes them. JavaScript's `toFixed` and `toExponential` start from the same exact binary value,
 * but round an exact tie away from zero where printf rounds it to the even digit, drop the sign of -0, give up at 1e21
 * and write one-digit exponents.
 */

/** The most digits that `formatFixed` and `formatExponential` write. */
export const MAX_DIGITS = 99

/** `'%.{digits}f'`: 2.5 with no digits is '2', -0 keeps its sign. */
export function formatFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return nonFinite(value)
  const size = Math.abs(value)
  return sign(value) + fixed(size, digits)
}

/** `'%.{digits}e'`: '1.5000e+00', an exponent of at least two digits. */
export function formatExponential(value: number, digits: number): string {
  if (!Number.isFinite(value)) return nonFinite(value)
  const [mantissa, exponent] = exponential(Math.abs(value), digits)
  const power = Math.abs(exponent).toString().padStart(2, '0')
  return `${sign(value)}${mantissa}e${exponent < 0 ? '-' : '+'}${power}`
}

function nonFinite(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  return value > 0 ? 'inf' : '-inf'
}

function sign(value: number): string {
  return value < 0 || Object.is(value, -0) ? '-' : ''
}

function fixed(size: number, digits: number): string {
  if (size >= 1e21) return BigInt(size).toString() + (digits > 0 ? `.${'0'.repeat(digits)}` : '')
  const longer = size.toFixed(digits + 1)
  return isTieAfterEven(size, longer) ? longer.slice(0, digits === 0 ? -2 : -1) : size.toFixed(digits)
}

function exponential(size: number, digits: number): [mantissa: string, exponent: number] {
  const [longer, exponent] = size.toExponential(digits + 1).split('e') as [string, string]
  if (isTieAfterEven(size, longer, Number(exponent))) {
    return [longer.slice(0, digits === 0 ? -2 : -1), Number(exponent)]
  }
  const [mantissa, rounded] = size.toExponential(digits).split('e') as [string, string]
  return [mantissa, Number(rounded)]
}

/**
 * True where JavaScript rounds away from zero and printf does not: `size` is exactly the decimal `text` (times a power of
 * ten), the digit to cut off is a 5, and the one before it is even.
 */
function isTieAfterEven(size: number, text: string, exponent = 0): boolean {
  if (!/[02468]\.?5$/.test(text) || Number(`${text}e${exponent}`) !== size) return false
  const decimals = text.length - 1 - text.indexOf('.')
  let left = BigInt(text.replace('.', ''))
  let [right, power] = binary(size)
  const tens = exponent - decimals
  if (tens >= 0) left *= 10n ** BigInt(tens)
  else right *= 10n ** BigInt(-tens)
  if (power >= 0) right <<= BigInt(power)
  else left <<= BigInt(-power)
  return left === right
}

/** A double as an integer times a power of two, exactly. */
function binary(size: number): [integer: bigint, power: number] {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, size)
  const bits = view.getBigUint64(0)
  const exponent = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  return exponent === 0 ? [fraction, -1074] : [fraction | 0x10000000000000n, exponent - 1075]
}
