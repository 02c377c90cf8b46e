/// <reference lib="esnext.disposable" preserve="true" />
import { refusePromise } from './async-scope'
import { AsyncScopeError, describe, InvalidArgTypeError } from './errors'

/** An open scope of this thread: `using _ = noGrad()`. Closing it twice does nothing. */
export interface Scope {
  [Symbol.dispose](): void
}

/** What a scope switches on for as long as it is open. */
export interface Mode {
  /** As people call it: `noGrad`. */
  name: string
  /** Switches the mode on, and gives what undoes it. */
  open(): () => void
}

// What undoes each open mode, outermost first: closing one closes those inside of it first, as blocks end, so that scopes
// left open by concurrent async functions cannot leave a mode behind.
const undos: (() => void)[] = []

function enter(mode: Mode): () => void {
  const undo = mode.open()
  undos.push(undo)
  return () => {
    const at = undos.lastIndexOf(undo)
    if (at !== -1) for (const inner of undos.splice(at).reverse()) inner()
  }
}

/**
 * Runs `fn` in a mode; without `fn` opens it until the scope is disposed, at the latest before the next microtask,
 * and says so where that happens. An async function is `ERR_ASYNC_SCOPE`.
 */
export function inMode<R>(mode: Mode, fn: (() => R) | undefined): R | Scope {
  if (fn === undefined) return openScope(mode)
  if (typeof fn !== 'function') throw new InvalidArgTypeError(`${mode.name} takes a function, got ${describe(fn)}`)
  const close = enter(mode)
  let result: R
  try {
    result = fn()
  } finally {
    close()
  }
  refusePromise(mode.name, result)
  return result
}

function openScope(mode: Mode): Scope {
  let close: (() => void) | undefined = enter(mode)
  let leaked = false
  const end = () => {
    close?.()
    close = undefined
  }
  queueMicrotask(() => {
    if (close === undefined) return
    leaked = true
    end()
    process.emitWarning(leak(mode.name))
  })
  return {
    [Symbol.dispose]() {
      if (leaked) throw leak(mode.name)
      end()
    },
  }
}

function leak(name: string): AsyncScopeError {
  return new AsyncScopeError(
    `a scope of ${name}() was still open when other code got its turn, and was closed: ` +
      `no 'await' may stand between 'using _ = ${name}()' and the end of its block`,
  )
}
