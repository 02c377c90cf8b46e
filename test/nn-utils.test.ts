import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn, type Tensor } from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

interface Case {
  set: string
  name: string
  args: unknown[]
  options: Record<string, unknown>
  parameters: TensorFixture[]
  before: (TensorFixture | null)[]
  after: (TensorFixture | null)[]
  result: TensorFixture | null
}

const fixture = readFixture<{
  cases: Case[]
  vectors: { vector: TensorFixture; grads: TensorFixture[]; after: Record<string, TensorFixture> }
}>('nn-utils')
const exact = isExact(fixture)
const { utils } = nn
const functions = utils as unknown as Record<string, (...args: unknown[]) => Tensor | undefined>

describe('nn.utils', () => {
  torch.setNumThreads(fixture.threads)

  for (const { set, name, args, options, parameters, before, after, result } of fixture.cases) {
    test(`${name}(${[...args, JSON.stringify(options)].join(', ')}) of ${set} gradients`, () => {
      const made = parameters.map((parameter, i) => {
        const leaf = new nn.Parameter(tensorOf(parameter).clone())
        if (before[i]) leaf.grad = tensorOf(before[i]).clone()
        return leaf
      })
      const given = name === 'getTotalNorm' ? made.flatMap(parameter => parameter.grad ?? []) : made
      const plain = args.map(arg => (arg === 'inf' ? Number.POSITIVE_INFINITY : arg))
      const norm = functions[name]!(given, ...plain, options)
      if (result === null) assert.equal(norm, undefined)
      else assertTensor(norm, result, 'the norm', exact)
      made.forEach(({ grad }, i) => {
        if (after[i] === null) assert.equal(grad, null)
        else assertTensor(grad, after[i]!, `gradient ${i}`, exact)
      })
    })
  }

  test('clip with a norm that was computed before, of one parameter', () => {
    const parameter = new nn.Parameter(torch.zeros([2]))
    parameter.grad = torch.tensor([3, 4]) as Tensor
    utils.clipGradsWithNorm_(parameter, 1, utils.getTotalNorm(parameter.grad!))
    assert.deepEqual(
      parameter.grad!.toTypedArray(),
      Float32Array.of(3 * Math.fround(1 / Math.fround(5 + 1e-6)), 4 * Math.fround(1 / Math.fround(5 + 1e-6))),
    )
  })

  test('the norm is read only where that is asked for', () => {
    const parameter = new nn.Parameter(torch.zeros([2]))
    parameter.grad = torch.tensor([Number.NaN, 4]) as Tensor
    const clip = (errorIfNonfinite: boolean) => utils.clipGradNorm_([parameter], 1, { errorIfNonfinite })
    assert.throws(() => clip(true), {
      code: 'ERR_INVALID_ARG_VALUE',
      message: /^The total norm of order 2 .*non-finite/,
    })
    assert.deepEqual(parameter.grad!.toTypedArray(), Float32Array.of(Number.NaN, 4))
    assert.ok(Number.isNaN(clip(false).item()))
    assert.deepEqual(parameter.grad!.toTypedArray(), Float32Array.of(Number.NaN, Number.NaN))
    // a tensor of the meta device has no value to read
    const meta = new nn.Parameter(torch.zeros([3], { device: 'meta' }) as Tensor)
    meta.grad = torch.zeros([3], { device: 'meta' }) as Tensor
    assert.equal(utils.clipGradNorm_(meta, 1).device, 'meta')
  })

  test('parameters as a vector, and back', () => {
    const { vector, grads, after } = fixture.vectors
    torch.manualSeed(4)
    const layer = new nn.Sequential(new nn.Conv2d(2, 3, 2), new nn.Linear(4, 3))
    const flat = utils.parametersToVector(layer.parameters())
    assertTensor(flat, vector, 'the vector', exact)
    flat.mul(torch.arange(flat.numel())).sum().backward()
    layer.parameters().forEach((parameter, i) => {
      assertTensor(parameter.grad, grads[i]!, `gradient ${i}`, exact)
    })
    const other = torch.arange(flat.numel(), { dtype: 'float32' }).div(7) as Tensor
    utils.vectorToParameters(other, layer.parameters())
    other.at(3).fill_(99)
    for (const [name, tensor] of Object.entries(layer.stateDict())) assertTensor(tensor, after[name]!, name, exact)
  })

  test('refuse what is wrong', () => {
    const refuse = (run: () => unknown, code: string, message: RegExp) => assert.throws(run, { code, message })
    const parameters = [new nn.Parameter(torch.zeros([4]))]
    refuse(() => utils.clipGradNorm_(parameters, '1' as never), 'ERR_INVALID_ARG_TYPE', /'maxNorm' must be a number/)
    refuse(
      () => utils.clipGradNorm_(parameters, 1, { normtyp: 1 } as never),
      'ERR_UNKNOWN_OPTION',
      /did you mean 'normType'/,
    )
    refuse(
      () => utils.clipGradNorm_([3] as never, 1),
      'ERR_INVALID_ARG_TYPE',
      /'parameters' must be .* one with the number 3/,
    )
    refuse(
      () => utils.clipGradValue_(3 as never, 1),
      'ERR_INVALID_ARG_TYPE',
      /'parameters' must be .* got the number 3/,
    )
    refuse(() => utils.clipGradValue_(parameters, 1, 3 as never), 'ERR_INVALID_ARG_TYPE', /'foreach' must be a boolean/)
    refuse(() => utils.parametersToVector(['a'] as never), 'ERR_INVALID_ARG_TYPE', /one with the string 'a'/)
    const meta = torch.zeros([2], { device: 'meta' }) as Tensor
    refuse(() => utils.parametersToVector([...parameters, meta]), 'ERR_INVALID_ARG_TYPE', /on different devices/)
    refuse(() => utils.vectorToParameters(torch.zeros([3]), parameters), 'ERR_LIBTORCH', /shape '\[4\]' is invalid/)
    refuse(() => utils.vectorToParameters([1] as never, parameters), 'ERR_INVALID_ARG_TYPE', /'vec' must be a tensor/)
    meta.grad = torch.zeros([2], { device: 'meta' }) as Tensor
    refuse(
      () => utils.clipGradNorm_(meta, 1, { foreach: true }),
      'ERR_INVALID_ARG_VALUE',
      /can't use the foreach API on meta/,
    )
  })
})
