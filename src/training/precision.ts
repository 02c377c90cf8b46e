import { GradScaler } from '../amp'
import { type AutocastDevice, autocast, getAutocastDtype } from '../autograd'
import { InvalidArgTypeError } from '../core/errors'
import { check, is, isOptions, unknownOption } from '../core/options'
import { tidy } from '../memory'
import { Optimizer } from '../optim'
import type { Tensor } from '../tensor/tensor'

/** Mixed precision of `train` and `evaluate`. */
export interface AmpOptions {
  /** Default `'bfloat16'` on the CPU, `'float16'` on CUDA. */
  dtype?: 'bfloat16' | 'float16'
}

/** The same with the scaler of a training. */
export interface TrainAmpOptions extends AmpOptions {
  /** For float16; default a new one. Give your own to keep its state. */
  scaler?: GradScaler
}

interface Steps {
  step(): unknown
}

/** How forward, backward and step are done: plainly, or in mixed precision. */
export interface Precision {
  /** Runs forward passes and losses. */
  forward<R>(run: () => R): R
  backward(loss: Tensor): void
  step(optimizer: Steps): void
  /** Where gradients are scaled, for float16. */
  readonly scales?: true
}

const PLAIN: Precision = {
  forward: run => run(),
  backward: loss => loss.backward(),
  step: optimizer => void optimizer.step(),
}

interface Given {
  device: AutocastDevice
  dtype: 'bfloat16' | 'float16'
  scaler?: GradScaler
}

/** Checks the option `amp`; undefined where there is to be none. */
function given(what: string, amp: unknown, device: string, names: readonly string[]): Given | undefined {
  if (amp === undefined || amp === false) return undefined
  if (amp !== true && !isOptions(amp)) {
    check(what, 'amp', amp, ['a boolean or { dtype }', () => false])
  }
  const options = (amp === true ? {} : amp) as TrainAmpOptions
  for (const key of Object.keys(options)) if (!names.includes(key)) throw unknownOption(`${what}: amp`, key, names)
  const kind = device.split(':')[0]
  check(what, 'amp', kind, ["for data on 'cpu' or 'cuda'", value => value === 'cpu' || value === 'cuda'])
  const { dtype = getAutocastDtype(kind as AutocastDevice) as Given['dtype'], scaler } = options
  check(what, 'amp.dtype', dtype, is.oneOf('bfloat16', 'float16'))
  check(what, 'amp.scaler', scaler, ['a GradScaler', value => value === undefined || value instanceof GradScaler])
  return { device: kind as AutocastDevice, dtype, scaler }
}

/** What `evaluate` runs forward passes in. */
export function forwardPrecision(what: string, amp: unknown, device: string): Precision['forward'] | undefined {
  const mixed = given(what, amp, device, ['dtype'])
  return mixed && (run => autocast(mixed.device, { dtype: mixed.dtype }, run))
}

/** What `train` runs its steps in; gradients of float16 are scaled. */
export function precisionOf(what: string, amp: unknown, device: string, optimizer: unknown): Precision {
  const mixed = given(what, amp, device, ['dtype', 'scaler'])
  if (mixed === undefined) return PLAIN
  const forward: Precision['forward'] = run => autocast(mixed.device, { dtype: mixed.dtype }, run)
  if (mixed.dtype !== 'float16' && mixed.scaler === undefined) return { ...PLAIN, forward }
  if (!(optimizer instanceof Optimizer)) {
    throw new InvalidArgTypeError(`${what}: amp with float16 needs an optimizer of optim, for it scales gradients`)
  }
  const scaler = mixed.scaler ?? new GradScaler(mixed.device)
  return {
    forward,
    scales: true,
    backward: loss => scaler.scale(loss).backward(),
    step: () =>
      tidy(() => {
        scaler.step(optimizer)
        scaler.update()
      }),
  }
}
