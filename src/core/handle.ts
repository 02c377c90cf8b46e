import { binding } from '../native/load'
import { collectGarbage, tick } from './collector'
import { makeNativeError } from './errors'

binding.setHooks(makeNativeError as (...args: never[]) => Error, collectGarbage)

/** The slot of a handle; -1 once it is disposed. */
export let slotOf: (handle: Handle) => number
/** Fills a handle that was made for it. */
export let setSlot: (handle: Handle, slot: number) => void
/** True for handles made by this copy of the package, and nothing else. */
export let isHandle: (value: unknown) => value is Handle

/**
 * What every tensor object is underneath: an integer that names a slot of the native table. The private field is the
 * brand too: nothing but an object made here has it, so a plain object, a proxy or an `Object.create` is never taken
 * for a tensor.
 */
export class Handle {
  #slot = -1

  /** @internal */
  static {
    slotOf = handle => handle.#slot
    setSlot = (handle, slot) => {
      handle.#slot = slot
    }
    isHandle = (value): value is Handle => typeof value === 'object' && value !== null && #slot in value
  }
}

let makeHandle: () => Handle = () => new Handle()

/** The class that results get; the tensor room names it when it is loaded. */
export function registerHandleClass(make: () => Handle): void {
  makeHandle = make
}

// The open disposal scope, if any: it owns the handles made meanwhile, and they need no finalizer.
let scope: Handle[] | null = null

/** A fresh handle for a native function to fill: `const r = blank(); return finish(r, native(slotOf(a), r))`. */
export function blank(): Handle {
  return makeHandle()
}

/** Fills a fresh handle with the slot that a native function put into it. */
export function finish<T extends Handle>(handle: T, slot: number): T {
  setSlot(handle, slot)
  if (scope !== null) scope.push(handle)
  tick()
  return handle
}

/**
 * Wraps a slot that a native function returned by itself. With `keep`, an open scope does not own it: parameters and
 * buffers belong to their module.
 */
export function adopt<T extends Handle>(slot: number, keep = false, handle: T = blank() as T): T {
  setSlot(handle, slot)
  if (scope !== null && !keep) scope.push(handle)
  else binding.tensorAttach(handle, slot)
  tick()
  return handle
}

/** Frees a handle's slot at once; once more does nothing. */
export function dispose(handle: Handle): void {
  const slot = slotOf(handle)
  if (slot === -1) return
  setSlot(handle, -1)
  binding.tensorDrop(slot)
}

/** Opens a disposal scope; gives what to hand to `closeScope`. */
export function openScope(): Handle[] | null {
  const outer = scope
  scope = []
  if (outer === null) binding.setScope(true)
  return outer
}

/** Closes the scope opened last: frees what was made in it, but for `kept`, which the outer scope owns from now on. */
export function closeScope(outer: Handle[] | null, kept: ReadonlySet<Handle>): void {
  const made = scope ?? []
  scope = outer
  if (outer === null) binding.setScope(false)
  const slots = new Int32Array(made.length)
  let count = 0
  for (const handle of made) {
    const slot = slotOf(handle)
    if (slot === -1) continue
    if (kept.has(handle)) {
      if (outer !== null) outer.push(handle)
      else binding.tensorAttach(handle, slot)
    } else {
      setSlot(handle, -1)
      slots[count++] = slot
    }
  }
  binding.tensorDropMany(slots, count)
}

/** Takes a handle out of the open scope's care: it lives until it is collected or disposed. */
export function keep<T extends Handle>(handle: T): T {
  if (scope !== null) {
    const at = scope.lastIndexOf(handle)
    if (at !== -1) {
      scope.splice(at, 1)
      binding.tensorAttach(handle, slotOf(handle))
    }
  }
  return handle
}
