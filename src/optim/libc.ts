import { optim } from './binding'

/** `base ** exponent` by the C library, as Python's floats have it; JavaScript's has other last digits. */
export const power = (base: number, exponent: number): number => optim.libcPower(base, exponent)

/** Python's `math.cos`. */
export const cosine = (x: number): number => optim.libcCosine(x)

/** Python's `math.log(x, base)`. */
export const logarithm = (x: number, base: number): number => optim.libcLogarithm(x) / optim.libcLogarithm(base)
