/*
 * `train` moves the work to another thread and leaves the meaning of a model's `forward`: whatever it does, the numbers are
 * those of the article's loop, written out and run at once.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import * as torch from '../src'
import { data, evaluate, Net, nn, optim, type Tensor, train } from '../src'

type Batch = [Tensor<[number, 1, 28, 28]>, Tensor<[number], 'int64'>]
type Data = { train: Batch; validation: Batch }
type Made = { model: nn.Module & { forward(x: Tensor): Tensor }; read?: () => unknown }

function images(): Data {
  const batch = (n: number): Batch => [torch.rand([n, 1, 28, 28]), torch.arange(n).remainder(10) as Batch[1]]
  return { train: batch(48), validation: batch(12) }
}

/** The article's loop at once, on the JavaScript thread. */
function atOnce({ model }: Made, { train: [x, y], validation: [valX, valY] }: Data, epochs: number, batchSize: number) {
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 })
  const criterion = new nn.CrossEntropyLoss()
  const history = { trainLosses: [] as number[], valLosses: [] as number[] }
  for (let epoch = 0; epoch < epochs; epoch++) {
    model.train()
    if (batchSize === 0) {
      optimizer.zeroGrad()
      const output = model.forward(x)
      const valOutput = torch.noGrad(() => model.forward(valX))
      const loss = criterion.forward(output, y) as Tensor
      history.valLosses.push((criterion.forward(valOutput, valY) as Tensor).item())
      history.trainLosses.push(loss.item())
      loss.backward()
      optimizer.step()
      continue
    }
    let sum = 0
    for (const [batchX, batchY] of new data.DataLoader([x, y], { batchSize, shuffle: true })) {
      optimizer.zeroGrad()
      const loss = criterion.forward(model.forward(batchX), batchY) as Tensor
      loss.backward()
      sum += (loss.item() as number) * batchX.size(0)
      optimizer.step()
    }
    history.trainLosses.push(sum / x.size(0))
    model.eval()
    history.valLosses.push(torch.noGrad(() => criterion.forward(model.forward(valX), valY) as Tensor).item())
    model.train()
  }
  return history
}

const bits = (model: nn.Module) =>
  Object.fromEntries(Object.entries(model.stateDict()).map(([name, tensor]) => [name, tensor.tolist()]))

/** Numbers that JavaScript draws, the same ones each time. */
function drawer(): () => number {
  let state = 7
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648
    return state / 2147483648
  }
}

class Drawing extends Net {
  draw = drawer()
  override forward(x: Tensor<[number, 1, 28, 28]>) {
    return super.forward(x.mul(0.5 + this.draw()) as typeof x)
  }
}

class Counting extends Net {
  calls = 0
  override forward(x: Tensor<[number, 1, 28, 28]>) {
    this.calls++
    return super.forward(x).mul(this.calls % 3) as Tensor<[number, 10]>
  }
}

class Branching extends Net {
  taken: boolean[] = []
  override forward(x: Tensor<[number, 1, 28, 28]>) {
    const output = super.forward(x)
    const large = output.abs().mean().item() > 0.5
    this.taken.push(large)
    return (large ? output.mul(0.5) : output.add(0.25)) as Tensor<[number, 10]>
  }
}

class Dropping extends Net {
  dropout = new nn.Dropout(0.4)
  override forward(x: Tensor<[number, 1, 28, 28]>) {
    const noise = torch.rand([x.size(0), 1, 28, 28])
    return super.forward(this.dropout.forward(x).add(noise) as typeof x)
  }
}

class Helped extends Net {
  // not a child: another model, which is not trained
  readonly #other = new Net().eval()
  override forward(x: Tensor<[number, 1, 28, 28]>) {
    const help = torch.noGrad(() => this.#other.forward(x))
    return super.forward(x).add(help) as Tensor<[number, 10]>
  }
}

class InPlace extends Net {
  declare seen: Tensor
  constructor() {
    super()
    this.registerBuffer('seen', torch.zeros([1]))
  }
  override forward(x: Tensor<[number, 1, 28, 28]>) {
    this.seen.add_(x.mean().detach())
    const weights = this.linear_layers.parameters()[0]!
    if (torch.isGradEnabled()) torch.noGrad(() => weights.mul_(0.999))
    const output = super.forward(x).clone()
    output.narrow(1, 0, 3).mul_(2)
    return output.add(this.seen) as Tensor<[number, 10]>
  }
}

const MODELS: Record<string, () => Made> = {
  'the article': () => ({ model: new Net() }),
  'a random number of JavaScript': () => ({ model: new Drawing() }),
  'a count of its calls': () => {
    const model = new Counting()
    return { model, read: () => model.calls }
  },
  'a branch on a value that it read': () => {
    const model = new Branching()
    return { model, read: () => model.taken }
  },
  'dropout and random tensors': () => ({ model: new Dropping() }),
  'another model': () => ({ model: new Helped() }),
  'changes in place': () => ({ model: new InPlace() }),
}

for (const [name, make] of Object.entries(MODELS)) {
  test(`a forward with ${name} gives what the loop gives`, async () => {
    for (const batchSize of [0, 16]) {
      torch.manualSeed(3)
      const given = images()
      torch.manualSeed(4)
      const expected = make()
      const losses = atOnce(expected, given, 3, batchSize)
      const state = torch.getRngState().tolist()

      torch.manualSeed(4)
      const { model, read } = make()
      const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 })
      const history = await train(model as Net, given, { epochs: 3, optimizer, batchSize: batchSize || 'full' })
      assert.deepEqual(history, losses)
      assert.deepEqual(bits(model), bits(expected.model))
      assert.deepEqual(torch.getRngState().tolist(), state)
      assert.deepEqual(read?.(), expected.read?.())
    }
  })
}

test('a forward that throws at the third step leaves the model as the loop does', async () => {
  for (const batchSize of [0, 16]) {
    const boom = new Error('the third')
    class Throwing extends Net {
      steps = 0
      override forward(x: Tensor<[number, 1, 28, 28]>) {
        const output = super.forward(x)
        if (this.training && torch.isGradEnabled() && ++this.steps === 3) throw boom
        return output
      }
    }
    torch.manualSeed(5)
    const given = images()
    torch.manualSeed(6)
    const expected = new Throwing()
    assert.throws(() => atOnce({ model: expected as never }, given, 4, batchSize), boom)
    torch.manualSeed(6)
    const model = new Throwing()
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 })
    const running = train(model, given, { epochs: 4, optimizer, batchSize: batchSize || 'full' })
    await assert.rejects(running, error => error === boom)
    assert.deepEqual(bits(model), bits(expected))
    assert.equal(model.steps, 3)
  }
})

test('an error in the data rejects train with the stack of the line that asked for it', async () => {
  const {
    train: [x],
    validation,
  } = images()
  const wrong = torch.full([48], 11, { dtype: 'int64' }) as Batch[1]
  class Indexing extends Net {
    override forward(images: Tensor<[number, 1, 28, 28]>) {
      return this.pick(super.forward(images))
    }
    pick(output: Tensor<[number, 10]>) {
      return output.indexSelect(1, torch.full([10], 10, { dtype: 'int64' })) as Tensor<[number, 10]>
    }
  }
  const fit = (model: Net, y: Batch[1]) =>
    train(
      model,
      { train: [x, y], validation },
      { epochs: 1, optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }) },
    )
  await assert.rejects(fit(new Net(), wrong), {
    code: 'ERR_LIBTORCH',
    message: /^CrossEntropyLoss\(\): Target 11 is out of bounds/,
  })
  await assert.rejects(fit(new Indexing(), images().train[1]), (error: torch.TorchError) => {
    assert.equal(error.code, 'ERR_LIBTORCH')
    assert.match(error.stack!.split('\n')[1]!, /at Indexing\.pick \(.*train-queue\.test\.ts/)
    return true
  })
})

test('two trainings at once, and an evaluation beside them, keep their numbers', async () => {
  const build = (seed: number) => {
    torch.manualSeed(seed)
    return { model: new Net(), given: images() }
  }
  const expected = [1, 2].map(seed => {
    const { model, given } = build(seed)
    return [atOnce({ model: model as never }, given, 4, 0), bits(model)]
  })
  const runs = [1, 2].map(build)
  const other = build(3)
  const alone = await evaluate(other.model, other.given.validation, { mode: 'eval' })
  const [results, beside] = await Promise.all([
    Promise.all(
      runs.map(({ model, given }) =>
        train(model, given, { epochs: 4, optimizer: new optim.Adam(model.parameters(), { lr: 0.01 }) }),
      ),
    ),
    evaluate(other.model, other.given.validation, { mode: 'eval' }),
  ])
  assert.deepEqual(
    results.map((history, i) => [history, bits(runs[i]!.model)]),
    expected,
  )
  assert.deepEqual(beside.probabilities.tolist(), alone.probabilities.tolist())
})

test('whoever looks at a model in training sees a state between two steps', async () => {
  torch.manualSeed(8)
  const given = images()
  torch.manualSeed(9)
  const model = new Net()
  const states = new Set<string>()
  const text = (of: nn.Module) => JSON.stringify(bits(of))
  {
    torch.manualSeed(9)
    const expected = new Net()
    states.add(text(expected))
    const optimizer = new optim.Adam(expected.parameters(), { lr: 0.01 })
    await train(expected, given, { epochs: 30, optimizer, onEpoch: () => void states.add(text(expected)) })
  }
  let seen = 0
  let running = true
  const look = () => {
    assert.ok(states.has(text(model)), 'a state that no whole step left')
    seen++
    if (running) setImmediate(look)
  }
  setImmediate(look)
  await train(model, given, { epochs: 30, optimizer: new optim.Adam(model.parameters(), { lr: 0.01 }) })
  running = false
  assert.ok(seen >= 30, `looked ${seen} times`)
})

test('a server in the same process answers while a full-batch step is at work', async t => {
  const server = createServer((_, response) => response.end('healthy'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const batch = (n: number): Batch => [torch.rand([n, 1, 28, 28]), torch.randint(10, [n]) as Batch[1]]
  const model = new Net()
  let seconds = 0
  let running = true
  const training = train(
    model,
    { train: batch(12_000), validation: batch(100) },
    {
      epochs: 2,
      optimizer: new optim.SGD(model.parameters(), { lr: 0.01 }),
      onEpoch: epoch => {
        seconds = epoch.seconds
      },
    },
  ).finally(() => {
    running = false
  })
  const times: number[] = []
  while (running) {
    const start = performance.now()
    const response = await fetch(`http://127.0.0.1:${port}/health`)
    assert.equal(await response.text(), 'healthy')
    times.push(performance.now() - start)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  await training
  server.close()
  times.sort((a, b) => a - b)
  const middle = times[times.length >> 1]!
  t.diagnostic(
    `${times.length} answers, the middle one in ${middle.toFixed(1)} ms; an epoch takes ${(seconds * 1000).toFixed(0)} ms`,
  )
  assert.ok(times.length >= 10, `${times.length} answers`)
  assert.ok(middle < seconds * 250, `${middle} ms of an epoch of ${seconds} s`)
})

test('a worker that is terminated in the middle of a step ends, and the process goes on', async () => {
  for (const milliseconds of [1, 40]) {
    const worker = new Worker(join(__dirname, 'programs', 'exit-in-step.ts'), { argv: ['never'] })
    await once(worker, 'message')
    await new Promise(resolve => setTimeout(resolve, milliseconds))
    assert.equal(await worker.terminate(), 1)
    assert.equal(torch.ones([3]).sum().item(), 3)
  }
})

test('a process that exits in the middle of a step ends with its own code', async () => {
  const program = join(__dirname, 'programs', 'exit-in-step.ts')
  for (const milliseconds of [1, 60]) {
    const args = ['--require', 'ts-node/register/transpile-only', program, String(milliseconds)]
    const ended = promisify(execFile)(process.execPath, args)
    await assert.rejects(ended, (error: { code: number; signal: string | null; stderr: string }) => {
      assert.deepEqual([error.code, error.signal, error.stderr], [7, null, ''])
      return true
    })
  }
})
