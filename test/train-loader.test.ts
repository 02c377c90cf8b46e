import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import * as torch from '../src'
import { data, evaluate, Net, nn, optim, type Tensor, train } from '../src'

type Batch = [Tensor<[number, 1, 28, 28]>, Tensor<[number], 'int64'>]

function images(n: number): Batch {
  return [torch.rand([n, 1, 28, 28]), torch.arange(n).remainder(10) as Batch[1]]
}

torch.manualSeed(5)
const [X, Y] = images(150)
const [VX, VY] = images(40)

function setup() {
  torch.manualSeed(1)
  const model = new Net()
  return { model, optimizer: new optim.Adam(model.parameters(), { lr: 0.01 }) }
}

const same = (a: Net, b: Net) => a.parameters().every((p: Tensor, i: number) => torch.equal(p, b.parameters()[i]!))

async function inPairs() {
  const { model, optimizer } = setup()
  const history = await train(model, { train: [X, Y], validation: [VX, VY] }, { epochs: 3, optimizer, batchSize: 64 })
  return { model, history, next: torch.rand([1]).item() }
}

test('a DataLoader that shuffles trains to the bits of batchSize, and leaves the same random state', async () => {
  const expected = await inPairs()
  for (const [numWorkers, epochs] of [
    [0, 3],
    [1, 1],
  ] as const) {
    const { model, optimizer } = setup()
    const loader = new data.DataLoader([X, Y], { batchSize: 64, shuffle: true, numWorkers })
    const history = await train(model, { train: loader, validation: [VX, VY] }, { epochs, optimizer })
    const { trainLosses, valLosses } = expected.history
    assert.deepEqual(history, { trainLosses: trainLosses.slice(0, epochs), valLosses: valLosses.slice(0, epochs) })
    if (epochs < 3) continue
    assert.ok(same(model, expected.model))
    assert.equal(torch.rand([1]).item(), expected.next)
  }
})

test('a validation loader of one batch gives the loss of the pair; of several, the mean over the images', async () => {
  const expected = await inPairs()
  const { model, optimizer } = setup()
  const given = { train: [X, Y] as Batch, validation: [[VX, VY]] as Batch[] }
  assert.deepEqual(await train(model, given, { epochs: 3, optimizer, batchSize: 64 }), expected.history)
  assert.ok(same(model, expected.model))

  const modes: string[] = []
  class Watching extends Net {
    override forward(x: Tensor<[number, 1, 28, 28]>) {
      modes.push(`${x.size(0)} ${this.training ? 'train' : 'eval'} ${torch.isGradEnabled()}`)
      return super.forward(x)
    }
  }
  const watching = new Watching()
  const sgd = new optim.SGD(watching.parameters(), { lr: 0.1 })
  const validation = new data.DataLoader([VX, VY], { batchSize: 30 })
  const { trainLosses, valLosses } = await train(watching, { train: [X, Y], validation }, { epochs: 1, optimizer: sgd })
  assert.deepEqual(modes, ['150 train true', '30 eval false', '10 eval false'])
  assert.equal(watching.training, true)
  watching.eval()
  const criterion = new nn.CrossEntropyLoss()
  const lossOf = (from: number, n: number) =>
    torch.noGrad(() =>
      criterion.forward(watching.forward(VX.narrow(0, from, n) as Batch[0]), VY.narrow(0, from, n)).item(),
    )
  assert.equal(valLosses[0], (lossOf(0, 30) * 30 + lossOf(30, 10) * 10) / 40)
  assert.ok(Number.isFinite(trainLosses[0]))
})

test('batches of one array are taken every epoch and stay their owner’s', async () => {
  const batches = [0, 50, 100].map(at => [X.narrow(0, at, 50), Y.narrow(0, at, 50)] as Batch)
  const runs = []
  const async = {
    async *[Symbol.asyncIterator]() {
      for (const batch of batches) yield batch
    },
  }
  for (const source of [batches, async, new data.DataLoader([X, Y], { batchSize: 50 })]) {
    const { model, optimizer } = setup()
    runs.push(await train(model, { train: source, validation: batches }, { epochs: 2, optimizer }))
  }
  assert.deepEqual(runs[1], runs[0])
  assert.deepEqual(runs[2], runs[0])
  assert.deepEqual(batches[2]![0].shape, [50, 1, 28, 28])
})

test('a batch that collate gives twice is not freed', async () => {
  const { model, optimizer } = setup()
  const kept = [X.narrow(0, 0, 20), Y.narrow(0, 0, 20)] as Batch
  const loader = new data.DataLoader([X, Y], { batchSize: 75, collate: () => kept })
  const history = await train(model, { train: loader, validation: loader }, { epochs: 2, optimizer })
  assert.equal(history.trainLosses.length, 2)
  assert.ok(kept[0].isContiguous())
})

test('the batches of a DataLoader are freed after use', async () => {
  const loader = new data.DataLoader([X, Y], { batchSize: 15, shuffle: true })
  const { model, optimizer } = setup()
  const epoch = () => train(model, { train: loader, validation: loader }, { epochs: 1, optimizer })
  await epoch()
  const before = torch.memory.stats().tensors
  await epoch()
  const { predictions, probabilities } = await evaluate(model, loader)
  assert.ok(torch.memory.stats().tensors - before <= 4, `${torch.memory.stats().tensors - before} more tensors`)
  predictions.dispose()
  probabilities.dispose()
})

test('random numbers of the data set and of dropout are drawn in the order of the plain loop', async () => {
  class Noisy extends data.Dataset<[Tensor<[8]>, bigint]> {
    readonly length = 24
    get(index: number): [Tensor<[8]>, bigint] {
      return [torch.rand([8]), BigInt(index % 3)]
    }
  }
  const make = () => {
    torch.manualSeed(2)
    const model = new nn.Sequential(new nn.Linear(8, 64), new nn.Dropout(0.5), new nn.Linear(64, 3))
    return { model, optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }) }
  }
  const loader = () => new data.DataLoader(new Noisy(), { batchSize: 6 })
  const x = torch.zeros([3, 8])
  const y = torch.arange(3)
  const { model, optimizer } = make()
  const history = await train(model, { train: loader(), validation: [x, y] }, { epochs: 2, optimizer })
  const plain = make()
  const criterion = new nn.CrossEntropyLoss()
  const losses: number[] = []
  for (let epoch = 0; epoch < 2; epoch++) {
    let sum = 0
    for await (const [bx, by] of loader()) {
      plain.optimizer.zeroGrad()
      const loss = criterion.forward(plain.model.forward(bx), by)
      loss.backward()
      plain.optimizer.step()
      sum += loss.item() * 6
    }
    losses.push(sum / 24)
  }
  assert.deepEqual(history.trainLosses, losses)
})

test('evaluate over a loader gives what the pair gives, in the order of the batches', async () => {
  const { model } = setup()
  const expected = await evaluate(model, [X, Y], { mode: 'eval', batchSize: 64 })
  const got = await evaluate(model, new data.DataLoader([X, Y], { batchSize: 64 }), { mode: 'eval' })
  assert.equal(got.accuracy, expected.accuracy)
  assert.ok(torch.equal(got.probabilities, expected.probabilities))
  assert.ok(torch.equal(got.predictions, expected.predictions))
  function* once() {
    yield [X, Y] as const
  }
  assert.equal((await evaluate(model, once(), { mode: 'eval' })).predictions.size(0), 150)
})

/** Batches without end, which tells whether they were closed. */
function endless() {
  const state = { closed: 0, begun: 0 }
  return {
    state,
    async *[Symbol.asyncIterator]() {
      state.begun++
      try {
        for (;;) yield [X.narrow(0, 0, 8), Y.narrow(0, 0, 8)] as Batch
      } finally {
        state.closed++
      }
    },
  }
}

test('an abort closes the iterator of a loader, and so does an error', async () => {
  const { model, optimizer } = setup()
  for (const run of ['train', 'validation', 'evaluate'] as const) {
    const source = endless()
    const signal = AbortSignal.timeout(100)
    const given = { train: [X, Y] as Batch, validation: [VX, VY] as Batch, [run]: source }
    const running =
      run === 'evaluate' ? evaluate(model, source, { signal }) : train(model, given, { epochs: 1, optimizer, signal })
    await assert.rejects(running, { name: 'AbortError' })
    assert.deepEqual(source.state, { begun: 1, closed: 1 })
  }
  const source = endless()
  const criterion = {
    forward(): Tensor {
      throw new Error('mine')
    },
  }
  await assert.rejects(train(model, { train: source, validation: [VX, VY] }, { optimizer, criterion }), /mine/)
  assert.deepEqual(source.state, { begun: 1, closed: 1 })
})

test('an abort ends the workers of a loader', async () => {
  let steps = 0
  const controller = new AbortController()
  class Watching extends Net {
    override forward(x: Tensor<[number, 1, 28, 28]>) {
      if (++steps === 3) controller.abort('enough')
      return super.forward(x)
    }
  }
  const begun: Worker[] = []
  const note = (worker: Worker) => begun.push(worker)
  process.on('worker', note)
  try {
    const model = new Watching()
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
    const loader = new data.DataLoader([X, Y], { batchSize: 1, numWorkers: 1 })
    const running = train(model, { train: loader, validation: [VX, VY] }, { optimizer, signal: controller.signal })
    await assert.rejects(running, { name: 'AbortError', cause: 'enough' })
  } finally {
    process.off('worker', note)
  }
  assert.equal(steps, 3)
  assert.deepEqual(
    begun.map(({ threadId }) => threadId),
    [-1], // what a worker has that has ended
  )
})

test('what is no loader of pairs is refused by name', async () => {
  const { model, optimizer } = setup()
  const before = model.parameters()[0]!.clone()
  const pair = [X, Y] as Batch
  const refuse = (given: object, expected: object, options: object = {}) =>
    assert.rejects(
      train(model, { train: pair, validation: pair, ...given } as { train: Batch; validation: Batch }, {
        epochs: 2,
        optimizer,
        ...options,
      }),
      expected,
    )
  const loader = new data.DataLoader([X, Y], { batchSize: 64 })
  const value = 'ERR_INVALID_ARG_VALUE'
  const type = 'ERR_INVALID_ARG_TYPE'
  await refuse({ train: loader }, { code: value, message: /'batchSize' cannot be had with a loader/ }, { batchSize: 8 })
  await refuse({ train: loader }, { code: 'ERR_UNKNOWN_OPTION' }, { amp: { dtyp: 'bfloat16' } })
  function* once() {
    yield pair
  }
  for (const name of ['train', 'validation']) {
    await refuse({ [name]: once() }, { code: value, message: /is an iterator, .* 2 epochs need them 2 times/ })
  }
  await refuse({ train: X }, { code: type, message: /train must be \[inputs, targets\], got an instance of Tensor/ })
  await refuse(
    { train: new data.DataLoader([X], { batchSize: 64 }) },
    { code: type, message: /train: batch 0 of the loader must be \[inputs, targets\], got an array of length 1/ },
  )
  await refuse({ train: new Set([1]) }, { code: type, message: /batch 0 of the loader must be .* got the number 1/ })
  await refuse({ train: new Set() }, { code: value, message: 'train: the loader gave no batch' })
  await refuse(
    { train: [[X, Y.to('uint8')]] },
    { code: type, message: /batch 0 of the loader: expected labels of dtype int64, got uint8/ },
  )
  assert.ok(torch.equal(before, model.parameters()[0]!))
  await refuse(
    { train: [pair, [X, 1]] },
    { code: type, message: /batch 1 of the loader: expected a tensor as targets, got the number 1/ },
  )
  const wrong = evaluate(model, loader, { batchSize: 8 })
  await assert.rejects(wrong, { code: value, message: /'batchSize' cannot be had with a loader/ })
  await assert.rejects(evaluate(model, [] as never), { code: type, message: /must be \[inputs, targets\]/ })
  await assert.rejects(evaluate(model, new Set<Batch>()), {
    code: value,
    message: 'evaluate: the loader gave no batch',
  })
  // What begins anew but has nothing more to give is told apart from what never had.
  let left = 1
  const drained = {
    *[Symbol.iterator]() {
      if (left-- > 0) yield pair
    },
  } // prettier-ignore
  await refuse({ train: drained }, { code: value, message: /gave no batch in another pass/ })
})

test('amp takes its device from the first batch', async () => {
  const { model, optimizer } = setup()
  const loader = new data.DataLoader([X, Y], { batchSize: 64 })
  const options = { epochs: 1, amp: true, optimizer }
  const history = await train(model, { train: loader, validation: loader }, options)
  assert.ok(Number.isFinite(history.trainLosses[0]) && Number.isFinite(history.valLosses[0]))
  const { probabilities } = await evaluate(model, loader, { amp: true })
  assert.equal(probabilities.dtype, 'float32')
})
