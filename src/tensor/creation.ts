import { markAsUntransferable } from 'node:worker_threads'
import { type DType, dtypeCode, itemSize } from '../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { adopt } from '../core/handle'
import { mergeArguments } from '../core/options'
import { binding } from '../native/load'
import { emptyOfSize } from '../ops/hot'
import { callPublic } from '../ops/resolve'
import { checkDevice, needCuda } from './conversions'
import { dtypeOfTypedArray, tensorOfValues } from './from-values'
import { isTensor, type Tensor } from './tensor'
import type { CreationFunctions } from './typed'

/** The options that functions which make tensors share. */
const OPTIONS = ['dtype', 'device', 'requiresGrad', 'layout', 'pinMemory']
const RANDOM = [...OPTIONS, 'generator']

type Merged = Record<string, unknown>

/** The options that go to the operator itself: all but what is done to its result. */
function operatorOptions(merged: Merged, names: readonly string[]): Merged {
  const out: Merged = {}
  for (const name of names) {
    const value = merged[name]
    if (name === 'requiresGrad' || value === undefined || value === null) continue
    if (name === 'device') checkDevice(value)
    if (name === 'pinMemory' && value === true) needCuda('pinned memory')
    if (name === 'dtype') dtypeCode(value)
    out[name] = value
  }
  return out
}

function finished(tensor: unknown, merged: Merged): Tensor {
  const made = tensor as Tensor
  return merged.requiresGrad === undefined ? made : made.requiresGrad_(merged.requiresGrad as boolean)
}

function checkSize(what: string, size: unknown): readonly number[] {
  if (Array.isArray(size)) return size
  const hint = typeof size === 'number' ? `; write ${what}([${size}])` : ''
  throw new InvalidArgTypeError(`${what}: 'size' must be one array of integers, got ${describe(size)}${hint}`)
}

/** A maker by size alone: zeros, ones, rand, randn. */
function bySize(name: string, options: readonly string[]) {
  const names = ['size', ...options]
  return (...args: unknown[]): Tensor => {
    const merged = mergeSized(name, names, args)
    const size = checkSize(name, merged.size)
    return finished(callPublic(`aten::${name}`, [size, operatorOptions(merged, options)]), merged)
  }
}

/** Sizes are one array: several numbers would be taken for other arguments. */
function mergeSized(name: string, names: readonly string[], args: readonly unknown[]): Merged {
  if (typeof args[0] === 'number') {
    const sizes = args.filter(arg => typeof arg === 'number').join(', ')
    throw new InvalidArgTypeError(`${name}: 'size' must be one array of integers; write ${name}([${sizes}])`)
  }
  return mergeArguments(name, names, args, 1)
}

const emptyBySize = bySize('empty', [...OPTIONS, 'memoryFormat'])
function empty(...args: unknown[]): Tensor {
  const fast = args.length === 1 && Array.isArray(args[0]) ? emptyOfSize(args[0]) : undefined
  return (fast as Tensor | undefined) ?? emptyBySize(...args)
}

/** The dtype of a plain value: numbers have the default dtype, for JavaScript cannot tell 1 from 1.0. */
function dtypeOfValue(value: unknown): DType {
  switch (typeof value) {
    case 'number':
      return 'float32'
    case 'bigint':
      return 'int64'
    case 'boolean':
      return 'bool'
    default:
      if (typeof value === 'object' && value !== null && 're' in value) return 'complex64'
      throw new InvalidArgTypeError(`expected a number, a bigint, a boolean or { re, im }, got ${describe(value)}`)
  }
}

function full(...args: unknown[]): Tensor {
  const last = args[args.length - 1]
  // a fill value { re, im } in second place is no options object
  const complex = args.length === 2 && typeof last === 'object' && last !== null && 're' in last
  const merged = mergeSized('full', ['size', 'fillValue', ...OPTIONS], complex ? [...args, {}] : args)
  if (!('fillValue' in merged)) throw new InvalidArgTypeError("full needs 'fillValue'")
  merged.dtype ??= dtypeOfValue(merged.fillValue)
  const size = checkSize('full', merged.size)
  return finished(callPublic('aten::full', [size, merged.fillValue, operatorOptions(merged, OPTIONS)]), merged)
}

function splitOptions(args: readonly unknown[]): [unknown[], Record<string, unknown>] {
  const last = args[args.length - 1]
  const has = typeof last === 'object' && last !== null && !Array.isArray(last) && !isTensor(last)
  return [has ? args.slice(0, -1) : [...args], has ? (last as Record<string, unknown>) : {}]
}

function arange(...args: unknown[]): Tensor {
  const [positional, options] = splitOptions(args)
  if (positional.length > 3) throw new InvalidArgTypeError('arange takes at most 3 numbers: start, end, step')
  // one number is the end, as in Python
  const names = positional.length < 2 && !('end' in options) ? ['end', 'start', 'step'] : ['start', 'end', 'step']
  const { start = 0, end, step = 1, ...merged } = mergeArguments('arange', [...names, ...OPTIONS], args)
  const numbers = [start, end, step]
  for (const value of numbers) {
    if (typeof value !== 'number' && typeof value !== 'bigint') {
      throw new InvalidArgTypeError(`arange takes numbers, got ${describe(value)}`)
    }
  }
  merged.dtype ??= numbers.every(value => typeof value === 'bigint' || Number.isInteger(value)) ? 'int64' : 'float32'
  return finished(callPublic('aten::arange', [...numbers, operatorOptions(merged, OPTIONS)]), merged)
}

function linspace(...args: unknown[]): Tensor {
  const merged = mergeArguments('linspace', ['start', 'end', 'steps', ...OPTIONS], args, 3)
  merged.dtype ??= 'float32'
  const { start, end, steps } = merged
  return finished(callPublic('aten::linspace', [start, end, steps, operatorOptions(merged, OPTIONS)]), merged)
}

function eye(...args: unknown[]): Tensor {
  const merged = mergeArguments('eye', ['n', 'm', ...OPTIONS], args, 1)
  const sizes = merged.m === undefined ? [merged.n] : [merged.n, merged.m]
  return finished(callPublic('aten::eye', [...sizes, operatorOptions(merged, OPTIONS)]), merged)
}

function randint(...args: unknown[]): Tensor {
  const [positional, options] = splitOptions(args)
  // one number before the size is `high`, as in Python
  const alone = Array.isArray(positional[1]) || (positional.length === 1 && !('high' in options))
  const names = alone ? ['high', 'size', ...RANDOM, 'low'] : ['low', 'high', 'size', ...RANDOM]
  const merged = mergeArguments('randint', names, args)
  const { low = 0, high, size } = merged
  if (high === undefined || size === undefined) throw new InvalidArgTypeError("randint needs 'high' and 'size'")
  merged.dtype ??= 'int64'
  const sizes = checkSize('randint', size)
  return finished(callPublic('aten::randint', [low, high, sizes, operatorOptions(merged, RANDOM)]), merged)
}

function randperm(...args: unknown[]): Tensor {
  const merged = mergeArguments('randperm', ['n', ...RANDOM], args, 1)
  merged.dtype ??= 'int64'
  return finished(callPublic('aten::randperm', [merged.n, operatorOptions(merged, RANDOM)]), merged)
}

/** A maker by another tensor, and a fill value for `fullLike`. */
function like(name: string, operator: string, withValue: boolean) {
  const names = ['input', ...(withValue ? ['fillValue'] : []), ...OPTIONS, 'memoryFormat', 'generator']
  return (...args: unknown[]): Tensor => {
    const merged = mergeArguments(name, names, args, withValue ? 2 : 1)
    if (!isTensor(merged.input)) throw new InvalidArgTypeError(`${name} takes a tensor, got ${describe(merged.input)}`)
    const values = withValue ? [merged.input, merged.fillValue] : [merged.input]
    return finished(
      callPublic(`aten::${operator}`, [...values, operatorOptions(merged, [...RANDOM, 'memoryFormat'])]),
      merged,
    )
  }
}

function tensor(...args: unknown[]): Tensor {
  const data = args[0]
  const complex = args.length === 1 && typeof data === 'object' && data !== null && 're' in data
  const merged = mergeArguments('tensor', ['data', ...OPTIONS], complex ? [data, {}] : args)
  if (!('data' in merged)) throw new InvalidArgTypeError("tensor needs 'data'")
  const { dtype, device } = operatorOptions(merged, ['dtype', 'device']) as { dtype?: DType; device?: string }
  const made = tensorOfValues(merged.data, dtype, device)
  return finished(merged.pinMemory === true ? made.pinMemory() : made, merged)
}

type Bytes = ArrayBuffer | ArrayBufferView<ArrayBuffer>

function shareable(buffer: unknown): Bytes {
  if (typeof SharedArrayBuffer !== 'undefined') {
    const memory = ArrayBuffer.isView(buffer) ? buffer.buffer : buffer
    if (memory instanceof SharedArrayBuffer) {
      throw new InvalidArgTypeError(
        'a SharedArrayBuffer cannot back a tensor: another thread may write to it; copy it first',
      )
    }
  }
  const memory = ArrayBuffer.isView(buffer) ? buffer.buffer : buffer
  if (!(memory instanceof ArrayBuffer)) {
    throw new InvalidArgTypeError(`expected an ArrayBuffer or a view of one, got ${describe(buffer)}`)
  }
  if ((memory as { resizable?: boolean }).resizable) {
    throw new InvalidArgValueError(
      'a resizable ArrayBuffer cannot back a tensor: its memory may go away; copy it first',
    )
  }
  if ((memory as { detached?: boolean }).detached) {
    throw new InvalidArgValueError('this ArrayBuffer was transferred away: there is no memory to share')
  }
  return buffer as Bytes
}

function sharedTensor(buffer: Bytes, dtype: DType, sizes: readonly number[], offset: number): Tensor {
  const made = adopt<Tensor>(binding.tensorFromBuffer(buffer, dtypeCode(dtype), sizes, offset, true))
  pin(ArrayBuffer.isView(buffer) ? buffer.buffer : buffer)
  return made
}

/** Some versions of Node let `transfer()` take even a marked buffer's memory away. */
const TRANSFER_IGNORES_MARK = (() => {
  const probe = new ArrayBuffer(8) as ArrayBuffer & { transfer?(): ArrayBuffer }
  markAsUntransferable(probe)
  try {
    probe.transfer?.()
  } catch {
    // the mark holds
  }
  return probe.byteLength === 0
})()

/** Keeps a buffer's memory where it is: a tensor points into it. */
function pin(buffer: ArrayBuffer): void {
  markAsUntransferable(buffer)
  if (!TRANSFER_IGNORES_MARK || Object.hasOwn(buffer, 'transfer')) return
  for (const name of ['transfer', 'transferToFixedLength']) {
    Object.defineProperty(buffer, name, {
      value: () => {
        throw new InvalidArgValueError('a tensor shares the memory of this ArrayBuffer: it cannot be transferred away')
      },
    })
  }
}

function frombuffer(...args: unknown[]): Tensor {
  const merged = mergeArguments('frombuffer', ['buffer', 'dtype', 'count', 'offset', 'requiresGrad'], args, 1)
  const buffer = shareable(merged.buffer)
  const dtype = (merged.dtype ?? 'float32') as DType
  dtypeCode(dtype)
  const width = itemSize(dtype)
  const { count = -1, offset = 0 } = merged
  if (!Number.isSafeInteger(offset) || (offset as number) < 0 || (offset as number) > buffer.byteLength) {
    throw new InvalidArgValueError(
      `frombuffer: 'offset' must be from 0 to ${buffer.byteLength}, the buffer's bytes, got ${describe(offset)}`,
    )
  }
  const left = buffer.byteLength - (offset as number)
  if (count === -1 && left % width !== 0) {
    throw new InvalidArgValueError(
      `frombuffer: the ${left} bytes after the offset are no multiple of the ${width} bytes of a ${dtype}`,
    )
  }
  const elements = count === -1 ? left / width : count
  if (!Number.isSafeInteger(elements) || (elements as number) < 0) {
    throw new InvalidArgTypeError(`frombuffer: 'count' must be an integer of at least 0, or -1, got ${describe(count)}`)
  }
  return finished(sharedTensor(buffer, dtype, [elements as number], offset as number), merged)
}

function fromTypedArray(...args: unknown[]): Tensor {
  const merged = mergeArguments('fromTypedArray', ['array', 'shape', 'copy', 'device', 'requiresGrad'], args, 1)
  const { array, copy = true } = merged
  const dtype = dtypeOfTypedArray(array)
  if (dtype === undefined) throw new InvalidArgTypeError(`fromTypedArray takes a typed array, got ${describe(array)}`)
  const typed = array as Float32Array<ArrayBuffer>
  const shape = merged.shape === undefined ? [typed.length] : checkSize('fromTypedArray', merged.shape)
  const elements = shape.reduce((product, size) => product * size, 1)
  if (elements !== typed.length) {
    throw new InvalidArgValueError(
      `fromTypedArray: the shape [${shape.join(', ')}] has ${elements} elements, the array ${typed.length}`,
    )
  }
  const made =
    copy === false
      ? sharedTensor(shareable(typed), dtype, shape, 0)
      : adopt<Tensor>(binding.tensorFromBuffer(typed, dtypeCode(dtype), shape, 0, false))
  const placed = merged.device === undefined ? made : made.to(checkDevice(merged.device))
  return finished(placed, merged)
}

/** The functions of `torch` that make tensors. */
export const creation = {
  tensor,
  zeros: bySize('zeros', OPTIONS),
  ones: bySize('ones', OPTIONS),
  empty,
  rand: bySize('rand', RANDOM),
  randn: bySize('randn', RANDOM),
  full,
  randint,
  randperm,
  arange,
  linspace,
  eye,
  zerosLike: like('zerosLike', 'zeros_like', false),
  onesLike: like('onesLike', 'ones_like', false),
  emptyLike: like('emptyLike', 'empty_like', false),
  randLike: like('randLike', 'rand_like', false),
  randnLike: like('randnLike', 'randn_like', false),
  fullLike: like('fullLike', 'full_like', true),
  frombuffer,
  fromTypedArray,
} as unknown as CreationFunctions
