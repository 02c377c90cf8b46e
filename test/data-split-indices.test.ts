import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { RandomState } from '../src/data/mt19937'
import { type SplitPlan, splitIndices } from '../src/data/split-indices'

interface Case {
  n: number
  options: Omit<SplitPlan, 'stratify'> & { stratify?: unknown[] }
  train?: Rows
  test?: Rows
  error?: string
}
type Rows = number[] | { length: number; first: number[]; sha256: string }

const fixture = JSON.parse(readFileSync(join(__dirname, 'reference/fixtures/train-test-split.json'), 'utf8'))
const cases: Case[] = fixture.cases

function summary(rows: Uint32Array): Rows {
  if (rows.length <= 24) return Array.from(rows)
  const sha256 = createHash('sha256').update(rows).digest('hex')
  return { length: rows.length, first: Array.from(rows.subarray(0, 3)), sha256 }
}

function run({ n, options: { stratify, ...plan } }: Case) {
  return splitIndices(n, { ...plan, stratify: stratify && { labels: stratify } })
}

test(`rows are scikit-learn's (${fixture['made by']['scikit-learn']})`, () => {
  const split = cases.filter(({ error }) => error === undefined)
  assert.ok(split.length > 70)
  for (const one of split) {
    const { train, test } = run(one)
    const { stratify, ...rest } = one.options
    const what = `n=${one.n} ${JSON.stringify(rest)} ${stratify ? `stratify ${JSON.stringify(stratify.slice(0, 4))}` : ''}`
    assert.deepEqual(summary(train), one.train, what)
    assert.deepEqual(summary(test), one.test, what)
  }
})

test("errors are scikit-learn's", () => {
  const refused = cases.filter(({ error }) => error !== undefined)
  assert.ok(refused.length >= 25)
  for (const one of refused) {
    assert.throws(() => run(one), { code: 'ERR_INVALID_ARG_VALUE', message: one.error }, JSON.stringify(one.options))
  }
})

test('labels that JSON cannot hold', () => {
  const stratify = (labels: unknown[]) => () => splitIndices(4, { randomState: 0, stratify: { labels } })
  assert.throws(stratify([0, Number.NaN, 0, 1]), { message: 'Input y contains NaN.' })
  assert.throws(stratify([0, Number.POSITIVE_INFINITY, 0, 1]), { message: /^Input y contains infinity/ })
  assert.throws(stratify([0, 'a', 0, 1]), { code: 'ERR_INVALID_ARG_TYPE', message: /got the string 'a' at 1/ })
  assert.throws(stratify([[0], [0, 1], [1], [1]]), { code: 'ERR_INVALID_ARG_TYPE' })
  const big = splitIndices(8, { randomState: 0, stratify: { labels: [1n, 2n, 1n, 2n, 1n, 2n, 1n, 2n] } })
  const small = splitIndices(8, { randomState: 0, stratify: { labels: [1, 2, 1, 2, 1, 2, 1, 2] } })
  assert.deepEqual(big, small)
})

test('without randomState every split is another', () => {
  const once = splitIndices(1000, {}).train
  const again = splitIndices(1000, {}).train
  assert.notDeepEqual(once, again)
  assert.deepEqual(new Set([...splitIndices(1000, { testSize: 1 }).train, 0]).size >= 999, true)
})

test('a seeded state draws the same numbers for ever', () => {
  const random = new RandomState(5489)
  let last = 0
  for (let i = 0; i < 10000; i++) last = random.next32()
  assert.equal(last, 4123659995) // the ten thousandth number of every MT19937, by the C++ standard
  assert.throws(() => random.permutation(2 ** 32), { code: 'ERR_OUT_OF_RANGE' })
})
