import { BatchNorm2d, Conv2d, Dropout, Flatten, Identity, type Leaf, Linear, MaxPool2d, type Module, ReLU } from '../nn'
import type { Tensor } from '../tensor/tensor'
import type { Stage } from './binding'
import { MAXIMUM, type Mode, normStage, operatorStage, pairOf, reshape, type StageFields, weights } from './operators'
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
  mode: Mode,
): { stages: Stage[]; obstacles: Obstacle[] } {
  const stages: Stage[] = []
  const obstacles: Obstacle[] = []
  let computed = false
  for (const [place, call] of chain.entries()) {
    try {
      if (call.problem !== undefined) throw new NotFused(call.problem)
      const found = call.layer === undefined ? operatorStage(call, mode) : layerStage(call.layer, call, mode)
      // until something is computed, it is the forward's own input
      if (call.inPlace && !computed) throw new NotFused(`${nameOf(call, names)} changes the input of forward`)
      computed ||= found.some(({ kind }) => kind !== 'flatten')
      for (const stage of found) stages.push({ name: nameOf(call, names), place, ...stage } as Stage)
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

function layerStage(layer: Leaf, call: Call, mode: Mode): StageFields[] {
  if (layer instanceof Conv2d) return [convStage(layer as unknown as AnyConv)]
  if (layer instanceof BatchNorm2d) {
    return [normStage(layer.toString(), tensorsOf(layer), mode)]
  }
  if (layer instanceof ReLU) return [{ kind: 'activation', activation: 'relu' }]
  if (layer instanceof MaxPool2d) return [poolStage(layer as unknown as AnyPool)]
  if (layer instanceof Linear) return [{ kind: 'linear', ...weights(layer as { weight: Tensor; bias: Tensor | null }) }]
  if (layer instanceof Flatten) return reshape(call, 'Flatten')
  if (layer instanceof Dropout) return [{ kind: 'dropout', p: layer.p }]
  if (layer instanceof Identity) return []
  throw new NotFused(`no kernel for ${layer}`)
}

function tensorsOf(layer: BatchNorm2d<number>) {
  return {
    mean: layer.running_mean,
    variance: layer.running_var,
    batches: layer.num_batches_tracked,
    weight: layer.weight,
    bias: layer.bias,
    eps: layer.eps,
    momentum: layer.momentum,
  }
}

function convStage(layer: AnyConv): StageFields {
  if (layer.groups !== 1) throw new NotFused(`${layer}: groups are not fused, libtorch has kernels for them`)
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

function poolStage(layer: AnyPool): StageFields {
  if (layer.returnIndices || pairOf(layer.dilation).some(n => n !== 1)) {
    throw new NotFused(`${layer}: indices and dilation are not fused`)
  }
  const [kernel, stride, padding] = [layer.kernelSize, layer.stride, layer.padding].map(pairOf)
  return { ...MAXIMUM, kernel, stride, padding, ceil: layer.ceilMode }
}
