// Other sizes, options in every form, unbatched images, uneven windows.

import type { Equal } from '../equal'
import { nn, type Tensor } from '../torch'

declare const rgb: Tensor<[16, 3, 32, 48], 'float32'>
declare const one: Tensor<[3, 32, 48], 'float32'>
declare const many: Tensor<[number, 3, 32, 48]>

const a = new nn.Conv2d(3, 8, 3).forward(rgb)
export const plain: Equal<typeof a, Tensor<[16, 8, 30, 46], 'float32'>> = true
const b = new nn.Conv2d(3, 8, 2, 1, 1).forward(rgb)
export const positional: Equal<typeof b, Tensor<[16, 8, 33, 49], 'float32'>> = true
const c = new nn.Conv2d(3, 8, 3, 2, { padding: 1 }).forward(many)
export const mixed: Equal<typeof c, Tensor<[number, 8, 16, 24]>> = true
const d = new nn.Conv2d(3, 8, {
  kernelSize: [3, 5],
  stride: [2, 3],
  padding: [0, 2],
  dilation: 1,
  bias: false,
}).forward(rgb)
export const uneven: Equal<typeof d, Tensor<[16, 8, 15, 16], 'float32'>> = true
const e = new nn.Conv2d(3, 8, { kernelSize: 5, padding: 'same', paddingMode: 'reflect' }).forward(one)
export const unbatched: Equal<typeof e, Tensor<[8, 32, 48], 'float32'>> = true
const f = new nn.Conv2d(3, 8, 3, 1, 'valid', 2).forward(rgb)
export const dilated: Equal<typeof f, Tensor<[16, 8, 28, 44], 'float32'>> = true
const g = new nn.Conv2d({ inChannels: 3, outChannels: 6, kernelSize: 1, groups: 3 }).forward(rgb)
export const named: Equal<typeof g, Tensor<[16, 6, 32, 48], 'float32'>> = true
const h = new nn.Conv2d(3, { outChannels: 6, kernelSize: 1, dtype: 'float64', device: 'cuda:0' }).forward(rgb)
export const half: Equal<typeof h, Tensor<[16, 6, 32, 48], 'float32'>> = true
export const all = new nn.Conv2d(3, 6, 3, 1, 1, 1, 3, true, 'circular', 'cpu', 'float32')

const p = new nn.MaxPool2d(3).forward(rgb)
export const pool: Equal<typeof p, Tensor<[16, 3, 10, 16], 'float32'>> = true
const q = new nn.MaxPool2d(2, 2).forward(one)
export const pool2: Equal<typeof q, Tensor<[3, 16, 24], 'float32'>> = true
const r = new nn.MaxPool2d(3, { stride: 2, padding: 1, ceilMode: true }).forward(rgb)
export const ceil: Equal<typeof r, Tensor<[16, 3, 17, 25], 'float32'>> = true
const s = new nn.MaxPool2d({ kernelSize: 3, ceilMode: true }).forward(rgb)
export const ceil3: Equal<typeof s, Tensor<[16, 3, 11, 16], 'float32'>> = true
const [values, indices] = new nn.MaxPool2d(2, { returnIndices: true }).forward(rgb)
export const two: Equal<typeof values, Tensor<[16, 3, 16, 24], 'float32'>> = true
export const where: Equal<typeof indices, Tensor<[16, 3, 16, 24], 'int64'>> = true

const t = new nn.Linear(48, 10, { bias: false }).forward(rgb)
export const lastOnly: Equal<typeof t, Tensor<[16, 3, 32, 10], 'float32'>> = true
const u = new nn.Flatten().forward(rgb)
export const flat: Equal<typeof u, Tensor<[16, 4608], 'float32'>> = true
const v = new nn.Flatten(0, 1).forward(rgb)
export const flat01: Equal<typeof v, Tensor<[48, 32, 48], 'float32'>> = true
const w = new nn.Flatten({ startDim: 2 }).forward(many)
export const flat2: Equal<typeof w, Tensor<[number, 3, 1536]>> = true
const x = new nn.Softmax(1).forward(new nn.Dropout(0.2, true).forward(new nn.Identity().forward(rgb)))
export const kept: Equal<typeof x, Tensor<[16, 3, 32, 48], 'float32'>> = true
const y = new nn.BatchNorm2d(3, 1e-3, { momentum: null, trackRunningStats: false }).forward(rgb)
export const norm: Equal<typeof y, Tensor<[16, 3, 32, 48], 'float32'>> = true

export const net = new nn.Sequential(
  new nn.Conv2d(3, 16, 3, { padding: 1 }),
  new nn.Sequential(new nn.BatchNorm2d(16), new nn.ReLU(), new nn.MaxPool2d([4, 2])),
  new nn.Flatten(),
  new nn.Dropout({ p: 0.3 }),
  new nn.Linear(3072, 100),
  new nn.ReLU(),
  new nn.Linear(100, 5),
  new nn.Softmax({ dim: -1 }),
)
const z = net.forward(rgb)
export const whole: Equal<typeof z, Tensor<[16, 5], 'float32'>> = true
const first = net.at(0)
export const known: Equal<typeof first, nn.Conv2d<3, 16, 3, 1, 1>> = true
const longer = net.append(new nn.Linear(5, 2)).forward(rgb)
export const appended: Equal<typeof longer, Tensor<[16, 2], 'float32'>> = true
export const weight: Tensor<[5, 100]> = net.at(6).weight
