import assert from 'node:assert/strict'
import * as torch from '../../src'

const { nn } = torch

export type AnyModule = torch.nn.Module & { forward(x: torch.Tensor): torch.Tensor }
type Layers = torch.nn.Module[]

/** A chain of layers, and the data it is trained with. */
export interface Network extends Sizes {
  name: string
  layers(): Layers
}

export interface Sizes {
  /** Of the input, without the batch. */
  shape: number[]
  classes: number
  count: number
  validation?: number
}

const block = (from: number, to: number, kernel: number, padding: number, pool?: torch.nn.Module): Layers => [
  new nn.Conv2d(from, to, kernel, { padding }),
  new nn.BatchNorm2d(to),
  new nn.ReLU({ inplace: true }),
  ...(pool ? [pool] : []),
]

const pool2 = () => new nn.MaxPool2d(2)

/** Chains that differ in kernels, strides, paddings, channels, pools, norms and sizes: odd, 1, no multiples of a vector. */
export const NETWORKS: Network[] = [
  {
    name: "the article's",
    layers: () => [
      ...block(1, 4, 2, 1, pool2()),
      ...block(4, 4, 2, 1, pool2()),
      new nn.Flatten(),
      new nn.Linear(196, 10),
    ],
    shape: [1, 28, 28],
    classes: 10,
    count: 70,
  },
  { name: 'linear', layers: () => [new nn.Linear(7, 3)], shape: [7], classes: 3, count: 1 },
  {
    name: 'perceptron',
    layers: () => [new nn.Linear(5, 33), new nn.ReLU(), new nn.Linear(33, 17), new nn.ReLU(), new nn.Linear(17, 2)],
    shape: [5],
    classes: 2,
    count: 37,
  },
  {
    name: 'one convolution',
    layers: () => [new nn.Conv2d(1, 1, 3), new nn.Flatten()],
    shape: [1, 4, 5],
    classes: 6,
    count: 3,
  },
  {
    name: 'convolution and pool, no norm',
    layers: () => [new nn.Conv2d(2, 3, 3), new nn.ReLU(), pool2(), new nn.Flatten(), new nn.Linear(27, 4)],
    shape: [2, 8, 9],
    classes: 4,
    count: 19,
  },
  {
    name: 'pool before the activation',
    layers: () => [new nn.Conv2d(1, 5, 2), pool2(), new nn.ReLU(), new nn.Flatten(), new nn.Linear(80, 3)],
    shape: [1, 9, 9],
    classes: 3,
    count: 16,
  },
  {
    name: 'norm without activation',
    layers: () => [new nn.Conv2d(1, 3, 2), new nn.BatchNorm2d(3), new nn.Flatten(), new nn.Linear(75, 3)],
    shape: [1, 6, 6],
    classes: 3,
    count: 17,
  },
  {
    name: 'norm without weights',
    layers: () => [
      new nn.Conv2d(1, 3, 2, { bias: false }),
      new nn.BatchNorm2d(3, { affine: false, momentum: 0.3 }),
      new nn.ReLU(),
      new nn.Flatten(),
      new nn.Linear(75, 3),
    ],
    shape: [1, 6, 6],
    classes: 3,
    count: 33,
  },
  {
    name: 'three norms',
    layers: () => [
      ...block(3, 5, 3, 1, pool2()),
      ...block(5, 6, 3, 1),
      ...block(6, 7, 3, 1, pool2()),
      new nn.Flatten(),
      new nn.Linear(28, 5),
    ],
    shape: [3, 9, 8],
    classes: 5,
    count: 21,
  },
  {
    name: 'a norm, then none',
    layers: () => [
      ...block(1, 4, 3, 1),
      new nn.Conv2d(4, 6, 3, { padding: 1 }),
      new nn.ReLU(),
      pool2(),
      new nn.Flatten(),
      new nn.Linear(54, 9),
    ],
    shape: [1, 7, 7],
    classes: 9,
    count: 12,
  },
  {
    name: 'none, then a norm',
    layers: () => [
      new nn.Conv2d(1, 4, 3, { padding: 1 }),
      new nn.ReLU(),
      ...block(4, 6, 3, 0, pool2()),
      new nn.Flatten(),
      new nn.Linear(24, 9),
    ],
    shape: [1, 7, 7],
    classes: 9,
    count: 50,
  },
  {
    name: 'strides',
    layers: () => [
      new nn.Conv2d(2, 4, 3, { stride: 2, padding: 1 }),
      new nn.BatchNorm2d(4),
      new nn.ReLU(),
      new nn.Conv2d(4, 8, [3, 2], { stride: [2, 3], padding: [1, 0] }),
      new nn.BatchNorm2d(8),
      new nn.ReLU(),
      new nn.Flatten(),
      new nn.Linear(96, 3),
    ],
    shape: [2, 15, 17],
    classes: 3,
    count: 10,
  },
  {
    name: 'dilation',
    layers: () => [
      new nn.Conv2d(1, 3, 3, { padding: 2, dilation: 2 }),
      new nn.ReLU(),
      new nn.Conv2d(3, 2, 3, { padding: [2, 1], dilation: [2, 1] }),
      new nn.BatchNorm2d(2),
      new nn.Flatten(),
      new nn.Linear(98, 3),
    ],
    shape: [1, 7, 7],
    classes: 3,
    count: 18,
  },
  {
    name: 'large kernels',
    layers: () => [...block(1, 3, 7, 3), ...block(3, 2, 5, 2, pool2()), new nn.Flatten(), new nn.Linear(50, 4)],
    shape: [1, 11, 11],
    classes: 4,
    count: 9,
  },
  {
    name: 'kernels of one place',
    layers: () => [...block(3, 9, 1, 0), ...block(9, 2, 1, 0, pool2()), new nn.Flatten(), new nn.Linear(18, 4)],
    shape: [3, 6, 7],
    classes: 4,
    count: 23,
  },
  {
    name: 'windows that overlap',
    layers: () => [
      ...block(1, 4, 3, 1, new nn.MaxPool2d(3, 2, 1)),
      ...block(4, 4, 3, 1, new nn.MaxPool2d([3, 2], [1, 2])),
      new nn.Flatten(),
      new nn.Linear(36, 4),
    ],
    shape: [1, 9, 13],
    classes: 4,
    count: 15,
  },
  {
    name: 'two pools',
    layers: () => [
      ...block(1, 3, 2, 1, pool2()),
      new nn.MaxPool2d(2, 1),
      new nn.Conv2d(3, 3, 2),
      new nn.ReLU(),
      new nn.Flatten(),
      new nn.Linear(48, 3),
    ],
    shape: [1, 12, 12],
    classes: 3,
    count: 20,
  },
  {
    name: 'many channels',
    layers: () => [
      ...block(5, 17, 3, 1, pool2()),
      ...block(17, 19, 3, 1, pool2()),
      new nn.Flatten(),
      new nn.Linear(76, 21),
    ],
    shape: [5, 8, 8],
    classes: 21,
    count: 14,
  },
  {
    name: 'patches, with norms and without',
    layers: () => [
      ...block(2, 17, 3, 1),
      ...block(17, 21, 3, 1, pool2()),
      new nn.Conv2d(21, 16, 3, { padding: 1 }),
      new nn.ReLU(),
      new nn.Conv2d(16, 18, 3, { padding: 1 }),
      new nn.Tanh(),
      pool2(),
      new nn.Flatten(),
      new nn.Linear(180, 5),
    ],
    shape: [2, 8, 20],
    classes: 5,
    count: 37,
  },
  {
    name: 'patches of many channels of the input',
    layers: () => [
      ...block(18, 17, 3, 1, pool2()),
      new nn.Conv2d(17, 20, 3, { padding: 1 }),
      new nn.ReLU(),
      new nn.Flatten(),
      new nn.Linear(240, 4),
    ],
    shape: [18, 4, 12],
    classes: 4,
    count: 19,
  },
  {
    name: 'patches of many channels of the input, without norms',
    layers: () => [
      new nn.Conv2d(19, 16, 3, { padding: 1 }),
      pool2(),
      new nn.Tanh(),
      new nn.Conv2d(16, 22, 3, { padding: 1 }),
      new nn.Tanh(),
      pool2(),
      new nn.Flatten(),
      new nn.Linear(110, 4),
    ],
    shape: [19, 4, 20],
    classes: 4,
    count: 19,
  },
  {
    name: 'one row',
    layers: () => [
      ...block(1, 2, 1, 0),
      new nn.Conv2d(2, 3, [1, 3]),
      new nn.ReLU(),
      new nn.Flatten(),
      new nn.Linear(93, 2),
    ],
    shape: [1, 1, 33],
    classes: 2,
    count: 31,
  },
  {
    name: 'identities and a nested chain',
    layers: () => [
      new nn.Identity(),
      new nn.Sequential(...block(1, 4, 3, 0, pool2())),
      new nn.Dropout(0),
      new nn.Flatten(),
      new nn.Sequential(new nn.Linear(36, 8), new nn.ReLU()),
      new nn.Linear(8, 3),
    ],
    shape: [1, 8, 8],
    classes: 3,
    count: 40,
  },
  {
    name: 'more images than stay in the cache',
    layers: () => [...block(1, 8, 3, 1), ...block(8, 8, 3, 1, pool2()), new nn.Flatten(), new nn.Linear(1152, 3)],
    shape: [1, 24, 24],
    classes: 3,
    count: 1605,
    validation: 30,
  },
]

/** Functional calls, as people write LeNet. */
export class LeNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 6, 5, { padding: 2 })
  conv2 = new nn.Conv2d(6, 16, 5)
  fc1 = new nn.Linear(400, 120)
  fc2 = new nn.Linear(120, 84)
  fc3 = new nn.Linear(84, 10)

  forward(x: torch.Tensor): torch.Tensor {
    let h: torch.Tensor = this.conv1.forward(x).tanh().avgPool2d(2)
    h = this.conv2.forward(h).tanh().avgPool2d(2)
    h = this.fc1.forward(h.flatten(1)).sigmoid()
    h = this.fc2.forward(h).relu()
    return this.fc3.forward(h)
  }
}

export const model = (network: Network) => new nn.Sequential(...network.layers()) as unknown as AnyModule

export function dataOf({ shape, classes, count, validation = 13 }: Sizes) {
  torch.manualSeed(7)
  const pair = (n: number) => [torch.randn([n, ...shape]), torch.randint(classes, [n])] as [torch.Tensor, torch.Tensor]
  return { train: pair(count), validation: pair(validation) }
}

export type Data = ReturnType<typeof dataOf>

/** The largest distance of two elements. */
export function apart(a: torch.Tensor, b: torch.Tensor): number {
  if (a.numel() === 0) return 0
  return a.detach().double().sub(b.detach().double()).abs().max().item() as number
}

/** Of what is compared, the size that a tolerance is of. */
export const sizeOf = (a: torch.Tensor) => Math.max(1, a.detach().abs().max().item() as number)

/** Of one shape, and as near as a tolerance of the size allows; on any devices, in any dtypes. */
export function assertNear(got: torch.Tensor, expected: torch.Tensor, what: string, tolerance = 1e-4): void {
  assert.deepEqual(got.shape, expected.shape, what)
  const distance = apart(got.cpu(), expected.cpu())
  const size = sizeOf(expected)
  assert.ok(distance <= tolerance * size, `${what} are ${distance} apart, of ${size}`)
}

export type TrainOptions = Partial<Omit<torch.TrainOptions, 'optimizer'>>

/** Trains with SGD. */
export async function trained(net: AnyModule, data: Data, options: TrainOptions, lr = 0.05) {
  const optimizer = new torch.optim.SGD(net.parameters(), { lr, momentum: 0.9 })
  return torch.train(net as never, data as never, { ...options, optimizer } as never)
}

export function assertFused(net: AnyModule): void {
  assert.match(torch.explain(net), /a whole step: fused/, torch.explain(net))
}
