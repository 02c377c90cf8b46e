import { type DType, dtypeCode, dtypeName } from '../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { inMode, type Scope } from '../core/mode-scope'
import { check, is, mergeArguments } from '../core/options'
import { isAvailable } from '../cuda/device'
import { binding } from '../native/load'

/** The kinds of devices that have mixed precision. */
export type AutocastDevice = 'cpu' | 'cuda'

/** The options of `autocast`. */
export interface AutocastOptions {
  /** The smaller dtype: `'bfloat16'` or `'float16'`. Default: `getAutocastDtype(deviceType)`. */
  dtype?: DType | null
  /** False switches mixed precision off inside of an outer scope; default true. */
  enabled?: boolean
  /** Keeps weights that were cast, until the outermost scope ends. Default: as outside, and there true. */
  cacheEnabled?: boolean | null
}

function isCuda(what: string, deviceType: unknown): boolean {
  if (typeof deviceType !== 'string') {
    throw new InvalidArgTypeError(`${what}: 'deviceType' must be a string, got ${describe(deviceType)}`)
  }
  if (deviceType !== 'cpu' && deviceType !== 'cuda') {
    throw new InvalidArgValueError(`User specified an unsupported autocast device_type '${deviceType}'`)
  }
  return deviceType === 'cuda'
}

/** Python warns where mixed precision cannot be, and goes on without. */
function possible(cuda: boolean, dtype: DType): boolean {
  if (cuda && !isAvailable()) {
    process.emitWarning('CUDA is not available. Disabling autocast.')
    return false
  }
  if (dtype === 'bfloat16' || dtype === 'float16') return true
  const device = cuda ? 'CUDA' : 'CPU'
  process.emitWarning(
    `In ${device} autocast, but the target dtype is not supported. Disabling autocast.\n` +
      `${device} Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.`,
  )
  return false
}

const NAMES = ['deviceType', 'dtype', 'enabled', 'cacheEnabled']

/**
 * Runs `fn` in mixed precision: on tensors of `deviceType`, operators that gain by it (convolutions, matrix products,
 * linear layers) get their floating arguments in the smaller dtype, those that need the range (losses, and on CUDA
 * softmax, norms, exp, sum) get float32, all others take what comes. float64 stays. Without `fn`, a scope for `using`;
 * scopes nest. For the forward pass and the loss: `backward` belongs outside, and uses the dtypes of the forward pass.
 *
 * A weight that needs a gradient is cast once for each outermost scope.
 *
 * An async function is `ERR_ASYNC_SCOPE`, another device `ERR_INVALID_ARG_VALUE`. Where mixed precision cannot be (no GPU,
 * another dtype) a warning says so and `fn` runs without, as in Python. Mirrors `torch.autocast`.
 *
 * @see https://docs.pytorch.org/docs/stable/amp.html
 * @example
 * const w = torch.ones([2, 2])
 * const y = torch.autocast('cpu', { dtype: 'bfloat16' }, () => w.matmul(w))
 * y.dtype // 'bfloat16'
 */
export function autocast(deviceType: AutocastDevice, options?: AutocastOptions): Scope
export function autocast<R>(deviceType: AutocastDevice, fn: () => R): R
export function autocast<R>(deviceType: AutocastDevice, options: AutocastOptions, fn: () => R): R
export function autocast(...args: unknown[]): unknown {
  const last = args.at(-1)
  const fn = typeof last === 'function' ? (last as () => unknown) : undefined
  const merged = mergeArguments('autocast', NAMES, fn === undefined ? args : args.slice(0, -1), 1)
  const cuda = isCuda('autocast', merged.deviceType)
  const { enabled = true } = merged
  check('autocast', 'enabled', enabled, is.boolean)
  const dtype = (merged.dtype ?? dtypeName(binding.autocastMode(cuda)[1])) as DType
  const code = dtypeCode(dtype)
  const cache = merged.cacheEnabled ?? binding.isAutocastCacheEnabled()
  check('autocast', 'cacheEnabled', cache, is.boolean)
  const on = (enabled as boolean) && possible(cuda, dtype)
  const open = () => {
    binding.autocastOpen(cuda, code, on, cache as boolean)
    return () => binding.autocastClose()
  }
  return inMode({ name: 'autocast', open }, fn)
}

/** True inside `autocast`. Mirrors `torch.is_autocast_enabled`. */
export function isAutocastEnabled(deviceType: AutocastDevice = 'cuda'): boolean {
  return binding.autocastMode(isCuda('isAutocastEnabled', deviceType))[0]
}

/**
 * The smaller dtype of mixed precision: that of the innermost scope, else `'bfloat16'` on the CPU and `'float16'` on CUDA.
 * Mirrors `torch.get_autocast_dtype`.
 */
export function getAutocastDtype(deviceType: AutocastDevice): DType {
  return dtypeName(binding.autocastMode(isCuda('getAutocastDtype', deviceType))[1])
}

/** True where weights that were cast are kept until the scope ends. Mirrors `torch.is_autocast_cache_enabled`. */
export function isAutocastCacheEnabled(): boolean {
  return binding.isAutocastCacheEnabled()
}
