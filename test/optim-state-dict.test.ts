import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, optim, type Tensor } from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

interface Saved {
  kind: 'Adam' | 'SGD'
  options: Record<string, unknown>
  saved: { state: Record<string, Record<string, TensorFixture>>; param_groups: Record<string, unknown>[] }
  before: TensorFixture[]
  after: TensorFixture[]
}

const fixture = readFixture<{ grads: TensorFixture[][]; stateDicts: Saved[] }>('optim')
const exact = isExact(fixture)

const make = (kind: 'Adam' | 'SGD', params: Tensor[], options: Record<string, unknown>): optim.Adam | optim.SGD =>
  new (optim[kind] as new (params: Tensor[], options: object) => optim.Adam | optim.SGD)(params, options)

const stateOf = (saved: Saved['saved']): optim.OptimizerStateDict => ({
  state: Object.fromEntries(
    Object.entries(saved.state).map(([number, entries]) => [
      number,
      Object.fromEntries(Object.entries(entries).map(([name, tensor]) => [name, tensorOf(tensor).clone() as Tensor])),
    ]),
  ),
  param_groups: saved.param_groups,
})

function steps(optimizer: optim.Adam | optim.SGD, params: Tensor[], from: number, to: number): void {
  for (let step = from; step < to; step++) {
    params.forEach((param, i) => {
      param.grad = i === 2 && step % 3 === 1 ? null : tensorOf(fixture.grads[step]![i]!)
    })
    optimizer.step()
  }
}

describe('a state dict of Python', () => {
  for (const { kind, options, saved, before, after } of fixture.stateDicts) {
    test(`${kind} ${JSON.stringify(options)}: loaded, it goes on as Python does; saved, it is the same`, () => {
      const params: Tensor[] = before.map(tensor => new nn.Parameter(tensorOf(tensor).clone()))
      const optimizer = make(kind, params, {}) // all that matters is in the state dict
      optimizer.loadStateDict(stateOf(saved))
      const own = optimizer.stateDict()
      assert.deepEqual(own.param_groups, saved.param_groups)
      assert.deepEqual(Object.keys(own.param_groups[0]!), Object.keys(saved.param_groups[0]!))
      assert.deepEqual(Object.keys(own.state), Object.keys(saved.state))
      for (const [number, entries] of Object.entries(saved.state)) {
        assert.deepEqual(Object.keys(own.state[number]!), Object.keys(entries))
        for (const [name, tensor] of Object.entries(entries)) {
          assertTensor(own.state[number]![name], tensor, `${number} ${name}`)
        }
      }
      steps(optimizer, params, 4, 10)
      params.forEach((param, i) => {
        assertTensor(param, after[i]!, `parameter ${i}`, exact)
      })
    })
  }
})

describe('state dicts', () => {
  const params = () => [new nn.Parameter(torch.ones([7, 5])), new nn.Parameter(torch.ones([40]))]

  test('a round trip goes on in the same bits', () => {
    const first = params()
    const original = new optim.Adam(first, { lr: 0.05, amsgrad: true })
    steps(original, first, 0, 3)
    const second = first.map(param => new nn.Parameter(param.detach().clone() as Tensor))
    const copy = new optim.Adam(second)
    const { state, param_groups } = original.stateDict()
    const clones = Object.entries(state).map(([number, entries]) => [
      number,
      Object.fromEntries(Object.entries(entries).map(([name, tensor]) => [name, tensor.clone()])),
    ])
    copy.loadStateDict({ state: Object.fromEntries(clones), param_groups })
    steps(original, first, 3, 8)
    steps(copy, second, 3, 8)
    first.forEach((param, i) => {
      assert.deepEqual(second[i]!.bytes(), param.bytes())
    })
    assert.equal(copy.paramGroups[0]!.lr, 0.05)
    assert.equal(copy.paramGroups[0]!.amsgrad, true)
  })

  test('the state is the optimizer’s own, by parameter', () => {
    const [param] = params()
    const optimizer = new optim.SGD([param!], { momentum: 0.9 })
    assert.deepEqual(optimizer.stateDict().state, {})
    assert.equal(optimizer.state.size, 0)
    param!.grad = torch.ones([7, 5])
    optimizer.step()
    const buffer = optimizer.state.get(param!)!.momentum_buffer!
    param!.grad = torch.ones([7, 5])
    optimizer.step()
    assert.ok(Math.abs((buffer.at(0, 0).item() as number) - 1.9) < 1e-6)
  })

  test('state is cast to its parameter, the count of a fused step to float32', () => {
    const param = new nn.Parameter(torch.ones([2], { dtype: 'float64' }))
    const optimizer = new optim.Adam([param])
    const group = { ...optimizer.stateDict().param_groups[0]!, fused: true }
    const half = () => torch.zeros([2], { dtype: 'float16' }) as Tensor
    const step = torch.tensor([3], { dtype: 'float64' }).reshape([]) as Tensor
    optimizer.loadStateDict({ state: { 0: { step, exp_avg: half(), exp_avg_sq: half() } }, param_groups: [group] })
    const { 0: state } = optimizer.stateDict().state
    assert.deepEqual([state!.step!.dtype, state!.exp_avg!.dtype, state!.step!.item()], ['float32', 'float64', 3])
  })

  test('what others noted down in a group comes and goes with it', () => {
    const optimizer = new optim.SGD(params())
    Object.assign(optimizer.paramGroups[0]!, { note: 1 })
    const [group] = new optim.SGD(params(), { lr: 0.5 }).stateDict().param_groups
    optimizer.loadStateDict({ state: {}, param_groups: [{ ...group, initial_lr: 0.1 }] })
    assert.deepEqual(Object.keys(optimizer.paramGroups[0]!).slice(-1), ['initialLr'])
    assert.equal((optimizer.paramGroups[0] as unknown as { initialLr: number }).initialLr, 0.1)
    assert.equal(optimizer.paramGroups[0]!.lr, 0.5)
  })

  test('one that does not fit changes nothing', () => {
    const own = params()
    const optimizer = new optim.Adam(own, { lr: 0.25 })
    steps(optimizer, own, 0, 2)
    const before = optimizer.stateDict()
    const [group] = before.param_groups
    const refused = (dict: unknown, code: string, message: RegExp) => {
      assert.throws(() => optimizer.loadStateDict(dict as optim.OptimizerStateDict), { code, message })
      const after = optimizer.stateDict()
      assert.deepEqual(after.param_groups, before.param_groups)
      assert.deepEqual(after.state[1]!.exp_avg!.bytes(), before.state[1]!.exp_avg!.bytes())
    }
    refused({ state: {}, param_groups: [] }, 'ERR_STATE_DICT', /different number of parameter groups/)
    refused(
      { state: {}, param_groups: [{ ...group, params: [0] }] },
      'ERR_STATE_DICT',
      /doesn't match the size of optimizer's group/,
    )
    refused({ state: {}, param_groups: [{ ...group, lr: 'x' }] }, 'ERR_INVALID_ARG_TYPE', /'lr' must be a number/)
    const lr = { ...group, lr: 1 }
    refused({ state: { 0: { step: 1 } }, param_groups: [lr] }, 'ERR_STATE_DICT', /lacks 'exp_avg'/)
    refused(
      { state: { 0: { sum: torch.ones([1]) } }, param_groups: [lr] },
      'ERR_STATE_DICT',
      /Adam keeps no state 'sum'/,
    )
    refused({ state: { 0: { exp_avg: 'x' } }, param_groups: [lr] }, 'ERR_STATE_DICT', /'exp_avg' must be a tensor/)
    refused({ state: { 7: {} }, param_groups: [lr] }, 'ERR_STATE_DICT', /no such parameter/)
    refused({ state: {} }, 'ERR_INVALID_ARG_TYPE', /has state and param_groups/)
    refused(null, 'ERR_INVALID_ARG_TYPE', /got null/)
  })
})
