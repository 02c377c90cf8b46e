import { describe, InvalidArgTypeError } from '../../core/errors'
import type { Tensor } from '../../tensor'
import type { Eventually } from '../types'

/**
 * Makes one image of another, as `torchvision.transforms` on tensors. Where torchvision has a PIL image, here is a
 * tensor uint8 `[C, H, W]`; batches `[..., C, H, W]` are transformed alike. Random numbers are drawn as torchvision draws them, from
 * the default generator or a worker's own.
 */
export abstract class Transform {
  abstract forward(image: Tensor): Tensor
}

/** A `Transform`, whatever has such a `forward`, or a function. */
export type TransformLike = { forward(image: any): any } | ((image: any) => any)

/** Applies a transform or a function. */
export function transformed(transform: TransformLike, image: unknown): Eventually<unknown> {
  return typeof transform === 'function' ? transform(image) : transform.forward(image)
}

export function checkTransform(what: string, transform: unknown): TransformLike {
  if (typeof transform === 'function') return transform as TransformLike
  if (typeof (transform as { forward?: unknown } | null | undefined)?.forward === 'function')
    return transform as TransformLike
  throw new InvalidArgTypeError(`${what}: expected a transform or a function, got ${describe(transform)}`)
}

/** Numbers and arrays as Python writes them. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return `(${value.map(shown).join(', ')}${value.length === 1 ? ',' : ''})`
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return String(value)
}

/** A number that is a float in Python. */
export function shownFloat(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : `${value}`
}
