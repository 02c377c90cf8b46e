/// <reference lib="esnext.disposable" preserve="true" />
import { refusePromise } from '../core/async-scope'
import { AsyncScopeError, describe, InvalidArgTypeError } from '../core/errors'
import { binding } from '../native/load'

/** An open scope of this thread: `using _ = noGrad()`. Closing it twice does nothing. */
export interface Scope {
  [Symbol.dispose](): void
}

interface Mode {
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

/** Runs `fn` in a mode; without `fn` opens it until the scope is disposed, at the latest before the next microtask. */
function inMode<R>(mode: Mode, fn: (() => R) | undefined): R | Scope {
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

function gradMode(name: string, enabled: boolean): Mode {
  return {
    name,
    open() {
      const before = binding.setGradEnabled(enabled)
      return () => {
        binding.setGradEnabled(before)
      }
    },
  }
}

const NO_GRAD = gradMode('noGrad', false)
const ENABLE_GRAD = gradMode('enableGrad', true)
const INFERENCE: Mode = {
  name: 'inferenceMode',
  open() {
    binding.openInferenceMode(true)
    return () => binding.closeInferenceMode()
  },
}

/**
 * Runs `fn` without recording operators for `backward`; without `fn`, a scope for `using`. An async function is
 * `ERR_ASYNC_SCOPE`. Mirrors `torch.no_grad`.
 */
export function noGrad(): Scope
export function noGrad<R>(fn: () => R): R
export function noGrad<R>(fn?: () => R): R | Scope {
  return inMode(NO_GRAD, fn)
}

/** Runs `fn` with recording switched on, inside `noGrad` too. Mirrors `torch.enable_grad`. */
export function enableGrad(): Scope
export function enableGrad<R>(fn: () => R): R
export function enableGrad<R>(fn?: () => R): R | Scope {
  return inMode(ENABLE_GRAD, fn)
}

/** Like `noGrad`, and faster: what is made inside can never take part in autograd. Mirrors `torch.inference_mode`. */
export function inferenceMode(): Scope
export function inferenceMode<R>(fn: () => R): R
export function inferenceMode<R>(fn?: () => R): R | Scope {
  return inMode(INFERENCE, fn)
}

/** True where operators are recorded. Mirrors `torch.is_grad_enabled`. */
export function isGradEnabled(): boolean {
  return binding.isGradEnabled()
}

/** Switches recording on or off for this thread until it is switched again. Mirrors `torch.set_grad_enabled`. */
export function setGradEnabled(enabled: boolean): void {
  if (typeof enabled !== 'boolean') {
    throw new InvalidArgTypeError(`setGradEnabled takes a boolean, got ${describe(enabled)}`)
  }
  binding.setGradEnabled(enabled)
}

/** True inside `inferenceMode`. */
export function isInferenceModeEnabled(): boolean {
  return binding.isInferenceModeEnabled()
}
