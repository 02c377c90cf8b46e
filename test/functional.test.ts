import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as torch from '../src/index'
import { nn, type Tensor } from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

type Value = { tensor: TensorFixture } | string | number | boolean | null | readonly number[]

interface Case {
  name: keyof typeof nn.functional
  args: Value[]
  options: Record<string, Value>
  results: TensorFixture[]
  after: (TensorFixture | null)[]
}

const fixtures = ['functional', 'functional-sequence', 'functional-spatial'].map(name =>
  readFixture<{ cases: Case[] }>(name),
)
const cases = fixtures.flatMap(fixture => fixture.cases.map(given => ({ ...given, exact: isExact(fixture) })))

function fromFixture(value: Value): unknown {
  return typeof value === 'object' && value !== null && 'tensor' in value ? tensorOf(value.tensor).clone() : value
}

describe('nn.functional', () => {
  it('has what is compared here, and nothing else', () => {
    const compared = new Set<string>(cases.map(({ name }) => name))
    assert.deepEqual([...compared].sort(), Object.keys(nn.functional).sort())
  })

  cases.forEach(({ name, args, options, results, after, exact }, i) => {
    it(`${name} gives Python's results (${i}: ${JSON.stringify(Object.keys(options))})`, () => {
      torch.manualSeed(1)
      const values = args.map(fromFixture)
      const named = Object.fromEntries(Object.entries(options).map(([key, value]) => [key, fromFixture(value)]))
      const call = nn.functional[name] as (...args: unknown[]) => Tensor | Tensor[]
      const given = Object.keys(named).length > 0 ? [...values, named] : values
      const result = call(...given)
      const tensors = (Array.isArray(result) ? result : [result]).filter(tensor => tensor !== null)
      assert.equal(tensors.length, results.length)
      tensors.forEach((tensor, k) => {
        assertTensor(tensor.contiguous(), results[k]!, `${name} ${i}`, exact)
      })
      after.forEach((expected, k) => {
        if (expected !== null) assertTensor(values[k], expected, `${name} ${i}: argument ${k} afterwards`, exact)
      })
    })
  })

  const x = torch.rand([2, 3])
  const F = nn.functional as unknown as Record<string, (...args: unknown[]) => unknown>

  it('names the nearest option to one that nobody reads', () => {
    assert.throws(() => F.relu!(x, { inPlace: true }), {
      code: 'ERR_UNKNOWN_OPTION',
      message: /did you mean 'inplace'/,
    })
    assert.throws(() => F.conv2d!(x, x, { paddin: 1 }), {
      code: 'ERR_UNKNOWN_OPTION',
      message: /did you mean 'padding'/,
    })
    assert.throws(() => F.crossEntropy!(x, x, { reducton: 'sum' }), {
      code: 'ERR_UNKNOWN_OPTION',
      message: /did you mean 'reduction'/,
    })
  })

  it('refuses values that cannot be', () => {
    assert.throws(() => F.crossEntropy!(x, x, { reduction: 'average' }), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /one of 'none', 'mean', 'sum', got 'average'/,
    })
    assert.throws(() => F.dropout!(x, 1.5), { code: 'ERR_INVALID_ARG_VALUE', message: /between 0 and 1, but got 1.5/ })
    assert.throws(() => F.relu!(x, 'yes'), { code: 'ERR_INVALID_ARG_TYPE', message: /'inplace' must be a boolean/ })
    assert.throws(() => F.softmax!(5, 0), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: /expected a tensor as 'input', got the number 5/,
    })
    assert.throws(() => F.mseLoss!(x), { code: 'ERR_INVALID_ARG_TYPE', message: /needs 'target'/ })
    assert.throws(() => F.linear!(x, torch.rand([4, 5])), { code: 'ERR_LIBTORCH' })
  })
})
