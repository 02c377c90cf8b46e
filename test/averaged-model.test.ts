/** Averaged models with Python's numbers. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, optim, type Tensor } from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

const {
  swaUtils: { AveragedModel, getEmaAvgFn, getEmaMultiAvgFn, getSwaAvgFn, getSwaMultiAvgFn, updateBn },
} = optim

type State = Record<string, TensorFixture>
interface Case {
  states: State[]
  afterBn: State
  momentum: number
  text: string
}

const fixture = readFixture<{ start: State; batches: TensorFixture[]; cases: Record<string, Case> }>('averaged')
const exact = isExact(fixture)
const batches = fixture.batches.map(tensorOf)

const CASES: Record<string, optim.swaUtils.AveragedModelOptions> = {
  'the mean': {},
  'the mean at once': { multiAvgFn: getSwaMultiAvgFn() },
  'a moving average': { avgFn: getEmaAvgFn(0.7) },
  'a moving average at once': { multiAvgFn: getEmaMultiAvgFn(0.7) },
  'with buffers': { multiAvgFn: getEmaMultiAvgFn(0.7), useBuffers: true },
  'the mean with buffers': { useBuffers: true },
}

function made() {
  const model = new nn.Sequential(
    new nn.Conv2d(1, 2, 3),
    new nn.BatchNorm2d(2, { momentum: 0.3 }),
    new nn.ReLU(),
    new nn.Flatten(),
    new nn.Linear(18, 3),
  )
  model.loadStateDict(Object.fromEntries(Object.entries(fixture.start).map(([name, t]) => [name, tensorOf(t)])))
  return model
}

function assertState(model: nn.Module, expected: State, what: string): void {
  const state = model.stateDict()
  assert.deepEqual(Object.keys(state), Object.keys(expected), what)
  for (const [name, tensor] of Object.entries(state)) assertTensor(tensor, expected[name]!, `${what}: ${name}`, exact)
}

describe('an averaged model', () => {
  for (const [name, options] of Object.entries(CASES)) {
    test(`keeps Python's numbers: ${name}`, async () => {
      const expected = fixture.cases[name]!
      const model = made()
      const averaged = new AveragedModel(model, options)
      assert.equal(String(averaged), expected.text)
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
      for (const [i, state] of expected.states.entries()) {
        optimizer.zeroGrad()
        model
          .forward(batches[i % 3] as Tensor<[4, 1, 5, 5]>)
          .pow(2)
          .mean()
          .backward()
        optimizer.step()
        averaged.updateParameters(model)
        assertState(averaged, state, `step ${i}`)
        assert.equal(averaged.nAveraged.item(), i + 1)
      }
      const again = averaged.clone()
      updateBn(
        batches.map(batch => [batch, null] as const),
        averaged,
      )
      assertState(averaged, expected.afterBn, 'after updateBn')
      const norm = averaged.module.at(1) as nn.BatchNorm2d<2>
      assert.equal(norm.momentum, expected.momentum)
      assert.equal(averaged.training, true)
      await updateBn(
        (async function* () {
          yield* batches
        })(),
        again,
      )
      assertState(again, expected.afterBn, 'after updateBn of an async loader')
    })
  }

  test('answers as its module, and draws nothing', () => {
    const model = made()
    torch.manualSeed(1)
    const averaged = new AveragedModel(model)
    const drawn = torch.rand([1]).tolist()
    torch.manualSeed(1)
    assert.deepEqual(torch.rand([1]).tolist(), drawn)
    const x = batches[0] as Tensor<[4, 1, 5, 5]>
    model.eval()
    averaged.eval()
    const answer: Tensor<[4, 3]> = averaged.forward(x) as Tensor<[4, 3]>
    assert.deepEqual(answer.tolist(), model.forward(x).tolist())
    const [parameter] = averaged.parameters()
    assert.notEqual(parameter, model.parameters()[0])
    assert.equal(parameter!.requiresGrad, true)
  })

  test('takes functions of one’s own', () => {
    const model = made()
    const counts: unknown[] = []
    const averaged = new AveragedModel(model, {
      avgFn: (_, current, count) => {
        counts.push(count.item())
        return current.mul(2) as Tensor
      },
    })
    averaged.updateParameters(model)
    averaged.updateParameters(model)
    assert.deepEqual(new Set(counts), new Set([1]))
    const [first] = averaged.parameters()
    assert.deepEqual(first!.tolist(), model.parameters()[0]!.mul(2).tolist())
  })

  test('refuses what is wrong', () => {
    const model = made()
    const value = { code: 'ERR_INVALID_ARG_VALUE' }
    const type = { code: 'ERR_INVALID_ARG_TYPE' }
    const both = { avgFn: getSwaAvgFn(), multiAvgFn: getSwaMultiAvgFn() }
    assert.throws(() => new AveragedModel(model, both), { ...value, message: /Only one of avg_fn and multi_avg_fn/ })
    assert.throws(() => new AveragedModel({} as never), type)
    assert.throws(() => new AveragedModel(model, { avgFn: 1 as never }), type)
    assert.throws(() => new AveragedModel(model, { useBuffer: true } as never), { code: 'ERR_UNKNOWN_OPTION' })
    for (const get of [getEmaAvgFn, getEmaMultiAvgFn]) {
      for (const decay of [-0.1, 2, Number.NaN]) assert.throws(() => get(decay), { ...value, message: /Invalid decay/ })
      assert.throws(() => get('1' as never), type)
    }
    const averaged = new AveragedModel(model)
    assert.throws(() => averaged.updateParameters(5 as never), type)
    assert.throws(() => averaged.updateParameters(new nn.Linear(2, 2)), { code: 'ERR_LIBTORCH' })
    assert.throws(() => averaged.updateParameters(new nn.Conv2d(1, 2, 3)), value, 'without buffers')
    assert.throws(() => updateBn(5 as never, model), type)
    assert.throws(() => updateBn([5] as never, model), type)
    assert.throws(() => updateBn([], {} as never), type)
    assert.equal((model.at(1) as nn.BatchNorm2d<2>).momentum, 0.3, 'given back')
  })

  test('updateBn takes batch norms of other dimensions, and leaves instance norms', () => {
    const model = new nn.Sequential(new nn.BatchNorm1d(2), new nn.InstanceNorm1d(2, { trackRunningStats: true }))
    const ones = torch.ones([3, 2, 4]) as Tensor<[3, 2, 4]>
    updateBn([ones, ones.mul(3) as Tensor<[3, 2, 4]>], model)
    const [batch, instance] = [model.at(0), model.at(1)]
    assert.deepEqual(batch.running_mean!.tolist(), [2, 2], 'the mean over the batches')
    assert.deepEqual([batch.momentum, instance.momentum], [0.1, 0.1])
    assert.equal(batch.num_batches_tracked!.item(), 2)
  })

  test('updateBn gives the mode back, and does nothing without batch norms', () => {
    const model = made().eval()
    updateBn([batches[0]!], model)
    assert.equal(model.training, false)
    const plain = new nn.Linear(2, 2)
    const nobodys = { [Symbol.iterator]: () => assert.fail('nobody looks at the data') }
    updateBn(nobodys, plain)
  })
})
