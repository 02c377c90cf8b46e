import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import * as torch from '../src'
import { compile, cuda, explain, nn, type Tensor } from '../src'
import { assertNear } from './reference/chains'

/** One body per device; `cuda-stand-in.test.ts` runs this file with a GPU, and its kernels, that are made of the CPU. */
const gpu = cuda.isAvailable() ? {} : { skip: 'needs a GPU' }
const { cudaStandIn: standIn } = globalThis as unknown as {
  cudaStandIn?: { setLaunches(how: { convolution?: number; pass?: number; error?: number }): void }
}
const injected = standIn ? {} : { skip: 'needs the GPU that is made of the CPU' }
/** A GPU of one's own may find eager's kernels faster. */
const FUSED =
  /a CUDA graph\n {2}captured once, .*\n {2}of fused kernels, in 0\.\d+ of the time of eager's; outputs apart by up to/

type Net = nn.Module & { forward(x: Tensor): Tensor }

const sequential = (...layers: unknown[]) => new nn.Sequential(...(layers as nn.Module[])) as unknown as Net

/** Statistics and parameters that a fold could get wrong: some negative, none the same. */
function shuffled(model: Net): Net {
  torch.noGrad(() => {
    for (const module of model.modules()) {
      if (!(module instanceof nn.BatchNorm2d || module instanceof nn.BatchNorm1d)) continue
      const norm = module as unknown as Record<string, Tensor | null>
      norm.running_mean!.normal_(0, 0.3)
      norm.running_var!.uniform_(0.5, 2)
      norm.weight?.normal_(0.5, 1)
      norm.bias?.normal_(0, 0.5)
    }
  })
  model.eval()
  return model
}

const predict = (model: Net, x: Tensor) => torch.noGrad(() => model.forward(x))

/** The fused forward of a model, once it replays; compared with eager in float64 on the CPU. */
function agrees(model: Net, x: Tensor, want: RegExp = FUSED): { fast: Net; told: string } {
  shuffled(model)
  const exact = predict((model as unknown as nn.Module).clone().double() as unknown as Net, x.double())
  model.cuda()
  const fast = compile(model) as unknown as Net
  const there = x.cuda()
  for (let i = 0; i < 5; i++) assertNear(predict(fast, there), exact, 'outputs')
  const told = explain(fast)
  assert.doesNotMatch(told, /differs/)
  if (standIn) assert.match(told, want)
  return { fast, told }
}

afterEach(() => standIn?.setLaunches({}))

describe('fused kernels of a GPU agree with eager', () => {
  const pools: Record<string, nn.Module> = {
    'maximum 2x2': new nn.MaxPool2d(2),
    'maximum 2x2, padded': new nn.MaxPool2d(2, { padding: 1 }),
    'maximum 2x2, ceil mode': new nn.MaxPool2d(2, { ceilMode: true }),
    'maximum 2x2, step 3': new nn.MaxPool2d(2, { stride: 3 }),
    'maximum 2x2, step 1': new nn.MaxPool2d(2, { stride: 1 }),
    'maximum 3x3, step 2': new nn.MaxPool2d(3, { stride: 2, padding: 1 }),
    'maximum 2x3': new nn.MaxPool2d([2, 3]),
    'average 2x2': new nn.AvgPool2d(2),
    'average 2x2, padding counts': new nn.AvgPool2d(2, { padding: 1 }),
    'average 2x2, padding does not count': new nn.AvgPool2d(2, { padding: 1, countIncludePad: false }),
    'average 2x2, ceil mode': new nn.AvgPool2d(2, { ceilMode: true }),
    'average 2x2, padded, ceil mode': new nn.AvgPool2d(2, { padding: 1, ceilMode: true }),
    'average 2x2, divisor': new nn.AvgPool2d(2, { divisorOverride: 3 }),
    'average 3x3, padded, ceil mode': new nn.AvgPool2d(3, {
      stride: 2,
      padding: 1,
      ceilMode: true,
      countIncludePad: false,
    }),
    'average of everything': new nn.AdaptiveAvgPool2d(1),
  }
  for (const [name, pool] of Object.entries(pools)) {
    test(name, gpu, () => {
      torch.manualSeed(3)
      const { told } = agrees(
        sequential(new nn.Conv2d(2, 5, 3), new nn.BatchNorm2d(5), new nn.ReLU(), pool, new nn.Flatten()),
        torch.randn([3, 2, 12, 11]),
      )
      const together = /2x2(?!, step 1)/.test(name)
      if (standIn)
        assert.match(
          told,
          together ? /1 convolution \+ batch norm .*pool.*$/m : /1 convolution \+ batch norm.*\n.* 2 .*pool/,
        )
    })
  }

  const activations: Record<string, nn.Module> = {
    tanh: new nn.Tanh(),
    sigmoid: new nn.Sigmoid(),
    LeakyReLU: new nn.LeakyReLU(0.2),
    ReLU6: new nn.ReLU6(),
    ELU: new nn.ELU(0.7),
    SELU: new nn.SELU(),
    CELU: new nn.CELU(1.3),
    Softplus: new nn.Softplus({ beta: 2 }),
    GELU: new nn.GELU(),
    'GELU by tanh': new nn.GELU({ approximate: 'tanh' }),
    SiLU: new nn.SiLU(),
    Hardswish: new nn.Hardswish(),
    Hardsigmoid: new nn.Hardsigmoid(),
    Mish: new nn.Mish(),
  }
  for (const [name, activation] of Object.entries(activations)) {
    test(name, gpu, () => {
      torch.manualSeed(4)
      agrees(
        sequential(
          ...[new nn.Conv2d(1, 4, 3), new nn.BatchNorm2d(4), activation, new nn.MaxPool2d(2), activation],
          ...[new nn.Conv2d(4, 3, 3), activation, new nn.Flatten(), new nn.Linear(27, 9), activation],
        ),
        torch.randn([4, 1, 12, 12]).mul(2),
      )
    })
  }

  const convolutions: Record<string, [nn.Module, number[]]> = {
    '1x1': [new nn.Conv2d(3, 9, 1), [2, 3, 7, 5]],
    '2x2': [new nn.Conv2d(3, 8, 2), [2, 3, 7, 5]],
    '3x3 on an image as small': [new nn.Conv2d(3, 1, 3), [2, 3, 3, 3]],
    '3x3, padded': [new nn.Conv2d(1, 2, 3, { padding: 1 }), [1, 1, 1, 1]],
    '4x4': [new nn.Conv2d(2, 7, 4, { padding: 2 }), [3, 2, 9, 10]],
    '5x5, padded': [new nn.Conv2d(2, 6, 5, { padding: 'same' }), [3, 2, 9, 10]],
    '3x2, steps 2 and 1': [new nn.Conv2d(2, 5, [3, 2], { stride: [2, 1], padding: [1, 0] }), [3, 2, 9, 10]],
    '3x3, dilated': [new nn.Conv2d(2, 5, 3, { dilation: 2, padding: 1 }), [3, 2, 9, 10]],
    '7x7, step 2': [new nn.Conv2d(3, 4, 7, { stride: 2, padding: 3, bias: false }), [2, 3, 17, 17]],
    'more channels than are staged at a time': [new nn.Conv2d(150, 6, 3, { padding: 1 }), [1, 150, 5, 5]],
  }
  for (const [name, [convolution, sizes]] of Object.entries(convolutions)) {
    for (const pool of [true, false]) {
      test(`${name}${pool ? ', pooled' : ''}`, gpu, () => {
        torch.manualSeed(5)
        const pooled = pool ? [new nn.MaxPool2d(2, { ceilMode: true })] : []
        agrees(sequential(convolution, new nn.Tanh(), ...pooled), torch.randn(sizes).mul(0.5))
      })
    }
  }

  // so many that a thread computes more channels
  for (const [kernel, stride] of [
    [1, 1],
    [2, 1],
    [3, 1],
    [5, 1],
    [3, 2],
  ] as const) {
    test(`many images, ${kernel}x${kernel}, step ${stride}`, gpu, () => {
      torch.manualSeed(5)
      const convolution = new nn.Conv2d(1, 7, kernel, { stride, padding: kernel >> 1 })
      const size = 32 * stride
      agrees(sequential(convolution, new nn.ReLU(), new nn.MaxPool2d(2)), torch.randn([130, 1, size, size]))
    })
  }

  test('random networks', gpu, () => {
    let state = 1
    const below = (n: number) => {
      state = (state * 48271) % 2147483647
      return state % n
    }
    const chosen = <T>(...values: T[]) => values[below(values.length)]!
    for (let round = 0; round < 30; round++) {
      torch.manualSeed(round)
      const sizes = [1 + below(5), 1 + below(4), 8 + below(9), 8 + below(9)]
      const layers: unknown[] = []
      let channels = sizes[1]!
      for (let i = below(2) + 1; i > 0; i--) {
        const out = 1 + below(12)
        const kernel = 1 + below(3)
        const options = { stride: chosen(1, 1, 2), padding: below(kernel), bias: chosen(true, false) }
        layers.push(new nn.Conv2d(channels, out, kernel, options))
        if (chosen(true, false)) layers.push(new nn.BatchNorm2d(out, { affine: chosen(true, false) }))
        layers.push(chosen<nn.Module>(new nn.ReLU(), new nn.GELU(), new nn.Tanh()))
        if (chosen(true, false))
          layers.push(
            chosen<nn.Module>(new nn.MaxPool2d(2), new nn.AvgPool2d(2), new nn.MaxPool2d(2, { ceilMode: true })),
          )
        channels = out
      }
      layers.push(new nn.Flatten())
      const features = predict(sequential(...layers), torch.zeros(sizes)).size(1)
      layers.push(
        new nn.Linear(features, 6),
        new nn.BatchNorm1d(6),
        new nn.ReLU(),
        new nn.Dropout(),
        new nn.Linear(6, 3),
      )
      agrees(sequential(...layers), torch.randn(sizes))
    }
  })

  test('NaN and infinities go where they go in eager', gpu, () => {
    torch.manualSeed(6)
    const networks = [new nn.ReLU(), new nn.Tanh(), new nn.GELU(), new nn.Hardtanh(), new nn.Softplus()].map(
      activation => [
        ...[new nn.Conv2d(1, 3, 3), activation, new nn.MaxPool2d(2)],
        ...[new nn.Conv2d(3, 2, 1), new nn.ReLU()],
      ],
    )
    networks.push([new nn.Flatten(), new nn.Linear(100, 4), new nn.BatchNorm1d(4), new nn.ReLU()] as never)
    for (const layers of networks) {
      const model = sequential(...layers)
      const x = torch.randn([2, 1, 10, 10])
      const { fast } = agrees(model, x)
      x.setAt(Number.NaN, 0, 0, 3, 4)
      x.setAt(Number.POSITIVE_INFINITY, 1, 0, 7, 2)
      const [got, expected] = [fast, model].map(net => predict(net, x.cuda()).cpu())
      const kinds = (t: Tensor) =>
        (t.flatten().tolist() as number[]).map(v => (Number.isFinite(v) ? 'finite' : String(v)))
      assert.deepEqual(kinds(got!), kinds(expected!))
      assert.ok(kinds(got!).includes('NaN'))
    }
  })
})

describe('a fused forward on a GPU', () => {
  const model = () =>
    sequential(
      ...[new nn.Conv2d(1, 6, 3), new nn.BatchNorm2d(6), new nn.ReLU(), new nn.MaxPool2d(2)],
      ...[new nn.Conv2d(6, 8, 3, { padding: 1 }), new nn.BatchNorm2d(8), new nn.ReLU(), new nn.MaxPool2d(2)],
      ...[new nn.Flatten(), new nn.Linear(72, 10)],
    )
  const input = () => torch.randn([5, 1, 16, 16])

  test('is told by explain, step by step', injected, () => {
    const { told } = agrees(model(), input())
    assert.match(
      told,
      new RegExp(
        [
          'of fused kernels, .*:',
          ' {4}1 convolution \\+ batch norm \\+ max pool \\+ relu',
          ' {4}2 convolution \\+ batch norm \\+ max pool \\+ relu',
          ' {4}3 linear of libtorch$',
        ].join('\n'),
      ),
    )
  })

  test('sees new values, tensors that lie elsewhere, other modes', gpu, () => {
    torch.manualSeed(7)
    const net = model()
    const x = input()
    const { fast } = agrees(net, x)
    const there = x.cuda()
    const same = () => assertNear(predict(fast, there), predict(net, there), 'outputs')
    torch.noGrad(() => {
      for (const parameter of net.parameters()) parameter.mul_(1.5)
      for (const buffer of net.buffers()) if (buffer.dtype === 'float32') buffer.add_(0.25)
    })
    same()
    net.double()
    net.float()
    torch.noGrad(() => [...net.parameters()][0]!.add_(0.5))
    for (let i = 0; i < 6; i++) same()
    if (standIn) assert.match(explain(fast), /captured 2 times, .*\n {2}of fused kernels/)
    net.train()
    for (let i = 0; i < 5; i++) predict(fast, there)
    assert.match(explain(fast), /train on cuda:0: a CUDA graph\n.*\n {2}of eager's kernels: a layer is in train mode/)
  })

  test('leaves convolutions to libtorch where that is faster, the later ones first', injected, () => {
    standIn!.setLaunches({ convolution: 50 })
    const { told } = agrees(model(), input())
    assert.match(
      told,
      / {4}1 convolution of libtorch\n {4}2 bias \+ batch norm \+ max pool \+ relu\n {4}3 convolution of libtorch\n/,
    )
  })

  test('is not chosen where it is slower, or gives something else', injected, () => {
    standIn!.setLaunches({ convolution: 50, pass: 50 })
    agrees(model(), input(), /\n {2}of eager's kernels: fused kernels took \d+(\.\d+)? times as long$/)
    standIn!.setLaunches({ error: 0.01 })
    const net = shuffled(model())
    net.cuda()
    const fast = compile(net) as unknown as Net
    const x = input().cuda()
    for (let i = 0; i < 5; i++) assertNear(predict(fast, x), predict(net, x), 'outputs')
    assert.match(
      explain(fast),
      /captured once, replayed 2 times.*\n {2}of eager's kernels: the fused output differs from eager's by 0\.0/,
    )
  })

  test('is not there for other networks, and explain says why', gpu, () => {
    const told = (net: Net, x: Tensor) => {
      net.cuda()
      net.eval()
      const fast = compile(net) as unknown as Net
      for (let i = 0; i < 5; i++) assertNear(predict(fast, x.cuda()), predict(net, x.cuda()), 'outputs')
      return explain(fast)
    }
    const graph = (why: string) => new RegExp(`a CUDA graph\n {2}captured once.*\n {2}of eager's kernels: ${why}`)
    const x = torch.randn([2, 4, 8, 8])
    const groups = sequential(new nn.Conv2d(4, 4, 3, { groups: 2 }), new nn.ReLU())
    assert.match(told(groups, x), graph('.*groups are not fused.*\n {4}where: call 1 of 2, 0 \\(Conv2d\\)'))
    const conv = () => sequential(new nn.Conv2d(4, 4, 3), new nn.ReLU())
    const double = conv()
    double.double()
    assert.match(told(double, x.double()), graph('there are no fused kernels for float64'))
    assert.match(told(conv(), x.to({ memoryFormat: 'channels_last' })), graph('fused kernels take contiguous inputs'))
    class Branching extends nn.Module {
      inner = new nn.Conv2d(4, 4, 3, { padding: 1 })
      forward(given: Tensor): Tensor {
        return (this.inner.forward(given as never) as Tensor).add(given)
      }
    }
    assert.match(told(new Branching() as unknown as Net, x), graph('aten::add.Tensor takes a second tensor|.*add'))
    const infinite = x.clone()
    infinite.fill_(Number.NaN)
    const net = conv()
    net.cuda()
    const fast = compile(net.eval()) as unknown as Net
    for (let i = 0; i < 5; i++) predict(fast, infinite.cuda())
    assert.match(explain(fast), graph('the first output is not finite'))
  })

  test('on the second of two GPUs, while the first is current', gpu, t => {
    if (cuda.deviceCount() < 2) return t.skip('needs two GPUs')
    const net = shuffled(model())
    net.to('cuda:1')
    const fast = compile(net) as unknown as Net
    const x = input().to('cuda:1')
    for (let i = 0; i < 5; i++) assertNear(predict(fast, x), predict(net, x), 'outputs')
    if (standIn) assert.match(explain(fast), FUSED)
    assert.equal(cuda.currentDevice(), 0)
  })
})
