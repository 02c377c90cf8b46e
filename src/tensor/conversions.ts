import { DTYPE_CODES, type DType } from '../core/dtype'
import { CudaUnavailableError, describe, InvalidArgTypeError } from '../core/errors'
import { slotOf } from '../core/handle'
import { check, is, mergeArguments } from '../core/options'
import { binding } from '../native/load'
import { callOperator } from '../ops/registry'
import { isTensor, Tensor, wrapDim } from './tensor'

const DTYPES: ReadonlySet<unknown> = new Set(DTYPE_CODES)

interface Target {
  device?: string
  dtype?: DType
  nonBlocking?: boolean
  copy?: boolean
  memoryFormat?: string
}

/** What `to` was asked for: a device, a dtype, both, options, or another tensor's. */
function targetOf(args: readonly unknown[]): Target {
  const target: Target = {}
  const rest = [...args]
  const first = rest[0]
  if (isTensor(first)) {
    target.device = first.device
    target.dtype = first.dtype
    rest.shift()
  } else {
    if (typeof first === 'string' && !DTYPES.has(first)) target.device = rest.shift() as string
    if (DTYPES.has(rest[0])) target.dtype = rest.shift() as DType
  }
  const names = ['nonBlocking', 'copy', 'device', 'dtype', 'memoryFormat']
  const merged = mergeArguments('to', names, rest)
  for (const name of ['nonBlocking', 'copy'] as const) {
    if (merged[name] === undefined) continue
    check('to', name, merged[name], is.boolean)
    target[name] = merged[name] as boolean
  }
  if (merged.device !== undefined && merged.device !== null) target.device = merged.device as string
  if (merged.dtype !== undefined && merged.dtype !== null) target.dtype = merged.dtype as DType
  if (merged.memoryFormat !== undefined) target.memoryFormat = merged.memoryFormat as string
  if (target.device === undefined && target.dtype === undefined && target.memoryFormat === undefined && !target.copy) {
    if (args.length === 0) throw new InvalidArgTypeError(`to needs a device, a dtype, or another tensor`)
  }
  return target
}

/** `ERR_CUDA_UNAVAILABLE` where CUDA is asked for and there is none; other devices are libtorch's affair. */
export function checkDevice(device: unknown): string {
  if (typeof device !== 'string') {
    throw new InvalidArgTypeError(`expected a device such as 'cpu' or 'cuda:0', got ${describe(device)}`)
  }
  if (device.startsWith('cuda')) needCuda(`the device '${device}'`)
  return device
}

/** `ERR_CUDA_UNAVAILABLE` where there is no GPU for `what`. */
export function needCuda(what: string): void {
  if (binding.cudaDeviceCount() > 0) return
  const why = binding.cudaIsBuilt()
    ? 'this libtorch knows CUDA, but no NVIDIA driver or no GPU is found'
    : 'this libtorch is built without CUDA; LIBTORCH_NODE_VARIANT chooses a build that has it'
  throw new CudaUnavailableError(`${what} is asked for, and there is no CUDA here: ${why}`)
}

function convert(tensor: Tensor, target: Target): Tensor {
  const { nonBlocking = false, copy = false } = target
  const dtype = target.dtype ?? tensor.dtype
  const result = (
    target.device === undefined
      ? callOperator('aten::to', 'dtype', [tensor, dtype, nonBlocking, copy, target.memoryFormat])
      : callOperator('aten::to', 'device', [
          tensor,
          checkDevice(target.device),
          dtype,
          nonBlocking,
          copy,
          target.memoryFormat,
        ])
  ) as Tensor
  return copy ? result : sameOr(tensor, result)
}

/** libtorch gives the very tensor back where nothing changes, and so does Python. */
function sameOr(tensor: Tensor, result: Tensor): Tensor {
  if (!binding.tensorIsSame(slotOf(tensor), slotOf(result))) return result
  result.dispose()
  return tensor
}

const toDtype = (dtype: DType) =>
  function (this: Tensor): Tensor {
    return convert(this, { dtype })
  }

const methods: Readonly<Record<string, (this: Tensor, ...args: never[]) => unknown>> = {
  to(...args: unknown[]) {
    return convert(this, targetOf(args))
  },
  cpu() {
    return convert(this, { device: 'cpu' })
  },
  cuda(...args: unknown[]) {
    const { device = 'cuda', nonBlocking = false } = mergeArguments('cuda', ['device', 'nonBlocking'], args)
    check('cuda', 'nonBlocking', nonBlocking, is.boolean)
    const name = typeof device === 'number' ? `cuda:${device}` : device
    return convert(this, { device: name as string, nonBlocking: nonBlocking as boolean })
  },
  pinMemory() {
    needCuda('pinned memory')
    return sameOr(this, callOperator('aten::pin_memory', '', [this]) as Tensor)
  },
  isPinned() {
    return callOperator('aten::is_pinned', '', [this])
  },
  float: toDtype('float32'),
  double: toDtype('float64'),
  half: toDtype('float16'),
  bfloat16: toDtype('bfloat16'),
  long: toDtype('int64'),
  int: toDtype('int32'),
  short: toDtype('int16'),
  char: toDtype('int8'),
  byte: toDtype('uint8'),
  bool: toDtype('bool'),
  size(dim?: number) {
    const { shape } = this
    return dim === undefined ? shape : shape[wrapDim(dim, shape.length)]
  },
}

for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true })
}

for (const [name, operator] of [
  ['T', 'numpy_T'],
  ['mT', 'mT'],
  ['H', 'matrix_H'],
  ['mH', 'mH'],
  ['real', 'real'],
  ['imag', 'imag'],
] as const) {
  Object.defineProperty(Tensor.prototype, name, {
    get(this: Tensor) {
      return callOperator(`aten::${operator}`, '', [this])
    },
    configurable: true,
  })
}
