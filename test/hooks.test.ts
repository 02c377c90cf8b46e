import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import * as torch from '../src/index'
import { Net, nn, optim, type Tensor, train } from '../src/index'
import { handlesLeft } from './reference/handles'
import { assertTensor, isExact, readFixture, type TensorFixture } from './reference/tensors'

type Gradients = (TensorFixture | null)[]
type Call = [module: string, gradInputs: Gradients, gradOutputs: Gradients]

const fixture = readFixture<{
  sequential: { calls: Call[]; x: TensorFixture; grads: Gradients }[]
  two: { calls: Call[]; x: TensorFixture; y: TensorFixture }[]
  withoutInput: { calls: Call[]; grads: Gradients }
  tensor: { seen: TensorFixture[]; grad: TensorFixture }
  twice: { grad: TensorFixture; second: TensorFixture }
}>('hooks')
const exact = isExact(fixture)

function assertGradients(actual: readonly (Tensor | null)[], expected: Gradients, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: how many`)
  actual.forEach((gradient, i) => {
    if (expected[i] === null) assert.equal(gradient, null, `${what} ${i}`)
    else assertTensor(gradient?.contiguous(), expected[i]!, `${what} ${i}`, exact) // that of a sum is expanded
  })
}

/** A hook that checks each call, and says how many there were. */
function checked(calls: Call[], change: boolean) {
  let count = 0
  const hook = (module: nn.Module, gradInputs: nn.Gradients, gradOutputs: nn.Gradients) => {
    const [name, inputs, outputs] = calls[count++]!
    assert.equal(module.constructor.name, name)
    assertGradients(gradInputs, inputs, `call ${count}, inputs`)
    assertGradients(gradOutputs, outputs, `call ${count}, outputs`)
    return change ? gradInputs.map(gradient => gradient && (gradient.mul(3) as Tensor)) : undefined
  }
  return { hook, done: () => assert.equal(count, calls.length, 'calls') }
}

class Two extends nn.Module {
  forward(x: Tensor, y: Tensor, factor: number): [Tensor, Tensor] {
    return [x.mul(y).mul(factor), x.add(y)]
  }
}

describe('backward hooks are those of Python', () => {
  torch.setNumThreads(fixture.threads)

  for (const [i, change] of [false, true].entries()) {
    test(`of layers in a row${change ? ', changing gradients' : ''}`, () => {
      const { calls, x: xGrad, grads } = fixture.sequential[i]!
      torch.manualSeed(1)
      const net = new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 2))
      const x = torch.randn([5, 3]).requiresGrad_() as Tensor<[5, 3], 'float32'>
      const { hook, done } = checked(calls, change)
      for (const layer of net) layer.registerFullBackwardHook(hook)
      net.forward(x).sum().backward()
      done()
      assertTensor(x.grad, xGrad, 'x', exact)
      assertGradients(
        net.parameters().map(({ grad }) => grad),
        grads,
        'parameters',
      )
    })

    test(`of two inputs and outputs, with a pre-hook${change ? ', changing gradients' : ''}`, () => {
      const { calls, x: xGrad, y: yGrad } = fixture.two[i]!
      torch.manualSeed(2)
      const x = torch.randn([3]).requiresGrad_() as Tensor
      const y = torch.randn([3]).requiresGrad_() as Tensor
      const module = new Two()
      const { hook, done } = checked(calls, change)
      module.registerFullBackwardHook(hook)
      module.registerFullBackwardPreHook((_, [first, second]) => [first!.mul(2) as Tensor, second!])
      const [a, b] = module.forward(x, y, 2)
      a.sum().add(b.mul(b).sum()).backward()
      done()
      assertTensor(x.grad, xGrad, 'x', exact)
      assertTensor(y.grad, yGrad, 'y', exact)
    })
  }

  test('where no input needs a gradient', () => {
    const { calls, grads } = fixture.withoutInput
    torch.manualSeed(3)
    const layer = new nn.Linear(3, 2)
    const { hook, done } = checked(calls, false)
    const handle = layer.registerFullBackwardHook(hook)
    const x = torch.randn([4, 3])
    layer.forward(x).sum().backward()
    done()
    assertGradients(
      layer.parameters().map(({ grad }) => grad),
      grads,
      'parameters',
    )
    handle.remove()
    layer.registerFullBackwardHook(() => [torch.ones([1]) as Tensor])
    assert.throws(() => layer.forward(x).sum().backward(), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /no input requires/,
    })
  })

  test('of a tensor, in order, without one that was removed', () => {
    const seen: Tensor[] = []
    const x = torch.tensor([1, 2, 3], { requiresGrad: true }) as Tensor
    const y = x.mul(x) as Tensor
    y.registerHook(gradient => void seen.push(gradient))
    y.registerHook(gradient => gradient.mul(2))
    const removed = y.registerHook(gradient => gradient.mul(100))
    x.registerHook(gradient => void seen.push(gradient))
    removed.remove()
    removed.remove()
    y.mul(y).sum().backward()
    assertGradients(seen, fixture.tensor.seen, 'seen')
    assertTensor(x.grad, fixture.tensor.grad, 'gradient', exact)
  })

  test('that are differentiated themselves', () => {
    const x = torch.tensor([1, 2], { requiresGrad: true }) as Tensor
    const y = x.pow(3) as Tensor
    y.registerHook(gradient => gradient.mul(x))
    const [gradient] = torch.autograd.grad([y.sum()], [x], { createGraph: true })
    assertTensor(gradient, fixture.twice.grad, 'first', exact)
    gradient!.sum().backward()
    assertTensor(x.grad, fixture.twice.second, 'second', exact)
  })
})

describe('forward hooks', () => {
  const layer = () => new nn.Linear(2, 2)
  const x = torch.ones([1, 2])

  test('see and change inputs and outputs, in order, and leave without a trace', () => {
    const linear = layer()
    const log: string[] = []
    const expected = linear.forward(x.mul(3) as typeof x).add(1)
    const keys = Object.keys(linear)
    const handles = [
      linear.registerForwardPreHook((module, [input]) => {
        assert.equal(module, linear)
        log.push('pre')
        return input.mul(3)
      }),
      linear.registerForwardPreHook(() => void log.push('first'), { prepend: true }),
      linear.registerForwardHook((_, inputs, output) => {
        log.push('after')
        assert.deepEqual(inputs[0].tolist(), [[3, 3]])
        return output.add(1)
      }),
    ]
    const inside = new nn.Sequential(linear)
    assert.deepEqual(inside.forward(x).tolist(), expected.tolist())
    assert.deepEqual(log, ['first', 'pre', 'after'])
    assert.deepEqual(Object.keys(linear), keys)
    assert.equal(String(inside), 'Sequential(\n  (0): Linear(in_features=2, out_features=2, bias=True)\n)')
    for (const handle of handles) handle.remove()
    assert.equal(Object.hasOwn(linear, 'forward'), false)
    linear.forward(x)
    assert.equal(log.length, 3)
  })

  test('keep a forward of the object itself', () => {
    const linear = layer()
    const own = () => x
    Object.assign(linear, { forward: own })
    using _ = linear.registerForwardHook((__, ___, output) => output.mul(2))
    assert.deepEqual(linear.forward(x).tolist(), [[2, 2]])
    _.remove()
    assert.equal(linear.forward, own)
  })

  test('with alwaysCall run where the forward throws', () => {
    const linear = layer()
    let called = 0
    const count = (_: nn.Module, __: readonly unknown[], output: unknown) => {
      called += output === undefined ? 1 : 100
    }
    linear.registerForwardHook(count, { alwaysCall: true })
    linear.registerForwardHook(() => assert.fail('not called'))
    assert.throws(() => linear.forward(torch.ones([1, 3]) as never), { code: 'ERR_LIBTORCH' })
    assert.equal(called, 1)
  })

  test('what cannot be a hook', () => {
    const refuse = (run: () => unknown, code: string, message: RegExp) => assert.throws(run, { code, message })
    const linear = layer()
    refuse(
      () => linear.registerForwardHook(3 as never),
      'ERR_INVALID_ARG_TYPE',
      /a hook must be a function, got the num/,
    )
    refuse(
      () => linear.registerForwardHook(() => 1, { pre: true } as never),
      'ERR_UNKNOWN_OPTION',
      /known options: prepend/,
    )
    refuse(
      () => linear.registerForwardHook(() => 1, { prepend: 1 } as never),
      'ERR_INVALID_ARG_TYPE',
      /'prepend' must be/,
    )
    refuse(() => linear.weight.registerHook('a' as never), 'ERR_INVALID_ARG_TYPE', /a hook must be a function/)
    refuse(() => (x as Tensor).registerHook(() => {}), 'ERR_INVALID_ARG_VALUE', /doesn't require gradient/)
  })
})

describe('what a backward hook does wrong', () => {
  const leaf = () => torch.ones([3], { requiresGrad: true }) as Tensor

  test('its exception ends backward, the very object, and the next one works', () => {
    const boom = new Error('in the hook')
    const x = leaf()
    let broken = true
    const y = x.mul(2) as Tensor
    y.registerHook(() => {
      if (broken) throw boom
    })
    const loss = y.sum()
    assert.throws(
      () => loss.backward({ retainGraph: true }),
      error => error === boom,
    )
    assert.throws(
      () => torch.autograd.grad([loss], [x], { retainGraph: true }),
      error => error === boom,
    )
    assert.equal(x.grad, null)
    broken = false
    loss.backward()
    assert.deepEqual(x.grad!.tolist(), [2, 2, 2])
    const linear = new nn.Linear(3, 3)
    linear.registerFullBackwardHook(() => {
      throw boom
    })
    assert.throws(
      () =>
        linear
          .forward(x as never)
          .sum()
          .backward(),
      error => error === boom,
    )
  })

  test('a gradient that is none, or of another shape or number', () => {
    const refuse = (hook: () => unknown, code: string, message: RegExp) => {
      const x = leaf()
      x.registerHook(hook as never)
      assert.throws(() => x.sum().backward(), { code, message })
    }
    refuse(() => 3, 'ERR_INVALID_ARG_TYPE', /must give a tensor or nothing, got the number 3/)
    refuse(() => torch.ones([4]), 'ERR_LIBTORCH', /size|shape/)
    const linear = new nn.Linear(3, 3)
    linear.registerFullBackwardHook(() => [null, null])
    const run = () =>
      linear
        .forward(leaf() as never)
        .sum()
        .backward()
    assert.throws(run, {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /invalid number of grad_input, got 2, but expected 1/,
    })
  })

  test('a backward inside a hook, and a collection', () => {
    const x = leaf()
    const inner = leaf()
    x.registerHook(gradient => {
      // gradients are not recorded in a hook, as in Python
      torch.enableGrad(() => inner.mul(2).sum()).backward()
      torch.memory.emptyCache()
      return gradient.add(inner.grad!)
    })
    x.sum().backward()
    assert.deepEqual(x.grad!.tolist(), [3, 3, 3])
  })

  test('what is made in a tidy around backward is freed', async () => {
    const hooked = () => {
      const x = leaf()
      torch.tidy(() => {
        const y = x.mul(2) as Tensor
        y.registerHook(gradient => gradient.mul(2).mul(2))
        y.sum().backward()
      })
      return x
    }
    assert.equal(await handlesLeft(hooked), 1, 'x alone')
    assert.deepEqual(hooked().grad!.tolist(), [8, 8, 8])
  })
})

describe('hooks in train', () => {
  const images = () => {
    torch.manualSeed(3)
    const batch = (n: number) =>
      [torch.rand([n, 1, 28, 28]), torch.arange(n).remainder(10)] as [
        Tensor<[number, 1, 28, 28]>,
        Tensor<[number], 'int64'>,
      ]
    return { train: batch(24), validation: batch(8) }
  }
  const made = () => {
    torch.manualSeed(4)
    return new Net()
  }
  const norms = (model: nn.Module, into: number[]) => {
    model.registerFullBackwardHook((_, __, [gradient]) => void into.push(gradient!.norm().item() as number))
    const parameter = model.parameters()[0]!
    parameter.registerHook(gradient => {
      into.push(gradient.norm().item() as number)
      return gradient.mul(0.5)
    })
  }

  test('give what they give in the loop, and see each step', async () => {
    const given = images()
    const loop = made()
    const expected: number[] = []
    norms(loop, expected)
    const optimizer = new optim.SGD(loop.parameters(), { lr: 0.1 })
    const criterion = new nn.CrossEntropyLoss()
    const losses: number[] = []
    for (let epoch = 0; epoch < 3; epoch++) {
      optimizer.zeroGrad()
      const loss = criterion.forward(loop.forward(given.train[0]), given.train[1])
      torch.noGrad(() => loop.forward(given.validation[0]))
      losses.push(loss.item() as number)
      loss.backward()
      optimizer.step()
    }
    const model = made()
    const seen: number[] = []
    norms(model, seen)
    const history = await train(model, given, { epochs: 3, optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }) })
    assert.deepEqual(history.trainLosses, losses)
    assert.equal(seen.length, 6)
    assert.deepEqual(seen, expected)
  })

  test('an exception in one rejects train with itself', async () => {
    const boom = new Error('in train')
    const model = made()
    model.linear_layers.registerFullBackwardHook(() => {
      throw boom
    })
    const running = train(model, images(), { epochs: 2, optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }) })
    await assert.rejects(running, error => error === boom)
  })
})

test('a worker that is terminated inside a hook, or ends with hooks that graphs hold, ends', async () => {
  for (const mode of ['terminated', 'ends']) {
    const worker = new Worker(join(__dirname, 'programs', 'hook-worker.ts'), { argv: [mode] })
    await once(worker, 'message')
    if (mode === 'terminated') assert.equal(await worker.terminate(), 1)
    else assert.deepEqual(await once(worker, 'exit'), [0])
    assert.equal(torch.ones([3]).sum().item(), 3)
  }
})
