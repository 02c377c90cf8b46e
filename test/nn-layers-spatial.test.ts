import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as torch from '../src/index'
import { nn } from '../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './reference/tensors'

type Tensors = Record<string, TensorFixture>

interface Results {
  outputs: TensorFixture[]
  same: boolean
  inputGrad: TensorFixture
  grads: Tensors
  buffers: Tensors
}

interface LayerCase {
  layer: string
  options: Record<string, unknown>
  seed: number
  forward: unknown[]
  text: string
  input: TensorFixture
  state: Tensors
  /** Without results where they are those of the run before. */
  runs: ({ mode: 'train' | 'eval' } & Partial<Results>)[]
}

const fixture = readFixture<{ layers: LayerCase[] }>('layers-spatial')
const exact = isExact(fixture)

// The fixture names layers and options at run time, so types cannot know them
type AnyLayer = nn.Module & { forward(...inputs: unknown[]): torch.Tensor | torch.Tensor[] }
const layers = nn as unknown as Record<string, new (...options: unknown[]) => AnyLayer>

const decode = (options: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      const coded = value as { tensor?: TensorFixture } | null
      return [name, coded?.tensor ? tensorOf(coded.tensor) : value]
    }),
  )

function weighted(result: torch.Tensor): torch.Tensor {
  const { dtype, shape } = result
  const weights = torch
    .arange(0, result.numel())
    .to({ dtype })
    .reshape(shape as number[]) as torch.Tensor
  return result.mul(weights).sum()
}

function assertTensors(actual: Iterable<[string, torch.Tensor | null]>, expected: Tensors, what: string): void {
  const found = new Map(actual)
  assert.deepEqual([...found.keys()], Object.keys(expected), `${what}: names`)
  for (const [name, tensor] of found) assertTensor(tensor, expected[name]!, `${what} ${name}`, exact)
}

function checkRun(layer: AnyLayer, mode: string, expected: Results, x: torch.Tensor, more: unknown[]): void {
  layer.train(mode === 'train')
  layer.zeroGrad()
  const leaf = x.clone().requiresGrad_() as torch.Tensor
  const given = 'inplace' in layer && layer.inplace === true ? leaf.mul(1) : leaf
  const result = layer.forward(given, ...more)
  assert.equal(result === given, expected.same, 'the input itself')
  const outputs = Array.isArray(result) ? result : [result]
  assert.equal(outputs.length, expected.outputs.length)
  outputs.forEach((output, i) => {
    assertTensor(output.contiguous(), expected.outputs[i]!, `${mode} output ${i}`, exact)
  })
  weighted(outputs[0]!).backward()
  assertTensor(leaf.grad!.contiguous(), expected.inputGrad, `${mode} gradient of the input`, exact)
  assertTensors(
    layer.namedParameters().map(([name, parameter]) => [name, parameter.grad]),
    expected.grads,
    `${mode} gradients`,
  )
  assertTensors(layer.namedBuffers(), expected.buffers, `${mode} buffers`)
}

describe('spatial and normalising layers are those of Python', () => {
  torch.setNumThreads(fixture.threads)
  for (const { layer: kind, options, seed, forward, text, input, state, runs } of fixture.layers) {
    test(`${text} of [${input.shape}]${options.dtype ? ` ${options.dtype}` : ''}${forward.length > 0 ? ` with ${forward}` : ''}`, () => {
      torch.manualSeed(seed)
      const layer = new layers[kind]!(decode(options))
      assert.equal(String(layer), text)
      const { dtype, shape } = input
      assertTensor(torch.randn(shape, { dtype }), input, 'the random numbers that follow', exact)
      assertTensors(Object.entries(layer.stateDict()), state, 'initial')
      let results: Results | undefined
      for (const { mode, ...own } of runs) {
        if (own.outputs !== undefined) results = own as Results
        if (kind.includes('Dropout') && mode === 'train' && !exact) continue // which ones drop is the CPU's affair
        torch.manualSeed(seed)
        checkRun(layer, mode, results!, tensorOf(input), forward)
      }
    })
  }
})
