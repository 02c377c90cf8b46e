/** Random numbers in place, drawn in the order of `torch.nn.init`. */
import type { Generator } from '../core/generator'
import { callOperator } from '../ops/registry'
import type { Tensor } from '../tensor/tensor'

export const uniform = (tensor: Tensor, a: number, b: number, generator: Generator | null): Tensor =>
  callOperator('aten::uniform_', '', [tensor, a, b, generator]) as Tensor
export const normal = (tensor: Tensor, mean: number, std: number, generator: Generator | null): Tensor =>
  callOperator('aten::normal_', '', [tensor, mean, std, generator]) as Tensor

/** A normal distribution between two bounds. */
interface TruncatedNormal {
  readonly mean: number
  readonly std: number
  readonly a: number
  readonly b: number
}

/** Normally distributed values, those out of bounds drawn again. */
export function truncatedNormal(tensor: Tensor, law: TruncatedNormal, generator: Generator | null): void {
  const { mean, std, a, b } = law
  const share = normalBelow((b - mean) / std) - normalBelow((a - mean) / std)
  if (share > 0.3) redrawOutside(tensor, law, generator)
  else drawAndReject(tensor, law, generator)
}

/** The share of a standard normal distribution below `x`. */
function normalBelow(x: number): number {
  const ratio = callOperator('aten::full', '', [[], x / Math.sqrt(2), 'float64']) as Tensor
  return (1 + ((callOperator('aten::erf', '', [ratio]) as Tensor).item() as number)) / 2
}

const where = (condition: Tensor, a: Tensor, b: Tensor): Tensor =>
  callOperator('aten::where', 'self', [condition, a, b]) as Tensor
const some = (mask: Tensor): boolean => Boolean((callOperator('aten::any', '', [mask]) as Tensor).item())
const compare = (name: string, x: Tensor, y: number | Tensor): Tensor =>
  callOperator(`aten::${name}`, typeof y === 'number' ? 'Scalar' : 'Tensor', [x, y]) as Tensor
const emptyLike = (tensor: Tensor): Tensor => callOperator('aten::empty_like', '', [tensor]) as Tensor
export const copy = (tensor: Tensor, source: Tensor): unknown => callOperator('aten::copy_', '', [tensor, source])

// Where most values fall inside.
function redrawOutside(tensor: Tensor, { mean, std, a, b }: TruncatedNormal, generator: Generator | null): void {
  // the bounds as the dtype has them, so that no value is refused for ever
  const bound = (value: number): number =>
    (callOperator('aten::full', '', [[], value, tensor.dtype]) as Tensor).item() as number
  const low = bound(a)
  const high = bound(b)
  let result = normal(tensor, mean, std, generator)
  for (;;) {
    const below = compare('lt', result, low)
    const outside = callOperator('aten::bitwise_or', 'Tensor', [below, compare('gt', result, high)]) as Tensor
    if (!some(outside)) break
    result = where(outside, normal(emptyLike(result), mean, std, generator), result)
  }
  if (result !== tensor) copy(tensor, result)
}

// Where few do: even values between the bounds, each kept by its density.
function drawAndReject(tensor: Tensor, { mean, std, a, b }: TruncatedNormal, generator: Generator | null): void {
  const mode = Math.max(a, Math.min(mean, b))
  const logPeak = -0.5 * ((mode - mean) / std) ** 2
  const candidates = emptyLike(tensor)
  const drawn = emptyLike(tensor)
  const refused = (): Tensor => {
    for (const [name, value] of [
      ['sub_', mean],
      ['div_', std],
    ] as const) {
      callOperator(`aten::${name}`, 'Scalar', [candidates, value])
    }
    callOperator('aten::pow_', 'Scalar', [candidates, 2])
    callOperator('aten::mul_', 'Scalar', [candidates, -0.5])
    callOperator('aten::sub_', 'Scalar', [candidates, logPeak])
    callOperator('aten::log_', '', [uniform(drawn, 0, 1, generator)])
    return compare('gt', drawn, candidates)
  }
  uniform(tensor, a, b, generator)
  copy(candidates, tensor)
  let pending = refused()
  if (!some(pending)) return
  let result = tensor
  do {
    uniform(candidates, a, b, generator)
    result = where(pending, candidates, result)
    pending = where(pending, refused(), pending)
  } while (some(pending))
  copy(tensor, result)
}
