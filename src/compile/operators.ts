import { slotOf } from '../core/handle'
import { product } from '../core/sizes'
import { isTensor, type Tensor } from '../tensor/tensor'
import { type Argument, type Call, NotFused } from './recording'

/** What a plan is for. */
export type Mode = 'predict' | 'train'

/** A stage but for its name and place. */
export type StageFields = { kind: string } & Record<string, unknown>

type List = readonly number[]

export const pairOf = (value: number | List): List =>
  typeof value === 'number' ? [value, value] : value.length === 1 ? [value[0]!, value[0]!] : value

export function weights({ weight, bias }: { weight: Tensor; bias: Tensor | null }) {
  return { weight: slotOf(weight), bias: slotOrNull(bias) }
}

const slotOrNull = (tensor: Tensor | null) => (tensor === null ? null : slotOf(tensor))

export interface NormFields {
  mean: Tensor | null
  variance: Tensor | null
  batches: Tensor | null
  weight: Tensor | null
  bias: Tensor | null
  eps: number
  momentum: number | null
}

export function normStage(what: string, norm: NormFields, mode: Mode): StageFields {
  const { mean, variance, batches, eps, momentum } = norm
  if (mode === 'predict' && (mean === null || variance === null)) {
    throw new NotFused(`${what}: without running statistics each batch has its own`)
  }
  if (momentum === null && mean !== null && batches === null) throw new NotFused(`${what}: nothing counts the batches`)
  return {
    kind: 'norm',
    eps,
    momentum,
    weight: slotOrNull(norm.weight),
    bias: slotOrNull(norm.bias),
    runningMean: slotOrNull(mean),
    runningVar: slotOrNull(variance),
    batches: slotOrNull(batches),
  }
}

/** A view that merges everything but the batch, or changes nothing. */
export function reshape({ from, to }: Call, what: string): StageFields[] {
  if (from.join() === to.join()) return []
  if (to[0] === from[0]) {
    if (to.length === 2 && to[1] === product(from.slice(1))) return [{ kind: 'flatten' }]
    // places of one row and column that go one after the other
    if (to.length === 3 && from.length === 4 && to[1] === from[1] && from[2] === 1 && from[3] === 1) {
      return [{ kind: 'flatten' }]
    }
  }
  throw new NotFused(`${what} to [${to.join(', ')}] is not a flattening of images`)
}

export const MAXIMUM: StageFields = { kind: 'pool', average: false, countPadding: true, divisor: 0 }

function window(call: Call, kernel: List, stride: List, padding: List, more: Record<string, unknown>): StageFields[] {
  needsImages(call)
  const steps = stride.length === 0 ? kernel : stride
  return [{ ...MAXIMUM, kernel: pairOf(kernel), stride: pairOf(steps), padding: pairOf(padding), ...more }]
}

function needsImages({ from, operation }: Call): void {
  if (from.length !== 4) throw new NotFused(`${operation} of no batch of images`)
}

/** Windows of one size that do not overlap, where the image is a multiple of the result. */
function adaptive(call: Call, average: boolean): StageFields[] {
  needsImages(call)
  const [[, , height, width], [, , rows, columns]] = [call.from, call.to] as [List, List]
  if (height! % rows! !== 0 || width! % columns! !== 0) {
    throw new NotFused(`${call.operation} from ${height}x${width} to ${rows}x${columns} has windows of several sizes`)
  }
  const kernel = [height! / rows!, width! / columns!]
  return window(call, kernel, kernel, [0, 0], { average, ceil: false })
}

/** The mean over rows and columns. */
function mean(call: Call): StageFields[] {
  const [dims, keep, dtype] = call.options as [List | null, boolean, unknown]
  const over = [...(dims ?? [])].map(dim => (dim < 0 ? dim + call.from.length : dim)).sort((a, b) => a - b)
  if (call.from.length !== 4 || over.join() !== '2,3' || dtype !== null) {
    throw new NotFused(`${call.operation} is fused over the rows and columns of images only`)
  }
  const kernel = call.from.slice(2)
  return [
    ...window(call, kernel, kernel, [0, 0], { average: true, ceil: false }),
    ...(keep ? [] : [{ kind: 'flatten' }]),
  ]
}

function dropout({ operation, options }: Call, mode: Mode, stage: (p: number) => StageFields): StageFields[] {
  const [p, training] = options as [number, boolean]
  if (!training || p === 0) return []
  if (mode === 'predict') throw new NotFused(`${operation} in training`)
  return [stage(p)]
}

function batchNorm(call: Call, mode: Mode): StageFields[] {
  const [weight, bias, running, variance, training, momentum, eps] = call.options as [
    Tensor | null,
    Tensor | null,
    Tensor | null,
    Tensor | null,
    boolean,
    number,
    number,
  ]
  if (training !== (mode === 'train')) throw new NotFused(`${call.operation} in ${training ? 'train' : 'eval'} mode`)
  if (call.from.length === 3) throw new NotFused(`${call.operation} of [${call.from.join(', ')}] is not fused`)
  const batches = call.counter ?? null
  return [normStage(call.operation, { mean: running, variance, batches, weight, bias, eps, momentum }, mode)]
}

function convolution(call: Call): StageFields[] {
  const [weight, bias, stride, padding, dilation, groups] = call.options as [
    Tensor,
    Tensor | null,
    List,
    List,
    List,
    number,
  ]
  needsImages(call)
  if (groups !== 1) throw new NotFused(`${call.operation}: groups are not fused, libtorch has kernels for them`)
  if (!Array.isArray(padding)) throw new NotFused(`${call.operation}: padding in words`)
  const sizes = { stride: pairOf(stride), padding: pairOf(padding), dilation: pairOf(dilation) }
  return [{ kind: 'conv', ...sizes, ...weights({ weight, bias }) }]
}

const SELU = { alpha: 1.6732632423543772, scale: 1.0507009873554805 }

/** Activations by their operators: the kernel's name, and its parameters. */
const ACTIVATIONS: Readonly<Record<string, (...options: never[]) => [name: string, ...parameters: number[]]>> = {
  relu: () => ['relu'],
  tanh: () => ['tanh'],
  sigmoid: () => ['sigmoid'],
  leaky_relu: (slope: number) => ['leaky_relu', slope],
  hardtanh: (low: number, high: number) => ['hardtanh', low, high],
  relu6: () => ['hardtanh', 0, 6],
  elu: (alpha: number, scale: number, inner: number) => ['elu', alpha * scale, scale, inner],
  selu: () => ['elu', SELU.alpha * SELU.scale, SELU.scale, 1],
  celu: (alpha: number) => ['elu', alpha, 1, 1 / alpha],
  softplus: (beta: number, threshold: number) => ['softplus', beta, threshold],
  gelu: (approximate: string) => [approximate === 'tanh' ? 'gelu_tanh' : 'gelu'],
  silu: () => ['silu'],
  hardswish: () => ['hardswish'],
  hardsigmoid: () => ['hardsigmoid'],
  mish: () => ['mish'],
}

function activation(operation: string, options: readonly Argument[]): StageFields[] | undefined {
  const name = operation.replace('aten::', '').replace(/_$/, '')
  if (!Object.hasOwn(ACTIVATIONS, name)) return undefined
  const [kernel, ...parameters] = ACTIVATIONS[name]!(...(options as never[]))
  if (!parameters.every(Number.isFinite)) throw new NotFused(`${operation} with parameters that are not finite`)
  return [{ kind: 'activation', activation: kernel, parameters }]
}

/** Operators that take the model's own tensors. */
const WITH_TENSORS: Readonly<Record<string, (call: Call, mode: Mode) => StageFields[]>> = {
  'aten::batch_norm': batchNorm,
  'aten::conv2d': convolution,
  'aten::linear': ({ options }) => {
    const [weight, bias] = options as [Tensor, Tensor | null]
    return [{ kind: 'linear', ...weights({ weight, bias }) }]
  },
}

const OPERATORS: Readonly<Record<string, (call: Call, mode: Mode) => StageFields[]>> = {
  'aten::view': call => reshape(call, 'view'),
  'aten::reshape': call => reshape(call, 'reshape'),
  'aten::flatten': call => reshape(call, 'flatten'),
  'aten::squeeze': call => reshape(call, 'squeeze'),
  'aten::contiguous': () => [],
  'aten::mean': mean,
  'aten::dropout': (call, mode) => dropout(call, mode, p => ({ kind: 'dropout', p })),
  'aten::feature_dropout': (call, mode) =>
    dropout(call, mode, p => ({ kind: 'activation', activation: 'dropout of channels', parameters: [p] })),
  'aten::max_pool2d': call => {
    const [kernel, stride, padding, dilation, ceil] = call.options as [List, List, List, List, boolean]
    if (pairOf(dilation).some(n => n !== 1)) throw new NotFused('max_pool2d: dilation is not fused')
    return window(call, kernel, stride, padding, { ceil })
  },
  'aten::avg_pool2d': call => {
    const [kernel, stride, padding, ceil, countPadding, divisor] = call.options as [
      List,
      List,
      List,
      boolean,
      boolean,
      number | null,
    ]
    if (divisor !== null && divisor <= 0) throw new NotFused('avg_pool2d: a divisor below 1 is not fused')
    return window(call, kernel, stride, padding, { average: true, ceil, countPadding, divisor: divisor ?? 0 })
  },
  'aten::adaptive_avg_pool2d': call => adaptive(call, true),
  'aten::adaptive_max_pool2d': call => adaptive(call, false),
}

export function operatorStage(call: Call, mode: Mode): StageFields[] {
  const { operation, options } = call
  const withTensors = WITH_TENSORS[operation]
  if (withTensors !== undefined) return withTensors(call, mode)
  if (options.some(isTensor)) throw new NotFused(`${operation} takes a second tensor`)
  const stages = OPERATORS[operation]?.(call, mode) ?? activation(operation, options)
  if (stages === undefined) throw new NotFused(`no kernel for ${operation}`)
  return stages
}
