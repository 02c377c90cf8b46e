import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, type Tensor } from '../src/index'
import { handlesLeft } from './reference/handles'
import { assertTensor, isExact, readFixture, type TensorFixture } from './reference/tensors'

interface Case {
  name: string
  args: unknown[]
  options: Record<string, unknown>
  shape: number[]
  dtype: torch.DType
  result: TensorFixture
  next: number
}

const fixture = readFixture<{
  cases: Case[]
  generator: Record<string, TensorFixture>
  gains: [name: nn.init.Nonlinearity, ...param: number[]][]
}>('init')
const exact = isExact(fixture)
const { init } = nn
// The fixture names functions at run time, so types cannot know them
const functions = init as unknown as Record<string, (...args: unknown[]) => Tensor>

describe('nn.init', () => {
  torch.setNumThreads(fixture.threads)

  test('has what is compared here, and nothing else', () => {
    const compared = new Set(fixture.cases.map(({ name }) => name))
    assert.deepEqual([...compared, 'calculateGain'].sort(), Object.keys(init).sort())
  })

  fixture.cases.forEach(({ name, args, options, shape, dtype, result, next }, i) => {
    test(`${name}(${[...args, JSON.stringify(options)].join(', ')}) of [${shape}] ${dtype}`, () => {
      torch.manualSeed(i)
      const tensor = torch.full(shape, 7, { dtype }).requiresGrad_() as Tensor
      assert.equal(functions[name]!(tensor, ...args, options), tensor)
      assert.equal(tensor.gradFn, null)
      assertTensor(tensor, result, name, exact)
      assert.equal(torch.rand([], { dtype: 'float64' }).item(), next, 'the random number that follows')
    })
  })

  test('draw from a generator of their own', () => {
    const generator = new torch.Generator().manualSeed(5)
    torch.manualSeed(6)
    for (const [name, expected] of Object.entries(fixture.generator)) {
      const args = name === 'sparse_' ? [0.4] : []
      assertTensor(functions[name]!(torch.empty([3, 4]), ...args, { generator }), expected, name, exact)
    }
  })

  test('calculateGain', () => {
    for (const gain of fixture.gains) {
      const expected = gain.at(-1)
      assert.equal(init.calculateGain(...(gain.slice(0, -1) as [nn.init.Nonlinearity])), expected)
    }
    assert.throws(() => init.calculateGain('swish' as 'relu'), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: 'Unsupported nonlinearity swish',
    })
    assert.throws(() => init.calculateGain('leaky_relu', '1' as never), { code: 'ERR_INVALID_ARG_TYPE' })
  })

  test('keep what a tidy around them holds, and free what they make', async () => {
    const kept = torch.tidy(() => init.orthogonal_(torch.empty([3, 3])))
    assert.equal(kept.disposed, false)
    const left = await handlesLeft(() => {
      for (let i = 0; i < 3; i++) init.truncNormal_(kept)
    })
    assert.equal(left, 0)
  })

  test('refuse what Python refuses', () => {
    const vector = torch.zeros([3]) as Tensor
    const refuse = (run: () => unknown, code: string, message: RegExp) => assert.throws(run, { code, message })
    refuse(() => init.xavierUniform_(vector), 'ERR_INVALID_ARG_VALUE', /^Fan in and fan out can not be computed/)
    refuse(() => init.eye_(vector), 'ERR_INVALID_ARG_VALUE', /^Only tensors with 2 dimensions/)
    refuse(() => init.sparse_(vector, 0.1), 'ERR_INVALID_ARG_VALUE', /^Only tensors with 2 dimensions/)
    refuse(() => init.orthogonal_(vector), 'ERR_INVALID_ARG_VALUE', /^Only tensors with 2 or more dimensions/)
    refuse(() => init.dirac_(vector), 'ERR_INVALID_ARG_VALUE', /^Only tensors with 3, 4, or 5 dimensions/)
    const kernel = torch.zeros([3, 2, 1])
    refuse(() => init.dirac_(kernel, 2), 'ERR_INVALID_ARG_VALUE', /^dim 0 must be divisible by groups/)
    refuse(() => init.kaimingNormal_(kernel, { mode: 'fan' as 'fan_in' }), 'ERR_INVALID_ARG_VALUE', /'mode' must be/)
    refuse(() => init.normal_(kernel, { sigma: 1 } as never), 'ERR_UNKNOWN_OPTION', /has no option 'sigma'/)
    refuse(() => init.normal_(kernel, 'a' as never), 'ERR_INVALID_ARG_TYPE', /'mean' must be a number/)
    refuse(() => init.normal_(3 as never), 'ERR_INVALID_ARG_TYPE', /expected a tensor as 'tensor', got the number 3/)
    refuse(() => init.constant_(kernel, undefined as never), 'ERR_INVALID_ARG_TYPE', /needs 'val'/)
    refuse(() => init.sparse_(torch.zeros([2, 2]), undefined as never), 'ERR_INVALID_ARG_TYPE', /needs 'sparsity'/)
    refuse(() => init.uniform_(kernel, 2, 1), 'ERR_LIBTORCH', /uniform_ expects to return/)
  })
})
