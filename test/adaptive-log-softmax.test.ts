import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, type Tensor } from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture } from './reference/tensors'

interface Case {
  args: [number, number, number[]]
  options: { divValue: number; headBias: boolean }
  text: string
  output: TensorFixture
  loss: TensorFixture
  alone: [TensorFixture, TensorFixture]
  gradients: Record<string, TensorFixture>
  logProb: TensorFixture
  predict: TensorFixture
}

const fixture = readFixture<{ cases: Case[] }>('adaptive-log-softmax')

describe('AdaptiveLogSoftmaxWithLoss', () => {
  for (const { args, options, text, gradients, ...expected } of fixture.cases) {
    test(`with cutoffs [${args[2]}] is Python's`, () => {
      torch.setNumThreads(1)
      torch.manualSeed(0)
      const model = new nn.AdaptiveLogSoftmaxWithLoss(...args, options)
      const x = torch.randn([7, 16], { requiresGrad: true })
      const y = torch.randint(0, args[1], [7])
      const [output, loss] = model.forward(x, y)
      loss.backward()
      const exact = isExact(fixture)
      assert.equal(String(model), text)
      assertTensor(output, expected.output, 'output', exact)
      assertTensor(loss, expected.loss, 'loss', exact)
      const alone = model.forward(x.at(0) as Tensor, y.at(0) as Tensor)
      for (const i of [0, 1] as const) assertTensor(alone[i], expected.alone[i], `alone, ${i}`, exact)
      assertTensor(model.logProb(x), expected.logProb, 'logProb', exact)
      assertTensor(model.predict(x), expected.predict, 'predict', exact)
      const found = { ...Object.fromEntries(model.namedParameters()), x }
      assert.deepEqual(Object.keys(found), Object.keys(gradients))
      for (const [name, tensor] of Object.entries(found)) assertTensor(tensor.grad, gradients[name]!, name, exact)
    })
  }

  test('refuses what does not fit', () => {
    const { AdaptiveLogSoftmaxWithLoss } = nn
    for (const cutoffs of [[], [0, 3], [3, 3], [5, 3], [20]]) {
      assert.throws(() => new AdaptiveLogSoftmaxWithLoss(4, 20, cutoffs), { code: 'ERR_INVALID_ARG_VALUE' })
    }
    const model = new AdaptiveLogSoftmaxWithLoss(8, 20, [5])
    const x = torch.ones([2, 8])
    assert.throws(() => model.forward(x, torch.tensor([1n, 20n])), {
      code: 'ERR_OUT_OF_RANGE',
      message: /from 0 to 19/,
    })
    assert.throws(() => model.forward(x, torch.tensor([1n])), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /got \[2,8\] and \[1\]/,
    })
    assert.throws(() => model.forward(x, torch.tensor([[1n]])), { code: 'ERR_INVALID_ARG_VALUE' })
    assert.throws(() => new AdaptiveLogSoftmaxWithLoss(4, 20, [5], { divvalue: 2 } as never), {
      code: 'ERR_UNKNOWN_OPTION',
    })
  })
})
