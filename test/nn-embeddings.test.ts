import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, type Tensor } from '../src/index'
import { decode, flat, testRuns } from './reference/layer-runs'
import { assertTensor, isExact, readFixture, type TensorFixture } from './reference/tensors'

testRuns('embeddings')

interface Sparse {
  layer: 'Embedding' | 'EmbeddingBag'
  text: string
  inputs: unknown[]
  indices: TensorFixture
  values: TensorFixture
}

const rows = () =>
  torch.tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ])
const index = (...values: number[]) => torch.tensor(values).long()

describe('embeddings', () => {
  test('give sparse gradients where asked', () => {
    const fixture = readFixture<{ sparse: Sparse[] }>('embeddings')
    for (const { layer: kind, text, inputs, indices, values } of fixture.sparse) {
      torch.manualSeed(7)
      const options = { sparse: true } as const
      const layer =
        kind === 'Embedding' ? new nn.Embedding(5, 3, options) : new nn.EmbeddingBag(5, 3, { ...options, mode: 'sum' })
      assert.equal(String(layer), text)
      const forward = (x: Tensor): Tensor => (layer as nn.Embedding<5, 3>).forward(x)
      const y = forward(flat(inputs.map(decode))[0]!)
      y.mul(torch.arange(1, y.numel() + 1).reshape(y.shape as number[]))
        .sum()
        .backward()
      const grad = layer.weight.grad as Tensor
      assert.equal(grad.layout, 'sparse_coo')
      const both: Tensor = grad.coalesce()
      assertTensor(torch.ops.aten.indices.default(both), indices, 'indices')
      assertTensor(torch.ops.aten.values.default(both), values, 'values', isExact(fixture))
    }
  })

  test('of given rows share them, and do not learn them unless told', () => {
    const table = rows()
    const frozen = nn.Embedding.fromPretrained(table)
    assert.deepEqual(frozen.forward(index(2, 0)).tolist(), [
      [5, 6],
      [1, 2],
    ])
    assert.equal(frozen.weight.requiresGrad, false)
    table.fill_(9)
    assert.deepEqual(frozen.forward(index(1)).tolist(), [[9, 9]])
    const learnt = nn.Embedding.fromPretrained(rows(), false, { paddingIdx: 0 })
    assert.equal(learnt.weight.requiresGrad, true)
    assert.equal(String(learnt), 'Embedding(3, 2, padding_idx=0)')
    assert.deepEqual(learnt.forward(index(0)).tolist(), [[1, 2]])
    const bag = nn.EmbeddingBag.fromPretrained(rows(), { mode: 'sum', freeze: false })
    assert.deepEqual(bag.forward(index(0, 1, 2), index(0, 1)).tolist(), [
      [1, 2],
      [8, 10],
    ])
    assert.equal(bag.weight.requiresGrad, true)
    assert.equal(nn.EmbeddingBag.fromPretrained(rows()).weight.requiresGrad, false)
  })

  test('in a Sequential, and trained in the queue as at once', async () => {
    const make = () => {
      torch.manualSeed(1)
      const model = new nn.Sequential(new nn.Embedding(6, 4, { paddingIdx: 0 }), new nn.Flatten(), new nn.Linear(12, 2))
      return { model, optimizer: new torch.optim.Adam(model.parameters(), { lr: 0.1 }) }
    }
    const x = torch.arange(24).remainder(6).long().reshape([8, 3])
    const y = torch.arange(8).remainder(2).long() as Tensor<[8], 'int64'>
    const queued = make()
    const data = { train: [x, y], validation: [x, y] } as const
    const { trainLosses } = await torch.train(queued.model, data, { epochs: 4, optimizer: queued.optimizer })
    const { model, optimizer } = make()
    const criterion = new nn.CrossEntropyLoss()
    const losses = [0, 1, 2, 3].map(() => {
      optimizer.zeroGrad()
      const loss = criterion.forward(model.forward(x), y)
      loss.backward()
      optimizer.step()
      return loss.item()
    })
    assert.deepEqual(trainLosses, losses)
    assert.deepEqual(queued.model.at(0).weight.tolist(), model.at(0).weight.tolist())
  })
})

describe('embeddings refuse', () => {
  const refused = (action: () => unknown, code: string, message: RegExp) => assert.throws(action, { code, message })
  const layers = nn as unknown as Record<string, new (...args: unknown[]) => { forward(...args: unknown[]): unknown }>
  const make = (name: string, ...args: unknown[]) => new layers[name]!(...args)

  test('arguments that cannot be', () => {
    refused(() => make('Embedding', 3), 'ERR_INVALID_ARG_TYPE', /Embedding needs 'embeddingDim'/)
    refused(
      () => make('Embedding', 3, 2, { paddingIdx: 3 }),
      'ERR_OUT_OF_RANGE',
      /paddingIdx 3 must be within the 3 rows/,
    )
    refused(() => make('Embedding', 3, 2, { paddingIdx: -4 }), 'ERR_OUT_OF_RANGE', /paddingIdx -4/)
    refused(
      () => make('Embedding', 3, 2, { weight: rows().t() }),
      'ERR_INVALID_ARG_VALUE',
      /weight must be \[3,2\], got \[2,3\]/,
    )
    refused(() => make('Embedding', 3, 2, { maxnorm: 3 }), 'ERR_UNKNOWN_OPTION', /did you mean 'maxNorm'/)
    refused(() => make('EmbeddingBag', 3, 2, { mode: 'min' }), 'ERR_INVALID_ARG_VALUE', /'mode' must be one of/)
    refused(() => make('Bilinear', 0, 2, 3), 'ERR_INVALID_ARG_VALUE', /in1Features must be > 0/)
    refused(() => nn.Embedding.fromPretrained(torch.ones([3]) as Tensor), 'ERR_INVALID_ARG_VALUE', /2-dimensional/)
  })

  test('indices and bags that cannot be', () => {
    const text = /^Embedding\(3, 2\): .*index out of range/
    refused(() => make('Embedding', 3, 2).forward(index(3)), 'ERR_LIBTORCH', text)
    refused(() => make('Embedding', 3, 2).forward(index(-1)), 'ERR_LIBTORCH', text)
    refused(() => make('Embedding', 3, 2).forward(torch.tensor([1.5])), 'ERR_LIBTORCH', /^Embedding\(3, 2\): /)
    refused(() => make('Embedding', 3, 2, { maxNorm: 1 }).forward(index(7)), 'ERR_LIBTORCH', /out of range/)
    for (const mode of ['sum', 'mean', 'max']) {
      const bag = make('EmbeddingBag', 3, 2, { mode })
      refused(() => bag.forward(index(9), index(0)), 'ERR_LIBTORCH', /^EmbeddingBag\(3, 2, mode=/)
      refused(() => bag.forward(index(1, 1), index(0, 7)), 'ERR_LIBTORCH', /offsets/)
      refused(() => bag.forward(index(1, 1)), 'ERR_INVALID_ARG_VALUE', /offsets have to be a 1D tensor, but got null/)
    }
    const bag = make('EmbeddingBag', 3, 2)
    const square = torch.ones([2, 2], { dtype: 'int64' })
    refused(() => bag.forward(square, index(0)), 'ERR_INVALID_ARG_VALUE', /there can be no offsets/)
    refused(
      () => bag.forward(square, null, torch.ones([2, 2])),
      'ERR_INVALID_ARG_VALUE',
      /only supported for mode 'sum'/,
    )
    refused(() => bag.forward(square.reshape([1, 2, 2])), 'ERR_INVALID_ARG_VALUE', /1D or 2D tensor/)
    refused(
      () => make('EmbeddingBag', 3, 2, { mode: 'max', scaleGradByFreq: true }).forward(square),
      'ERR_INVALID_ARG_VALUE',
      /max mode does not support scaling/,
    )
    refused(() => make('Bilinear', 2, 3, 1).forward(torch.ones([2]), torch.ones([4])), 'ERR_LIBTORCH', /^Bilinear\(/)
  })
})
