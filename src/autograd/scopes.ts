import { describe, InvalidArgTypeError } from '../core/errors'
import { inMode, type Mode, type Scope } from '../core/mode-scope'
import { binding } from '../native/load'

export type { Scope } from '../core/mode-scope'

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
