import { isTensor, type Tensor } from '../tensor/tensor'

/**
 * A number of Python's or a tensor of one element. Python's operators go from one to the other as they meet, and with
 * them the precision: these functions do as `a + b`, `a < b` and so on do there.
 */
export type Scalar = number | Tensor

export function add(a: Scalar, b: Scalar): Scalar {
  if (isTensor(a)) return a.add(b) as Tensor
  return isTensor(b) ? (b.add(a) as Tensor) : a + b
}

export function sub(a: Scalar, b: Scalar): Scalar {
  if (isTensor(a)) return a.sub(b) as Tensor
  return isTensor(b) ? (b.neg().add(a) as Tensor) : a - b
}

export function mul(a: Scalar, b: Scalar): Scalar {
  if (isTensor(a)) return a.mul(b) as Tensor
  return isTensor(b) ? (b.mul(a) as Tensor) : a * b
}

export function div(a: Scalar, b: Scalar): Scalar {
  if (isTensor(a)) return a.div(b) as Tensor
  return isTensor(b) ? (b.reciprocal().mul(a) as Tensor) : a / b
}

export function abs(a: Scalar): Scalar {
  return isTensor(a) ? (a.abs() as Tensor) : Math.abs(a)
}

export function less(a: Scalar, b: Scalar): boolean {
  if (isTensor(a)) return a.lt(b).item() as boolean
  return isTensor(b) ? (b.gt(a).item() as boolean) : a < b
}

export function lessOrEqual(a: Scalar, b: Scalar): boolean {
  if (isTensor(a)) return a.le(b).item() as boolean
  return isTensor(b) ? (b.ge(a).item() as boolean) : a <= b
}

/** The first of the largest. */
export function max(first: Scalar, ...rest: readonly Scalar[]): Scalar {
  return rest.reduce((best, value) => (less(best, value) ? value : best), first)
}

/** The first of the smallest. */
export function min(first: Scalar, ...rest: readonly Scalar[]): Scalar {
  return rest.reduce((best, value) => (less(value, best) ? value : best), first)
}

/** Python's `float(a)`. */
export function float(a: Scalar): number {
  return isTensor(a) ? Number(a.item()) : a
}
