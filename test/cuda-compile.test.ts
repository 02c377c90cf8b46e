import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src'
import { compile, cuda, explain, nn, optim, type Tensor, train } from '../src'

/** One body per device; `cuda-stand-in.test.ts` runs this file with a GPU that is made of the CPU. */
const gpu = cuda.isAvailable() ? {} : { skip: 'needs a GPU' }
const standIn = process.env.LIBTORCH_NODE_TEST_STAND_IN !== undefined
/** A GPU's own kernels round in another order each time. */
const TOLERANCE = standIn ? 2e-5 : 2e-2

type Net = nn.Module & { forward(x: Tensor): Tensor }
type Made = { model: Net; optimizer: optim.Optimizer<never, never> & { step(): unknown } }
type Pair = [Tensor, Tensor]

const near = (got: number, expected: number, what: string) =>
  assert.ok(Math.abs(got - expected) <= TOLERANCE * Math.max(1, Math.abs(expected)), `${what}: ${got}, not ${expected}`)

function convolutional(): Net {
  return new nn.Sequential(
    new nn.Conv2d(1, 3, 3, { bias: false }), // its gradient would be nothing but rounding, of which Adam makes steps
    new nn.BatchNorm2d(3),
    new nn.ReLU({ inplace: true }),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(27, 4),
  ) as unknown as Net
}

function dataOf(count: number): Pair {
  torch.manualSeed(11)
  return [torch.rand([count, 1, 8, 8]).cuda(), torch.randint(4, [count]).cuda()]
}

const values = (tensors: Iterable<Tensor>) =>
  [...tensors].flatMap(tensor => tensor.double().flatten().tolist() as number[])

interface Case {
  make?: (parameters: Tensor[]) => unknown
  network?: () => Net
  batchSize?: number
  epochs?: number
  amp?: object
  onEpoch?: (made: Made, epoch: number) => unknown
}

/** A training, from the same beginning each time. */
async function trained(
  compiled: boolean,
  { make, network = convolutional, batchSize, epochs = 7, amp, onEpoch }: Case,
) {
  torch.manualSeed(5)
  const model = network()
  model.cuda()
  const parameters = [...model.parameters()]
  const optimizer = (make?.(parameters) ?? new optim.Adam(parameters, { lr: 0.03 })) as Made['optimizer']
  const options = {
    epochs,
    optimizer,
    compile: compiled,
    ...(batchSize && { batchSize }),
    ...(amp && { amp }),
    onEpoch: ({ epoch }: { epoch: number }) => onEpoch?.({ model, optimizer }, epoch),
  }
  const data = { train: dataOf(22), validation: dataOf(9) }
  const history = await train(model, data as never, options as never)
  return { model, optimizer, history, gradients: values(parameters.map(p => p.grad!)) }
}

async function agrees(given: Case): Promise<string> {
  const eager = await trained(false, given)
  const graphed = await trained(true, given)
  for (const key of ['trainLosses', 'valLosses'] as const) {
    eager.history[key].forEach((loss, i) => {
      near(graphed.history[key][i]!, loss, `${key} ${i}`)
    })
  }
  const all = ({ model }: typeof eager) => values([...model.parameters(), ...model.buffers()])
  for (const [i, value] of all(eager).entries()) near(all(graphed)[i]!, value, `value ${i}`)
  eager.gradients.forEach((value, i) => {
    near(graphed.gradients[i]!, value, `gradient ${i}`)
  })
  return explain(graphed.model)
}

describe('train with { compile: true } on a GPU', () => {
  const optimizers: Record<string, (parameters: Tensor[]) => unknown> = {
    Adam: parameters => new optim.Adam(parameters, { lr: 0.03 }),
    'Adam, AMSGrad, with an L2 penalty': parameters =>
      new optim.Adam(parameters, { lr: 0.03, amsgrad: true, weightDecay: 0.01 }),
    'Adam, fused': parameters => new optim.Adam(parameters, { lr: 0.03, fused: true }),
    AdamW: parameters => new optim.AdamW(parameters, { lr: 0.03 }),
    SGD: parameters => new optim.SGD(parameters, { lr: 0.1 }),
    'SGD, momentum': parameters => new optim.SGD(parameters, { lr: 0.1, momentum: 0.9 }),
    'SGD, Nesterov, fused': parameters =>
      new optim.SGD(parameters, { lr: 0.1, momentum: 0.9, nesterov: true, fused: true }),
    'RMSprop, capturable': parameters => new optim.RMSprop(parameters, { lr: 0.01, capturable: true }),
    'Adam, two groups': parameters =>
      new optim.Adam([{ params: parameters.slice(0, 3) }, { params: parameters.slice(3), lr: 0.01 }], { lr: 0.03 }),
  }
  for (const [name, make] of Object.entries(optimizers)) {
    test(`${name}: full batch, captured once and replayed`, gpu, async () => {
      const told = await agrees({ make })
      assert.match(told, /^Sequential, trained\n\n\[22, 1, 8, 8\] float32 train, a whole step: a CUDA graph\n/)
      assert.match(told, /captured once, replayed 4 times; 3 eager before and besides\n/)
    })

    test(`${name}: batches, the last one smaller`, gpu, async () => {
      const told = await agrees({ make, batchSize: 4, epochs: 3 })
      assert.match(told, /\[4, 1, 8, 8\] float32 train, a whole step: a CUDA graph/)
      assert.match(told, /captured once, replayed 12 times; 6 eager/)
    })
  }

  test('batches without a smaller last one', gpu, async () => {
    assert.match(await agrees({ batchSize: 11, epochs: 4 }), /captured once, replayed 5 times; 3 eager/)
  })

  test('batches larger than the data are eager', gpu, async () => {
    assert.match(await agrees({ batchSize: 50, epochs: 4 }), /captured 0 times, replayed 0 times; 4 eager/)
  })

  test('a scheduler reaches the graph', gpu, async () => {
    for (const batchSize of [undefined, 4]) {
      for (const make of [optimizers.Adam!, optimizers['SGD, momentum']!]) {
        const schedulers = new WeakMap<object, optim.lrScheduler.StepLR>()
        const onEpoch = ({ optimizer }: Made) => {
          const scheduler =
            schedulers.get(optimizer) ?? new optim.lrScheduler.StepLR(optimizer as never, { stepSize: 1, gamma: 0.5 })
          schedulers.set(optimizer, scheduler)
          scheduler.step()
        }
        const told = await agrees({ make, batchSize, onEpoch })
        assert.match(told, /captured once/)
      }
    }
  })

  test('another option is captured anew', gpu, async () => {
    const onEpoch = ({ optimizer }: Made, epoch: number) => {
      if (epoch === 4) (optimizer.paramGroups[0] as { weightDecay: number }).weightDecay = 0.1
    }
    assert.match(await agrees({ onEpoch }), /captured 2 times, replayed 3 times; 4 eager/)
  })

  test("a state that was loaded is the optimizer's from then on", gpu, async () => {
    const saved = new WeakMap<object, ReturnType<optim.Adam['stateDict']>>()
    const onEpoch = ({ optimizer: given }: Made, epoch: number) => {
      const optimizer = given as unknown as optim.Adam
      if (epoch === 0) {
        const { state, param_groups } = optimizer.stateDict()
        const copy = Object.fromEntries(
          Object.entries(state).map(([key, entries]) => [
            key,
            Object.fromEntries(Object.entries(entries).map(([name, tensor]) => [name, tensor.clone()])),
          ]),
        )
        saved.set(optimizer, { state: copy, param_groups })
      }
      if (epoch === 4) optimizer.loadStateDict(saved.get(optimizer)!)
    }
    assert.match(await agrees({ onEpoch, epochs: 8 }), /captured 2 times/)
  })

  test('parameters that lie elsewhere, and modules that were replaced, are noticed', gpu, async () => {
    const moved = ({ model }: Made, epoch: number) => {
      if (epoch !== 4) return
      model.double()
      model.float()
    }
    assert.match(await agrees({ onEpoch: moved, epochs: 9 }), /captured 2 times/)
    const replaced = ({ model }: Made, epoch: number) => {
      if (epoch === 4) (model as unknown as { replaceAt: unknown } & Record<string, unknown>)['2'] = new nn.Tanh()
    }
    assert.match(await agrees({ onEpoch: replaced, epochs: 9 }), /captured 2 times/)
  })

  test("what the model's fields hold is the last step's, and its gradients can be cleared between", gpu, async () => {
    class Keeping extends nn.Module {
      inner = convolutional()
      last: Tensor | undefined
      forward(x: Tensor): Tensor {
        this.last = this.inner.forward(x)
        return this.last
      }
    }
    const network = () => new Keeping() as unknown as Net
    const [eager, graphed] = [await trained(false, { network }), await trained(true, { network })]
    const last = ({ model }: typeof eager) => values([(model as unknown as Keeping).last!])
    for (const [i, value] of last(eager).entries()) near(last(graphed)[i]!, value, `output ${i}`)
    const onEpoch = ({ model }: Made, epoch: number) => {
      if (epoch < 6) model.zeroGrad()
    }
    assert.match(await agrees({ onEpoch }), /captured once/)
  })

  test('in bfloat16 by autocast', gpu, async () => {
    const amp = { dtype: 'bfloat16' }
    for (const batchSize of [undefined, 4]) {
      const graphed = await trained(true, { amp, batchSize })
      const eager = await trained(false, { amp, batchSize })
      assert.match(explain(graphed.model), /captured once/)
      graphed.history.trainLosses.forEach((loss, i) => {
        assert.ok(
          Math.abs(loss - eager.history.trainLosses[i]!) < 0.05,
          `${loss}, eager ${eager.history.trainLosses[i]}`,
        )
      })
    }
    await assert.rejects(trained(true, { amp: { dtype: 'float16' } }), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /captures no scaling of gradients/,
    })
  })

  test('dropout drops others in each replay', gpu, async () => {
    const network = () =>
      new nn.Sequential(
        new nn.Flatten(),
        new nn.Linear(64, 32),
        new nn.Dropout(0.5),
        new nn.Linear(32, 4),
      ) as unknown as Net
    const make = (parameters: Tensor[]) => new optim.SGD(parameters, { lr: 0 })
    const { history, model } = await trained(true, { network, make, epochs: 8 })
    assert.match(explain(model), /captured once, replayed 5 times/)
    assert.equal(new Set(history.trainLosses).size, 8)
  })

  test("the optimizer is what it was afterwards: Adam's counts are on the CPU", gpu, async () => {
    const { optimizer, model } = await trained(true, {})
    const { state } = (optimizer as unknown as optim.Adam).stateDict()
    for (const { step } of Object.values(state)) assert.deepEqual([step!.device, step!.item()], ['cpu', 7])
    optimizer.zeroGrad()
    model.forward(dataOf(3)[0]).sum().backward()
    optimizer.step()
    for (const { step } of Object.values((optimizer as unknown as optim.Adam).stateDict().state)) {
      assert.equal(step!.item(), 8)
    }
  })

  describe('goes on eagerly, and says why', () => {
    class Odd extends nn.Module {
      inner = convolutional()
      constructor(readonly odd: (x: Tensor, out: Tensor) => Tensor) {
        super()
      }
      forward(x: Tensor): Tensor {
        return this.odd(x, this.inner.forward(x))
      }
    }
    const odd = (body: (x: Tensor, out: Tensor) => Tensor) => () => new Odd(body) as unknown as Net
    const onCpu = torch.full([], 0.5)
    const cases: [string, Case, RegExp][] = [
      [
        'a value that is read',
        { network: odd((_, out) => ((out.sum().item() as number) > 0 ? out : out.mul(2))) },
        /why: (aten::_local_scalar_dense: )?reading a value of a tensor waits for the GPU/,
      ],
      [
        'an operator on the CPU',
        { network: odd((x, out) => out.mul(x.cpu().mean().cuda())) },
        /why: .*works on the CPU/,
      ],
      ['a number on the CPU', { network: odd((_, out) => out.mul(onCpu)) }, /why: .*mul works on the CPU/],
      [
        'an operator on the CPU whose result is unused',
        {
          network: odd((_, out) => {
            torch.ones([2]).add(1)
            return out
          }),
        },
        /works on the CPU/,
      ],
      ['Adagrad', { make: p => new optim.Adagrad(p) }, /why: the steps of Adagrad cannot be captured/],
      [
        'RMSprop',
        { make: p => new optim.RMSprop(p) },
        /why: the steps of RMSprop are captured with \{ capturable: true/,
      ],
      [
        'an optimizer of ones own',
        { make: () => ({ zeroGrad: () => undefined, step: () => undefined }) },
        /why: the optimizer is none of optim/,
      ],
    ]
    for (const [name, given, why] of cases) {
      test(name, gpu, async () => {
        const told = await agrees({ epochs: 5, ...given })
        assert.match(told, /train, a whole step: eager\n/)
        assert.match(told, why)
        assert.match(await agrees({ epochs: 2, batchSize: 4, ...given }), why)
      })
    }

    test('hooks', gpu, async () => {
      let called = 0
      const network = () => {
        const model = convolutional()
        model.modules()[1]!.registerForwardHook(() => void called++)
        return model
      }
      assert.match(await agrees({ network, epochs: 4 }), /why: .* has hooks or a forward of its own/)
      assert.equal(called, 16)
    })
  })

  test('an error of the forward ends the training, whenever it comes', gpu, async () => {
    for (const bad of [1, 3, 7]) {
      let calls = 0
      class Failing extends nn.Module {
        inner = convolutional()
        forward(x: Tensor): Tensor {
          if (++calls >= bad) throw new Error('mine')
          return this.inner.forward(x)
        }
      }
      await assert.rejects(trained(true, { network: () => new Failing() as unknown as Net }), /mine/)
      assert.equal(cuda.isCurrentStreamCapturing(), false)
    }
  })
})

describe('compile on a GPU', () => {
  const forward = (model: Net, x: Tensor) => torch.noGrad(() => model.forward(x))
  const same = (got: Tensor, expected: Tensor) =>
    values([expected]).forEach((value, i) => {
      near(values([got])[i]!, value, `output ${i}`)
    })

  test('predicts by a graph after three calls, each output a tensor of its own', gpu, () => {
    const model = convolutional()
    model.cuda()
    model.eval()
    const fast = compile(model) as unknown as Net
    const inputs = Array.from({ length: 7 }, (_, i) => dataOf(5 + 0 * i)[0].mul(i + 1))
    const outputs = inputs.map(x => forward(fast, x))
    outputs.forEach((out, i) => {
      same(out, forward(model, inputs[i]!))
    })
    assert.match(
      explain(fast),
      /\[5, 1, 8, 8\] float32 eval on cuda:0: a CUDA graph\n {2}captured once, replayed 4 times; 3 eager/,
    )
    // another signature has a graph of its own
    const few = dataOf(2)[0]
    for (let i = 0; i < 5; i++) same(forward(fast, few), forward(model, few))
    assert.match(explain(fast), /2 of at most 16 signatures/)
    for (let count = 6; count < 26; count++) {
      const more = dataOf(count)[0]
      for (let i = 0; i < 5; i++) forward(fast, more)
    }
    assert.match(explain(fast), /16 of at most 16 signatures/)
    same(forward(fast, few), forward(model, few)) // whose graph has gone
  })

  test('sees new values, tensors that lie elsewhere, other modes and hooks', gpu, () => {
    const model = convolutional()
    model.cuda()
    const fast = compile(model) as unknown as Net
    const x = dataOf(5)[0]
    fast.eval()
    for (let i = 0; i < 5; i++) forward(fast, x)
    const [weight] = model.parameters()
    torch.noGrad(() => weight!.mul_(2))
    same(forward(fast, x), forward(model, x))
    fast.double()
    fast.float()
    torch.noGrad(() => weight!.add_(1))
    same(forward(fast, x), forward(model, x))
    for (let i = 0; i < 5; i++) same(forward(fast, x), forward(model, x))
    const expected = forward(model, x)
    model.train()
    const statistics = () => values(model.buffers())
    const before = statistics()
    for (let i = 0; i < 5; i++) assert.notDeepEqual(forward(fast, x).tolist(), expected.tolist())
    assert.notDeepEqual(statistics(), before)
    model.eval()
    let called = 0
    const handle = model.modules()[1]!.registerForwardHook(() => void called++)
    for (let i = 0; i < 5; i++) forward(fast, x)
    assert.equal(called, 5)
    handle.remove()
  })

  test('in inference mode, and inside of a capture of ones own', gpu, () => {
    const model = convolutional()
    model.cuda()
    model.eval()
    const fast = compile(model) as unknown as Net
    const x = dataOf(5)[0]
    for (let i = 0; i < 5; i++) torch.inferenceMode(() => same(fast.forward(x), model.forward(x)))
    for (let i = 0; i < 5; i++) same(forward(fast, x), forward(model, x))
    assert.match(explain(fast), /2 of at most 16 signatures/)
    const own = new cuda.CUDAGraph()
    const y = cuda.graph(own, () => torch.noGrad(() => torch.tidy(() => fast.forward(x).add(1))))
    own.replay()
    same(y, forward(model, x).add(1))
  })

  test('run gives predictions, too, and captures', gpu, async () => {
    const model = convolutional()
    model.cuda()
    model.eval()
    const fast = compile(model)
    const x = dataOf(5)[0]
    for (let i = 0; i < 6; i++) same((await fast.run(x)) as Tensor, forward(model, x))
    assert.match(explain(fast), /captured once, replayed 3 times; 3 eager/)
  })

  test('is eager, and says why', gpu, () => {
    const told = (model: Net, x: Tensor, grad = false) => {
      model.cuda()
      const fast = compile(model) as unknown as Net
      for (let i = 0; i < 5; i++) grad ? fast.forward(x) : forward(fast, x)
      return explain(fast)
    }
    const [x] = dataOf(4)
    assert.match(told(convolutional(), x, true), /why: gradients are recorded/)
    class Pairs extends nn.Module {
      forward(x: Tensor) {
        return [x, x]
      }
    }
    assert.match(told(new Pairs() as unknown as Net, x), /why: forward gives something else than one tensor/)
    class Reading extends nn.Module {
      forward(x: Tensor) {
        return x.mul(x.max().item() as number)
      }
    }
    assert.match(told(new Reading() as unknown as Net, x), /why: .*reading a value of a tensor waits for the GPU/)
  })
})

test('on the second of two GPUs, while the first is current', gpu, async t => {
  if (cuda.deviceCount() < 2) return t.skip('needs two GPUs')
  torch.manualSeed(5)
  const model = convolutional()
  model.to('cuda:1')
  const there = (pair: Pair) => pair.map(tensor => tensor.to('cuda:1')) as Pair
  const optimizer = new optim.Adam(model.parameters())
  const data = { train: there(dataOf(12)), validation: there(dataOf(5)) }
  await train(model as never, data as never, { epochs: 6, optimizer, compile: true } as never)
  assert.match(explain(model), /captured once, replayed 3 times/)
  const fast = compile(model.eval()) as unknown as Net
  for (let i = 0; i < 5; i++) torch.noGrad(() => fast.forward(data.train[0]))
  assert.match(explain(fast), /eval on cuda:1: a CUDA graph/)
  assert.equal(cuda.currentDevice(), 0)
})
