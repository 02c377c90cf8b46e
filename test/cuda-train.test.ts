import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import * as torch from '../src'
import { cuda, explain, nn, optim, type Tensor, train } from '../src'
import { graph } from '../src/compile/binding'
import { assertNear } from './reference/chains'

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

interface Case {
  network?: () => Net
  batchSize?: number
  epochs?: number
  count?: number
  make?: (parameters: Tensor[]) => unknown
  amp?: object
  device?: string
  onEpoch?: () => unknown
}

const network = () =>
  sequential(
    ...[new nn.Conv2d(1, 4, 2, { padding: 1, bias: false }), new nn.BatchNorm2d(4), new nn.ReLU({ inplace: true })],
    ...[new nn.MaxPool2d(2), new nn.Conv2d(4, 6, 3, { bias: false }), new nn.BatchNorm2d(6), new nn.MaxPool2d(2)],
    ...[new nn.ReLU(), new nn.Flatten(), new nn.Linear(6, 4)],
  )

async function trained(compiled: boolean, given: Case) {
  torch.manualSeed(5)
  const { network: made = network, batchSize, epochs = 7, count = 22, amp, device = 'cuda:0' } = given
  const model = made()
  model.to(device as never)
  const parameters = parametersOf(model)
  const optimizer = given.make?.(parameters) ?? new optim.SGD(parameters, { lr: 0.05, momentum: 0.9 })
  const dataOf = (rows: number) => {
    torch.manualSeed(11)
    const made = [torch.rand([rows, 1, 10, 10]), torch.randint(4, [rows])] as Tensor[]
    return made.map(tensor => tensor.to(device as never))
  }
  const options = {
    epochs,
    optimizer,
    compile: compiled,
    ...(batchSize && { batchSize }),
    ...(amp && { amp }),
    onEpoch: given.onEpoch,
  }
  const history = await train(model, { train: dataOf(count), validation: dataOf(9) } as never, options as never)
  return { model, history }
}

/** Trains both ways; gives what `explain` says. */
async function same(given: Case): Promise<string> {
  const [plain, compiled] = [await trained(false, given), await trained(true, given)]
  for (const key of ['trainLosses', 'valLosses'] as const) {
    assertNear(torch.tensor(compiled.history[key]), torch.tensor(plain.history[key]), key, TOLERANCE)
  }
  const named = ({ model }: typeof plain) => [...model.namedParameters(), ...model.namedBuffers()]
  const got = new Map(named(compiled))
  for (const [name, expected] of named(plain)) assertNear(got.get(name)!, expected, name, TOLERANCE)
  const gradients = new Map(compiled.model.namedParameters())
  for (const [name, { grad }] of plain.model.namedParameters()) {
    const mine = gradients.get(name)!.grad
    if (grad === null) assert.equal(mine, null, name)
    else assertNear(mine!, grad, `gradient of ${name}`, TOLERANCE)
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

  test('on the second of two GPUs, while the first is current', gpu, async t => {
    if (cuda.deviceCount() < 2) return t.skip('needs two GPUs')
    isFused(await same({ device: 'cuda:1' }))
    assert.equal(cuda.currentDevice(), 0)
  })

  test('another option is captured anew, with the same kernels', injected, async () => {
    // a rate that a scheduler changes is part of a capture where the optimizer has no fused kernel
    const make = (parameters: Tensor[]) => new optim.RMSprop(parameters, { lr: 0.01, capturable: true })
    let now: ReturnType<typeof make> | undefined
    const onEpoch = () => {
      for (const group of now!.paramGroups) group.lr = (group.lr as number) * 0.7
    }
    const told = await same({ make: parameters => (now = make(parameters)), onEpoch })
    assert.match(told, /captured 2 times, .*\n {2}of fused kernels/)
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
