import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import * as torch from '../src'
import { data, evaluate, Net, nn, optim, type Tensor, train } from '../src'
import type { History } from '../src/training'
import { type Arrays, type PythonRun, type Reference, RUNS, referenceFor, wholeSet } from './reference/training'

type Batch = [Tensor<[number, 1, 28, 28]>, Tensor<[number], 'int64'>]

/** The article's data: the first images of the training set, split, as float32 and int64. */
function prepare([[images, labels]]: Arrays, limit: number, splitSeed: number): { train: Batch; validation: Batch } {
  const chosen = [images.narrow(0, 0, limit), labels.narrow(0, 0, limit)] as const
  const [x, valX, y, valY] = data.trainTestSplit(...chosen, { testSize: 0.1, randomState: splitSeed })
  const batch = (a: Tensor, b: Tensor): Batch => [a.reshape([-1, 1, 28, 28]).float() as Batch[0], b.long()]
  return { train: batch(x, y), validation: batch(valX, valY) }
}

const threads = torch.getNumThreads()

async function trainAs(
  run: PythonRun,
  arrays: Arrays,
): Promise<{ model: Net; history: History; split: ReturnType<typeof prepare> }> {
  torch.setNumThreads(run.threads)
  try {
    const split = prepare(arrays, run.images, run.splitSeed)
    torch.manualSeed(run.seed)
    const model = new Net()
    const optimizer = new optim.Adam(model.parameters(), { lr: run.lr })
    const history = await train(model, split, {
      epochs: run.epochs,
      optimizer,
      criterion: new nn.CrossEntropyLoss(),
      batchSize: run.batchSize,
    })
    return { model, history, split }
  } finally {
    torch.setNumThreads(threads)
  }
}

function compare(t: TestContext, { run, exact, told }: Reference, history: History): void {
  t.diagnostic(`compared ${told}`)
  assert.equal(history.trainLosses.length, run.epochs)
  if (exact) {
    assert.deepEqual(history, { trainLosses: run.trainLosses, valLosses: run.valLosses })
    return
  }
  // Last digits that differ grow with every step: a full batch makes three steps in three epochs, batches of 64 hundreds.
  const [epochs, tolerance] = run.batchSize === 'full' ? [3, 1e-5] : [1, 1e-2]
  for (const key of ['trainLosses', 'valLosses'] as const) {
    history[key].slice(0, epochs).forEach((loss, epoch) => {
      const expected = run[key][epoch]!
      assert.ok(Math.abs(loss / expected - 1) <= tolerance, `${key}[${epoch}]: ${loss}, Python ${expected}`)
    })
  }
}

for (const source of ['whole', 'sample'] as const) {
  const told = source === 'whole' ? 'the first 6,000 images' : 'the sample'
  test(`training on ${told} gives the losses of Python`, async t => {
    const arrays = source === 'whole' ? await wholeSet() : await data.fashionMnist.loadData({ sample: true })
    if (typeof arrays === 'string') return t.skip(arrays)
    // Small steps on two threads are the slow ones where the cores are busy; the sample has them.
    for (const name of source === 'whole' ? RUNS.filter(name => name !== 'batches of 64, 2 threads') : RUNS) {
      await t.test(name, async t => {
        const reference = referenceFor(source, name, () => arrays)
        const { model, history, split } = await trainAs(reference.run, arrays)
        compare(t, reference, history)
        if (!reference.exact) return
        torch.setNumThreads(reference.run.threads)
        const [, [testX, testY]] = arrays
        const testSet: Batch = [
          (testX as Tensor).reshape([-1, 1, 28, 28]).float() as Batch[0],
          testY.long() as Batch[1],
        ]
        // In the order of the script: eval mode first, as train mode moves the running statistics.
        const inEval = await evaluate(model, testSet, { mode: 'eval' })
        assert.equal(inEval.accuracy, reference.run.evalTestAccuracy)
        assert.equal((await evaluate(model, split.train)).accuracy, reference.run.trainAccuracy)
        assert.equal((await evaluate(model, split.validation)).accuracy, reference.run.valAccuracy)
        assert.equal((await evaluate(model, testSet)).accuracy, reference.run.testAccuracy)
        torch.setNumThreads(threads)
      })
    }
  })
}

/** 40 images that need no files, and 10 for validation. */
function small(): { train: Batch; validation: Batch } {
  const batch = (n: number): Batch => [torch.rand([n, 1, 28, 28]), torch.arange(n).remainder(10) as Batch[1]]
  return { train: batch(40), validation: batch(10) }
}

function setup() {
  torch.manualSeed(1)
  const model = new Net()
  return { model, optimizer: new optim.Adam(model.parameters(), { lr: 0.01 }), data: small() }
}

test('onEpoch is told each epoch in order, waited for, and may use and save the model', async () => {
  const { model, optimizer, data } = setup()
  const seen: number[] = []
  let inside = false
  const history = await train(model, data, {
    epochs: 3,
    optimizer,
    batchSize: 16,
    onEpoch: async ({ epoch, trainLoss, valLoss, seconds }) => {
      assert.equal(inside, false)
      inside = true
      assert.ok(seconds >= 0 && Number.isFinite(trainLoss) && Number.isFinite(valLoss))
      const { accuracy } = await evaluate(model, data.validation, { mode: 'eval' })
      assert.ok(accuracy >= 0 && accuracy <= 1)
      assert.ok(Object.keys(model.stateDict()).length > 0)
      await new Promise(resolve => setTimeout(resolve, 5))
      inside = false
      seen.push(epoch)
    },
  })
  assert.deepEqual(seen, [0, 1, 2])
  assert.equal(history.trainLosses.length, 3)
  assert.equal(history.valLosses.length, 3)
  assert.equal(model.training, true)
})

test('what onEpoch throws rejects train, and the model can be trained again', async () => {
  const { model, optimizer, data } = setup()
  const wrong = new Error('mine')
  const onEpoch = async () => {
    throw wrong
  }
  await assert.rejects(train(model, data, { epochs: 2, optimizer, onEpoch }), error => error === wrong)
  const { trainLosses } = await train(model, data, { epochs: 1, optimizer })
  assert.equal(trainLosses.length, 1)
})

test('an abort rejects with an AbortError whose cause is the reason, between two steps', async () => {
  for (const batchSize of ['full', 8] as const) {
    const { model, optimizer, data } = setup()
    const controller = new AbortController()
    const reason = { why: 'enough' }
    let epochs = 0
    const running = train(model, data, {
      epochs: 100,
      optimizer,
      batchSize,
      signal: controller.signal,
      onEpoch: () => {
        if (++epochs === 2) setTimeout(() => controller.abort(reason), 0)
      },
    })
    await assert.rejects(running, (error: Error & { code: string }) => {
      assert.deepEqual([error.name, error.code, error.cause], ['AbortError', 'ABORT_ERR', reason])
      return true
    })
    assert.ok(epochs >= 2 && epochs < 100)
  }
})

test('a signal that is aborted before leaves the model untouched', async () => {
  const { model, optimizer, data } = setup()
  const before = model.linear_layers.parameters()[0].clone()
  const signal = AbortSignal.abort()
  await assert.rejects(train(model, data, { epochs: 1, optimizer, signal }), { name: 'AbortError' })
  await assert.rejects(evaluate(model, data.train, { signal }), { name: 'AbortError' })
  assert.ok(torch.equal(before, model.linear_layers.parameters()[0]))
})

test('the event loop turns between the steps', async () => {
  const { model, optimizer, data } = setup()
  let turns = 0
  let running = true
  const count = () => {
    turns++
    if (running) setImmediate(count)
  }
  setImmediate(count)
  await train(model, data, { epochs: 2, optimizer, batchSize: 4 })
  running = false
  assert.ok(turns >= 20, `${turns} turns in 20 steps`)
})

test('a step leaves no tensors behind but those that the model keeps in its fields', async () => {
  class Remembering extends Net {
    last: Tensor | null = null
    all: Tensor[] = []
    override forward(x: Tensor<[number, 1, 28, 28]>) {
      const output = super.forward(x)
      this.last = output.detach()
      this.all.push(output.mean().detach())
      return output
    }
  }
  const { optimizer, data, model } = setup()
  await train(model, data, { epochs: 2, optimizer, batchSize: 8 })
  const before = torch.memory.stats().tensors
  await train(model, data, { epochs: 5, optimizer, batchSize: 8 })
  assert.ok(torch.memory.stats().tensors - before < 10, `${torch.memory.stats().tensors - before} more tensors`)

  const remembering = new Remembering()
  await train(remembering, data, { epochs: 2, optimizer: new optim.SGD(remembering.parameters(), { lr: 0.1 }) })
  assert.deepEqual(remembering.last?.shape, [10, 10])
  assert.equal(remembering.all.filter(value => Number.isFinite(value.item())).length, 4)
})

test('train puts the model into train mode, and validates batches in eval mode', async () => {
  const modes: string[] = []
  class Watching extends Net {
    override forward(x: Tensor<[number, 1, 28, 28]>) {
      modes.push(`${x.size(0)} ${this.training ? 'train' : 'eval'} ${torch.isGradEnabled()}`)
      return super.forward(x)
    }
  }
  const model = new Watching()
  model.eval()
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
  await train(model, small(), { epochs: 1, optimizer })
  assert.deepEqual(modes, ['40 train true', '10 train false'])
  modes.length = 0
  await train(model, small(), { epochs: 1, optimizer, batchSize: 32 })
  assert.deepEqual(modes, ['32 train true', '8 train true', '10 eval false'])
  assert.equal(model.training, true)
})

test('one model is trained once at a time', async () => {
  const { model, optimizer, data } = setup()
  const first = train(model, data, { epochs: 2, optimizer })
  await assert.rejects(train(model, data, { epochs: 1, optimizer }), { code: 'ERR_MODULE_BUSY' })
  assert.equal((await first).trainLosses.length, 2)
})

test('wrong arguments are refused by name, before anything is touched', async () => {
  const { model, optimizer, data } = setup()
  const before = model.linear_layers.parameters()[0].clone()
  const refuse = (options: object, expected: object, given: object = data, net: unknown = model) =>
    assert.rejects(
      train(net as Net, given as typeof data, { optimizer, ...options } as { optimizer: typeof optimizer }),
      expected,
    )

  await refuse(
    { epoch: 3 },
    { code: 'ERR_UNKNOWN_OPTION', message: "train has no option 'epoch'; did you mean 'epochs'?" },
  )
  await refuse(
    { epochs: 0 },
    { code: 'ERR_INVALID_ARG_TYPE', message: /'epochs' must be an integer of at least 1, got the number 0/ },
  )
  await refuse(
    { batchSize: 'all' },
    { code: 'ERR_INVALID_ARG_TYPE', message: /'batchSize' must be 'full' or an integer of at least 1/ },
  )
  await refuse({ optimizer: {} }, { code: 'ERR_INVALID_ARG_TYPE', message: /'optimizer' must be an optimizer/ })
  await refuse({ criterion: 'mse' }, { code: 'ERR_INVALID_ARG_TYPE', message: /'criterion' must be a loss/ })
  await refuse({ signal: {} }, { code: 'ERR_INVALID_ARG_TYPE', message: /'signal' must be an AbortSignal/ })
  await refuse({ onEpoch: 1 }, { code: 'ERR_INVALID_ARG_TYPE', message: /'onEpoch' must be a function/ })
  await refuse({}, { code: 'ERR_INVALID_ARG_TYPE', message: /expected a Module/ }, data, {})
  await refuse(
    {},
    { code: 'ERR_UNKNOWN_OPTION', message: /'validate'; did you mean 'validation'/ },
    { train: data.train, validate: data.train },
  )
  await refuse(
    {},
    { code: 'ERR_INVALID_ARG_TYPE', message: /'validation' must be \[inputs, targets\], got undefined/ },
    { train: data.train },
  )
  const [x, y] = data.train
  await refuse(
    {},
    { code: 'ERR_INVALID_ARG_VALUE', message: /as many targets as inputs, got \[40, 1, 28, 28\] and \[39\]/ },
    { ...data, train: [x, y.narrow(0, 0, 39)] },
  )
  await refuse(
    {},
    { code: 'ERR_INVALID_ARG_TYPE', message: /labels of dtype int64, got uint8; labels.long\(\)/ },
    { ...data, train: [x, y.to('uint8')] },
  )
  await refuse(
    {},
    { code: 'ERR_INVALID_ARG_VALUE', message: /at least one input, got \[0, 1, 28, 28\]/ },
    { ...data, train: [x.narrow(0, 0, 0), y.narrow(0, 0, 0)] },
  )
  await refuse(
    {},
    { code: 'ERR_INVALID_ARG_TYPE', message: /expected a tensor as inputs, got an array/ },
    { ...data, train: [[1], y] },
  )
  assert.ok(torch.equal(before, model.linear_layers.parameters()[0]))
  await refuse({}, { code: 'ERR_LIBTORCH' }, { ...data, train: [x.reshape([40, 28, 28]), y] })
  await refuse(
    { criterion: new nn.CrossEntropyLoss({ reduction: 'none' }) },
    { code: 'ERR_INVALID_ARG_VALUE', message: /one number as a tensor, got a tensor of shape \[40\]/ },
  )
})
