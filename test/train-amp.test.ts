/** `train` and `evaluate` in mixed precision: the numbers of the loop written out, bit for bit, and Python's. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { amp, data, evaluate, Net, nn, optim, type Tensor, train } from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

type Batch = [Tensor<[number, 1, 28, 28]>, Tensor<[number], 'int64'>]
type Half = 'bfloat16' | 'float16'

function images(): { train: Batch; validation: Batch } {
  torch.manualSeed(3)
  const batch = (n: number): Batch => [torch.rand([n, 1, 28, 28]), torch.arange(n).remainder(10) as Batch[1]]
  return { train: batch(48), validation: batch(12) }
}

const bits = (model: nn.Module) =>
  Object.fromEntries(Object.entries(model.stateDict()).map(([name, tensor]) => [name, tensor.tolist()]))

/** The loop, written out and run at once. */
function atOnce(model: Net, dtype: Half, epochs: number, batchSize: number) {
  const { train: [x, y], validation: [valX, valY] } = images() // biome-ignore format: one pair a line says nothing more
  torch.manualSeed(5)
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 })
  const criterion = new nn.CrossEntropyLoss()
  const scaler = new amp.GradScaler('cpu', { enabled: dtype === 'float16' })
  const mixed = <R>(fn: () => R) => torch.autocast('cpu', { dtype }, fn)
  const loss = (x: Batch[0], y: Batch[1]) => criterion.forward(model.forward(x), y) as Tensor
  const history = { trainLosses: [] as number[], valLosses: [] as number[] }
  for (let epoch = 0; epoch < epochs; epoch++) {
    model.train()
    if (batchSize === 0) {
      optimizer.zeroGrad()
      const [trainLoss, valLoss] = mixed(() => {
        const output = model.forward(x)
        const valOutput = torch.noGrad(() => model.forward(valX))
        return [criterion.forward(output, y), torch.noGrad(() => criterion.forward(valOutput, valY))] as Tensor[]
      })
      scaler.scale(trainLoss!).backward()
      scaler.step(optimizer)
      scaler.update()
      history.trainLosses.push(trainLoss!.item() as number)
      history.valLosses.push(valLoss!.item() as number)
      continue
    }
    let sum = 0
    for (const [batchX, batchY] of new data.DataLoader([x, y], { batchSize, shuffle: true })) {
      optimizer.zeroGrad()
      const batchLoss = mixed(() => loss(batchX as Batch[0], batchY as Batch[1]))
      scaler.scale(batchLoss).backward()
      scaler.step(optimizer)
      scaler.update()
      sum += (batchLoss.item() as number) * batchX.size(0)
    }
    history.trainLosses.push(sum / x.size(0))
    model.eval()
    history.valLosses.push(torch.noGrad(() => mixed(() => loss(valX, valY))).item() as number)
    model.train()
  }
  return history
}

function made(): Net {
  torch.manualSeed(4)
  return new Net()
}

describe('train', () => {
  for (const dtype of ['bfloat16', 'float16'] as const) {
    for (const batchSize of [0, 16]) {
      test(`in ${dtype}, ${batchSize || 'full'} at a time, gives what the loop gives`, async () => {
        const expected = made()
        const losses = atOnce(expected, dtype, 3, batchSize)
        const model = made()
        const given = images()
        torch.manualSeed(5)
        const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 })
        const options = { epochs: 3, optimizer, batchSize: batchSize || 'full', amp: { dtype } } as const
        assert.deepEqual(await train(model, given, options), losses)
        assert.deepEqual(bits(model), bits(expected))
        assert.equal(torch.isAutocastEnabled('cpu'), false)

        const plain = made()
        torch.manualSeed(5)
        const plainOptimizer = new optim.Adam(plain.parameters(), { lr: 0.01 })
        const exactly = await train(plain, given, {
          epochs: 3,
          optimizer: plainOptimizer,
          batchSize: batchSize || 'full',
        })
        assert.notDeepEqual(exactly, losses, 'float32 gives others')
      })
    }
  }

  test('true is bfloat16 on the CPU; a scaler of one’s own goes on', async () => {
    const [a, b] = [made(), made()]
    const run = (model: Net, amp: NonNullable<Parameters<typeof train>[2]>['amp']) =>
      train(model, images(), { epochs: 2, optimizer: new optim.SGD(model.parameters(), { lr: 0.01 }), amp })
    assert.deepEqual(await run(a, true), await run(b, { dtype: 'bfloat16' }))
    const scaler = new amp.GradScaler('cpu', { initScale: 4, growthInterval: 1 })
    await run(made(), { dtype: 'float16', scaler })
    assert.equal(scaler.getScale(), 16)
  })

  test('leaves steps out where the gradients overflow, and comes to a scale that fits', async () => {
    const model = made()
    const before = bits(model)
    const scaler = new amp.GradScaler('cpu', { initScale: 2 ** 40 })
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 })
    const states: unknown[] = []
    await train(model, images(), {
      epochs: 2,
      optimizer,
      amp: { dtype: 'float16', scaler },
      onEpoch: () => states.push(bits(model)['linear_layers.0.weight']),
    })
    assert.equal(scaler.getScale(), 2 ** 38)
    assert.deepEqual(states, [before['linear_layers.0.weight'], before['linear_layers.0.weight']])
  })

  test('follows Python', async () => {
    interface Training {
      start: Record<string, TensorFixture>
      x: TensorFixture
      y: TensorFixture
      steps: { loss: TensorFixture }[]
      end: Record<string, TensorFixture>
    }
    const fixture = readFixture<{ training: Record<Half, Training> }>('amp')
    const exact = isExact(fixture)
    class Shared extends nn.Module {
      conv = new nn.Conv2d(1, 4, 3, { padding: 1 })
      norm = new nn.BatchNorm2d(4)
      again = new nn.Linear(12, 12)
      out = new nn.Linear(48, 3)
      forward(x: Tensor): Tensor {
        const block = this.norm.forward(this.conv.forward(x as never)).relu() as Tensor // [N, 4, 3, 4]
        const flat = this.again.forward(this.again.forward(block.flatten(2) as never) as never) as Tensor
        return this.out.forward(flat.flatten(1) as never) as Tensor
      }
    }
    for (const dtype of ['bfloat16', 'float16'] as const) {
      const expected = fixture.training[dtype]
      const model = new Shared()
      const state = Object.entries(expected.start).map(([name, tensor]) => [name, tensorOf(tensor)])
      model.loadStateDict(Object.fromEntries(state))
      const pair = [tensorOf(expected.x), tensorOf(expected.y)]
      const { trainLosses } = await train(model, { train: pair, validation: pair } as never, {
        epochs: 4,
        optimizer: new optim.Adam(model.parameters(), { lr: 0.01 }),
        amp: { dtype, scaler: new amp.GradScaler('cpu', { initScale: 2 ** 10, growthInterval: 2 }) },
      })
      trainLosses.forEach((loss, i) => {
        assertTensor(torch.tensor(loss), expected.steps[i]!.loss, `${dtype} loss ${i}`, exact)
      })
      // batch norm's statistics have seen the validation data too
      for (const [name, parameter] of model.namedParameters()) {
        assertTensor(parameter, expected.end[name]!, `${dtype} ${name}`, exact)
      }
    }
  })

  test('refuses what cannot be, before anything is touched', async () => {
    const model = made()
    const run = (options: object) => train(model, images(), options as never)
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 })
    const type = { code: 'ERR_INVALID_ARG_TYPE' }
    for (const wrong of [1, 'bfloat16', { dtype: 'float32' }, { scaler: {} }]) {
      await assert.rejects(run({ optimizer, amp: wrong }), type, String(wrong))
    }
    await assert.rejects(run({ optimizer, amp: { dtyp: 'float16' } }), { code: 'ERR_UNKNOWN_OPTION' })
    const own = { zeroGrad() {}, step() {} }
    await assert.rejects(run({ optimizer: own, amp: { dtype: 'float16' } }), type)
    await run({ optimizer: own, epochs: 1, amp: true })
  })
})

test('evaluate in mixed precision gives what the loop gives', async () => {
  const model = made()
  const {
    train: [x, y],
  } = images()
  const scores = torch.noGrad(() => torch.autocast('cpu', () => model.eval().forward(x)))
  assert.equal(scores.dtype, 'bfloat16')
  const { probabilities, predictions } = await evaluate(model, [x, y], { amp: true, mode: 'eval' })
  assert.equal(probabilities.dtype, 'float32')
  assert.deepEqual(probabilities.tolist(), scores.float().softmax(1).tolist())
  assert.deepEqual(predictions.tolist(), scores.argmax(1).tolist())
  const plain = await evaluate(model, [x, y], { mode: 'eval' })
  assert.notDeepEqual(plain.probabilities.tolist(), probabilities.tolist())
  const half = await evaluate(model, [x, y], { amp: { dtype: 'float16' }, mode: 'eval', batchSize: 16 })
  assert.equal(half.probabilities.dtype, 'float32')
  await assert.rejects(evaluate(model, [x, y], { amp: 'x' as never }), { code: 'ERR_INVALID_ARG_TYPE' })
})
