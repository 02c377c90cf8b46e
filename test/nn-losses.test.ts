import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, type Tensor } from '../src/index'
import { testRuns } from './reference/layer-runs'

testRuns('losses')

const { functional: F } = nn
const same = (a: Tensor, b: Tensor) => assert.deepEqual(a.tolist(), b.tolist())

describe('losses', () => {
  test('weight each element in their functions', () => {
    const [x, y, weight] = [torch.tensor([1, 2, 5]), torch.tensor([2, 2, 2]), torch.tensor([1, 1, 2])]
    assert.equal(F.mseLoss(x, y, { weight }).item(), (1 + 0 + 18) / 4)
    assert.equal(F.mseLoss(x, y, { weight, reduction: 'sum' }).item(), 19)
    same(F.l1Loss(x, y, { weight, reduction: 'none' }), torch.tensor([1, 0, 6]))
    assert.equal(F.l1Loss(x, y, { weight }).item(), 7 / 4)
    assert.equal(F.huberLoss(x, y, { weight, delta: 2, reduction: 'sum' }).item(), 0.5 + 2 * 2 * (3 - 1))
    assert.equal(F.huberLoss(x, y, 'sum', 2, weight).item(), 0.5 + 2 * 2 * (3 - 1))
  })

  test('broadcast a target of another shape as Python does', () => {
    const loss = new nn.MSELoss().forward(torch.ones([2, 3]) as Tensor, torch.zeros([3]))
    assert.equal(loss.item(), 1)
  })

  test('take a distance of one`s own, which may have parameters', () => {
    const [a, p, n] = [torch.tensor([[1, 2]]), torch.tensor([[1, 4]]), torch.tensor([[2, 2]])]
    const chebyshev = (x1: Tensor, x2: Tensor): Tensor => x1.sub(x2).abs().amax(1)
    const loss = new nn.TripletMarginWithDistanceLoss({ distanceFunction: chebyshev })
    assert.equal(loss.forward(a, p, n).item(), 2)
    assert.equal(String(loss), 'TripletMarginWithDistanceLoss()')
    class Learnt extends nn.Module {
      scale = new nn.Parameter(torch.tensor([3]))
      forward(x1: Tensor, x2: Tensor): Tensor {
        return x1.sub(x2).abs().sum(1).mul(this.scale)
      }
    }
    const learnt = new nn.TripletMarginWithDistanceLoss({ distanceFunction: new Learnt() })
    assert.deepEqual(Object.keys(learnt.stateDict()), ['distance_function.scale'])
    assert.equal(learnt.forward(a, p, n).item(), 1 + 6 - 3)
  })

  test('train a model as a criterion', async () => {
    torch.manualSeed(0)
    const [x, y] = [torch.rand([8, 3]), torch.rand([8, 2])]
    const model = new nn.Linear(3, 2)
    const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.1 })
    const criterion = new nn.SmoothL1Loss()
    const data = { train: [x, y], validation: [x, y] } as const
    const { trainLosses } = await torch.train(model, data, { epochs: 3, optimizer, criterion })
    torch.manualSeed(0)
    torch.rand([8, 3])
    torch.rand([8, 2])
    const again = new nn.Linear(3, 2)
    const sgd = new torch.optim.SGD(again.parameters(), { lr: 0.1 })
    const losses = [0, 1, 2].map(() => {
      sgd.zeroGrad()
      const loss = criterion.forward(again.forward(x), y)
      loss.backward()
      sgd.step()
      return loss.item()
    })
    assert.deepEqual(trainLosses, losses)
  })
})

describe('losses refuse', () => {
  const refused = (action: () => unknown, code: string, message: RegExp) => assert.throws(action, { code, message })
  const layers = nn as unknown as Record<string, new (...args: unknown[]) => { forward(...args: unknown[]): unknown }>
  const make = (name: string, ...args: unknown[]) => new layers[name]!(...args)
  const [x, y] = [torch.ones([2, 3]), torch.zeros([2, 3])]

  test('options of the wrong kind or value', () => {
    refused(() => make('L1Loss', { reduction: 'avg' }), 'ERR_INVALID_ARG_VALUE', /L1Loss: 'reduction' must be one of/)
    refused(() => make('HuberLoss', { delta: 'a' }), 'ERR_INVALID_ARG_TYPE', /HuberLoss: 'delta' must be a number/)
    refused(() => make('BCELoss', { wieght: x }), 'ERR_UNKNOWN_OPTION', /did you mean 'weight'/)
    refused(() => make('BCELoss', { weight: 3 }), 'ERR_INVALID_ARG_TYPE', /'weight' must be a tensor/)
    refused(() => make('MultiMarginLoss', 3), 'ERR_INVALID_ARG_VALUE', /only p == 1 and p == 2 supported, got 3/)
    refused(() => make('MultiMarginLoss', { weight: x }), 'ERR_INVALID_ARG_VALUE', /1D tensor, got 2D/)
    refused(() => make('TripletMarginLoss', 0), 'ERR_INVALID_ARG_VALUE', /margin must be greater than 0, got 0/)
    refused(
      () => make('TripletMarginWithDistanceLoss', { distanceFunction: 'l2' }),
      'ERR_INVALID_ARG_TYPE',
      /'distanceFunction' must be a function or a module, got the string 'l2'/,
    )
    refused(() => make('KLDivLoss', { reduction: 'batch' }), 'ERR_INVALID_ARG_VALUE', /'batchmean'/)
  })

  test('inputs that do not fit, with the layer`s name', () => {
    refused(
      () => make('BCELoss').forward(x, torch.ones([3])),
      'ERR_INVALID_ARG_VALUE',
      /target size \[3\] must be the same as input size \[2,3\]/,
    )
    refused(() => make('BCEWithLogitsLoss').forward(x, torch.ones([2])), 'ERR_INVALID_ARG_VALUE', /must be the same/)
    refused(() => make('MSELoss').forward(x, torch.ones([2])), 'ERR_LIBTORCH', /^MSELoss\(\): /)
    refused(() => make('MSELoss').forward(x), 'ERR_INVALID_ARG_TYPE', /needs 'target'/)
    refused(
      () => make('MSELoss').forward(3, x),
      'ERR_INVALID_ARG_TYPE',
      /MSELoss\(\): forward takes tensors, got the number 3/,
    )
    refused(() => make('NLLLoss').forward(x, torch.tensor([0n, 7n])), 'ERR_LIBTORCH', /^NLLLoss\(\): .*out of bounds/)
    refused(() => make('MultiMarginLoss').forward(x, torch.tensor([0n, 7n])), 'ERR_LIBTORCH', /out of range/)
    refused(() => make('MultiLabelMarginLoss').forward(x, y.long().add(9)), 'ERR_LIBTORCH', /out of range/)
    refused(() => make('GaussianNLLLoss').forward(x, y, x.neg()), 'ERR_INVALID_ARG_VALUE', /var has negative/)
    refused(() => make('GaussianNLLLoss').forward(x, y, torch.ones([3, 2])), 'ERR_INVALID_ARG_VALUE', /incorrect size/)
    refused(() => make('MarginRankingLoss').forward(x, y, torch.ones([2])), 'ERR_INVALID_ARG_VALUE', /same dimension/)
    refused(
      () => make('CTCLoss').forward(torch.ones([4, 1, 3]), torch.tensor([[1n, 2n]]), [9], [2]),
      'ERR_LIBTORCH',
      /^CTCLoss\(\): /,
    )
    refused(
      () => make('CTCLoss').forward(torch.ones([4, 1, 3]), torch.tensor([[1n, 9n]]), [4], [2]),
      'ERR_LIBTORCH',
      /^CTCLoss\(\): .*label 9 is out of range for 3 classes/,
    )
    refused(() => F.mseLoss(x, y, { weight: torch.ones([3]) }), 'ERR_INVALID_ARG_VALUE', /same size/)
    refused(
      () => F.tripletMarginWithDistanceLoss(x, y, torch.ones([2])),
      'ERR_INVALID_ARG_VALUE',
      /same number of dimensions, but got 2, 2, 1/,
    )
  })
})
