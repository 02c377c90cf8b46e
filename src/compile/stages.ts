import { slotOf } from '../core/handle'
import { product } from '../core/sizes'
import { BatchNorm2d, Conv2d, Dropout, Flatten, Identity, type Leaf, Linear, MaxPool2d, type Module, ReLU } from '../nn'
import type { Tensor } from '../tensor/tensor'
import type { RecordedArgument, Stage } from './binding'
import { type Call, NotFused } from './recording'

type Pair = readonly [number, number]
type AnyConv = Conv2d<number, number, Pair, Pair, Pair>
type AnyPool = MaxPool2d<Pair, Pair, Pair, Pair>

/** A call that no kernel computes. */
export interface Obstacle {
  place: number
  reason: string
}

/** The stages of a chain of calls, and the calls that are none. */
export function stagesOf(
  chain: readonly Call[],
  names: ReadonlyMap<Module, string>,
): { stages: Stage[]; obstacles: Obstacle[] } {
  const stages: Stage[] = []
  const obstacles: Obstacle[] = []
  for (const [place, call] of chain.entries()) {
    try {
      if (call.problem !== undefined) throw new NotFused(call.problem)
      const stage = call.layer === undefined ? operatorStage(call) : layerStage(call.layer, call)
      if (stage !== 'nothing') stages.push({ name: nameOf(call, names), place, ...stage } as Stage)
    } catch (error) {
      if (!(error instanceof NotFused)) throw error
      obstacles.push({ place, reason: error.message })
    }
  }
  return { stages, obstacles }
}

/** What tables call a call. */
export function nameOf({ layer, operation }: Call, names: ReadonlyMap<Module, string>): string {
  if (layer === undefined) return operation.replace('aten::', '')
  const name = names.get(layer)
  return name ? `${name} (${layer.constructor.name})` : layer.constructor.name
}

type Found = Record<string, unknown> | 'nothing'

/** Layers without options, by the name of their class. */
const PLAIN: Readonly<Record<string, string>> = { Tanh: 'tanh', Sigmoid: 'sigmoid' }

function layerStage(layer: Leaf, call: Call): Found {
  if (layer instanceof Conv2d) return convStage(layer as unknown as AnyConv)
  if (layer instanceof BatchNorm2d) return normStage(layer)
  if (layer instanceof ReLU) return { kind: 'activation', activation: 'relu' }
  if (layer instanceof MaxPool2d) return poolStage(layer as unknown as AnyPool)
  if (layer instanceof Linear) return { kind: 'linear', ...weights(layer as { weight: Tensor; bias: Tensor | null }) }
  if (layer instanceof Flatten) return reshape(call, 'Flatten')
  if (layer instanceof Dropout) return { kind: 'dropout', p: layer.p }
  if (layer instanceof Identity) return 'nothing'
  const activation = PLAIN[layer.constructor.name]
  if (activation !== undefined) return { kind: 'activation', activation }
  throw new NotFused(`no kernel for ${layer}`)
}

function weights({ weight, bias }: { weight: Tensor; bias: Tensor | null }) {
  return { weight: slotOf(weight), bias: bias === null ? null : slotOf(bias) }
}

function convStage(layer: AnyConv): Found {
  if (layer.groups !== 1) throw new NotFused(`${layer}: groups are not fused`)
  if (layer.paddingMode !== 'zeros') throw new NotFused(`${layer}: only zeros are fused as padding`)
  const { kernelSize, stride, dilation } = layer
  let padding: unknown = layer.padding
  if (padding === 'valid') padding = [0, 0]
  if (padding === 'same') {
    const totals = [0, 1].map(i => dilation[i]! * (kernelSize[i]! - 1))
    if (totals.some(total => total % 2 !== 0)) throw new NotFused(`${layer}: padding that differs between the sides`)
    padding = totals.map(total => total / 2)
  }
  return { kind: 'conv', stride, padding, dilation, ...weights(layer) }
}

function normStage(layer: BatchNorm2d<number>): Found {
  if (layer.running_mean === null || layer.running_var === null || layer.num_batches_tracked === null) {
    throw new NotFused(`${layer}: batch norm without running statistics`)
  }
  return {
    kind: 'norm',
    eps: layer.eps,
    momentum: layer.momentum,
    weight: layer.weight === null ? null : slotOf(layer.weight),
    bias: layer.bias === null ? null : slotOf(layer.bias),
    runningMean: slotOf(layer.running_mean),
    runningVar: slotOf(layer.running_var),
    batches: slotOf(layer.num_batches_tracked),
  }
}

const pairOf = (value: number | readonly number[]): readonly number[] =>
  typeof value === 'number' ? [value, value] : value.length === 1 ? [value[0]!, value[0]!] : value

function poolStage(layer: AnyPool): Found {
  if (layer.returnIndices || layer.ceilMode || pairOf(layer.dilation).some(n => n !== 1)) {
    throw new NotFused(`${layer}: indices, ceil mode and dilation are not fused`)
  }
  const [kernel, stride, padding] = [layer.kernelSize, layer.stride, layer.padding].map(pairOf)
  return { kind: 'pool', average: false, countPadding: true, kernel, stride, padding }
}

/** A view that merges everything but the batch, or changes nothing. */
function reshape({ from, to }: Call, what: string): Found {
  if (from.join() === to.join()) return 'nothing'
  const rest = product(from.slice(1))
  if (to.length === 2 && to[0] === from[0] && to[1] === rest) return { kind: 'flatten' }
  throw new NotFused(`${what} to [${to.join(', ')}] is not a flattening of images`)
}

type List = readonly number[]

const OPERATORS: Readonly<Record<string, (call: Call) => Found>> = {
  'aten::relu': () => ({ kind: 'activation', activation: 'relu' }),
  'aten::relu_': () => ({ kind: 'activation', activation: 'relu' }),
  'aten::tanh': () => ({ kind: 'activation', activation: 'tanh' }),
  'aten::tanh_': () => ({ kind: 'activation', activation: 'tanh' }),
  'aten::sigmoid': () => ({ kind: 'activation', activation: 'sigmoid' }),
  'aten::sigmoid_': () => ({ kind: 'activation', activation: 'sigmoid' }),
  'aten::view': call => reshape(call, 'view'),
  'aten::reshape': call => reshape(call, 'reshape'),
  'aten::flatten': call => reshape(call, 'flatten'),
  'aten::max_pool2d': ({ options }) => {
    const [kernel, stride, padding, dilation, ceil] = options as [List, List, List, List, boolean]
    if (ceil || pairOf(dilation).some(n => n !== 1)) throw new NotFused('max_pool2d: ceil mode and dilation')
    return functionalPool(kernel, stride, padding, { average: false, countPadding: true })
  },
  'aten::avg_pool2d': ({ options }) => {
    const [kernel, stride, padding, ceil, countPadding, divisor] = options as [
      List,
      List,
      List,
      boolean,
      boolean,
      RecordedArgument,
    ]
    if (ceil || divisor !== null) throw new NotFused('avg_pool2d: ceil mode and a divisor are not fused')
    return functionalPool(kernel, stride, padding, { average: true, countPadding })
  },
}

function functionalPool(kernel: List, stride: List, padding: List, more: object): Found {
  const steps = stride.length === 0 ? kernel : stride
  return { kind: 'pool', kernel: pairOf(kernel), stride: pairOf(steps), padding: pairOf(padding), ...more }
}

function operatorStage(call: Call): Found {
  const make = OPERATORS[call.operation]
  if (make === undefined) throw new NotFused(`no kernel for ${call.operation}`)
  return make(call)
}
