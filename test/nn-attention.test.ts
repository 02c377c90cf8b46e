import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, type Tensor } from '../src/index'
import { decode, testRuns } from './reference/layer-runs'
import { assertTensor, isExact, readFixture, type TensorFixture } from './reference/tensors'

testRuns('attention')

interface Stack {
  options: { norm_first?: boolean; activation?: 'gelu' }
  mode: 'train' | 'eval' | 'no grad'
  seed: number
  text: string
  keys: string[]
  x: unknown
  masks: Record<string, unknown>
  y: TensorFixture
  grad?: TensorFixture
  grads?: Record<string, TensorFixture>
}

const fixture = readFixture<{ stacks: Stack[]; causal: TensorFixture }>('attention')
const exact = isExact(fixture)

const encoder = ({ norm_first: normFirst = false, activation }: Stack['options'] = {}) => {
  const layer = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 6, batchFirst: true, normFirst, activation })
  return new nn.TransformerEncoder(layer, 2, new nn.LayerNorm(4))
}

describe('transformer encoders', () => {
  for (const { options, mode, seed, text, keys, x, masks, y, grad, grads } of fixture.stacks) {
    test(`of two layers in mode ${mode} with ${Object.keys(masks)} ${JSON.stringify(options)} are Python's`, () => {
      torch.manualSeed(seed)
      const model = encoder(options).train(mode === 'train')
      assert.equal(String(model), text)
      assert.deepEqual(Object.keys(model.stateDict()), keys)
      torch.manualSeed(100)
      torch.randn([2, 3, 4])
      const given = decode(x) as Tensor<[2, 3, 4]>
      const { mask = null, srcKeyPaddingMask = null } = masks
      const forward = () =>
        model.forward(given, decode(mask) as Tensor | null, decode(srcKeyPaddingMask) as Tensor | null)
      const result = mode === 'no grad' ? torch.noGrad(forward) : forward()
      assertTensor(result, y, 'output', exact)
      if (grad === undefined) return
      result
        .mul(torch.arange(24).reshape([2, 3, 4]))
        .sum()
        .backward()
      assertTensor(given.grad, grad, 'gradient of the input', exact)
      for (const [name, parameter] of model.namedParameters()) {
        assertTensor(parameter.grad, grads![name]!, `gradient of ${name}`, exact)
      }
    })
  }

  test('begin with copies of one layer, which draw nothing and share nothing', () => {
    torch.manualSeed(3)
    const layer = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 6 }).eval()
    layer.linear1.requiresGrad_(false)
    const before = torch.getRngState().tolist()
    const model = new nn.TransformerEncoder(layer, 2)
    assert.deepEqual(torch.getRngState().tolist(), before)
    const [first, second] = [...model.layers].map(copy => copy.getParameter('linear1.weight'))
    assert.deepEqual(first!.tolist(), layer.linear1.weight.tolist())
    assert.deepEqual(second!.tolist(), first!.tolist())
    torch.noGrad(() => first!.fill_(7))
    assert.notDeepEqual(second!.tolist(), first!.tolist())
    assert.equal(first!.requiresGrad, false)
    assert.equal(model.layers.at(1)!.training, false)
    assert.equal(first!.device, 'cpu')
  })

  test('are trained in the queue as at once', async () => {
    class Classifier extends nn.Module {
      embedding = new nn.Embedding(6, 4)
      encoder = encoder()
      linear = new nn.Linear(4, 2)
      forward(x: Tensor<[number, 5], 'int64'>) {
        const mask = nn.Transformer.generateSquareSubsequentMask(5)
        const encoded = this.encoder.forward(this.embedding.forward(x), { mask, isCausal: true }) as Tensor<
          [number, 5, 4]
        >
        return this.linear.forward(encoded.mean(1))
      }
    }
    const make = () => {
      torch.manualSeed(1)
      const model = new Classifier()
      return { model, optimizer: new torch.optim.Adam(model.parameters(), { lr: 0.05 }) }
    }
    const x = torch.arange(40).mul(5).remainder(6).reshape([8, 5]) as Tensor<[8, 5], 'int64'>
    const y = torch.arange(8).remainder(2) as Tensor<[8], 'int64'>
    const queued = make()
    const data = { train: [x, y], validation: [x, y] } as const
    const history = await torch.train(queued.model, data, { epochs: 3, optimizer: queued.optimizer, batchSize: 8 })
    const { model, optimizer } = make()
    const criterion = new nn.CrossEntropyLoss()
    const losses: number[] = []
    const valLosses: number[] = []
    for (let epoch = 0; epoch < 3; epoch++) {
      for (const [batchX, batchY] of new torch.data.DataLoader([x, y], { batchSize: 8, shuffle: true })) {
        optimizer.zeroGrad()
        const loss = criterion.forward(model.forward(batchX), batchY) as Tensor
        loss.backward()
        optimizer.step()
        losses.push(loss.item())
      }
      model.eval()
      valLosses.push(torch.noGrad(() => criterion.forward(model.forward(x), y)).item())
      model.train()
    }
    assert.deepEqual(history.trainLosses, losses)
    assert.deepEqual(history.valLosses, valLosses)
  })

  test('with forward hooks call every part, also where libtorch has an operator for all', () => {
    const model = encoder().eval()
    const seen: string[] = []
    const layer = model.layers.at(0) as nn.TransformerEncoderLayer<4>
    layer.linear1.registerForwardHook(() => void seen.push('linear1'))
    torch.noGrad(() => model.forward(torch.rand([2, 3, 4])))
    assert.deepEqual(seen, ['linear1'])
  })

  test('take modules and functions as activations', () => {
    const x = torch.rand([3, 2, 4])
    for (const activation of [new nn.Tanh(), (t: Tensor): Tensor => t.tanh()]) {
      torch.manualSeed(2)
      const layer = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 6, dropout: 0, activation })
      assert.equal(String(layer).includes('(activation): Tanh()'), activation instanceof nn.Module)
      const copy = new nn.TransformerEncoder(layer, 1)
      assert.deepEqual(copy.forward(x).tolist(), layer.forward(x).tolist())
    }
    const learnt = new nn.TransformerEncoderLayer(4, 2, { activation: new nn.PReLU() })
    const [first, second] = [...new nn.TransformerEncoder(learnt, 2).layers].map(layer =>
      layer.getParameter('activation.weight'),
    )
    assert.notEqual(first, second)
    assert.deepEqual(first!.tolist(), second!.tolist())
  })

  test('have the causal mask of Python', () => {
    assertTensor(nn.Transformer.generateSquareSubsequentMask(3), fixture.causal, 'mask')
    assert.equal(nn.Transformer.generateSquareSubsequentMask(2, { dtype: 'float64' }).dtype, 'float64')
  })
})

describe('attention refuses', () => {
  const refused = (action: () => unknown, code: string, message: RegExp) => assert.throws(action, { code, message })
  const layers = nn as unknown as Record<string, new (...args: unknown[]) => { forward(...args: unknown[]): unknown }>
  const make = (name: string, ...args: unknown[]) => new layers[name]!(...args)
  const x = torch.rand([3, 2, 4])

  test('arguments that cannot be', () => {
    refused(
      () => make('MultiheadAttention', 4, 3),
      'ERR_INVALID_ARG_VALUE',
      /embedDim 4 must be divisible by numHeads 3/,
    )
    refused(() => make('MultiheadAttention', 4, 0), 'ERR_INVALID_ARG_VALUE', /must be greater than 0/)
    refused(() => make('MultiheadAttention', 4, 2, { kDim: 3 }), 'ERR_UNKNOWN_OPTION', /did you mean 'kdim'/)
    refused(
      () => make('TransformerEncoderLayer', 4, 2, { activation: 'elu' }),
      'ERR_INVALID_ARG_VALUE',
      /relu\/gelu, not elu/,
    )
    refused(
      () => make('TransformerEncoderLayer', 4, 2, { activation: 3 }),
      'ERR_INVALID_ARG_TYPE',
      /a name, a function or a module/,
    )
    refused(() => make('TransformerEncoder', 'layer', 2), 'ERR_INVALID_ARG_TYPE', /must be a module, got/)
    refused(
      () => make('TransformerEncoder', new nn.TransformerEncoderLayer(4, 2), 2, 'norm'),
      'ERR_INVALID_ARG_TYPE',
      /'norm' must be a module/,
    )
  })

  test('inputs and masks that do not fit', () => {
    const mha = make('MultiheadAttention', 4, 2)
    const wrong = (message: RegExp, ...args: unknown[]) =>
      refused(() => mha.forward(...args), 'ERR_INVALID_ARG_VALUE', message)
    wrong(/unbatched 2D or batched 3D tensor but received 1-D/, x.flatten(), x, x)
    wrong(/embedding dimension of 4, but got 5/, torch.rand([3, 2, 5]), x, x)
    wrong(/key \[3,2,4\] does not match value \[5,2,4\]/, x, x, torch.rand([5, 2, 4]))
    wrong(/expected key and value to be 3-D/, x, x.select(0, 0), x)
    wrong(/2D attnMask is \[2,2\], but should be \[3,3\]/, x, x, x, { attnMask: torch.zeros([2, 2]) })
    wrong(/3D attnMask is \[2,3,3\], but should be \[4,3,3\]/, x, x, x, { attnMask: torch.zeros([2, 3, 3]) })
    wrong(/keyPaddingMask must be \[2,3\], got \[2,4\]/, x, x, x, { keyPaddingMask: torch.zeros([2, 4]) })
    wrong(/isCausal needs attnMask/, x, x, x, { isCausal: true })
    refused(() => mha.forward(x, 3, x), 'ERR_INVALID_ARG_TYPE', /key must be a tensor, got the number 3/)
    refused(
      () => mha.forward(x, x, x, { attnMask: torch.zeros([3, 3]).long() }),
      'ERR_INVALID_ARG_TYPE',
      /only bool and floating types of attnMask/,
    )
    refused(
      () => make('TransformerEncoderLayer', 4, 2).forward(torch.rand([3, 2, 5])),
      'ERR_INVALID_ARG_VALUE',
      /embedding dimension of 4/,
    )
    const transformer = make('Transformer', {
      dModel: 4,
      nhead: 2,
      numEncoderLayers: 1,
      numDecoderLayers: 1,
      dimFeedforward: 4,
    })
    refused(() => transformer.forward(x, torch.rand([3, 3, 4])), 'ERR_INVALID_ARG_VALUE', /batch number of src and tgt/)
    refused(
      () => transformer.forward(x, torch.rand([3, 2, 5])),
      'ERR_INVALID_ARG_VALUE',
      /feature number of src and tgt/,
    )
  })
})
