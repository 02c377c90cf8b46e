import type { DType } from '../../core/dtype'
import { isFloating } from '../../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import { is } from '../../core/options'
import { empty, isTensor, rand, randint, type Tensor } from '../../tensor'
import { getWorkerInfo } from '../worker-info'

/** Height and width. */
export type Size = number | readonly [height: number, width: number]

/** Checks that something is an image `[..., H, W]`, and says its sizes; without channels it has one. */
export function dimensionsOf(what: string, image: unknown): [channels: number, height: number, width: number] {
  if (!isTensor(image)) throw new InvalidArgTypeError(`${what} takes a tensor [..., C, H, W], got ${describe(image)}`)
  if (image.ndim < 2) {
    const got = `[${image.shape.join(', ')}]`
    throw new InvalidArgTypeError(`${what} takes an image of at least two dimensions, got a tensor of shape ${got}`)
  }
  return [image.ndim === 2 ? 1 : image.size(-3), image.size(-2), image.size(-1)]
}

/** `[height, width]` of a size; one number is both. */
export function pairOf(what: string, name: string, size: unknown): [number, number] {
  if (is.positive[1](size)) return [size as number, size as number]
  if (Array.isArray(size) && (size.length === 1 || size.length === 2) && size.every(is.positive[1])) {
    return [size[0], size.at(-1)]
  }
  throw new InvalidArgTypeError(
    `${what}: '${name}' must be an integer of at least 1 or [height, width], got ${describe(size)}`,
  )
}

/** `[low, high]` of numbers. */
export function isRange(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite)
}

/** Python's `round`: halves go to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

/** The greatest value of an image of a dtype: 1 for floating ones. */
export function maxValue(dtype: DType): number {
  if (isFloating(dtype)) return 1
  const greatest: Partial<Record<DType, number>> = {
    uint8: 255,
    int8: 127,
    int16: 32767,
    uint16: 65535,
    int32: 2147483647,
    int64: 2 ** 63,
  }
  return greatest[dtype] ?? 1
}

/** What transforms draw from: a worker's own numbers, else the default ones. */
function source() {
  return getWorkerInfo()?.generator ?? null
}

function itemOf(drawn: Tensor): number {
  const value = drawn.item() as number
  drawn.dispose()
  return value
}

/** `torch.rand(1)` */
export function drawUnit(): number {
  return itemOf(rand([1], { generator: source() }) as Tensor)
}

/** `torch.randint(0, high, size=(1,))` */
export function drawInteger(high: number): number {
  return itemOf(randint(0, high, [1], { generator: source() }) as Tensor)
}

/** `torch.empty(1).uniform_(low, high)` */
export function drawUniform(low: number, high: number): number {
  return itemOf((empty([1]) as Tensor).uniform_(low, high, { generator: source() }) as Tensor)
}

export { source as drawSource }

export function checkProbability(what: string, p: unknown): number {
  if (typeof p === 'number' && p >= 0 && p <= 1) return p
  if (typeof p !== 'number') throw new InvalidArgTypeError(`${what}: 'p' must be a number, got ${describe(p)}`)
  throw new InvalidArgValueError(`${what}: 'p' must be from 0 to 1, got ${p}`)
}
