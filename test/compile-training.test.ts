import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as torch from '../src'

const { nn } = torch

type AnyModule = torch.nn.Module & { forward(x: torch.Tensor): torch.Tensor }
type Layers = torch.nn.Module[]

interface Network {
  name: string
  layers(): Layers
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
const NETWORKS: Network[] = [
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
class LeNet extends nn.Module {
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

const model = (network: Network) => new nn.Sequential(...network.layers()) as unknown as AnyModule

function dataOf({ shape, classes, count, validation = 13 }: Omit<Network, 'layers' | 'name'>) {
  torch.manualSeed(7)
  const pair = (n: number) => [torch.randn([n, ...shape]), torch.randint(classes, [n])] as [torch.Tensor, torch.Tensor]
  return { train: pair(count), validation: pair(validation) }
}

const doubled = (data: ReturnType<typeof dataOf>) => ({
  train: [data.train[0].double(), data.train[1]] as [torch.Tensor, torch.Tensor],
  validation: [data.validation[0].double(), data.validation[1]] as [torch.Tensor, torch.Tensor],
})

function apart(a: torch.Tensor, b: torch.Tensor): number {
  if (a.numel() === 0) return 0
  return a.detach().double().sub(b.detach().double()).abs().max().item() as number
}

/** Of what is compared, the size that a tolerance is of. */
const sizeOf = (a: torch.Tensor) => Math.max(1, a.detach().abs().max().item() as number)

type TrainOptions = Partial<Omit<torch.TrainOptions, 'optimizer'>>

async function trained(net: AnyModule, data: ReturnType<typeof dataOf>, options: TrainOptions, lr = 0.05) {
  const optimizer = new torch.optim.SGD(net.parameters(), { lr, momentum: 0.9 })
  return torch.train(net as never, data as never, { ...options, optimizer } as never)
}

function assertFused(net: AnyModule): void {
  assert.match(torch.explain(net), /a whole step: fused/, torch.explain(net))
}

const builders: { name: string; build: () => AnyModule; data: Omit<Network, 'layers' | 'name'> }[] = [
  ...NETWORKS.map(network => ({ name: network.name, build: () => model(network), data: network })),
  { name: 'LeNet', build: () => new LeNet(), data: { shape: [1, 28, 28], classes: 10, count: 21 } },
]

describe('train with { compile: true }', () => {
  for (const { name, build, data: sizes } of builders) {
    it(`gives eager's losses, gradients and buffers: ${name}`, async () => {
      const data = dataOf(sizes)
      // Eager's own sums round where there are so many terms; which of the two is nearer to float64 the next test says
      const tolerance = sizes.count > 1000 ? 1e-3 : 2e-4
      torch.manualSeed(3)
      const [eager, compiled] = [build(), build()]
      compiled.loadStateDict(eager.stateDict())
      const seen: Record<string, torch.Tensor>[] = []
      const look = (net: AnyModule) => () => {
        const entries = net.namedParameters().map(([key, p]) => [`${key}.grad`, p.grad!.clone()] as const)
        const buffers = net.namedBuffers().map(([key, b]) => [key, b.clone()] as const)
        seen.push(Object.fromEntries([...entries, ...buffers]))
      }
      const expected = await trained(eager, data, { epochs: 3, onEpoch: look(eager) })
      const got = await trained(compiled, data, { epochs: 3, compile: true, onEpoch: look(compiled) })
      assertFused(compiled)
      for (const key of ['trainLosses', 'valLosses'] as const) {
        for (const [i, loss] of expected[key].entries()) {
          assert.ok(Math.abs(loss - got[key][i]!) < 2e-5 * Math.max(1, loss), `${key} ${i}: ${loss}, ${got[key][i]}`)
        }
      }
      for (let epoch = 0; epoch < 3; epoch++) {
        for (const [key, value] of Object.entries(seen[epoch]!)) {
          const other = seen[epoch + 3]![key]!
          assert.ok(apart(value, other) < tolerance * sizeOf(value), `epoch ${epoch}, ${key}: ${apart(value, other)}`)
        }
      }
    })

    it(`stays as near to float64 as eager does, over 20 steps: ${name}`, async () => {
      const data = dataOf(sizes)
      torch.manualSeed(4)
      const [eager, compiled, exact] = [build(), build(), build()]
      for (const net of [compiled, exact]) net.loadStateDict(eager.stateDict())
      exact.double()
      const options = { epochs: name.startsWith('more') ? 2 : 20 }
      await trained(eager, data, options, 0.01)
      await trained(compiled, data, { ...options, compile: true }, 0.01)
      await trained(exact, doubled(data), options, 0.01)
      assertFused(compiled)
      const distance = (net: AnyModule) =>
        Math.max(...net.parameters().map((p, i) => apart(p, exact.parameters()[i]!) / sizeOf(exact.parameters()[i]!)))
      // Not further than twice eager's distance, and what float32 rounds in twenty steps
      const [far, near] = [distance(eager), distance(compiled)]
      assert.ok(near <= 2 * far + 2e-6, `eager ${far}, compiled ${near}`)
    })
  }

  it('takes batches in the order of eager, and validates in eval mode', async () => {
    const network = { ...NETWORKS[0]!, count: 75 }
    const data = dataOf(network)
    torch.manualSeed(3)
    const [eager, compiled] = [model(network), model(network)]
    compiled.loadStateDict(eager.stateDict())
    torch.manualSeed(5)
    const expected = await trained(eager, data, { epochs: 3, batchSize: 16 })
    const after = torch.rand([1]).item()
    torch.manualSeed(5)
    const got = await trained(compiled, data, { epochs: 3, batchSize: 16, compile: true })
    assert.equal(torch.rand([1]).item(), after)
    for (const key of ['trainLosses', 'valLosses'] as const) {
      for (const [i, loss] of expected[key].entries()) assert.ok(Math.abs(loss - got[key][i]!) < 1e-3, `${key} ${i}`)
    }
    assert.ok(compiled.training)
  })

  it('gives the same bits with any number of threads', async () => {
    const network = { ...NETWORKS[0]!, count: 200 }
    const data = dataOf(network)
    const threads = torch.getNumThreads()
    const runs: number[][] = []
    for (const count of [1, 2]) {
      torch.setNumThreads(count)
      torch.manualSeed(3)
      runs.push((await trained(model(network), data, { epochs: 3, compile: true })).trainLosses)
    }
    torch.setNumThreads(threads)
    assert.deepEqual(runs[0], runs[1])
  })

  it('keeps drawing dropout, the same after the same seed, and keeps the mean', async () => {
    const build = () =>
      new nn.Sequential(new nn.Flatten(), new nn.Dropout(0.3), new nn.Linear(400, 2)) as unknown as AnyModule
    const data = { train: [torch.ones([500, 1, 20, 20]), torch.zeros([500], { dtype: 'int64' })] } as any
    data.validation = data.train
    const losses = async () => {
      torch.manualSeed(3)
      const net = build()
      torch.noGrad(() => {
        const linear = (net as any)[2] as torch.nn.Linear<400, 2>
        linear.weight.copy_(torch.tensor([new Array(400).fill(0), new Array(400).fill(0.01)]))
        linear.bias!.zero_()
      })
      const history = await trained(net, data, { epochs: 3, compile: true }, 0)
      assertFused(net)
      return history.trainLosses
    }
    const [first, second] = [await losses(), await losses()]
    assert.deepEqual(first, second)
    assert.equal(new Set(first).size, 3)
    // the second logit is 4 in the mean, with a deviation of 0.01 sqrt(400 * 0.3 / 0.7) = 0.13 over 500 images
    for (const loss of first) assert.ok(Math.abs(loss - Math.log1p(Math.exp(4))) < 0.03, String(loss))
  })

  it('follows learning rates, and leaves an optimizer that can be saved', async () => {
    const network = NETWORKS[2]!
    const data = dataOf(network)
    torch.manualSeed(3)
    const nets = [model(network), model(network)]
    nets[1]!.loadStateDict(nets[0]!.stateDict())
    const results: torch.History[] = []
    for (const [i, net] of nets.entries()) {
      const optimizer = new torch.optim.Adam(net.parameters(), { lr: 0.01 })
      const onEpoch = () => {
        optimizer.paramGroups[0]!.lr! *= 0.5
      }
      const options = { epochs: 4, optimizer, onEpoch, compile: i === 1 }
      results.push(await torch.train(net as never, data as never, options as never))
      assert.equal(Object.keys(optimizer.stateDict().state).length, 6)
    }
    for (const [i, loss] of results[0]!.trainLosses.entries()) {
      assert.ok(Math.abs(loss - results[1]!.trainLosses[i]!) < 1e-5)
    }
  })

  it('ends on a signal, and leaves the event loop free', async () => {
    const data = dataOf({ ...NETWORKS[0]!, count: 2000 })
    const net = model(NETWORKS[0]!)
    const controller = new AbortController()
    let turns = 0
    const timer = setInterval(() => ++turns, 1)
    const epochs: number[] = []
    const onEpoch = ({ epoch }: torch.EpochReport) => {
      epochs.push(epoch)
      if (epoch === 4) controller.abort()
    }
    const options = { epochs: 1000, compile: true, signal: controller.signal, onEpoch }
    await assert.rejects(trained(net, data, options), { name: 'AbortError' })
    clearInterval(timer)
    assert.deepEqual(epochs, [0, 1, 2, 3, 4])
    assert.ok(turns > 0)
  })

  it('trains eagerly what it does not understand, and says why', async () => {
    class Residual extends nn.Module {
      linear = new nn.Linear(7, 7)
      forward(x: torch.Tensor): torch.Tensor {
        return this.linear.forward(x).add(x)
      }
    }
    class Tied extends nn.Module {
      linear = new nn.Linear(7, 7)
      forward(x: torch.Tensor): torch.Tensor {
        return this.linear.forward(this.linear.forward(x).relu())
      }
    }
    const hooked = new nn.Linear(7, 7)
    hooked.weight.registerHook(() => undefined)
    const smooth = new nn.CrossEntropyLoss({ labelSmoothing: 0.1 })
    const cases: [AnyModule, RegExp, object?][] = [
      [new Residual(), /second tensor/],
      [new Tied(), /is used twice/],
      [hooked as never, /has a gradient hook/],
      [new nn.Linear(7, 7) as never, /label smoothing/, { criterion: smooth }],
    ]
    for (const [net, reason, more] of cases) {
      const data = dataOf({ shape: [7], classes: 7, count: 20 })
      const other =
        net === (hooked as never) ? (new nn.Linear(7, 7) as never as AnyModule) : new (net.constructor as any)(7, 7)
      other.loadStateDict(net.stateDict())
      const got = await trained(net, data, { epochs: 2, compile: true, ...more })
      assert.match(torch.explain(net), reason)
      assert.deepEqual(got, await trained(other, data, { epochs: 2, ...more }))
    }
  })

  it('throws what eager throws, and refuses wrong options', async () => {
    const net = () => new nn.Linear(7, 3) as never as AnyModule
    const data = dataOf({ shape: [7], classes: 5, count: 200 })
    await assert.rejects(trained(net(), data, { epochs: 1, compile: true }), { code: 'ERR_LIBTORCH' })
    await assert.rejects(trained(net(), data, { epochs: 1 }), { code: 'ERR_LIBTORCH' })
    await assert.rejects(trained(net(), data, { compile: 1 as never }), { code: 'ERR_INVALID_ARG_TYPE' })
  })
})
