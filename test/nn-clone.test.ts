/** `module.clone()`: Python's `copy.deepcopy`. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Job } from '../src/core/job'
import * as torch from '../src/index'
import { Net, nn, type Tensor } from '../src/index'
import { assertTensor, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

const x = torch.rand([2, 4]) as Tensor<[2, 4]>

describe('a clone', () => {
  test('has the same class, text and numbers, and tensors of its own', () => {
    const model = new Net()
    model.cnn_layers.at(1).momentum = 0.5
    model.eval()
    model.cnn_layers.train()
    const state = torch.getRngState().tolist()
    const copy = model.clone()
    assert.deepEqual(torch.getRngState().tolist(), state, 'nothing is drawn')
    assert.ok(copy instanceof Net)
    assert.equal(String(copy), String(model))
    assert.deepEqual(
      copy.modules().map(module => module.training),
      model.modules().map(module => module.training),
    )
    const before = Object.entries(model.stateDict()).map(([name, tensor]) => [name, tensor.tolist()])
    assert.deepEqual(
      Object.entries(copy.stateDict()).map(([name, tensor]) => [name, tensor.tolist()]),
      before,
    )
    torch.noGrad(() => {
      for (const tensor of Object.values(copy.stateDict())) tensor.zero_()
    })
    copy.cnn_layers.forward(torch.rand([2, 1, 28, 28]))
    assert.deepEqual(
      Object.entries(model.stateDict()).map(([name, tensor]) => [name, tensor.tolist()]),
      before,
    )
  })

  interface LayerCase {
    layer: string
    options: Record<string, unknown>
    seed: number
    input: TensorFixture
  }
  type AnyLayer = nn.Module & { forward(...inputs: Tensor[]): Tensor | Tensor[] }
  const layers = nn as unknown as Record<string, new (options: Record<string, unknown>) => AnyLayer>

  test('of every layer answers as it does, in both modes', () => {
    const { layers: cases } = readFixture<{ layers: LayerCase[] }>('nn')
    assert.ok(cases.length > 40)
    for (const { layer: kind, options, input } of cases) {
      const camel = Object.entries(options).map(([name, value]) => {
        const coded = value as { tensor?: TensorFixture } | null
        return [name, coded?.tensor ? tensorOf(coded.tensor) : value]
      })
      const layer = new layers[kind]!(Object.fromEntries(camel))
      for (const mode of [true, false]) {
        layer.train(mode)
        const copy = layer.clone()
        assert.equal(String(copy), String(layer))
        assert.equal(copy.training, mode)
        const given = tensorOf(input)
        const answer = (of: AnyLayer) => {
          torch.manualSeed(7)
          return [of.forward(given.clone())].flat().map(output => (output as Tensor).detach().tolist())
        }
        assert.deepEqual(answer(copy), answer(layer), `${kind} ${JSON.stringify(options)}`)
        for (const [name, tensor] of copy.namedParameters()) {
          assert.ok(nn.isParameter(tensor), name)
          assert.notEqual(tensor, layer.getParameter(name))
        }
      }
    }
  })

  test('is possible for every layer: none has #private members', () => {
    const folder = join(__dirname, '../src/nn/layers')
    const files = readdirSync(folder).filter(file => file !== 'layer-options.ts') // which is no layer
    assert.ok(files.length > 10)
    const members = files.flatMap(file => {
      const found = readFileSync(join(folder, file), 'utf8').match(/^ {2}(?:static |readonly |async |\*)*#\w+/gm) ?? []
      return found.map(member => `${file}: ${member.trim()}`)
    })
    assert.deepEqual(members, [], 'no constructor runs for a clone: write `protected _name`')
  })

  test('keeps what is shared, frozen, listed and registered', () => {
    class Parts extends nn.Module {
      first = new nn.Linear(4, 4)
      again = this.first
      list = new nn.ModuleList([new nn.Linear(4, 4), this.first])
      dict = new nn.ModuleDict({ a: new nn.ReLU() })
      parameters_ = new nn.ParameterList([new nn.Parameter(torch.ones([2]))])
      named = new nn.ParameterDict({ b: new nn.Parameter(torch.zeros([1])) })
      scale = this.registerBuffer('scale', torch.ones([4]))
      hidden = this.registerBuffer('hidden', torch.ones([1]), false)
      nothing = this.registerBuffer('nothing', null)
      plain = { sizes: [1, 2], seen: new Set([1]), names: new Map([['a', this.first]]) }
      bytes = new Uint8Array(2)
      count = 0
      forward(x: Tensor<[number, 4]>) {
        this.count++
        return this.again.forward(this.first.forward(x))
      }
    }
    const model = new Parts()
    model.first.bias!.requiresGrad_(false)
    model.first.weight.grad = torch.ones([4, 4])
    const copy = model.clone()
    assert.equal(copy.first, copy.again)
    assert.equal(copy.list.at(1), copy.first)
    assert.equal(copy.plain.names.get('a'), copy.first)
    assert.notEqual(copy.plain.sizes, model.plain.sizes)
    assert.deepEqual([copy.plain.sizes, copy.plain.seen], [[1, 2], new Set([1])])
    assert.equal(copy.bytes, model.bytes, 'instances of other classes are shared')
    assert.deepEqual([copy.first.bias!.requiresGrad, copy.first.weight.requiresGrad], [false, true])
    assert.equal(copy.first.weight.grad, null, 'as in Python, without the gradient')
    assert.deepEqual(Object.keys(copy.stateDict()), Object.keys(model.stateDict()))
    assert.deepEqual(
      copy.namedBuffers().map(([name]) => name),
      ['scale', 'hidden'],
    )
    copy.list.append(new nn.Linear(4, 4) as never)
    assert.deepEqual([copy.list.length, model.list.length], [3, 2])
    assert.equal(copy.dict.get('a') instanceof nn.ReLU, true)
    copy.forward(x)
    assert.deepEqual([copy.count, model.count], [1, 0])
    torch.tidy(() => {
      copy.scale = torch.zeros([4]) as never
    })
    assert.deepEqual(copy.scale.tolist(), [0, 0, 0, 0], 'a buffer outlives a scope')
  })

  test('has the hooks, and each is removed from one alone', () => {
    const layer = new nn.Linear(4, 2)
    let calls = 0
    const handle = layer.registerForwardHook(() => void calls++)
    const copy = layer.clone()
    copy.forward(x)
    layer.forward(x)
    assert.equal(calls, 2)
    handle.remove()
    layer.forward(x)
    copy.forward(x)
    assert.equal(calls, 3)
  })

  test('made while a job uses the model waits for it', async () => {
    const layer = new nn.Linear(4, 4)
    const job = new Job()
    const zero = () => torch.noGrad(() => layer.weight.zero_())
    job.run(() => {
      for (let i = 0; i < 50; i++) layer.weight.detach().matmul(layer.weight.detach())
      zero()
    })
    assert.deepEqual(layer.clone().weight.abs().sum().item(), 0)
    await job.settled()
  })

  test('of what is no leaf is refused, as in Python', () => {
    class Keeping extends nn.Module {
      layer = new nn.Linear(4, 2)
      last: Tensor | null = null
      forward(x: Tensor<[number, 4]>) {
        const y = this.layer.forward(x)
        this.last = y
        return y
      }
    }
    const model = new Keeping()
    model.forward(x)
    assert.throws(() => model.clone(), { code: 'ERR_INVALID_ARG_VALUE', message: /Only Tensors created explicitly/ })
    model.last = model.last!.detach()
    const copy = model.clone()
    assertTensor(
      copy.last,
      { dtype: 'float32', shape: [2, 2], data: Buffer.from(model.last.bytes()).toString('base64') },
      'last',
    )
  })
})

test('the momentum of a batch norm may be set at any time', () => {
  const norm = new nn.BatchNorm2d(1)
  assert.equal(norm.momentum, 0.1)
  const ones = torch.full([2, 1, 2, 2], 4) as Tensor<[2, 1, 2, 2]>
  norm.momentum = 0.5
  norm.forward(ones)
  assert.deepEqual(norm.running_mean!.tolist(), [2])
  assert.match(String(norm), /momentum=0\.5/)
  norm.resetRunningStats()
  assert.deepEqual(
    [norm.running_mean!.tolist(), norm.running_var!.tolist(), norm.num_batches_tracked!.item()],
    [[0], [1], 0],
  )
  norm.momentum = null
  norm.forward(ones)
  norm.forward(ones.mul(3) as typeof ones)
  assert.deepEqual(norm.running_mean!.tolist(), [8])
  assert.throws(
    () => {
      norm.momentum = 'x' as never
    },
    { code: 'ERR_INVALID_ARG_TYPE' },
  )
  assert.equal(norm.momentum, null)
})
