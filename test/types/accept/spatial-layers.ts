// Spatial and normalising layers: sequences, volumes, unknown sizes, unknown ranks, blocks generic in their channels.

import type { Equal } from '../equal'
import { nn, type Tensor } from '../torch'

declare const line: Tensor<[number, 4, 50], 'float64'>
declare const volume: Tensor<[2, 4, number, 16, 16], 'float32'>
declare const anything: Tensor

const a = new nn.Conv1d(4, 8, 3, { stride: 2 }).forward(line)
export const batch: Equal<typeof a, Tensor<[number, 8, 24], 'float64'>> = true
const b = new nn.Conv3d(4, 8, 3, { padding: 1, stride: 2 }).forward(volume)
export const depth: Equal<typeof b, Tensor<[2, 8, number, 8, 8], 'float32'>> = true
const c = new nn.ConvTranspose3d(4, 2, 2, { stride: 2 }).forward(volume)
export const back: Equal<typeof c, Tensor<[2, 2, number, 32, 32], 'float32'>> = true
const d = new nn.Conv1d(4, 8, 3).forward(anything)
export const unranked: Equal<typeof d, Tensor<any, any>> = true
const e = new nn.LayerNorm(50).forward(line)
export const normed: Equal<typeof e, Tensor<[number, 4, 50], 'float64'>> = true
const f = new nn.LayerNorm([] as number[]).forward(line)
export const anySizes: Equal<typeof f, Tensor<[number, 4, 50], 'float64'>> = true

const stack = new nn.Sequential(
  new nn.Conv1d(4, 8, 3, { padding: 'same' }),
  new nn.BatchNorm1d(8),
  new nn.ReLU(),
  new nn.Dropout1d(),
  new nn.ConvTranspose1d(8, 2, 2, { stride: 2 }),
  new nn.GroupNorm(1, 2),
)
const g = stack.forward(line)
export const chained: Equal<typeof g, Tensor<[number, 2, 100], 'float64'>> = true

export class Block<C extends number> extends nn.Module {
  readonly norm: nn.InstanceNorm1d<C>
  readonly conv: nn.Conv1d<C, C, 3, 1, 1>
  constructor(channels: C) {
    super()
    this.norm = new nn.InstanceNorm1d(channels)
    this.conv = new nn.Conv1d(channels, channels, 3, 1, 1)
  }
  forward<N extends number, L extends number>(x: Tensor<readonly [N, C, L]>): Tensor<[N, C, L]> {
    return this.conv.forward(this.norm.forward(x))
  }
}
const h = new Block(4).forward(line)
export const generic: Equal<typeof h, Tensor<[number, 4, 50]>> = true
