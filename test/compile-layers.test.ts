import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as torch from '../src'
import { type AnyModule, Comparison } from './programs/compile-compare'

const { nn } = torch
const F = nn.functional

const chain = (...layers: torch.nn.Module[]) => new nn.Sequential(...layers) as unknown as AnyModule

/** The block that a layer is put behind, and what makes rows of logits of its output. */
const front = () => [new nn.Conv2d(2, 5, 3, { padding: 1 }), new nn.BatchNorm2d(5)]
const back = (features: number) => [new nn.Flatten(), new nn.Linear(features, 3)]

type Case = [name: string, build: () => AnyModule, more?: { shape?: readonly number[]; counts?: readonly number[] }]

/** Each activation behind a convolution with batch norm, before a max pool, before an average, and behind a linear layer. */
const ACTIVATIONS: [string, () => torch.nn.Module][] = [
  ['LeakyReLU', () => new nn.LeakyReLU()],
  ['LeakyReLU(1.7)', () => new nn.LeakyReLU(1.7)],
  ['LeakyReLU(-0.3), which falls', () => new nn.LeakyReLU(-0.3)],
  ['LeakyReLU in place', () => new nn.LeakyReLU({ negativeSlope: 0.2, inplace: true })],
  ['ReLU6', () => new nn.ReLU6()],
  ['Hardtanh', () => new nn.Hardtanh(-0.7, 0.4)],
  ['ELU', () => new nn.ELU(0.6)],
  ['SELU', () => new nn.SELU()],
  ['CELU', () => new nn.CELU(0.7)],
  ['Softplus', () => new nn.Softplus()],
  ['Softplus(3, 2)', () => new nn.Softplus(3, 2)],
  ['GELU', () => new nn.GELU()],
  ['GELU by tanh', () => new nn.GELU({ approximate: 'tanh' })],
  ['SiLU', () => new nn.SiLU()],
  ['Hardswish', () => new nn.Hardswish()],
  ['Hardsigmoid', () => new nn.Hardsigmoid()],
  ['Mish', () => new nn.Mish()],
]

const activations: Case[] = ACTIVATIONS.map(([name, make]) => [
  name,
  () =>
    chain(
      ...front(),
      make(),
      new nn.MaxPool2d(2),
      new nn.Conv2d(5, 3, 2, { padding: 1 }),
      make(),
      new nn.AvgPool2d(2),
      new nn.Flatten(),
      new nn.Linear(12, 7),
      make(),
      new nn.Linear(7, 3),
    ),
])

class Of extends nn.Module {
  constructor(
    readonly layers: AnyModule,
    readonly end: (x: torch.Tensor) => torch.Tensor,
    readonly linear: torch.nn.Module = new nn.Linear(5, 3),
  ) {
    super()
  }
  forward(x: torch.Tensor): torch.Tensor {
    return (this.linear as AnyModule).forward(this.end(this.layers.forward(x)))
  }
}

/** A forward of operators with parameters of its own. */
class Functional extends nn.Module {
  kernel = new nn.Parameter(torch.randn([4, 2, 3, 3]).mul(0.3))
  shift = new nn.Parameter(torch.zeros([4]))
  matrix = new nn.Parameter(torch.randn([3, 4]))
  forward(x: torch.Tensor): torch.Tensor {
    const h = F.relu(F.conv2d(x as never, this.kernel, this.shift, { padding: 1 }) as torch.Tensor)
    return F.linear(h.mean([2, 3]) as never, this.matrix) as torch.Tensor
  }
}

const global = (end: (x: torch.Tensor) => torch.Tensor) => () => new Of(chain(...front(), new nn.ReLU()), end)

const windows: Case[] = [
  [
    'max pool in ceil mode',
    () => chain(...front(), new nn.MaxPool2d(2, { ceilMode: true }), ...back(125)),
    { shape: [2, 9, 9] },
  ],
  [
    'max pool in ceil mode, padded, alone',
    () => chain(...front(), new nn.AvgPool2d(1), new nn.MaxPool2d(3, 2, { padding: 1, ceilMode: true }), ...back(125)),
    { shape: [2, 8, 9] },
  ],
  [
    'average pool in ceil mode',
    () => chain(...front(), new nn.AvgPool2d(2, { ceilMode: true }), ...back(100)),
    { shape: [2, 8, 9] },
  ],
  [
    'average pool in ceil mode that counts no padding',
    () =>
      chain(...front(), new nn.AvgPool2d(3, 2, { padding: 1, ceilMode: true, countIncludePad: false }), ...back(125)),
    { shape: [2, 8, 9] },
  ],
  ['average pool with a divisor', () => chain(...front(), new nn.AvgPool2d(2, { divisorOverride: 3 }), ...back(80))],
  ['adaptive average to one', () => chain(...front(), new nn.ReLU(), new nn.AdaptiveAvgPool2d(1), ...back(5))],
  ['adaptive average of parts', () => chain(...front(), new nn.AdaptiveAvgPool2d([2, 4]), ...back(40))],
  ['adaptive maximum to one', () => chain(...front(), new nn.ReLU(), new nn.AdaptiveMaxPool2d(1), ...back(5))],
  ['adaptive maximum of parts', () => chain(...front(), new nn.AdaptiveMaxPool2d([4, 1]), ...back(20))],
  ['an average over more places than a byte counts', global(x => x.mean([-1, -2])), { shape: [2, 20, 17] }],
]

const views: Case[] = [
  ['mean over rows and columns', global(x => x.mean([2, 3]))],
  ['mean that keeps its dimensions', global(x => x.mean([2, 3], true).flatten(1))],
  ['view', global(x => F.adaptiveAvgPool2d(x as never, 1).view([-1, 5]) as torch.Tensor)],
  [
    'squeeze twice',
    global(
      x =>
        F.adaptiveAvgPool2d(x as never, 1)
          .squeeze(-1)
          .squeeze(-1) as torch.Tensor,
    ),
  ],
  ['flatten', global(x => F.adaptiveMaxPool2d(x as never, 1).flatten(1) as torch.Tensor)],
  ['parameters of its own', () => new Functional() as AnyModule],
]

const norms: Case[] = [
  [
    'BatchNorm1d behind Linear',
    () =>
      chain(
        new nn.Linear(19, 33),
        new nn.BatchNorm1d(33),
        new nn.ReLU(),
        new nn.Linear(33, 6),
        new nn.BatchNorm1d(6),
        new nn.Tanh(),
        new nn.Linear(6, 3),
      ),
    { shape: [19] },
  ],
  [
    'BatchNorm1d behind a wide Linear and images',
    () =>
      chain(
        ...front(),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Flatten(),
        new nn.Linear(80, 9),
        new nn.BatchNorm1d(9),
        new nn.GELU(),
        new nn.Linear(9, 3),
      ),
  ],
  [
    'BatchNorm1d without affine, at the end',
    () => chain(new nn.Linear(40, 3), new nn.BatchNorm1d(3, { affine: false })),
    { shape: [40] },
  ],
  [
    'BatchNorm2d that averages all batches',
    () => chain(new nn.Conv2d(2, 5, 3), new nn.BatchNorm2d(5, { momentum: null }), ...back(180)),
  ],
  [
    'BatchNorm2d without affine',
    () => chain(new nn.Conv2d(2, 5, 3), new nn.BatchNorm2d(5, { affine: false }), ...back(180)),
  ],
  [
    'BatchNorm2d that tracks nothing',
    () =>
      chain(new nn.Conv2d(2, 5, 3), new nn.BatchNorm2d(5, { trackRunningStats: false }), new nn.ReLU(), ...back(180)),
    { counts: [] },
  ],
  [
    'BatchNorm1d that tracks nothing',
    () =>
      chain(
        new nn.Linear(40, 7),
        new nn.BatchNorm1d(7, { trackRunningStats: false }),
        new nn.ReLU(),
        new nn.Linear(7, 3),
      ),
    { shape: [40], counts: [] },
  ],
]

const groups = { activations, windows, 'views and operators': views, 'batch norms': norms }
for (const [group, cases] of Object.entries(groups)) {
  describe(`compiled ${group}`, () => {
    for (const [name, build, { shape = [2, 8, 8], counts = [1, 5, 19] } = {}] of cases) {
      it(`are as near to float64 as eager: ${name}`, async () => {
        torch.manualSeed(11)
        const comparison = new Comparison()
        await comparison.network({ name, build, shape, classes: 3, count: 37, validation: 6, counts })
        assert.deepEqual(comparison.failures, [])
        assert.equal(comparison.networks, 1)
      })
    }
  })
}

function predicted(net: AnyModule, x: torch.Tensor): string {
  const compiled = torch.compile(net)
  torch.noGrad(() => {
    const [expected, got] = [net.forward(x), compiled.forward(x)]
    assert.ok((expected.sub(got).abs().max().item() as number) < 1e-5)
  })
  return torch.explain(compiled)
}

describe('compiled layers', () => {
  it('let a rising activation change places with the maximum behind it, and no other', () => {
    for (const [make, before] of [
      [() => new nn.LeakyReLU(0.1), true],
      [() => new nn.ELU(), true],
      [() => new nn.Softplus(), true],
      [() => new nn.Softplus(1, 2), false],
      [() => new nn.Hardtanh(), true],
      [() => new nn.LeakyReLU(-0.1), false],
      [() => new nn.GELU(), false],
      [() => new nn.SiLU(), false],
      [() => new nn.Hardswish(), false],
    ] as [() => torch.nn.Module, boolean][]) {
      const text = predicted(
        chain(new nn.Conv2d(2, 3, 3), make(), new nn.MaxPool2d(2)).eval(),
        torch.randn([20, 2, 8, 8]),
      )
      assert.equal(/1 convolution \+ max pool/.test(text), before, text)
      assert.equal(/3 max pool/.test(text), !before, text)
    }
  })

  it('keep NaN and infinity as float64 does', () => {
    const x = torch.tensor([[NaN, Infinity, -Infinity, -200, 200, 0, -0.5, 3]])
    for (const [name, make] of ACTIVATIONS) {
      const net = chain(new nn.Identity(), make()).eval()
      const compiled = torch.compile(net)
      torch.noGrad(() => {
        compiled.forward(torch.zeros([1, 8]))
        const [expected, got] = [net.forward(x.double()), compiled.forward(x.clone())]
        const pairs = (expected.tolist() as number[][])[0]!.map((e, i) => [e, (got.tolist() as number[][])[0]![i]!])
        for (const [e, g] of pairs as [number, number][]) {
          assert.ok(Object.is(e, g) || Math.abs(e - g) < 1e-5 * Math.max(1, Math.abs(e)), `${name}: ${pairs}`)
        }
      })
    }
  })

  it('leave an input alone, which eager would overwrite', () => {
    const net = chain(new nn.ReLU({ inplace: true }), new nn.Linear(4, 2))
    const compiled = torch.compile(net)
    const x = torch.full([3, 4], -1)
    torch.noGrad(() => void compiled.forward(x))
    assert.equal(x.max().item(), 0, 'it was overwritten')
    assert.match(torch.explain(compiled), /why: .*changes the input of forward/)
  })

  it('drop whole channels in training, the same after the same seed, and keep the mean', async () => {
    const run = async (p: number, seed: number) => {
      torch.manualSeed(seed)
      const net = chain(new nn.Dropout2d(p), new nn.AdaptiveAvgPool2d(1), new nn.Flatten(), new nn.Linear(200, 2))
      torch.noGrad(() => {
        const linear = (net as unknown as Record<number, torch.nn.Linear<200, 2>>)[3]!
        linear.weight.copy_(torch.tensor([new Array(200).fill(0), new Array(200).fill(0.02)]))
        linear.bias!.zero_()
      })
      const x = torch.ones([300, 200, 2, 3])
      const data = {
        train: [x, torch.zeros([300], { dtype: 'int64' })],
        validation: [x, torch.zeros([300], { dtype: 'int64' })],
      }
      const optimizer = new torch.optim.SGD(net.parameters(), { lr: 0 })
      const options = { epochs: 2, optimizer, compile: true }
      const { trainLosses } = await torch.train(net as never, data as never, options as never)
      assert.match(torch.explain(net), /a whole step: fused.*dropout of channels/s)
      // the second column of the weight's gradient is the mean of what was kept, of each channel
      const gradient = net.parameters()[0]!.grad!
      return { trainLosses, gradient }
    }
    const [first, second, none] = [await run(0.3, 5), await run(0.3, 5), await run(0.3, 6)]
    assert.deepEqual(first.trainLosses, second.trainLosses)
    assert.notDeepEqual(first.trainLosses, none.trainLosses)
    assert.notEqual(first.trainLosses[0], first.trainLosses[1])
    // the second logit is 4 in the mean, with a deviation of 0.02 sqrt(200 * 0.3 / 0.7) = 0.19 over 300 images
    for (const loss of first.trainLosses) assert.ok(Math.abs(loss - Math.log1p(Math.exp(4))) < 0.05, String(loss))
    assert.ok((first.gradient.std().item() as number) > 0)
  })

  it('do what the mode says that a layer written in JavaScript is in', () => {
    const drop = new nn.Dropout2d(0.5)
    const net = chain(new nn.Conv2d(1, 8, 3), drop, new nn.ReLU()).eval()
    const compiled = torch.compile(net)
    const x = torch.rand([20, 1, 6, 6])
    torch.noGrad(() => {
      const all = compiled.forward(x)
      assert.match(torch.explain(compiled), /: fused/)
      drop.train()
      torch.manualSeed(1)
      const dropped = compiled.forward(x)
      assert.ok((dropped.ne(0).sum().item() as number) < 0.7 * (all.ne(0).sum().item() as number))
      drop.eval()
      assert.deepEqual(compiled.forward(x).tolist(), all.tolist())
    })
  })

  it('stay eager where that is not so, and say why', () => {
    const image = torch.randn([20, 2, 7, 7])
    const cases: [AnyModule, RegExp, torch.Tensor?][] = [
      [chain(new nn.AdaptiveAvgPool2d(3)), /from 7x7 to 3x3 has windows of several sizes/],
      [chain(new nn.MaxPool2d({ kernelSize: 2, dilation: 2 } as never)), /indices and dilation are not fused/],
      [chain(new nn.Conv2d(2, 2, 3, { groups: 2 })), /groups are not fused, libtorch has kernels for them/],
      [chain(new nn.Conv2d(2, 2, 3), new nn.BatchNorm2d(2, { trackRunningStats: false })), /each batch has its own/],
      [chain(new nn.ReLU(), new nn.BatchNorm2d(2)), /right after a convolution or a linear layer only/],
      [new Of(chain(new nn.ReLU()), x => x.mean([1]), new nn.Identity()) as AnyModule, /over the rows and columns/],
      [new Of(chain(new nn.ReLU()), x => x.clamp(0, 1), new nn.Identity()) as AnyModule, /no kernel for aten::clamp/],
    ]
    for (const [net, reason, x = image] of cases) assert.match(predicted(net.eval(), x), reason)
  })
})
