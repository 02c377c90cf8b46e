import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { type Coded, callOf, decode, operatorCases } from './reference/operators'
import { assertTensor, isExact, type TensorFixture } from './reference/tensors'

const fixture = operatorCases()
const exact = isExact(fixture)

function compare(actual: unknown, expected: unknown, what: string, given: Coded, shapeOnly: boolean): void {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual), `${what}: an array`)
    assert.equal(actual.length, expected.length, `${what}: number of results`)
    expected.forEach((item, i) => {
      compare(actual[i], item, `${what}[${i}]`, given, shapeOnly)
    })
    return
  }
  const coded = expected as Coded | null
  if (typeof coded === 'object' && coded?.tensor) {
    const expectedTensor = coded.tensor as TensorFixture
    if (coded.same !== undefined) assert.equal(actual, given[coded.same as string], `${what}: the argument itself`)
    if (shapeOnly) {
      const { shape, dtype } = actual as torch.Tensor
      assert.deepEqual([shape, dtype], [expectedTensor.shape, expectedTensor.dtype], what)
      if (expectedTensor.stride) assert.deepEqual((actual as torch.Tensor).stride(), expectedTensor.stride, what)
    } else {
      assertTensor(actual, expectedTensor, what, exact)
    }
    return
  }
  assert.deepEqual(actual, typeof expected === 'object' ? decode(expected) : expected, what)
}

describe('operators give what Python gives', () => {
  test('the fixture holds 60 operators and more', t => {
    const operators = new Set(fixture.cases.map(({ operator, overload }) => `${operator}.${overload}`))
    assert.ok(operators.size > 150, `${operators.size} overloads`)
    const how = exact ? 'bit for bit' : 'to 1e-4: another version or other instructions of the CPU'
    t.diagnostic(`${fixture.cases.length} calls of ${operators.size} overloads, ${fixture.torch}, compared ${how}`)
  })

  torch.setNumThreads(fixture.threads)
  const seen = new Map<string, number>()
  for (const { operator, overload, args, options, seed, result, shapeOnly, after } of fixture.cases) {
    const path = `${operator}.${overload}`
    const nth = (seen.get(path) ?? 0) + 1
    seen.set(path, nth)
    test(nth === 1 ? path : `${path} (${nth})`, () => {
      const { values, named, call } = callOf({ operator, overload, args, options })
      if (seed !== undefined) torch.manualSeed(seed)
      const actual = call()
      compare(actual === undefined ? null : actual, result, path, { ...values, ...named }, shapeOnly === true)
      if (after) compare(values, after, `${path}, its arguments afterwards`, {}, false)
    })
  }
})
