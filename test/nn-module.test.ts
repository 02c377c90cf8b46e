import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import * as torch from '../src/index'
import { nn, type Tensor } from '../src/index'
import { Block, Net } from './reference/modules'
import { readFixture } from './reference/tensors'

const fixture = readFixture<{ texts: Record<string, string>; walks: Record<string, string[]> }>('nn')

class Empty extends nn.Module {
  forward() {}
}

class Described extends nn.Module {
  extra: string
  child?: nn.Module
  constructor(extra: string, child?: nn.Module) {
    super()
    this.extra = extra
    if (child) this.child = child
  }
  forward() {}
  override extraRepr(): string {
    return this.extra
  }
}

const block = () => new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU())
const relus = () => new nn.ModuleList([new nn.ReLU(), new nn.ReLU()])

const TEXTS: Record<string, () => unknown> = {
  empty: () => new Empty(),
  'empty sequential': () => new nn.Sequential(),
  'empty list': () => new nn.ModuleList(),
  nested: () => new Net(),
  article: () =>
    new nn.Sequential(
      new nn.Conv2d(1, 4, { kernelSize: 2, stride: 1, padding: 1 }),
      new nn.BatchNorm2d(4),
      new nn.ReLU({ inplace: true }),
      new nn.MaxPool2d({ kernelSize: 2, stride: 2 }),
    ),
  list: () => new nn.ModuleList([new nn.Linear(2, 2), new nn.Linear(2, 2), new nn.ReLU(), new nn.Linear(2, 2)]),
  'list of blocks': () => new nn.ModuleList([block(), block(), block()]),
  'list of lists': () => new nn.ModuleList([relus(), relus()]),
  dictionary: () => new nn.ModuleDict({ conv: new nn.Conv2d(10, 10, 3), act: new nn.ReLU() }),
  parameters: () => new nn.ParameterList([torch.zeros([2, 3]), torch.zeros([4], { dtype: 'float64' })]),
  'one extra line': () => new Described('a=1'),
  'one extra line and a child': () => new Described('a=1', new nn.ReLU()),
  'two extra lines': () => new Described('a=1\nb=2'),
  'two extra lines and a child': () => new Described('a=1\n\nb=2', new nn.Sequential(new nn.ReLU())),
  'a loss inside': () => new Described('', new nn.CrossEntropyLoss({ labelSmoothing: 0.1 })),
  'a parameter': () =>
    new nn.Parameter(
      torch.tensor([
        [1, 2.5],
        [-3, 0],
      ]),
    ),
  'a frozen parameter': () => new nn.Parameter(torch.tensor([1n, 2n]), { requiresGrad: false }),
}

describe('String(module) is what Python prints', () => {
  for (const [name, text] of Object.entries(fixture.texts)) {
    test(name, () => {
      const made = TEXTS[name]!()
      assert.equal(String(made), text)
      assert.equal(inspect(made), text)
    })
  }
})

describe('the tree is what the fields are', () => {
  test('names and order are those of Python', () => {
    const net = new Net()
    const names = (entries: [string, unknown][]) => entries.map(([name]) => name)
    const { walks } = fixture
    assert.deepEqual(Object.keys(net.stateDict()), walks.stateDict)
    assert.deepEqual(Object.keys(net.stateDict({ prefix: 'net.' })), walks.prefixed)
    assert.deepEqual(names(net.namedParameters()), walks.parameters)
    assert.deepEqual(names(net.namedParameters({ recurse: false })), walks.ownParameters)
    assert.deepEqual(names(net.namedParameters('net', { removeDuplicate: false })), walks.allParameters)
    assert.deepEqual(names(net.namedBuffers()), walks.buffers)
    assert.deepEqual(names(net.namedModules()), walks.modules)
    assert.deepEqual(names(net.namedModules({ prefix: 'net', removeDuplicate: false })), walks.allModules)
    assert.deepEqual(names(net.namedChildren()), walks.children)
    assert.equal(net.modules().length, walks.modules!.length)
    assert.equal(net.children().length, walks.children!.length)
    assert.equal(net.parameters().length, walks.parameters!.length)
    assert.equal(net.buffers().length, walks.buffers!.length)
  })

  test('it is read when asked: fields come, go and are replaced', () => {
    const net = new Net() as Net & { extra?: nn.Module }
    const before = net.parameters().length
    net.extra = new nn.Linear(2, 2)
    assert.equal(net.parameters().length, before + 2)
    net.extra = new nn.Linear(2, 2, { bias: false })
    assert.equal(net.parameters().length, before + 1)
    delete net.extra
    assert.equal(net.parameters().length, before)
  })

  test('private fields and plain arrays are not registered, ModuleList is', () => {
    class Hidden extends nn.Module {
      #secret = new nn.Linear(2, 2)
      plain = [new nn.Linear(2, 2)]
      list = new nn.ModuleList([new nn.Linear(2, 2)])
      forward(x: Tensor<[number, 2]>) {
        return this.#secret.forward(x)
      }
    }
    assert.deepEqual(
      new Hidden().namedParameters().map(([name]) => name),
      ['list.0.weight', 'list.0.bias'],
    )
  })

  test('things are found by dotted names', () => {
    const net = new Net()
    assert.equal(net.getSubmodule(''), net)
    assert.ok(net.getSubmodule('features.0.conv') instanceof nn.Conv2d)
    assert.equal(net.getParameter('heads.1.bias'), net.heads[1]!.bias)
    assert.equal(net.getBuffer('mean'), net.mean)
    const wrong = { code: 'ERR_INVALID_ARG_VALUE' }
    assert.throws(() => net.getSubmodule('features.9'), { ...wrong, message: 'Sequential has no attribute `9`' })
    assert.throws(() => net.getSubmodule('scale'), { ...wrong, message: '`scale` is not an nn.Module' })
    assert.throws(() => net.getParameter('mean'), { ...wrong, message: '`mean` is not an nn.Parameter' })
    assert.throws(() => net.getBuffer('scale'), { ...wrong, message: '`scale` is not a buffer' })
  })

  test('apply goes from the leaves to the root', () => {
    const seen: string[] = []
    const net = new nn.Sequential(new nn.Linear(2, 2), new nn.Sequential(new nn.ReLU()))
    net.apply(module => seen.push(module.constructor.name))
    assert.deepEqual(seen, ['Linear', 'ReLU', 'Sequential', 'Sequential'])
  })

  test('a module without forward says so', () => {
    class Nothing extends (nn.Module as unknown as new () => object) {}
    assert.throws(() => (new Nothing() as nn.Module & { forward(): void }).forward(), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: 'Module [Nothing] is missing the required "forward" function',
    })
  })
})

describe('registering by name', () => {
  test('buffers may be fields too, and need not be saved', () => {
    class Shift extends nn.Module {
      offset = this.registerBuffer('offset', torch.ones([2]))
      absent = this.registerBuffer('absent', null)
      scratch = this.registerBuffer('scratch', torch.zeros([2]), { persistent: false })
      forward(x: Tensor) {
        return x.add(this.offset)
      }
    }
    const shift = new Shift()
    assert.deepEqual(Object.keys(shift.stateDict()), ['offset'])
    assert.deepEqual(
      shift.namedBuffers().map(([name]) => name),
      ['offset', 'scratch'],
    )
    assert.deepEqual(shift.forward(torch.ones([2])).tolist(), [2, 2])
    shift.offset = torch.zeros([2])
    assert.equal(shift.buffers()[0], shift.offset)
    const moved = shift.double().offset
    assert.equal(moved.dtype, 'float64')
    assert.equal(shift.buffers()[0], moved)
  })

  test('parameters and modules', () => {
    const empty = new Empty()
    empty.registerParameter('gain', new nn.Parameter(torch.ones([1])))
    empty.registerModule('child', new nn.Linear(1, 1))
    empty.addModule('other', new nn.ReLU())
    assert.deepEqual(Object.keys(empty.stateDict()), ['gain', 'child.weight', 'child.bias'])
    assert.deepEqual(
      empty.namedChildren().map(([name]) => name),
      ['child', 'other'],
    )
  })

  test('names and kinds that cannot be', () => {
    const empty = new Empty()
    const value = { code: 'ERR_INVALID_ARG_VALUE' }
    assert.throws(() => empty.registerModule('a.b', new nn.ReLU()), { ...value, message: /can't contain "."/ })
    assert.throws(() => empty.registerParameter('', null), { ...value, message: /can't be empty string/ })
    assert.throws(() => empty.registerBuffer('forward', null), {
      ...value,
      message: "attribute 'forward' already exists",
    })
    assert.throws(() => empty.registerBuffer('x', 3 as never), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.throws(() => empty.registerParameter('x', torch.ones([1]) as never), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.throws(() => empty.registerModule('x', {} as never), { code: 'ERR_INVALID_ARG_TYPE' })
  })
})

describe('training, moving, casting', () => {
  test('train and eval reach every module, native ones included', () => {
    const net = new nn.Sequential(new nn.Dropout(1), new nn.Sequential(new nn.Dropout(1)))
    assert.equal(net.training, true)
    assert.equal(net.eval(), net)
    assert.deepEqual(
      net.modules().map(module => module.training),
      [false, false, false, false],
    )
    assert.deepEqual(net.forward(torch.ones([2])).tolist(), [1, 1])
    net.train()
    assert.deepEqual(net.forward(torch.ones([2])).tolist(), [0, 0])
    net.train(false)
    const dropout = new nn.Dropout(1)
    dropout.training = false
    assert.deepEqual(dropout.forward(torch.ones([2])).tolist(), [1, 1])
    assert.throws(() => net.train('yes' as never), { code: 'ERR_INVALID_ARG_TYPE' })
  })

  test('casts keep parameters and their gradients, replace buffers, and leave integers', () => {
    const net = new Block(2)
    const [weight] = net.parameters()
    net.norm
      .forward(net.conv.forward(torch.randn([1, 2, 4, 4])))
      .sum()
      .backward()
    const counted = net.norm.num_batches_tracked
    assert.equal(net.double(), net)
    assert.equal(net.conv.weight, weight)
    assert.equal(weight!.dtype, 'float64')
    assert.equal(weight!.grad!.dtype, 'float64')
    assert.equal(net.norm.running_mean!.dtype, 'float64')
    assert.equal(net.norm.num_batches_tracked, counted)
    assert.equal(counted!.dtype, 'int64')
    net.norm.forward(net.conv.forward(torch.randn([1, 2, 4, 4], { dtype: 'float64' })))
    assert.equal(counted!.item(), 2)
    assert.equal(net.half().conv.weight.dtype, 'float16')
    assert.equal(net.bfloat16().conv.weight.dtype, 'bfloat16')
    assert.equal(net.float().conv.weight.dtype, 'float32')
    assert.equal(net.to('float64').conv.weight.dtype, 'float64')
    assert.equal(net.to('cpu', 'float32').conv.weight.dtype, 'float32')
    assert.equal(net.to({ dtype: 'float64' }).conv.weight.dtype, 'float64')
    assert.equal(net.to(torch.zeros([1])).conv.weight.dtype, 'float32')
    assert.deepEqual(net.to({ memoryFormat: 'channels_last' }).conv.weight.stride(), [18, 1, 6, 2])
    assert.equal(net.cpu().conv.weight.device, 'cpu')
    assert.equal(net.to('meta').conv.weight.device, 'meta')
  })

  test('what a module cannot become', () => {
    const net = new nn.Linear(2, 2)
    assert.throws(() => net.to('int64'), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: 'nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.int64',
    })
    assert.throws(() => net.to(), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.throws(() => net.to({ dtyp: 'float64' }), { code: 'ERR_UNKNOWN_OPTION', message: /did you mean 'dtype'/ })
  })

  test('CUDA', { skip: torch.cuda.isAvailable() && 'there is a GPU here' }, () => {
    assert.throws(() => new nn.Linear(2, 2).cuda(), { code: 'ERR_CUDA_UNAVAILABLE' })
  })

  test('gradients are forgotten or zeroed, and switched off', () => {
    const linear = new nn.Linear(2, 1)
    linear
      .forward(torch.ones([1, 2]))
      .sum()
      .backward()
    linear.zeroGrad({ setToNone: false })
    assert.deepEqual(linear.weight.grad!.tolist(), [[0, 0]])
    linear.zeroGrad()
    assert.equal(linear.weight.grad, null)
    assert.equal(linear.requiresGrad_(false), linear)
    assert.equal(linear.forward(torch.ones([1, 2])).requiresGrad, false)
  })
})

describe('containers', () => {
  test('ModuleList is a list', () => {
    const list = new nn.ModuleList<nn.Module>([new nn.ReLU()])
    const linear = new nn.Linear(1, 1)
    assert.equal(list.append(linear), list)
    list.insert(0, new nn.Flatten())
    list.extend([new nn.Identity()])
    const kinds = () => [...list].map(module => module.constructor.name)
    assert.deepEqual(kinds(), ['Flatten', 'ReLU', 'Linear', 'Identity'])
    assert.equal(list.length, 4)
    assert.equal(list[2], linear)
    assert.equal(list.at(-2), linear)
    assert.deepEqual(Object.keys(list.stateDict()), ['2.weight', '2.bias'])
    assert.equal(list.pop(2), linear)
    assert.equal(list.pop()!.constructor.name, 'Identity')
    list.set(0, linear)
    assert.deepEqual(kinds(), ['Linear', 'ReLU'])
    assert.throws(() => list.at(2), { code: 'ERR_OUT_OF_RANGE', message: 'index 2 is out of range' })
    assert.throws(() => list.append(3 as never), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.throws(() => list.extend(3 as never), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.throws(() => (list as { forward(): void }).forward(), { message: /missing the required "forward"/ })
  })

  test('ParameterList makes parameters of tensors', () => {
    const list = new nn.ParameterList([torch.ones([2])])
    list.append(new nn.Parameter(torch.zeros([1])))
    assert.equal(list.parameters().length, 2)
    assert.equal(list[0], list.parameters()[0])
    assert.throws(() => list.append(1 as never), { code: 'ERR_INVALID_ARG_TYPE' })
  })
})

describe('Parameter', () => {
  test('is a leaf that shares the storage', () => {
    const data = torch.zeros([2])
    const parameter = new nn.Parameter(data)
    assert.equal(parameter.isLeaf && parameter.requiresGrad, true)
    data.add_(1)
    assert.deepEqual(parameter.tolist(), [1, 1])
    assert.equal(data.requiresGrad, false)
    assert.equal(new nn.Parameter(data, false).requiresGrad, false)
    assert.deepEqual(new nn.Parameter().shape, [0])
    const inner = torch.noGrad(() => new nn.Parameter(torch.ones([1])))
    assert.equal(inner.requiresGrad, true)
  })

  test('outlives the scope that it was made in', () => {
    const holder: { kept?: nn.Parameter } = {}
    torch.tidy(() => {
      holder.kept = new nn.Parameter(torch.ones([2]))
    })
    assert.deepEqual(holder.kept!.tolist(), [1, 1])
  })

  test('refuses what cannot be learnt', () => {
    assert.throws(() => new nn.Parameter(torch.tensor([1n])), { code: 'ERR_LIBTORCH', message: /floating point/ })
    assert.throws(() => new nn.Parameter(3 as never), { code: 'ERR_INVALID_ARG_TYPE' })
  })
})
