import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as torch from '../src/index'
import { nn } from '../src/index'
import { handlesLeft } from './reference/handles'

describe('nn.Sequential', () => {
  const layers = () => [new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 3)] as const

  it('runs its layers in order, and is their tree', () => {
    const [first, relu, last] = layers()
    const net = new nn.Sequential(first, relu, last)
    const x = torch.rand([5, 4])
    assert.deepEqual(net.forward(x).tolist(), last.forward(relu.forward(first.forward(x))).tolist())
    assert.deepEqual(Object.keys(net.stateDict()), ['0.weight', '0.bias', '2.weight', '2.bias'])
    assert.equal(net.length, 3)
    assert.deepEqual([...net], [first, relu, last])
    assert.equal(net[1], relu)
    assert.equal(net.at(0), first)
    assert.equal(net.at(-1), last)
    assert.equal(
      String(net),
      [
        'Sequential(',
        '  (0): Linear(in_features=4, out_features=8, bias=True)',
        '  (1): ReLU()',
        '  (2): Linear(in_features=8, out_features=3, bias=True)',
        ')',
      ].join('\n'),
    )
  })

  it('without layers gives its input', () => {
    const x = torch.rand([2])
    assert.equal(new nn.Sequential().forward(x), x)
    assert.equal(new nn.Sequential().length, 0)
  })

  it('keeps more than ten layers in order', () => {
    const seen: number[] = []
    class Seen extends nn.Module {
      constructor(readonly number: number) {
        super()
      }
      forward(x: torch.Tensor) {
        seen.push(this.number)
        return x
      }
    }
    const many = Array.from({ length: 12 }, (_, i) => new Seen(i))
    new nn.Sequential(...(many as nn.Module[])).forward(torch.rand([1]))
    assert.deepEqual(
      seen,
      many.map((_, i) => i),
    )
  })

  it('takes names from an object', () => {
    const net = new nn.Sequential({ hidden: new nn.Linear(4, 8), relu: new nn.ReLU() })
    assert.deepEqual(Object.keys(net.stateDict()), ['hidden.weight', 'hidden.bias'])
    assert.deepEqual(net.forward(torch.rand([5, 4])).shape, [5, 8])
    for (const [name, message] of [
      ['', /can't be empty/],
      ['a.b', /can't contain "\."/],
      ['forward', /attribute 'forward' already exists/],
    ] as const) {
      assert.throws(() => new nn.Sequential({ [name]: new nn.ReLU() }), { code: 'ERR_INVALID_ARG_VALUE', message })
    }
  })

  it('grows and shrinks as Python does', () => {
    const [first, relu, last] = layers()
    const net = new nn.Sequential(first)
    assert.equal(net.append(last), net)
    net.insert(1, relu)
    assert.deepEqual([...net], [first, relu, last])
    assert.deepEqual(Object.keys(net.stateDict()), ['0.weight', '0.bias', '2.weight', '2.bias'])
    const dropout = new nn.Dropout()
    net.insert(-1, dropout)
    assert.deepEqual([...net], [first, relu, dropout, last])
    assert.equal(net.pop(2), dropout)
    assert.equal(net.pop(), last)
    net.extend([last, new nn.Identity()])
    assert.equal(net.length, 4)
    assert.deepEqual(net.forward(torch.rand([5, 4])).shape, [5, 3])
  })

  it('refuses what is no module, and positions that are not there', () => {
    const net = new nn.Sequential(new nn.ReLU())
    const wrong = { code: 'ERR_INVALID_ARG_TYPE' }
    assert.throws(() => new nn.Sequential(new nn.ReLU(), 5 as never), {
      ...wrong,
      message: /layer 1 must be a Module, got the number 5/,
    })
    assert.throws(() => net.append(null as never), { ...wrong, message: /must be a Module, got null/ })
    assert.throws(() => net.insert(0, {} as never), wrong)
    assert.throws(() => net.extend(5 as never), wrong)
    assert.equal(net.length, 1)
    for (const index of [1, -2, 0.5]) assert.throws(() => net.at(index), { code: 'ERR_OUT_OF_RANGE' })
    assert.throws(() => net.pop(3), { code: 'ERR_OUT_OF_RANGE' })
    assert.throws(() => net.insert(5, new nn.ReLU()), { code: 'ERR_OUT_OF_RANGE' })
  })

  describe('what lies between its layers', () => {
    const made = (net: { forward(x: never): unknown }, x: torch.Tensor) => handlesLeft(() => net.forward(x as never))

    it('is freed at once, whether the layer is in place, gives its input back or a view of it', async () => {
      const x = torch.rand([2, 1, 8, 8])
      assert.equal(await made(new nn.Sequential(...layers()), torch.rand([5, 4])), 1)
      const convolution = new nn.Conv2d(1, 2, 3)
      const pool = new nn.MaxPool2d(2)
      const net = new nn.Sequential(
        convolution,
        new nn.ReLU({ inplace: true }),
        new nn.Identity(),
        pool,
        new nn.Dropout(0.5).eval(),
        new nn.Flatten(),
      )
      assert.equal(await made(net, x), 1)
      const expected = pool.forward(convolution.forward(x).relu()).reshape([2, 18])
      assert.deepEqual(net.forward(x).tolist(), expected.tolist())
      assert.equal(x.sum().item() > 0, true, "the input is the caller's")
    })

    it('has the same gradients', () => {
      const [first, relu, last] = layers()
      const x = torch.rand([5, 4], { requiresGrad: true })
      new nn.Sequential(first, relu, last).forward(x).sum().backward()
      const chained = torch.autograd.grad([last.forward(relu.forward(first.forward(x))).sum()], [x])
      assert.deepEqual(x.grad!.tolist(), chained[0]!.tolist())
    })

    it('stays where anybody but a layer of the package may hold it', () => {
      const seen: torch.Tensor[] = []
      class Kept extends nn.Linear<4, 4> {
        override forward(x: never): never {
          seen.push(x)
          return super.forward(x) as never
        }
      }
      class Passed extends nn.Module {
        forward(x: torch.Tensor) {
          seen.push(x)
          return x
        }
      }
      const hooked = new nn.ReLU()
      hooked.forward = x => {
        seen.push(x)
        return x.relu() as never
      }
      const plain = () => new nn.Linear(4, 4)
      for (const layer of [new Kept(4, 4), new Passed(), hooked]) {
        const rest = [plain(), layer, plain(), plain()] as nn.Module[]
        new nn.Sequential(...rest).forward(torch.rand([3, 4]))
      }
      assert.equal(seen.length, 3)
      for (const tensor of seen) assert.deepEqual(tensor.shape, [3, 4])
      for (const tensor of seen) assert.equal(tensor.tolist().length, 3)
    })
  })
})
