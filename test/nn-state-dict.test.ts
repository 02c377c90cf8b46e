import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, type Tensor } from '../src/index'
import { Net } from './reference/modules'
import { readFixture } from './reference/tensors'

const { stateDicts } = readFixture<{
  stateDicts: { errors: Record<string, string>; loose: { missing: string[]; unexpected: string[] } }
}>('nn')

type Dict = Record<string, Tensor>

/** A state dict of Python's kind, with metadata, from which some keys are deleted. */
const state = (...deleted: string[]): Dict => {
  const dict = new Net().stateDict()
  for (const name of deleted) delete dict[name]
  return dict
}
/** A plain object, which knows nothing of the versions of its modules. */
const plain = (...deleted: string[]): Dict => ({ ...state(...deleted) })

const CASES: Record<string, () => Dict> = {
  missing: () => state('scale', 'features.0.conv.bias'),
  unexpected: () => ({
    ...plain(),
    extra: torch.zeros([1]),
    'features.7.weight': torch.zeros([1]),
    'heads.0.gain': torch.zeros([1]),
  }),
  sizes: () => ({ ...plain(), scale: torch.zeros([4]), 'heads.2.weight': torch.zeros([3, 2, 1]) }),
  'all three': () => ({ ...plain('mean'), scale: torch.zeros([4]), other: torch.zeros([1]) }),
  'no tensor': () => ({ ...plain('mean'), mean: torch.zeros([]) }),
  'count missing': () => state('features.0.norm.num_batches_tracked'),
  nothing: () => ({}),
  scratch: () => ({ ...plain(), scratch: torch.zeros([2]) }),
}

describe('loadStateDict refuses in the words of Python', () => {
  for (const [name, message] of Object.entries(stateDicts.errors)) {
    test(name, () => {
      assert.throws(
        () => new Net().loadStateDict(CASES[name]!()),
        error => {
          assert.ok(error instanceof torch.StateDictError)
          assert.equal(error.code, 'ERR_STATE_DICT')
          assert.equal(error.message, message)
          return true
        },
      )
    })
  }

  test('what is no tensor, and what is no state dict', () => {
    const wrong = { ...plain(), mean: 3 as unknown as Tensor }
    assert.throws(() => new Net().loadStateDict(wrong), {
      code: 'ERR_STATE_DICT',
      message:
        /While copying the parameter named "mean", expected torch.Tensor or Tensor-like object from checkpoint but received the number 3/,
    })
    assert.throws(() => new Net().loadStateDict(null as never), { code: 'ERR_INVALID_ARG_TYPE', message: /dict-like/ })
    assert.throws(() => new Net().loadStateDict([] as never), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.throws(() => new Net().loadStateDict({}, { strikt: false } as never), { code: 'ERR_UNKNOWN_OPTION' })
  })
})

describe('loadStateDict', () => {
  test('copies every value, into the tensors that are there', () => {
    const from = new Net()
    const to = new Net()
    const weight = to.heads[2]!.weight
    assert.deepEqual(to.loadStateDict(from.stateDict()), { missingKeys: [], unexpectedKeys: [] })
    assert.equal(to.heads[2]!.weight, weight)
    for (const [name, tensor] of Object.entries(from.stateDict())) {
      assert.deepEqual(to.stateDict()[name]!.bytes(), tensor.bytes(), name)
    }
    from.heads[2]!.weight.requiresGrad_(false).zero_()
    assert.notEqual(weight.abs().sum().item(), 0)
  })

  test('takes a Map, casts, and forgives a scalar in a vector', () => {
    const norm = new nn.BatchNorm2d(2)
    const dict = new Map<string, Tensor>(Object.entries(new nn.BatchNorm2d(2).double().stateDict()))
    dict.set('num_batches_tracked', torch.tensor([5n]))
    dict.set('weight', torch.tensor([2, 3], { dtype: 'float64' }))
    norm.loadStateDict(dict)
    assert.equal(norm.num_batches_tracked!.item(), 5)
    assert.deepEqual(norm.weight!.tolist(), [2, 3])
    assert.equal(norm.weight!.dtype, 'float32')
  })

  test('without strict it says what differed', () => {
    const found = new Net().loadStateDict({ ...plain('mean'), other: torch.zeros([1]) }, { strict: false })
    assert.deepEqual(found, { missingKeys: stateDicts.loose.missing, unexpectedKeys: stateDicts.loose.unexpected })
    assert.deepEqual(new Net().loadStateDict({}, false).unexpectedKeys, [])
  })

  test('a plain object may lack the count of batches, as in Python', () => {
    const dict = plain('features.0.norm.num_batches_tracked')
    assert.deepEqual(new Net().loadStateDict(dict).missingKeys, [])
  })

  test('with assign the module takes the tensors themselves', () => {
    const linear = new nn.Linear(2, 2)
    linear.bias!.requiresGrad_(false)
    const weight = torch.zeros([2, 2], { dtype: 'float64' })
    const bias = new nn.Parameter(torch.ones([2], { dtype: 'float64' }))
    linear.loadStateDict({ weight, bias }, { assign: true })
    assert.equal(linear.weight.dtype, 'float64')
    assert.equal(linear.weight.requiresGrad, true)
    assert.equal(linear.bias!.requiresGrad, false)
    assert.deepEqual(linear.forward(torch.ones([1, 2], { dtype: 'float64' }) as never).tolist(), [[1, 1]])
  })
})

describe('stateDict', () => {
  test('shares storage, without gradients unless asked', () => {
    const linear = new nn.Linear(2, 2)
    const dict = linear.stateDict()
    assert.equal(dict.weight!.requiresGrad, false)
    torch.noGrad(() => linear.weight.fill_(7))
    assert.deepEqual(dict.weight!.tolist(), [
      [7, 7],
      [7, 7],
    ])
    assert.equal(linear.stateDict({ keepVars: true }).weight, linear.weight)
  })

  test('fills a destination', () => {
    const destination: Dict = {}
    assert.equal(new nn.Linear(1, 1).stateDict({ destination, prefix: 'a.' }), destination)
    assert.deepEqual(Object.keys(destination), ['a.weight', 'a.bias'])
    assert.throws(() => new nn.Linear(1, 1).stateDict({ prefx: '' } as never), { code: 'ERR_UNKNOWN_OPTION' })
  })
})
