/** `summary`: the tables of torchinfo, letter for letter, and a model left as it was. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import * as torch from '../src/index'
import { Net, nn, type Tensor } from '../src/index'
import { readFixture } from './reference/tensors'

interface Case {
  model: string
  options: Record<string, unknown> & { verbose: 0 | 2 }
  table: string
  numbers: Record<string, number>
}

const { cases } = readFixture<{ cases: Case[] }>('summary')

class LeNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 6, 5)
  conv2 = new nn.Conv2d(6, 16, 5)
  fc1 = new nn.Linear(256, 120)
  fc2 = new nn.Linear(120, 84)
  fc3 = new nn.Linear(84, 10)
  forward(x: Tensor<[number, 1, 28, 28]>) {
    const pool = (y: Tensor) => nn.functional.maxPool2d(y.relu() as Tensor, 2) as Tensor
    const features = pool(this.conv2.forward(pool(this.conv1.forward(x)) as never))
    const hidden = this.fc1.forward(features.flatten(1) as never).relu()
    return this.fc3.forward(this.fc2.forward(hidden as never).relu() as never)
  }
}

class Block extends nn.Module {
  inner: nn.ModuleDict<{ linear: nn.Linear<number, number>; relu: nn.ReLU }>
  gain: nn.Parameter
  constructor(size: number) {
    super()
    this.inner = new nn.ModuleDict({ linear: new nn.Linear(size, size), relu: new nn.ReLU() })
    this.gain = new nn.Parameter(torch.ones([size]))
  }
  forward(x: Tensor) {
    return this.inner
      .get('relu')
      .forward(this.inner.get('linear').forward(x as never))
      .mul(this.gain) as Tensor
  }
}

class Nested extends nn.Module {
  blocks = new nn.ModuleList([new Block(8), new Block(8)])
  shared = new nn.Linear(8, 8).requiresGrad_(false)
  again = this.shared
  head = new nn.Sequential(
    new nn.Sequential(new nn.Linear(8, 1200), new nn.Dropout(0.5)),
    new nn.Linear(1200, 3, { bias: false }),
  )
  unused = new nn.Linear(3, 3)
  constructor() {
    super()
    this.head.at(0).at(0).bias!.requiresGrad_(false)
  }
  forward(x: Tensor, y: Tensor) {
    let out = x
    for (const block of this.blocks) out = block.forward(out)
    return this.head.forward(this.again.forward(this.shared.forward(out as never).add(y) as never) as never)
  }
}

const MODELS: Record<string, () => nn.Module> = {
  Net: () => new Net(),
  LeNet: () => new LeNet(),
  Nested: () => new Nested(),
}

const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
const camelAll = (value: unknown) => (value as string[]).map(camel)

describe('the table', () => {
  assert.ok(cases.length >= 11)
  for (const [i, { model, options, table, numbers }] of cases.entries()) {
    test(`is torchinfo's: ${model} ${i}`, t => {
      const printed: unknown[] = []
      t.mock.method(console, 'log', (text: unknown) => printed.push(text))
      const given = Object.fromEntries(
        Object.entries(options).map(([name, value]) => [camel(name), /^(col_names|row_settings)$/.test(name) ? camelAll(value) : value]), // biome-ignore format: one expression
      )
      const statistics = torch.summary(MODELS[model]!(), given)
      assert.equal(String(statistics), table)
      assert.equal(inspect(statistics), table)
      for (const [name, value] of Object.entries(numbers)) {
        assert.equal(statistics[camel(name) as keyof typeof statistics], value, name)
      }
      assert.deepEqual(printed, options.verbose > 0 ? [table] : [])
    })
  }

  test('is printed unless told otherwise, and of data as of sizes', t => {
    const printed: unknown[] = []
    t.mock.method(console, 'log', (text: unknown) => printed.push(text))
    const ofSize = nn.summary(new Net(), [2, 1, 28, 28])
    const ofData = torch.summary(new Net(), torch.zeros([2, 1, 28, 28]))
    const ofList = torch.summary(new Net(), [torch.zeros([2, 1, 28, 28])], { verbose: 0 })
    const named = torch.summary(new Net(), { inputData: torch.zeros([2, 1, 28, 28]), verbose: 0 })
    assert.deepEqual(printed, [String(ofSize), String(ofData)])
    for (const other of [ofData, ofList, named]) assert.equal(String(other), String(ofSize))
    assert.equal(ofSize.totalParams, 2074)
  })

  test('has other dtypes, and several outputs', () => {
    class Pair extends nn.Module {
      layer = new nn.Linear(4, 2, { dtype: 'float64' })
      forward(x: Tensor, index: Tensor) {
        assert.deepEqual([x.dtype, index.dtype], ['float64', 'int64'])
        return { first: null, both: [this.layer.forward(x as never), index] }
      }
    }
    const options = { dtypes: ['float64', 'int64'], verbose: 0, colNames: ['inputSize', 'outputSize'] } as const
    const { summaryList, totalInput, totalParamBytes } = torch.summary(new Pair(), [[3, 4], [5]], options)
    assert.deepEqual(
      summaryList.map(({ className, inputSize, outputSize }) => [className, inputSize, outputSize]),
      [
        ['Pair', [3, 4], [3, 2]],
        ['Linear', [3, 4], [3, 2]],
      ],
    )
    assert.deepEqual([totalInput, totalParamBytes], [3 * 4 * 8 + 5 * 8, 80])
  })
})

describe('the model', () => {
  test('is left as it was: modes, buffers, random numbers, hooks, what autograd needs', () => {
    const model = new Net()
    model.cnn_layers.at(1).eval()
    const x = torch.rand([4, 1, 28, 28]) as Tensor<[4, 1, 28, 28]>
    const dropping = new nn.Sequential(model, new nn.Dropout(0.5))
    let calls = 0
    model.registerForwardHook(() => void calls++)
    const loss = dropping.forward(x).sum()
    const modes = dropping.modules().map(module => module.training)
    const state = Object.entries(dropping.stateDict()).map(([name, tensor]) => [name, tensor.tolist()])
    const random = torch.getRngState().tolist()
    const fields = Object.getOwnPropertyNames(model.cnn_layers)
    for (const mode of ['train', 'eval'] as const) torch.summary(dropping, [8, 1, 28, 28], { mode, verbose: 0 })
    assert.equal(calls, 3)
    assert.deepEqual(
      dropping.modules().map(module => module.training),
      modes,
    )
    assert.deepEqual(
      Object.entries(dropping.stateDict()).map(([name, tensor]) => [name, tensor.tolist()]),
      state,
    )
    assert.deepEqual(torch.getRngState().tolist(), random)
    assert.deepEqual(Object.getOwnPropertyNames(model.cnn_layers), fields)
    loss.backward()
    assert.notEqual(model.parameters()[0]!.grad, null)
  })

  test('so too where its forward throws', () => {
    class Throwing extends nn.Module {
      norm = new nn.BatchNorm2d(1)
      count = this.registerBuffer('count', torch.zeros([1]))
      forward(x: Tensor) {
        this.count = torch.ones([1])
        this.norm.forward(x as never)
        torch.rand([1])
        throw new Error('mine')
      }
    }
    const model = new Throwing().eval()
    const random = torch.getRngState().tolist()
    const { count } = model
    assert.throws(() => torch.summary(model, [2, 1, 3, 3], { mode: 'train' }), /^Error: mine$/)
    assert.equal(model.training, false)
    assert.equal(model.count, count)
    assert.deepEqual(model.norm.running_mean!.tolist(), [0])
    assert.deepEqual(torch.getRngState().tolist(), random)
    assert.equal(Object.hasOwn(model, 'forward'), false)
  })
})

test('wrong arguments are refused', () => {
  const model = new nn.Sequential(new nn.Linear(4, 2), new nn.ReLU(), new nn.Linear(3, 3))
  const wrong = torch.summary as (...args: unknown[]) => unknown
  const value = { code: 'ERR_INVALID_ARG_VALUE' }
  const type = { code: 'ERR_INVALID_ARG_TYPE' }
  assert.throws(() => wrong(5, [1]), type)
  assert.throws(() => wrong(model, 5), type)
  assert.throws(() => wrong(model, { inputData: 5 }), type)
  for (const size of [[], [0, 4], [2, -4], [[2, 4], []], [1.5]]) assert.throws(() => wrong(model, size), value, String(size)) // biome-ignore format: one line
  assert.throws(() => wrong(model, [2, 4], { inputData: torch.ones([2, 4]) }), { ...value, message: /Only one of/ })
  assert.throws(() => wrong(model, { colNames: ['outputSize'] }), { ...value, message: /in order to use columns/ })
  for (const options of [
    { colNames: ['output_size'] },
    { rowSettings: ['x'] },
    { verbose: 3 },
    { depth: -1 },
    { colWidth: 0 },
    { mode: 'x' },
    { dtypes: 'float32' },
    { dtypes: ['float'] },
    { batchDim: -1 },
    { device: 5 },
  ]) {
    assert.throws(() => wrong(model, [2, 4], options), type, JSON.stringify(options))
  }
  assert.throws(() => wrong(model, [2, 4], { colnames: [] }), { code: 'ERR_UNKNOWN_OPTION', message: /'colNames'/ })
  assert.throws(() => wrong(model, [2, 4]), {
    code: 'ERR_LIBTORCH',
    message: /Executed layers up to: \[Linear: 1, ReLU: 1\]/,
  })
})
