import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as torch from '../src'

const { nn, data } = torch

type AnyModule = torch.nn.Module & { forward(x: torch.Tensor): torch.Tensor }

const build = () =>
  new nn.Sequential(
    // a bias before batch norm has a gradient of nothing but rounding, which Adam would make steps of
    new nn.Conv2d(1, 4, 3, { bias: false }),
    new nn.BatchNorm2d(4),
    new nn.ReLU(),
    new nn.AdaptiveAvgPool2d(2),
    new nn.Flatten(),
    new nn.Linear(16, 3),
  ) as unknown as AnyModule

type Batch = readonly [torch.Tensor, torch.Tensor]
type Given = Batch | Iterable<Batch>

/** Eager and compiled training of the same model, each with data of its own. */
async function both(dataOf: () => { train: Given; validation: Given }, options: object = {}, make = build) {
  torch.manualSeed(1)
  const [eager, compiled] = [make(), make()]
  compiled.loadStateDict(eager.stateDict())
  const train = (net: AnyModule, compile: boolean) => {
    torch.manualSeed(2)
    const optimizer = new torch.optim.Adam(net.parameters(), { lr: 0.01 })
    const given = { epochs: 3, optimizer, compile, ...options }
    return torch.train(net as never, dataOf() as never, given as never)
  }
  const [expected, got] = [await train(eager, false), await train(compiled, true)]
  for (const key of ['trainLosses', 'valLosses'] as const) {
    assert.equal(got[key].length, expected[key].length)
    for (const [i, loss] of expected[key].entries()) {
      assert.ok(Math.abs(loss - got[key][i]!) < 1e-4 * Math.max(1, loss), `${key} ${i}: ${loss}, ${got[key][i]}`)
    }
  }
  for (const [name, value] of Object.entries(eager.stateDict())) {
    const apart = value.double().sub(compiled.stateDict()[name]!.double()).abs().max().item() as number
    assert.ok(apart < 1e-3, `${name}: ${apart}`)
  }
  return compiled
}

torch.manualSeed(0)
const X = torch.randn([75, 1, 8, 8])
const Y = torch.randint(3, [75])
const VALIDATION = [torch.randn([21, 1, 8, 8]), torch.randint(3, [21])] as const
const shuffled = () => new data.DataLoader([X, Y], { batchSize: 16, shuffle: true }) as unknown as Iterable<Batch>
const inOrder = () => new data.DataLoader([...VALIDATION], { batchSize: 8 }) as unknown as Iterable<Batch>

describe('train with { compile: true } and a loader', () => {
  it('steps over its batches as eager does, the last smaller one too', async () => {
    const net = await both(() => ({ train: shuffled(), validation: VALIDATION }))
    assert.match(torch.explain(net), /^\[16, 1, 8, 8\] float32 train, a whole step: fused/m)
  })

  it('validates over a loader', async () => {
    await both(() => ({ train: shuffled(), validation: inOrder() }))
    await both(() => ({ train: [X, Y], validation: inOrder() }))
    const net = await both(() => ({ train: [X, Y], validation: inOrder() }), { batchSize: 32 })
    assert.match(torch.explain(net), /^\[32, 1, 8, 8\] float32 train, a whole step: fused/m)
  })

  it('records a step for each shape of an image', async () => {
    const other = torch.randn([10, 1, 11, 7])
    const wide = torch.randn([10, 1, 8, 10])
    const labels = torch.randint(3, [10])
    const batches: Batch[] = [
      [X, Y],
      [wide, labels],
      [X.narrow(0, 0, 20), Y.narrow(0, 0, 20)],
    ]
    const net = await both(() => ({ train: batches, validation: VALIDATION }))
    assert.match(torch.explain(net), /^\[10, 1, 8, 10\] float32 train, a whole step: fused/m)
    // 9 x 5 places have windows of several sizes: such a batch is eager, between others that are not
    await both(() => ({
      train: [
        [X, Y],
        [other, labels],
        [wide, labels],
      ],
      validation: VALIDATION,
    }))
  })

  it('is eager as a whole where nothing is fused, and says why', async () => {
    const softened = () => new nn.Sequential(build(), new nn.LogSoftmax(1)) as unknown as AnyModule
    const net = await both(() => ({ train: shuffled(), validation: inOrder() }), {}, softened)
    assert.match(torch.explain(net), /a whole step: eager\n {2}why: no kernel for/)
  })

  it('takes another optimizer than those of the package', async () => {
    class Descent {
      constructor(private readonly parameters: torch.Tensor[]) {}
      zeroGrad() {
        for (const p of this.parameters) (p as { grad: unknown }).grad = null
      }
      step() {
        torch.noGrad(() => {
          for (const p of this.parameters) p.sub_(p.grad!.mul(0.05))
        })
      }
    }
    torch.manualSeed(3)
    const [eager, compiled] = [build(), build()]
    compiled.loadStateDict(eager.stateDict())
    const losses: number[][] = []
    for (const net of [eager, compiled]) {
      const loader = new data.DataLoader([X, Y], { batchSize: 20 })
      const options = { epochs: 2, optimizer: new Descent(net.parameters()), compile: net === compiled }
      losses.push(
        (await torch.train(net as never, { train: loader, validation: VALIDATION } as never, options)).trainLosses,
      )
    }
    for (const [i, loss] of losses[0]!.entries()) assert.ok(Math.abs(loss - losses[1]![i]!) < 1e-4)
  })

  it('still takes a batch that is wrong by name, and ends on a signal', async () => {
    const net = build()
    const optimizer = new torch.optim.SGD(net.parameters())
    const run = (train: Batch[], options: object = {}) =>
      torch.train(
        net as never,
        { train, validation: VALIDATION } as never,
        { epochs: 2, optimizer, compile: true, ...options } as never,
      )
    await assert.rejects(
      run([
        [X, Y],
        [X, Y.narrow(0, 0, 3)],
      ]),
      { code: 'ERR_INVALID_ARG_VALUE', message: /batch 1 of/ },
    )
    const controller = new AbortController()
    const onEpoch = () => controller.abort()
    await assert.rejects(run([[X, Y]], { signal: controller.signal, onEpoch }), { name: 'AbortError' })
  })
})

describe('evaluate of a compiled module', () => {
  it('gives what eager gives, from a loader or not', async () => {
    const net = build().eval()
    const fast = torch.compile(net)
    for (const given of [VALIDATION, inOrder()]) {
      const [expected, got] = [
        await torch.evaluate(net as never, given as never),
        await torch.evaluate(fast as never, given as never, { mode: 'eval' }),
      ]
      assert.equal(got.accuracy, expected.accuracy)
      assert.deepEqual(got.predictions.tolist(), expected.predictions.tolist())
      assert.ok((got.probabilities.sub(expected.probabilities).abs().max().item() as number) < 1e-5)
    }
    assert.match(torch.explain(fast), /eval: fused/)
  })
})
