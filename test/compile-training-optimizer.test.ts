import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as torch from '../src'
import { type AnyModule, assertFused, dataOf, model, NETWORKS, trained } from './reference/chains'

const { nn, optim } = torch

type Make = (params: torch.optim.Params<any>) => torch.optim.Optimizer<any, any>

/** Steps that are computed in one pass, in float64. */
const IN_ONE_PASS: [string, Make][] = [
  ['Adam', p => new optim.Adam(p, { lr: 0.07 })],
  ['Adam with a penalty', p => new optim.Adam(p, { lr: 0.01, weightDecay: 0.1, betas: [0.3, 0.8], eps: 1e-3 })],
  ['Adam, ascending', p => new optim.Adam(p, { lr: 0.001, maximize: true })],
  ['AdamW', p => new optim.AdamW(p, { lr: 0.02, weightDecay: 0.3 })],
  ['SGD', p => new optim.SGD(p, { lr: 0.1 })],
  ['SGD with a penalty', p => new optim.SGD(p, { lr: 0.1, weightDecay: 0.2 })],
  ['SGD with momentum', p => new optim.SGD(p, { lr: 0.1, momentum: 0.9, dampening: 0.3, maximize: true })],
  ['SGD, Nesterov', p => new optim.SGD(p, { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 })],
]

/** Steps that libtorch's operators take. */
const BY_OPERATORS: [string, Make][] = [
  ['Adam with amsgrad', p => new optim.Adam(p, { amsgrad: true })],
  ['Adam by lists', p => new optim.Adam(p, { foreach: true })],
  ['Adam, fused', p => new optim.Adam(p, { fused: true })],
  ['SGD by lists', p => new optim.SGD(p, { lr: 0.1, momentum: 0.9, foreach: true })],
  ['RMSprop', p => new optim.RMSprop(p, { lr: 0.01, momentum: 0.5 })],
]

/** Layers below and above what libtorch works on with one thread. */
const wide = () => [new nn.Linear(7, 400), new nn.ReLU(), new nn.Linear(400, 90), new nn.ReLU(), new nn.Linear(90, 3)]

function assertSame(got: torch.Tensor, expected: torch.Tensor, what: string): void {
  assert.ok(torch.equal(got.detach(), expected.detach()), what)
}

/** `expected`, a float64, rounded once to float32; what cancels out may leave an error of float64. */
function assertRounded(got: torch.Tensor, expected: torch.Tensor, what: string): void {
  const distance = got.detach().double().sub(expected.detach()).abs()
  const bound = expected
    .detach()
    .abs()
    .mul(2 ** -24 * (1 + 1e-6))
    .add(1e-15)
  assert.ok(distance.le(bound).all().item(), `${what}: ${distance.sub(bound).max().item()} too far`)
}

/** What an eager optimizer of the same kind makes of the gradients that a compiled training had, epoch by epoch. */
class Follower {
  readonly params: torch.Tensor[]
  readonly optimizer: torch.optim.Optimizer<any, any>

  constructor(
    readonly net: AnyModule,
    make: (params: torch.Tensor[]) => torch.optim.Optimizer<any, any>,
    readonly dtype: 'float32' | 'float64',
  ) {
    this.params = net.parameters().map(p => p.detach().clone().to({ dtype }).requiresGrad_())
    this.optimizer = make(this.params)
  }

  step(): void {
    for (const [i, p] of this.net.parameters().entries()) {
      this.params[i]!.grad = p.grad?.clone().to({ dtype: this.dtype }) ?? null
    }
    this.optimizer.step()
  }

  assertFollowed(by: torch.optim.Optimizer<any, any>): void {
    const compare = this.dtype === 'float32' ? assertSame : assertRounded
    for (const [i, p] of this.net.parameters().entries()) compare(p, this.params[i]!, `parameter ${i}`)
    const [got, expected] = [by.stateDict(), this.optimizer.stateDict()]
    assert.deepEqual(got.param_groups, expected.param_groups)
    assert.deepEqual(Object.keys(got.state), Object.keys(expected.state))
    for (const [number, entries] of Object.entries(expected.state)) {
      assert.deepEqual(Object.keys(got.state[number]), Object.keys(entries as object))
      for (const [name, value] of Object.entries(entries as Record<string, torch.Tensor>)) {
        compare(got.state[number][name], value, `${name} of parameter ${number}`)
      }
    }
  }

  /** Starts its next step where the compiled training starts it: at floats. */
  meet(optimizer: torch.optim.Optimizer<any, any>): void {
    torch.noGrad(() => {
      for (const [i, p] of this.net.parameters().entries()) this.params[i]!.copy_(p)
    })
    const { state, param_groups } = optimizer.stateDict()
    const copies = Object.entries(state).map(([number, entries]) => [
      number,
      Object.fromEntries(Object.entries(entries as object).map(([name, value]) => [name, value.clone()])),
    ])
    this.optimizer.loadStateDict({ state: Object.fromEntries(copies), param_groups })
  }
}

const linearData = (count: number) => dataOf({ shape: [7], classes: 3, count })

function trainWith(net: AnyModule, data: ReturnType<typeof dataOf>, options: object) {
  return torch.train(net as never, data as never, { compile: true, ...options } as never)
}

describe('the optimizer of a compiled training', () => {
  const follow = async (make: Make, dtype: 'float32' | 'float64') => {
    for (const layers of [wide, NETWORKS[0]!.layers]) {
      torch.manualSeed(1)
      const net = new nn.Sequential(...layers()) as unknown as AnyModule
      const data = layers === wide ? linearData(20) : dataOf({ ...NETWORKS[0]!, count: 20 })
      const optimizer = make(net.parameters())
      const follower = new Follower(net, make, dtype)
      await trainWith(net, data, {
        epochs: 4,
        optimizer,
        onEpoch() {
          follower.step()
          follower.assertFollowed(optimizer)
          follower.meet(optimizer)
        },
      })
      assertFused(net)
    }
  }

  for (const [name, make] of IN_ONE_PASS) {
    it(`is float64's, rounded to what is stored: ${name}`, () => follow(make, 'float64'))
  }

  for (const [name, make] of BY_OPERATORS) {
    it(`has the bits of eager's, and its state: ${name}`, () => follow(make, 'float32'))
  }

  it('takes groups with options of their own, what the model lacks, and what has no gradient', async () => {
    torch.manualSeed(1)
    const net = new nn.Sequential(...wide()) as unknown as AnyModule
    const [w1, b1, w2, b2] = net.parameters()
    const other = torch.ones([3]).requiresGrad_()
    other.grad = torch.ones([3])
    b1!.requiresGrad_(false)
    const make = ([w1, b1, w2, b2]: torch.Tensor[], more: torch.Tensor[]) =>
      new optim.Adam([
        { params: [w1!, b1!], lr: 0.1 },
        { params: [b2!, ...more, w2!], lr: 0.01, weightDecay: 0.1, betas: [0.8, 0.9] },
      ])
    const optimizer = make([w1!, b1!, w2!, b2!], [other])
    const follower = new Follower(net, p => make(p, []), 'float64')
    const last = net.parameters().slice(4)
    const before = last.map(p => p.clone())
    await trainWith(net, linearData(20), { epochs: 3, optimizer, onEpoch: () => follower.step() })
    assertFused(net)
    for (const [i, p] of net.parameters().slice(0, 4).entries()) {
      const expected = follower.params[i]!.float()
      assert.ok(torch.allclose(p, expected, { rtol: 1e-6, atol: 1e-7 }), `parameter ${i}`)
    }
    for (const [i, p] of last.entries()) {
      assertSame(p, before[i]!, 'which nobody steps')
      assert.ok(p.grad !== null)
    }
    assert.equal(b1!.grad, null)
    assert.equal(other.grad, null) // as zeroGrad leaves it
    assert.deepEqual(other.tolist(), [1, 1, 1])
    assert.equal(optimizer.state.size, 3)
  })

  it('goes on from a state dict, and with what a scheduler sets', async () => {
    const data = linearData(24)
    const histories: torch.History[] = []
    for (const halves of [false, true]) {
      torch.manualSeed(1)
      const net = new nn.Sequential(...wide()) as unknown as AnyModule
      let optimizer = new optim.AdamW(net.parameters(), { lr: 0.02 })
      let scheduler = new optim.lrScheduler.StepLR(optimizer, 1, 0.5)
      const onEpoch = () => scheduler.step()
      const warnings: string[] = []
      const warn = (warning: Error) => void warnings.push(warning.message)
      process.on('warning', warn)
      const history = await trainWith(net, data, { epochs: halves ? 2 : 4, optimizer, onEpoch })
      if (halves) {
        const [saved, schedule] = [optimizer.stateDict(), scheduler.stateDict()]
        optimizer = new optim.AdamW(net.parameters(), { lr: 1 })
        scheduler = new optim.lrScheduler.StepLR(optimizer, 1, 0.5)
        optimizer.loadStateDict(saved)
        scheduler.loadStateDict(schedule)
        const more = await trainWith(net, data, { epochs: 2, optimizer, onEpoch })
        history.trainLosses.push(...more.trainLosses)
        history.valLosses.push(...more.valLosses)
      }
      await new Promise(setImmediate)
      process.off('warning', warn)
      assert.deepEqual(warnings, []) // a scheduler that saw no step would warn
      assert.equal(optimizer.paramGroups[0]!.lr, 0.02 / 16)
      histories.push(history)
    }
    assert.deepEqual(histories[1], histories[0])
  })

  it('adds up the gradients of what it does not step', async () => {
    const gradients: torch.Tensor[][] = []
    for (const compile of [false, true]) {
      torch.manualSeed(1)
      const net = new nn.Sequential(...wide()) as unknown as AnyModule
      const optimizer = new optim.SGD([net.parameters()[4]!], { lr: 0.1 })
      await trainWith(net, linearData(20), { epochs: 2, batchSize: 8, optimizer, compile })
      if (compile) assertFused(net)
      gradients.push(net.parameters().map(p => p.grad!))
    }
    for (const [i, expected] of gradients[0]!.entries()) {
      assert.ok(torch.allclose(gradients[1]![i]!, expected, { rtol: 1e-4, atol: 1e-6 }), `of parameter ${i}`)
    }
  })

  it('leaves a gradient alone that somebody holds', async () => {
    const net = new nn.Sequential(...wide()) as unknown as AnyModule
    const held: torch.Tensor[] = []
    const copies: torch.Tensor[] = []
    const onEpoch = () => {
      held.push(net.parameters()[0]!.grad!)
      copies.push(held.at(-1)!.clone())
    }
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.5 })
    await trainWith(net, linearData(20), { epochs: 3, optimizer, onEpoch })
    for (const [i, gradient] of held.entries()) assertSame(gradient, copies[i]!, `of epoch ${i}`)
    assert.ok(!torch.equal(held[0]!, held[1]!))
  })

  it("calls an optimizer's own step and zeroGrad, of whatever class", async () => {
    class Loud extends optim.SGD {
      calls: string[] = []
      override step(...args: []): undefined {
        this.calls.push('step')
        return super.step(...args)
      }
    }
    class Quiet extends optim.SGD {}
    const data = linearData(20)
    const histories: torch.History[] = []
    for (const kind of [optim.SGD, Quiet, Loud, 'patched', 'foreign'] as const) {
      torch.manualSeed(2)
      const net = new nn.Linear(7, 3) as unknown as AnyModule
      const calls: string[] = []
      const base = new (typeof kind === 'string' ? optim.SGD : kind)(net.parameters(), {
        lr: 0.1,
        momentum: 0.9,
        foreach: true, // libtorch's operators, whoever calls the step
      })
      let optimizer: torch.Steps = base
      if (kind === 'patched') {
        base.zeroGrad = () => {
          calls.push('zeroGrad')
          optim.SGD.prototype.zeroGrad.call(base)
        }
      }
      if (kind === 'foreign') {
        optimizer = {
          zeroGrad: () => calls.push('zeroGrad') && base.zeroGrad(),
          step: () => calls.push('step') && base.step(),
        }
      }
      histories.push(await trainWith(net, data, { epochs: 2, batchSize: 8, optimizer }))
      assertFused(net)
      if (kind === Loud) assert.deepEqual((base as Loud).calls, new Array(6).fill('step'))
      if (kind === 'patched') assert.deepEqual(calls, new Array(6).fill('zeroGrad'))
      if (kind === 'foreign') assert.deepEqual(calls, new Array(6).fill(['zeroGrad', 'step']).flat())
    }
    for (const history of histories) assert.deepEqual(history, histories[0])
  })

  it('gives the same however many steps a task takes', async () => {
    const data = linearData(203)
    const histories: torch.History[] = []
    for (const foreign of [false, true]) {
      torch.manualSeed(2)
      const net = new nn.Sequential(
        new nn.Linear(7, 9),
        new nn.Dropout(0.4),
        new nn.ReLU(),
        new nn.Linear(9, 3),
      ) as unknown as AnyModule
      const own = new optim.Adam(net.parameters(), { lr: 0.01, amsgrad: true })
      // an optimizer that is not the package's steps by itself, one step a task
      const optimizer = foreign ? { zeroGrad: () => own.zeroGrad(), step: () => own.step() } : own
      histories.push(await trainWith(net, data, { epochs: 6, batchSize: 4, optimizer }))
      assertFused(net)
    }
    assert.deepEqual(histories[1], histories[0])
  })

  it('ends an epoch of many steps soon after a signal', async () => {
    const data = dataOf({ ...NETWORKS[0]!, count: 4000 })
    const net = model(NETWORKS[0]!)
    const optimizer = new optim.SGD(net.parameters(), { lr: 1e-4 })
    const controller = new AbortController()
    const reason = new Error('enough')
    let aborted = Number.POSITIVE_INFINITY
    setTimeout(() => {
      aborted = performance.now()
      controller.abort(reason)
    }, 150)
    // one image a step, so that there are some ten thousand in a second
    const options = { epochs: 1000, batchSize: 1, optimizer, signal: controller.signal }
    await assert.rejects(trainWith(net, data, options), { name: 'AbortError', cause: reason })
    // what is queued is at most two tasks of ten milliseconds
    assert.ok(performance.now() - aborted < 500, `${performance.now() - aborted} ms`)
    // all is at rest: the model is as the last step left it
    const before = net.parameters().map(p => p.clone())
    await new Promise(resolve => setTimeout(resolve, 20))
    for (const [i, p] of net.parameters().entries()) assertSame(p, before[i]!, `parameter ${i}`)
  })

  it('ends with the error of a step in the midst of a task, and trains on afterwards', async () => {
    const net = new nn.Linear(7, 3) as unknown as AnyModule
    const data = linearData(100)
    data.train[1].narrow(0, 60, 1).fill_(7)
    const optimizer = new optim.Adam(net.parameters())
    await assert.rejects(trainWith(net, data, { epochs: 3, batchSize: 2, optimizer }), {
      code: 'ERR_LIBTORCH',
      message: /Target 7 is out of bounds/,
    })
    data.train[1].narrow(0, 60, 1).fill_(2)
    const { trainLosses } = await trained(net, data, { epochs: 3, compile: true, batchSize: 2 })
    assert.ok(trainLosses.every(Number.isFinite))
  })
})
