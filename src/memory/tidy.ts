import { refusePromise } from '../core/async-scope'
import { describe, InvalidArgTypeError } from '../core/errors'
import { closeScope, type Handle, isHandle, openScope } from '../core/handle'
import { isOptions } from '../core/options'

/** The tensors in a result: itself, or anywhere in arrays, plain objects, maps and sets. */
function collect(value: unknown, into: Set<Handle>, seen = new Set<unknown>()): Set<Handle> {
  if (isHandle(value)) {
    into.add(value)
  } else if (typeof value === 'object' && value !== null && !seen.has(value)) {
    seen.add(value)
    if (Array.isArray(value) || value instanceof Set) for (const item of value) collect(item, into, seen)
    else if (value instanceof Map) for (const item of value.values()) collect(item, into, seen)
    else if (isOptions(value)) for (const item of Object.values(value)) collect(item, into, seen)
  }
  return into
}

const NONE: ReadonlySet<Handle> = new Set()

/**
 * Runs `fn` and frees every tensor made inside at once, but for those it returns (itself, or in arrays, plain objects,
 * maps and sets). Parameters and buffers of modules belong to their module and stay. An async function is
 * `ERR_ASYNC_SCOPE`.
 *
 * @example
 * const total = torch.tidy(() => x.mul(2).relu().sum())   // the two in between are freed here
 */
export function tidy<R>(fn: () => R): R {
  if (typeof fn !== 'function') throw new InvalidArgTypeError(`tidy takes a function, got ${describe(fn)}`)
  const outer = openScope()
  let kept = NONE
  try {
    const result = fn()
    refusePromise('tidy', result)
    kept = collect(result, new Set())
    return result
  } finally {
    closeScope(outer, kept)
  }
}
