import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import * as torch from '../src'
import { cuda, explain, nn, optim, type Tensor, train } from '../src'
import { graph, type Stage } from '../src/compile/binding'
import { blank, finish, slotOf } from '../src/core/handle'

/** One body per device; `cuda-stand-in.test.ts` runs this file with a GPU, and its kernels, that are made of the CPU. */
const gpu = cuda.isAvailable() && graph.cudaFusedMissing() === null ? {} : { skip: 'needs a GPU and fused kernels' }
const { cudaStandIn: standIn } = globalThis as unknown as {
  cudaStandIn?: { setLaunches(how: { convolution?: number; pass?: number; error?: number }): void }
}
const injected = standIn ? {} : { skip: 'needs the GPU that is made of the CPU' }
/** A GPU's own kernels round in another order each time, and Adam makes steps of what is nothing but rounding. */
const TOLERANCE = standIn ? 2e-4 : 2e-2

type Net = nn.Module & { forward(x: Tensor): Tensor }
const sequential = (...layers: unknown[]) => new nn.Sequential(...(layers as nn.Module[])) as unknown as Net
const parametersOf = (model: nn.Module) => [...model.parameters()] as Tensor[]

afterEach(() => standIn?.setLaunches({}))

function near(got: Tensor, expected: Tensor, what: string, tolerance = 1e-4): void {
  assert.deepEqual(got.shape, expected.shape, what)
  const [a, b] = [got.detach().cpu().double(), expected.detach().cpu().double()]
  const apart = a.sub(b).abs().max().item() as number
  const size = Math.max(1, b.abs().max().item() as number)
  assert.ok(apart <= tolerance * size, `${what} are ${apart} apart, of ${size}`)
}

interface Block {
  x: Tensor
  weight: Tensor
  bias: Tensor | null
  gamma: Tensor | null
  beta: Tensor | null
  mean: Tensor
  variance: Tensor
  batches: Tensor
  padding: readonly [number, number]
}

/** The kernels' output. */
function fused({ x, weight, bias, gamma, beta, mean, variance, batches, padding }: Block): Tensor {
  const slot = (tensor: Tensor | null) => (tensor === null ? null : slotOf(tensor))
  const steps = { stride: [1, 1], dilation: [1, 1] }
  const conv = { kind: 'conv', name: 'conv', place: 0, weight: slot(weight), bias: slot(bias), padding, ...steps }
  const norm = {
    ...{ kind: 'norm', name: 'norm', place: 1, eps: 1e-5, momentum: 0.3, weight: slot(gamma), bias: slot(beta) },
    ...{ runningMean: slot(mean), runningVar: slot(variance), batches: slot(batches) },
  }
  assert.ok(graph.graphCudaTrains(conv as Stage, norm as Stage))
  const result = blank() as Tensor
  return finish(result, graph.graphCudaTrainBlock(conv as Stage, norm as Stage, slotOf(x), result))
}

/** The same by operators. */
function eager({ x, weight, bias, gamma, beta, mean, variance, batches, padding }: Block): Tensor {
  batches.add_(1)
  const z = torch.ops.aten.conv2d!.default(x, weight, bias, [1, 1], padding) as Tensor
  const y = torch.ops.aten.batch_norm!.default(z, gamma, beta, mean, variance, true, 0.3, 1e-5, false) as Tensor
  return torch.ops.aten.max_pool2d!.default(y.relu(), [2, 2]) as Tensor
}

/** A block's tensors, or those of another one elsewhere. */
function moved(block: Block, to: (tensor: Tensor) => Tensor): Block {
  const all = Object.entries(block).map(([key, value]) => {
    if (!torch.isTensor(value)) return [key, value]
    const tensor = to(value.detach()).clone() as Tensor
    if (value.requiresGrad) tensor.requiresGrad_()
    return [key, tensor]
  })
  return Object.fromEntries(all) as Block
}

interface Sizes {
  images: number
  channels: number
  height: number
  width: number
  out: number
  kernel: number
  padding: readonly [number, number]
  bias: boolean
  affine: boolean
}

function blockOf({ images, channels, height, width, out, kernel, padding, bias, affine }: Sizes): Block {
  const wanted = (tensor: Tensor) => tensor.requiresGrad_() as Tensor
  const row = () => wanted(torch.randn([out]))
  return {
    x: wanted(torch.randn([images, channels, height, width])),
    weight: wanted(torch.randn([out, channels, kernel, kernel])),
    bias: bias ? row() : null,
    gamma: affine ? row() : null,
    beta: affine ? row() : null,
    mean: torch.randn([out]),
    variance: torch.rand([out]).add(0.5),
    batches: torch.tensor(4, { dtype: 'int64' }) as unknown as Tensor,
    padding,
  }
}

/** Compares outputs, statistics and gradients with those in float64 on the CPU. */
function agrees(block: Block, what: string): void {
  const [here, exact] = [
    moved(block, t => t.cuda()),
    moved(block, t => (t.dtype === 'float32' ? t.double() : t) as Tensor),
  ]
  const [got, expected] = [fused(here), eager(exact)]
  near(got, expected, `${what}: outputs`)
  const above = torch.randn(expected.shape as number[])
  got.backward(above.cuda() as never)
  expected.backward(above.double() as never)
  for (const key of ['mean', 'variance', 'batches'] as const) near(here[key], exact[key], `${what}: ${key}`)
  for (const key of ['x', 'weight', 'gamma', 'beta', 'bias'] as const) {
    if (block[key] === null) continue
    if (!block[key].requiresGrad) assert.equal(here[key]!.grad, null, `${what}: gradient of ${key}`)
    else near(here[key]!.grad!, exact[key]!.grad!, `${what}: gradient of ${key}`, 5e-4)
  }
}

describe('kernels that train a block agree with float64', () => {
  const plain = { images: 3, channels: 2, height: 9, width: 8, out: 5, bias: true, affine: true }
  for (const kernel of [1, 2, 3, 5]) {
    for (const padding of [0, kernel - 1]) {
      test(`${kernel}x${kernel}, padding ${padding}`, gpu, () => {
        torch.manualSeed(kernel)
        agrees(blockOf({ ...plain, kernel, padding: [padding, padding] }), 'block')
      })
    }
  }

  test('random sizes', gpu, () => {
    let state = 7
    const below = (n: number) => {
      state = (state * 48271) % 2147483647
      return state % n
    }
    for (let round = 0; round < 40; round++) {
      torch.manualSeed(round)
      const kernel = [1, 2, 3, 5][below(4)]!
      const sizes = {
        ...{
          images: 1 + below(6),
          channels: 1 + below(5),
          height: kernel + 4 + below(9),
          width: kernel + 4 + below(9),
        },
        ...{ out: 1 + below(10), kernel, padding: [below(kernel), below(kernel)] as const },
        ...{ bias: below(2) === 0, affine: below(3) > 0 },
      }
      agrees(blockOf(sizes), JSON.stringify(sizes))
    }
  })

  test('more tiles than threads', gpu, () => {
    torch.manualSeed(9)
    agrees(
      blockOf({ ...plain, images: 9, height: 251, width: 251, channels: 1, out: 2, kernel: 1, padding: [0, 0] }),
      'block',
    )
  })

  test('values far from zero, as precisely', gpu, () => {
    torch.manualSeed(10)
    const block = blockOf({ ...plain, kernel: 3, padding: [0, 0] })
    torch.noGrad(() => {
      block.weight.abs_()
      block.x.add_(300)
    })
    const [here, exact] = [
      moved(block, t => t.cuda()),
      moved(block, t => (t.dtype === 'float32' ? t.double() : t) as Tensor),
    ]
    fused(here)
    eager(exact)
    near(here.mean, exact.mean, 'means', 1e-6)
    // z itself is rounded to a thousandth of its deviation
    near(here.variance, exact.variance, 'variances', 1e-3)
  })

  test('what is frozen has no gradient', gpu, () => {
    for (const keys of [['x'], ['weight'], ['x', 'weight'], ['gamma'], ['beta', 'bias']] as const) {
      torch.manualSeed(11)
      const block = blockOf({ ...plain, kernel: 2, padding: [1, 1] })
      for (const key of keys) block[key]!.requiresGrad_(false)
      agrees(block, keys.join())
    }
  })

  test('equal values give the gradient to the first of a window, NaN to the last, as in eager', gpu, () => {
    torch.manualSeed(12)
    const block = blockOf({ ...plain, kernel: 2, padding: [0, 0] })
    torch.noGrad(() => {
      block.x.fill_(1)
      block.x.narrow(3, 0, 4).fill_(0)
      block.beta!.fill_(0.5)
    })
    agrees(block, 'steps')
    block.x.detach().setAt(Number.NaN, 1, 0, 3, 3)
    const [here, there] = [moved(block, t => t.cuda()), moved(block, t => t.clone() as Tensor)]
    const kinds = (t: Tensor) => (t.detach().cpu().flatten().tolist() as number[]).map(Number.isNaN)
    const [got, expected] = [fused(here), eager(there)]
    assert.deepEqual(kinds(got), kinds(expected))
    got.sum().backward()
    expected.sum().backward()
    assert.deepEqual(kinds(here.x.grad!), kinds(there.x.grad!))
  })

  test('what there are no kernels for is refused', gpu, () => {
    const block = moved(blockOf({ ...plain, kernel: 3, padding: [0, 0] }), t => t.cuda())
    const refused = (change: Partial<Block>, why: RegExp) => {
      const changed = { ...block, ...change }
      assert.throws(() => fused(changed), why)
    }
    refused({ x: block.x.double() as Tensor }, /contiguous float32 inputs/)
    refused({ x: block.x.transpose(2, 3) as Tensor }, /contiguous float32 inputs/)
    refused({ x: block.x.narrow(2, 0, 3).contiguous() as Tensor }, /smaller than a window/)
    refused({ weight: torch.randn([4, 2, 4, 4]).cuda() }, /false == true|falsy|truthy/)
  })
})

interface Case {
  network?: () => Net
  batchSize?: number
  epochs?: number
  count?: number
  make?: (parameters: Tensor[]) => unknown
  amp?: object
}

const network = () =>
  sequential(
    ...[new nn.Conv2d(1, 4, 2, { padding: 1, bias: false }), new nn.BatchNorm2d(4), new nn.ReLU({ inplace: true })],
    ...[new nn.MaxPool2d(2), new nn.Conv2d(4, 6, 3, { bias: false }), new nn.BatchNorm2d(6), new nn.MaxPool2d(2)],
    ...[new nn.ReLU(), new nn.Flatten(), new nn.Linear(6, 4)],
  )

async function trained(compiled: boolean, given: Case) {
  torch.manualSeed(5)
  const { network: made = network, batchSize, epochs = 7, count = 22, amp } = given
  const model = made()
  model.cuda()
  const parameters = parametersOf(model)
  const optimizer = given.make?.(parameters) ?? new optim.SGD(parameters, { lr: 0.05, momentum: 0.9 })
  const dataOf = (rows: number) => {
    torch.manualSeed(11)
    return [torch.rand([rows, 1, 10, 10]).cuda(), torch.randint(4, [rows]).cuda()]
  }
  const options = { epochs, optimizer, compile: compiled, ...(batchSize && { batchSize }), ...(amp && { amp }) }
  const history = await train(model, { train: dataOf(count), validation: dataOf(9) } as never, options as never)
  return { model, history }
}

/** Trains both ways; gives what `explain` says. */
async function same(given: Case): Promise<string> {
  const [plain, compiled] = [await trained(false, given), await trained(true, given)]
  for (const key of ['trainLosses', 'valLosses'] as const) {
    near(torch.tensor(compiled.history[key]), torch.tensor(plain.history[key]), key, TOLERANCE)
  }
  const named = ({ model }: typeof plain) => [...model.namedParameters(), ...model.namedBuffers()]
  const got = new Map(named(compiled))
  for (const [name, expected] of named(plain)) near(got.get(name)!, expected, name, TOLERANCE)
  const gradients = new Map(compiled.model.namedParameters())
  for (const [name, { grad }] of plain.model.namedParameters()) {
    const mine = gradients.get(name)!.grad
    if (grad === null) assert.equal(mine, null, name)
    else near(mine!, grad, `gradient of ${name}`, TOLERANCE)
  }
  return explain(compiled.model)
}

/** A GPU of one's own may find eager's kernels faster. */
const FUSED =
  /a CUDA graph\n {2}captured once, .*\n {2}of fused kernels, in 0\.\d+ of the time of eager's without the optimizer; apart by up to \S+ of what is allowed:\n/

const isFused = (told: string) => {
  if (standIn) assert.match(told, FUSED)
  return told
}
const isEagers = (told: string, why: RegExp) =>
  assert.match(told, new RegExp(`a CUDA graph\\n {2}captured once.*\\n {2}of eager's kernels: ${why.source}`))

describe('train with { compile: true } by fused kernels', () => {
  test('full batch, with validation in train mode', gpu, async () => {
    const told = isFused(await same({}))
    if (!standIn) return
    const lines = [
      '1 convolution \\+ batch norm \\+ relu \\+ max pool',
      '2 convolution \\+ batch norm \\+ max pool \\+ relu',
      '3 8 \\(Flatten\\) of libtorch',
      '4 9 \\(Linear\\) of libtorch$',
    ]
    assert.match(told, new RegExp(lines.map(line => ` {4}${line}`).join('\n')))
  })

  test('batches of 64, the last one smaller', gpu, async () => {
    const told = isFused(await same({ count: 150, batchSize: 64, epochs: 4 }))
    assert.match(told, /captured once, replayed 5 times; 7 eager/)
  })

  test('Adam; biases, whose gradients are zero', gpu, async () => {
    const make = (parameters: Tensor[]) => new optim.Adam(parameters, { lr: 0.01 })
    isFused(await same({ make }))
    const biased = () =>
      sequential(
        ...[new nn.Conv2d(1, 4, 2), new nn.BatchNorm2d(4), new nn.ReLU(), new nn.MaxPool2d(2)],
        ...[new nn.Flatten(), new nn.Linear(64, 4)],
      )
    isFused(await same({ network: biased }))
  })

  test('a frozen parameter, batch norm without weights', gpu, async () => {
    for (const name of ['0.weight', '1.bias', '4.weight', '9.bias']) {
      const frozen = () => {
        const model = network()
        new Map<string, Tensor>(model.namedParameters()).get(name)!.requiresGrad_(false)
        return model
      }
      const make = (parameters: Tensor[]) =>
        new optim.SGD(
          parameters.filter(p => p.requiresGrad),
          { lr: 0.05 },
        )
      isFused(await same({ network: frozen, make }))
    }
    const bare = () => {
      const layers = [...network().children()] as unknown[]
      layers[1] = new nn.BatchNorm2d(4, { affine: false, momentum: 0.5 })
      return sequential(...layers)
    }
    isFused(await same({ network: bare }))
  })

  test('a chain with eager operators between, and dropout', gpu, async () => {
    class Mixed extends nn.Module {
      first = new nn.Conv2d(1, 4, 3, { padding: 1, bias: false })
      firstNorm = new nn.BatchNorm2d(4)
      wide = new nn.Conv2d(4, 5, 4, { padding: 2, bias: false })
      wideNorm = new nn.BatchNorm2d(5)
      last = new nn.Linear(45, 4)
      forward(x: Tensor): Tensor {
        const F = nn.functional
        const one = F.maxPool2d(F.relu(this.firstNorm.forward(this.first.forward(x as never))), 2) as Tensor
        const two = F.maxPool2d(F.relu(this.wideNorm.forward(this.wide.forward(one as never))), 2) as Tensor
        return this.last.forward(two.view([two.size(0), -1]).tanh() as never) as Tensor
      }
    }
    const told = isFused(await same({ network: () => new Mixed() as unknown as Net }))
    if (standIn)
      assert.match(told, /1 convolution \+ batch norm \+ relu \+ max pool\n {4}2 wide \(Conv2d\) of libtorch\n/)
    // masks are drawn alike in what is compared; those of two trainings differ
    const dropping = () =>
      sequential(...[...network().children()].slice(0, 9), new nn.Dropout(0.5), new nn.Linear(6, 4))
    isFused(explain((await trained(true, { network: dropping })).model))
  })

  test('is not chosen where it is slower, or gives something else', injected, async () => {
    standIn!.setLaunches({ convolution: 50 })
    isEagers(await same({}), /fused kernels took \d+(\.\d+)? times as long$/)
    standIn!.setLaunches({ error: 10 })
    isEagers(await same({}), /a fused \w+ differs from eager's by \d/)
  })

  test('is not there for other networks, and explain says why', gpu, async () => {
    const block = /there is no block of a convolution, batch norm, ReLU and a maximum pool of 2x2 that is fused/
    const without =
      (norm: () => nn.Module[], activation = () => new nn.ReLU() as nn.Module) =>
      () =>
        sequential(
          ...[new nn.Conv2d(1, 2, 3, { bias: false }), ...norm(), activation(), new nn.MaxPool2d(2)],
          ...[new nn.Flatten(), new nn.Linear(32, 4)],
        )
    const norms = (options: object) => () => [new nn.BatchNorm2d(2, options)]
    isEagers(await same({ network: without(() => []) }), block)
    isEagers(await same({ network: without(norms({}), () => new nn.Tanh()) }), block)
    isEagers(await same({ network: without(norms({ trackRunningStats: false })) }), block)
    class Branching extends nn.Module {
      inner = network()
      forward(x: Tensor): Tensor {
        const y = this.inner.forward(x)
        return y.add(y)
      }
    }
    isEagers(await same({ network: () => new Branching() as unknown as Net }), /aten::add.Tensor takes a second tensor/)
    const bfloat16 = { dtype: 'bfloat16' }
    isEagers(explain((await trained(true, { amp: bfloat16 })).model), /mixed precision is not fused/)
    // its mean over all batches reads their number
    const cumulative = await same({ network: without(norms({ momentum: null })) })
    assert.match(cumulative, /a whole step: eager\n {2}why: reading a value/)
  })
})
