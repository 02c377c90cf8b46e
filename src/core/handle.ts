import { binding } from '../native/load'
import { collectGarbage, tick } from './collector'
import { makeNativeError } from './native-errors'

binding.setHooks(makeNativeError as (...args: never[]) => Error, collectGarbage)

/** The slot of a handle; -1 once it is disposed. */
export let slotOf: (handle: Handle) => number
/** Fills a handle that was made for it. */
export let setSlot: (handle: Handle, slot: number) => void
/** True for handles made by this copy of the package, and nothing else. */
export let isHandle: (value: unknown) => value is Handle
/** The slot of a handle (-1 once it is disposed), or `NO_HANDLE` for anything else: both in one look, for hot paths. */
export let slotIfHandle: (value: unknown) => number
export const NO_HANDLE = -2

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
    slotIfHandle = value =>
      typeof value === 'object' && value !== null && #slot in value ? (value as Handle).#slot : NO_HANDLE
  }
}

let makeHandle: () => Handle = () => new Handle()

/** The class that results get; the tensor room names it when it is loaded. */
export function registerHandleClass(make: () => Handle): void {
  makeHandle = make
}

// The open disposal scope, if any: it owns the handles made meanwhile, and they need no finalizer.
let scope: Handle[] | null = null
/** All open ones, outermost first. */
const scopes: Handle[][] = []

/** A fresh handle for a native function to fill: `const r = blank(); return finish(r, native(slotOf(a), r))`. */
export function blank(): Handle {
  return makeHandle()
}

/** Fills a fresh handle with the slot that a native function put into it. */
export function finish<T extends Handle>(handle: T, slot: number): T {
  setSlot(handle, slot)
  // a scope frees by itself: there is nothing for the collector to find
  if (scope !== null) scope.push(handle)
  else tick()
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
  scopes.push(scope)
  if (outer === null) binding.setScope(true)
  return outer
}

/** Objects whose tensors no scope may free, and how to find those. */
const owners = new Map<WeakRef<object>, (owner: never) => Iterable<Handle>>()

/** From now on what `tensorsOf(owner)` gives when a scope closes outlives that scope: buffers in plain fields. */
export function registerOwner<T extends object>(owner: T, tensorsOf: (owner: T) => Iterable<Handle>): void {
  owners.set(new WeakRef(owner), tensorsOf as (owner: never) => Iterable<Handle>)
}

function keepOwned(): void {
  for (const [reference, tensorsOf] of owners) {
    const owner = reference.deref()
    if (owner === undefined) owners.delete(reference)
    else for (const handle of tensorsOf(owner as never)) keep(handle)
  }
}

/** Closes the scope opened last: frees what was made in it, but for `kept`, which the outer scope owns from now on. */
export function closeScope(outer: Handle[] | null, kept: ReadonlySet<Handle>): void {
  if (owners.size > 0) keepOwned()
  const made = scope ?? []
  scopes.pop()
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

/** Takes a handle out of the care of the scope that owns it: it lives until it is collected or disposed. */
export function keep<T extends Handle>(handle: T): T {
  for (let i = scopes.length - 1; i >= 0; i--) {
    const at = scopes[i]!.lastIndexOf(handle)
    if (at === -1) continue
    scopes[i]!.splice(at, 1)
    if (slotOf(handle) !== -1) binding.tensorAttach(handle, slotOf(handle))
    break
  }
  return handle
}
