import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as torch from '../src'
import { type AnyModule, assertFused, dataOf, model, NETWORKS, trained } from './reference/chains'

const { nn } = torch

describe('train with { compile: true }, as a run', () => {
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

  it('stays at float64 where images come again: their first convolution then goes by what is kept of each', async () => {
    const build = () =>
      new nn.Sequential(
        new nn.Conv2d(3, 6, 3, { padding: 1 }),
        new nn.BatchNorm2d(6),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Flatten(),
        new nn.Linear(6 * 16 * 16, 4),
      ) as unknown as AnyModule
    const data = dataOf({ shape: [3, 32, 32], classes: 4, count: 75 })
    // as photographs are: bright, and much alike from place to place
    const smooth = (x: torch.Tensor) =>
      nn.functional
        .avgPool2d(x as never, 5, { stride: 1, padding: 2 })
        .mul(200)
        .add(120)
        .detach() as torch.Tensor
    for (const pair of [data.train, data.validation]) pair[0] = smooth(pair[0])
    torch.manualSeed(3)
    const nets = [build().double() as AnyModule, build(), build()] as const
    for (const net of nets) net.loadStateDict(nets[1].stateDict())
    const wide = {
      train: [data.train[0].double(), data.train[1]],
      validation: [data.validation[0].double(), data.validation[1]],
    }
    const histories: torch.History[] = []
    for (const [i, net] of nets.entries()) {
      torch.manualSeed(5)
      const options = { epochs: 4, batchSize: 16, compile: i === 2 }
      histories.push(await trained(net, (i === 0 ? wide : data) as typeof data, options, 0.001))
    }
    const [exact, eager, compiled] = histories as [torch.History, torch.History, torch.History]
    const distance = (of: torch.History) =>
      Math.max(...of.trainLosses.map((loss, i) => Math.abs(loss - exact.trainLosses[i]!)))
    assertFused(nets[2])
    assert.ok(distance(compiled) <= Math.max(distance(eager), 1e-6), `${distance(compiled)}, eager ${distance(eager)}`)
    // a pass for statistics would be a second one
    assert.match(torch.explain(nets[2]), /one pass over the data/)
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
