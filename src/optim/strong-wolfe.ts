import type { Tensor } from '../tensor/tensor'
import { abs, add, div, less, lessOrEqual, max, min, mul, type Scalar, sub } from './scalars'

/** A place on the line: its step, the loss there, the gradient, and the slope along the direction. */
interface Point {
  t: Scalar
  loss: number
  grad: Tensor
  slope: Scalar
}

export interface LineSearch {
  loss: number
  grad: Tensor
  t: Scalar
  evaluations: number
}

const C1 = 1e-4
const C2 = 0.9
const TOLERANCE_CHANGE = 1e-9

/** Where the cubic through two points with their slopes is least, inside the bounds. */
function cubicMinimum(a: Point, b: Point, bounds?: readonly [Scalar, Scalar]): Scalar {
  const [low, high] = bounds ?? (lessOrEqual(a.t, b.t) ? [a.t, b.t] : [b.t, a.t])
  const d1 = sub(add(a.slope, b.slope), div(3 * (a.loss - b.loss), sub(a.t, b.t)))
  const square = sub((d1 as Tensor).pow(2) as Tensor, mul(a.slope, b.slope)) as Tensor
  if (!lessOrEqual(0, square)) return div(add(low, high), 2)
  const d2 = square.sqrt() as Tensor
  const [from, to] = lessOrEqual(a.t, b.t) ? [a, b] : [b, a]
  const share = div(sub(add(to.slope, d2), d1), add(sub(to.slope, from.slope), mul(2, d2)))
  return min(max(sub(to.t, mul(sub(to.t, from.t), share)), low), high)
}

/**
 * A step along `direction` that meets the strong Wolfe conditions, as Python's `_strong_wolfe` finds it: first a
 * bracket around such a step, then smaller brackets. `evaluate` gives loss and gradient at a step.
 */
export function strongWolfe(
  evaluate: (t: Scalar) => { loss: number; grad: Tensor },
  direction: Tensor,
  start: { t: Scalar; loss: number; grad: Tensor; slope: Tensor },
  maxIterations: number,
): LineSearch {
  const norm = direction.abs().max() as Tensor
  const at = (t: Scalar): Point => {
    const { loss, grad } = evaluate(t)
    return { t, loss, grad, slope: grad.dot(direction) as Tensor }
  }
  const origin: Point = { t: 0, loss: start.loss, grad: start.grad.clone() as Tensor, slope: start.slope }
  /** True where the loss at a point falls less than the slope at the origin promises. */
  const tooHigh = (p: Point) => less(add(start.loss, mul(mul(C1, p.t), start.slope)), p.loss)
  const flat = (p: Point) => lessOrEqual(abs(p.slope), mul(-C2, start.slope))

  let previous = origin
  let current = at(start.t)
  let evaluations = 1
  let iteration = 0
  let done = false
  let bracket: Point[] | undefined
  while (iteration < maxIterations) {
    if (tooHigh(current) || (iteration > 1 && current.loss >= previous.loss)) {
      bracket = [previous, current]
      break
    }
    if (flat(current)) {
      bracket = [current]
      done = true
      break
    }
    if (lessOrEqual(0, current.slope)) {
      bracket = [previous, current]
      break
    }
    const nearest = add(current.t, mul(0.01, sub(current.t, previous.t)))
    const t = cubicMinimum(previous, current, [nearest, mul(current.t, 10)])
    previous = current
    current = at(t)
    evaluations++
    iteration++
  }
  if (bracket === undefined || iteration === maxIterations) bracket = [origin, current]

  let insufficient = false
  let [low, high] = bracket[0]!.loss <= bracket.at(-1)!.loss ? [0, 1] : [1, 0]
  while (!done && iteration < maxIterations) {
    const [a, b] = bracket as [Point, Point]
    if (less(mul(abs(sub(b.t, a.t)), norm), TOLERANCE_CHANGE)) break
    let t = cubicMinimum(a, b)
    // A step too near an end of the bracket brings no progress: the second time, or at the end itself, a tenth inside
    const most = max(a.t, b.t)
    const least = min(a.t, b.t)
    const margin = mul(0.1, sub(most, least))
    if (!less(min(sub(most, t), sub(t, least)), margin)) insufficient = false
    else if (insufficient || lessOrEqual(most, t) || lessOrEqual(t, least)) {
      t = less(abs(sub(t, most)), abs(sub(t, least))) ? sub(most, margin) : add(least, margin)
      insufficient = false
    } else insufficient = true

    current = at(t)
    evaluations++
    iteration++
    if (tooHigh(current) || current.loss >= bracket[low]!.loss) {
      bracket[high] = current
      ;[low, high] = bracket[0]!.loss <= bracket[1]!.loss ? [0, 1] : [1, 0]
    } else {
      if (flat(current)) done = true
      else if (lessOrEqual(0, mul(current.slope, sub(bracket[high]!.t, bracket[low]!.t)))) bracket[high] = bracket[low]!
      bracket[low] = current
    }
  }
  const { t, loss, grad } = bracket[low]!
  return { t, loss, grad, evaluations }
}
