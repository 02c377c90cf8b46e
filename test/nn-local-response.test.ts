import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn } from '../src/index'
import { testRuns } from './reference/layer-runs'

testRuns('local-response')

describe('CrossMapLRN2d', () => {
  test('refuses what does not fit', () => {
    assert.throws(() => new nn.CrossMapLRN2d(0), { code: 'ERR_INVALID_ARG_VALUE', message: /size must be at least 1/ })
    assert.throws(() => new nn.CrossMapLRN2d(2, { gamma: 1 } as never), { code: 'ERR_UNKNOWN_OPTION' })
    const layer = new nn.CrossMapLRN2d(2)
    assert.throws(() => layer.forward(torch.ones([4, 2, 2])), { code: 'ERR_LIBTORCH', message: /expected 4D input/ })
    assert.equal(layer.forward(torch.ones([0, 3, 2, 2])).numel(), 0)
  })

  test('gives the same in a training as at once', async () => {
    const make = () => {
      torch.manualSeed(3)
      return new nn.Sequential(new nn.CrossMapLRN2d(3), new nn.Flatten(), new nn.Linear(16, 2))
    }
    const [x, y] = [torch.rand([6, 4, 2, 2]), torch.zeros([6], { dtype: 'int64' })]
    const [queued, atOnce] = [make(), make()]
    const optimizerOf = (model: nn.Module) => new torch.optim.SGD(model.parameters(), { lr: 0.1 })
    const data = { train: [x, y], validation: [x, y] } as const
    const history = await torch.train(queued, data, { epochs: 2, optimizer: optimizerOf(queued) })
    const optimizer = optimizerOf(atOnce)
    const losses = [0, 1].map(() => {
      optimizer.zeroGrad()
      const loss = nn.functional.crossEntropy(atOnce.forward(x), y)
      loss.backward()
      optimizer.step()
      return loss.item()
    })
    assert.deepEqual(history.trainLosses, losses)
  })
})
