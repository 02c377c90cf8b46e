import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

interface OperatorCase {
  operator: string
  overload: string
  args: unknown[]
  options: Record<string, unknown>
  seed?: number
  result: unknown
  /** The values are nobody's (`empty`). */
  shapeOnly?: boolean
  /** The positional arguments after the call, of an operator that writes to some. */
  after?: unknown[]
}

const fixture = readFixture<{ cases: OperatorCase[] }>('ops')
const exact = isExact(fixture)

type Coded = Record<string, unknown>

function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode)
  if (typeof value !== 'object' || value === null) return value
  const coded = value as Coded
  if (coded.tensor) return tensorOf(coded.tensor as TensorFixture)
  if (coded.bigint) return BigInt(coded.bigint as string)
  if (coded.number) return Number(coded.number)
  if (coded.complex) return { re: (coded.complex as number[])[0], im: (coded.complex as number[])[1] }
  if (coded.generator !== undefined) return new torch.Generator().manualSeed(coded.generator as number)
  throw new Error(`the fixture says ${JSON.stringify(value)}`)
}

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
      const values = decode(args) as unknown[]
      const named = Object.fromEntries(Object.entries(options).map(([key, value]) => [key, decode(value)]))
      if (seed !== undefined) torch.manualSeed(seed)
      const call = torch.ops.aten[operator]![overload]!
      const actual = Object.keys(named).length > 0 ? call(...values, named) : call(...values)
      compare(actual === undefined ? null : actual, result, path, { ...values, ...named }, shapeOnly === true)
      if (after) compare(values, after, `${path}, its arguments afterwards`, {}, false)
    })
  }
})
