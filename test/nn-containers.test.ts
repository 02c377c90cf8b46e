import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, type Tensor } from '../src/index'
import { readFixture } from './reference/tensors'

interface Described {
  text: string
  keys: string[] | null
  iterated: string[] | number
  state: string[]
  parameters: string[]
  modules: string[]
}

const fixture = readFixture<{
  modules: Described
  parameters: Described
  list: Described
  net: Described
  empty: string[]
}>('containers')

function check(module: nn.Module, { text, keys, iterated, state, parameters, modules }: Described): void {
  assert.equal(String(module), text)
  assert.deepEqual(Object.keys(module.stateDict()), state)
  assert.deepEqual(
    module.namedParameters().map(([name]) => name),
    parameters,
  )
  assert.deepEqual(
    module.namedModules().map(([name]) => name),
    modules,
  )
  if (module instanceof nn.ModuleDict || module instanceof nn.ParameterDict) {
    assert.deepEqual(module.keys(), keys)
    assert.deepEqual([...module], iterated)
    assert.equal(module.length, keys!.length)
    assert.deepEqual(
      module.items().map(([name]) => name),
      keys,
    )
    assert.deepEqual(
      module.values(),
      module.keys().map(name => module.get(name)),
    )
  }
}

class Containing extends nn.Module {
  steps = new nn.ModuleDict([
    ['second', new nn.Linear(2, 3)],
    ['first', new nn.ReLU()],
  ])
  scales = new nn.ParameterDict({ w: torch.ones([2]), a: torch.zeros([1, 2]) })
  shifts = new nn.ParameterList([torch.ones([2]), torch.zeros([3])])
  forward(x: Tensor): Tensor {
    return x
  }
}
Object.defineProperty(Containing, 'name', { value: 'Net' })

describe('containers are those of Python', () => {
  test('ModuleDict', () => {
    const modules = new nn.ModuleDict({ conv: new nn.Conv2d(1, 2, 3), act: new nn.ReLU() })
    const more = modules.set('norm', new nn.BatchNorm2d(2))
    assert.equal<unknown>(more, modules)
    modules.update({ conv: new nn.Linear(1, 2), last: new nn.Identity() })
    assert.ok(modules.pop('act') instanceof nn.ReLU)
    check(modules, fixture.modules)
    assert.ok(more.get('norm') instanceof nn.BatchNorm2d)
    assert.equal(modules.has('norm') && !modules.has('act') && !modules.has('keys'), true)
    const other = new nn.ModuleDict(modules)
    assert.deepEqual(other.values(), modules.values())
    modules.clear()
    assert.deepEqual([modules.length, other.length], [0, 3])
    assert.equal(String(modules), fixture.empty[0])
  })

  test('ParameterDict', () => {
    const parameters = new nn.ParameterDict<Record<string, Tensor>>([
      ['z', torch.ones([2, 3])],
      ['y', torch.zeros([4], { dtype: 'float64' })],
    ])
    const scalar = new nn.Parameter(torch.zeros([], { dtype: 'bfloat16' }))
    parameters.set('x', scalar)
    parameters.update({ b: torch.ones([1]), a: torch.ones([1]) }) // sorted, as in Python
    parameters.set('y', torch.ones([5], { dtype: 'complex64' }))
    check(parameters, fixture.parameters)
    assert.equal(parameters.get('x'), scalar)
    assert.equal(parameters.setdefault('x', torch.ones([2])), scalar)
    assert.deepEqual(parameters.setdefault('new', torch.ones([2])).shape, [2])
    const copy = parameters.copy()
    assert.equal(copy.popitem()[0], 'new')
    assert.deepEqual(copy.keys(), fixture.parameters.keys)
    assert.equal(copy.pop('x'), scalar)
    copy.clear()
    assert.equal(String(copy), fixture.empty[1])
    assert.throws(() => copy.popitem(), { code: 'ERR_INVALID_ARG_VALUE' })
  })

  test('ParameterList', () => {
    const list = new nn.ParameterList([torch.ones([2]), torch.zeros([3])])
    list.append(torch.ones([1]) as nn.Parameter)
    list.extend([torch.ones([4])] as nn.Parameter[])
    list.set(0, new nn.Parameter(torch.zeros([2, 2], { dtype: 'float16' })))
    check(list, fixture.list)
    assert.equal(list.length, fixture.list.iterated)
    assert.equal(String(new nn.ParameterList()), fixture.empty[2])
  })

  test('inside a module', () => {
    const net = new Containing()
    check(net, fixture.net)
    net.to('float64').eval()
    assert.deepEqual(new Set(net.parameters().map(({ dtype }) => dtype)), new Set(['float64']))
    assert.equal(net.steps.get('second')!.training, false)
    const other = new Containing().double()
    assert.deepEqual(other.loadStateDict(net.stateDict()), { missingKeys: [], unexpectedKeys: [] })
  })

  test('know the types of their members', () => {
    const dict = new nn.ModuleDict({ wide: new nn.Linear(4, 8), relu: new nn.ReLU() })
    const out: Tensor<[2, 8]> = dict.get('wide').forward(torch.ones([2, 4]))
    assert.deepEqual(out.shape, [2, 8])
    const scale: nn.Parameter<[8]> = new nn.ParameterDict({ scale: torch.ones([8]) }).get('scale')
    assert.deepEqual(scale.shape, [8])
  })

  test('refuse what they cannot hold', () => {
    const refuse = (run: () => unknown, code: string, message: RegExp) => assert.throws(run, { code, message })
    const modules = new nn.ModuleDict<Record<string, nn.Module>>({ relu: new nn.ReLU() })
    refuse(() => modules.get('a'), 'ERR_INVALID_ARG_VALUE', /^ModuleDict has no 'a'$/)
    refuse(() => modules.pop('keys'), 'ERR_INVALID_ARG_VALUE', /^ModuleDict has no 'keys'$/)
    refuse(() => modules.set('keys', new nn.ReLU()), 'ERR_INVALID_ARG_VALUE', /^attribute 'keys' already exists$/)
    refuse(() => modules.set('', new nn.ReLU()), 'ERR_INVALID_ARG_VALUE', /can't be empty string/)
    refuse(() => modules.set('a.b', new nn.ReLU()), 'ERR_INVALID_ARG_VALUE', /can't contain "."/)
    refuse(() => modules.set('a', torch.ones([1]) as never), 'ERR_INVALID_ARG_TYPE', /is not a Module$/)
    refuse(() => modules.set('a', null as never), 'ERR_INVALID_ARG_TYPE', /^null is not a Module$/)
    refuse(
      () => modules.update(3 as never),
      'ERR_INVALID_ARG_TYPE',
      /^ModuleDict.update should be called with .* number 3$/,
    )
    refuse(() => modules.update([['a']] as never), 'ERR_INVALID_ARG_TYPE', /element #0 should be \[name, value\], got/)
    refuse(() => new nn.ModuleDict({ a: 3 } as never), 'ERR_INVALID_ARG_TYPE', /^the number 3 is not a Module$/)
    refuse(() => modules.forward(), 'ERR_INVALID_ARG_TYPE', /^Module \[ModuleDict\] is missing/)
    const parameters = new nn.ParameterDict<Record<string, Tensor>>({ a: torch.ones([1]) })
    refuse(
      () => parameters.set('b', [1] as never),
      'ERR_INVALID_ARG_TYPE',
      /^a ParameterDict holds parameters, got an array/,
    )
    refuse(
      () => parameters.set('values', torch.ones([1])),
      'ERR_INVALID_ARG_VALUE',
      /^attribute 'values' already exists$/,
    )
    refuse(
      () => parameters.set(3 as never, torch.ones([1])),
      'ERR_INVALID_ARG_TYPE',
      /^parameter name should be a string/,
    )
    refuse(() => parameters.get('b'), 'ERR_INVALID_ARG_VALUE', /^ParameterDict has no 'b'$/)
    refuse(() => parameters.update(torch.ones([1]) as never), 'ERR_INVALID_ARG_TYPE', /^ParameterDict.update should be/)
  })
})
