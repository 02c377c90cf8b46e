// What is not known is left to libtorch: unknown dimensions, unknown channels, plain Tensor.

import type { Equal } from '../equal'
import { nn, type Tensor, torch } from '../torch'

declare const any: Tensor
declare const n: number
declare const unknown: Tensor<[number, number, number, number]>
declare const features: Tensor<[number, 4, 7, 7]>
declare const list: Tensor<number[]>

const small = new nn.Sequential(new nn.Conv2d(3, 8, n), new nn.MaxPool2d(2), new nn.Flatten(), new nn.Linear(200, 5))
const a = small.forward(any)
export const plain: Equal<typeof a, Tensor> = true
const b = small.forward(unknown)
export const lastKnown: Equal<typeof b, Tensor<[number, 5]>> = true
const c = new nn.Conv2d(n, 8, 3).forward(unknown)
export const channels: Equal<typeof c, Tensor<[number, 8, number, number]>> = true
export const ranked: Tensor<[2, 3]> = new nn.Linear(4, 3).forward(list)

export const left = features.view([n, -1]) // stays unknown
export const leftSeen: Equal<typeof left, Tensor<[number, number]>> = true
export const never: Tensor = features.view([n, 196])
export const other = features.view([any.size(0), 4, 49])
const remembered = features.view([features.size(0), 4, -1])
export const seen: Equal<typeof remembered, Tensor<[number, 4, 49]>> = true
const behind = features.view([-1, features.size(0)])
export const behindSeen: Equal<typeof behind, Tensor<[196, number]>> = true
const split = features.reshape([features.size(0), 2, 2, -1])
export const splitSeen: Equal<typeof split, Tensor<[number, 2, 2, 49]>> = true
const count: number = features.size(0)
export const made = torch.zeros([features.size(0), 10])
export const madeSeen: Equal<typeof made, Tensor<[number, 10], 'float32'>> = true
export const literal: Equal<ReturnType<typeof second>, 4> = true
function second() {
  return features.size(-3)
}

export const sum: Tensor = any.add(1).mul(any).relu().view([2, -1]).sum(n)
export const anyIsAnything: Tensor<[3, 4], 'int64'> = any.t()
export const product: Tensor<[2, 5]> = any.matmul(any)
export const summed = features.sum(n)
export const dims = any.permute([0, 2, 1])
export const loss: Tensor<[]> = new nn.CrossEntropyLoss().forward(any, any)
export const counted = torch.ones([count, 3]).add(torch.ones([1, 3]))
const batch: Tensor<[number, 4, 7, 7]> = torch.zeros([8, 4, 7, 7]) // a literal batch is a batch
export const dtypeToo: Tensor<[number, 4, 7, 7], 'float32' | 'float64'> = torch.zeros([8, 4, 7, 7])
export { batch }

// An unknown dtype stays one.
declare const dtypeless: Tensor<[2, 3]>
const e = dtypeless.exp()
export const floating: Equal<typeof e, Tensor<[2, 3]>> = true
const f = dtypeless
  .add(2)
  .mul(torch.ones([3]))
  .sum(1)
export const combined: Equal<typeof f, Tensor<[2]>> = true
export const item: number = dtypeless.sum().item()
