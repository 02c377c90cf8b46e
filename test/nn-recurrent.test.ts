import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, type Tensor } from '../src/index'
import { decode, flat, testRuns } from './reference/layer-runs'
import { assertTensor, readFixture, type TensorFixture } from './reference/tensors'

testRuns('recurrent')

interface Sequences {
  batch: unknown
  lengths: number[]
  parts: unknown[]
  unsorted: TensorFixture[]
  batchFirst: TensorFixture[]
  sorted: TensorFixture[]
  padded: TensorFixture[]
  paddedLonger: TensorFixture[]
  joined: TensorFixture
  joinedLeft: TensorFixture
  packed: TensorFixture[]
}

const { rnn } = nn.utils

describe('sequences of several lengths', () => {
  const { sequences } = readFixture<{ sequences: Sequences }>('recurrent')
  const batch = decode(sequences.batch) as Tensor<[4, 3, 2]>
  const parts = sequences.parts.map(decode) as Tensor[]
  const all = (actual: unknown, expected: TensorFixture[]) => {
    const tensors = flat(actual)
    assert.equal(tensors.length, expected.length)
    tensors.forEach((tensor, i) => {
      assertTensor(tensor.contiguous(), expected[i]!, `tensor ${i}`)
    })
  }

  test('are packed and padded as Python does', () => {
    const unsorted = rnn.packPaddedSequence(batch, sequences.lengths, { enforceSorted: false })
    all(unsorted, sequences.unsorted)
    const lengths = torch.tensor(sequences.lengths).long()
    all(rnn.packPaddedSequence(batch.transpose(0, 1) as Tensor, lengths, true, false), sequences.batchFirst)
    all(rnn.packPaddedSequence(batch, [4, 3, 1]), sequences.sorted)
    all(rnn.padPackedSequence(unsorted), sequences.padded)
    all(rnn.padPackedSequence(unsorted, true, -1, 6), sequences.paddedLonger)
    all(rnn.padSequence(parts), [sequences.joined])
    all(rnn.padSequence(parts, { batchFirst: true, paddingValue: 9, paddingSide: 'left' }), [sequences.joinedLeft])
    const packed = rnn.packSequence(parts, false)
    all(packed, sequences.packed)
    assert.deepEqual(
      rnn.unpackSequence(packed).map(part => part.tolist()),
      parts.map(part => part.tolist()),
    )
    assert.deepEqual(
      rnn.unpadSequence(rnn.padSequence(parts), [2, 3, 1]).map(part => part.tolist()),
      parts.map(part => part.tolist()),
    )
    assert.equal([...packed].length, 4)
    assert.equal(packed.to('float32'), packed)
    assert.deepEqual(packed.double().data.dtype, 'float64')
  })

  test('that cannot be are refused', () => {
    const refused = (action: () => unknown, code: string, message: RegExp) => assert.throws(action, { code, message })
    refused(() => rnn.packPaddedSequence(batch, [2, 4, 3]), 'ERR_LIBTORCH', /sorted in decreasing order/)
    refused(() => rnn.packPaddedSequence(batch, [4, 3]), 'ERR_LIBTORCH', /batch_size/)
    refused(() => rnn.packPaddedSequence(batch, [4, 3, 0]), 'ERR_LIBTORCH', /length/i)
    refused(() => rnn.packPaddedSequence(batch, [9, 3, 1]), 'ERR_INVALID_ARG_VALUE', /a length of 9 for sequences of 4/)
    refused(() => rnn.packPaddedSequence(batch, 'all' as never), 'ERR_INVALID_ARG_TYPE', /'lengths' must be/)
    refused(() => rnn.padPackedSequence(batch as never), 'ERR_INVALID_ARG_TYPE', /must be a PackedSequence/)
    const packed = rnn.packSequence(parts, false)
    refused(() => rnn.padPackedSequence(packed, { totalLength: 1 }), 'ERR_INVALID_ARG_VALUE', /totalLength=1/)
    refused(() => rnn.padSequence([]), 'ERR_INVALID_ARG_TYPE', /one or more tensors/)
    refused(() => rnn.padSequence(3 as never), 'ERR_INVALID_ARG_TYPE', /got the number 3/)
    refused(() => rnn.unpadSequence(batch, [1]), 'ERR_INVALID_ARG_VALUE', /1 lengths for 3 sequences/)
    refused(() => new rnn.PackedSequence(3 as never, batch), 'ERR_INVALID_ARG_TYPE', /'data' must be a tensor/)
  })
})

describe('recurrent layers', () => {
  class Classifier extends nn.Module {
    embedding = new nn.Embedding(6, 4)
    lstm = new nn.LSTM(4, 5, { batchFirst: true, numLayers: 2, dropout: 0.25 })
    linear = new nn.Linear(5, 2)
    forward(x: Tensor<[number, 7], 'int64'>) {
      const [, [h]] = this.lstm.forward(this.embedding.forward(x))
      return this.linear.forward(h.select(0, 1))
    }
  }

  test('are trained in the queue as at once', async () => {
    const make = () => {
      torch.manualSeed(1)
      const model = new Classifier()
      return { model, optimizer: new torch.optim.Adam(model.parameters(), { lr: 0.1 }) }
    }
    const x = torch.arange(56).mul(5).remainder(6).reshape([8, 7]) as Tensor<[8, 7], 'int64'>
    const y = torch.arange(8).remainder(2) as Tensor<[8], 'int64'>
    const queued = make()
    const data = { train: [x, y], validation: [x, y] } as const
    const history = await torch.train(queued.model, data, { epochs: 4, optimizer: queued.optimizer })
    const { model, optimizer } = make()
    const criterion = new nn.CrossEntropyLoss()
    const losses = [0, 1, 2, 3].map(() => {
      optimizer.zeroGrad()
      const output = model.forward(x)
      torch.noGrad(() => model.forward(x))
      const loss = criterion.forward(output, y)
      loss.backward()
      optimizer.step()
      return loss.item()
    })
    assert.deepEqual(history.trainLosses, losses)
    assert.deepEqual(queued.model.lstm.weight_hh_l1!.tolist(), model.lstm.weight_hh_l1!.tolist())
  })

  test('keep their parameters through stateDict and to', () => {
    const lstm = new nn.LSTM(3, 4, 2, { bidirectional: true })
    assert.equal(lstm.parameters().length, 16)
    const other = new nn.LSTM(3, 4, 2, { bidirectional: true })
    other.loadStateDict(lstm.stateDict())
    const x = torch.rand([5, 2, 3])
    assert.deepEqual(other.forward(x)[0].tolist(), lstm.forward(x)[0].tolist())
    lstm.double()
    assert.equal(lstm.forward(x.double())[0].dtype, 'float64')
  })
})

describe('recurrent layers refuse', () => {
  const refused = (action: () => unknown, code: string, message: RegExp) => assert.throws(action, { code, message })
  const layers = nn as unknown as Record<string, new (...args: unknown[]) => { forward(...args: unknown[]): unknown }>
  const make = (name: string, ...args: unknown[]) => new layers[name]!(...args)

  test('arguments that cannot be', () => {
    for (const name of ['RNN', 'LSTM', 'GRU']) {
      refused(() => make(name, 3), 'ERR_INVALID_ARG_TYPE', /needs 'hiddenSize'/)
      refused(() => make(name, 0, 4), 'ERR_INVALID_ARG_VALUE', /inputSize must be greater than zero/)
      refused(() => make(name, 3, 4, 0), 'ERR_INVALID_ARG_VALUE', /numLayers must be greater than zero/)
      refused(
        () => make(name, 3, 4, 2, { dropout: 1.5 }),
        'ERR_INVALID_ARG_VALUE',
        /dropout should be a number in range/,
      )
      refused(() => make(name, 3, 4, { batchFirst: 1 }), 'ERR_INVALID_ARG_TYPE', /'batchFirst' must be a boolean/)
    }
    refused(
      () => make('LSTM', 3, 4, { projSize: 4 }),
      'ERR_INVALID_ARG_VALUE',
      /projSize must be 0, or positive and smaller/,
    )
    refused(() => make('GRU', 3, 4, { projSize: 2 }), 'ERR_UNKNOWN_OPTION', /GRU has no option 'projSize'/)
    refused(() => make('RNN', 3, 4, { nonlinearity: 'elu' }), 'ERR_INVALID_ARG_VALUE', /one of 'tanh', 'relu'/)
    refused(() => make('LSTMCell', 3), 'ERR_INVALID_ARG_TYPE', /needs 'hiddenSize'/)
  })

  test('inputs and states that do not fit', () => {
    for (const name of ['RNN', 'LSTM', 'GRU']) {
      const layer = make(name, 3, 4)
      refused(
        () => layer.forward(torch.ones([5, 2, 4])),
        'ERR_INVALID_ARG_VALUE',
        /last size must be inputSize 3, got 4/,
      )
      refused(() => layer.forward(torch.ones([3])), 'ERR_INVALID_ARG_VALUE', /expected input to be 2D or 3D, got 1D/)
      refused(
        () => layer.forward(torch.ones([5, 2, 3]).double()),
        'ERR_INVALID_ARG_VALUE',
        /dtype float64 does not match/,
      )
      refused(() => layer.forward('x'), 'ERR_INVALID_ARG_TYPE', /forward takes tensors, got the string 'x'/)
      const state = name === 'LSTM' ? [torch.ones([1, 3, 4]), torch.ones([1, 2, 4])] : torch.ones([1, 3, 4])
      refused(
        () => layer.forward(torch.ones([5, 2, 3]), state),
        'ERR_INVALID_ARG_VALUE',
        /to be \[1,2,4\], got \[1,3,4\]/,
      )
      refused(() => layer.forward(torch.ones([5, 2, 3]), 7), 'ERR_INVALID_ARG_TYPE', /the state must be a/)
    }
    for (const name of ['RNNCell', 'LSTMCell', 'GRUCell']) {
      const cell = make(name, 3, 4)
      refused(() => cell.forward(torch.ones([2, 4])), 'ERR_INVALID_ARG_VALUE', /inputSize 3, got 4/)
      refused(() => cell.forward(torch.ones([2, 2, 3])), 'ERR_INVALID_ARG_VALUE', /1D or 2D, got 3D/)
      refused(() => cell.forward(torch.ones([2, 3]), 7), 'ERR_INVALID_ARG_TYPE', /the state must be a/)
    }
    refused(
      () => make('GRUCell', 3, 4).forward(torch.ones([2, 3]), torch.ones([3, 4])),
      'ERR_INVALID_ARG_VALUE',
      /expected the state to be \[2,4\], got \[3,4\]/,
    )
  })
})
