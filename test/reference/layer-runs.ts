import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as torch from '../../src/index'
import { nn } from '../../src/index'
import { assertTensor, isExact, readFixture, type TensorFixture, tensorOf } from './tensors'

type Tensors = Record<string, TensorFixture>

interface Run {
  mode: 'train' | 'eval' | 'no grad'
  same: boolean
  outputs: TensorFixture[]
  inputGrads: (TensorFixture | null)[]
  grads: Tensors
}

/** A layer as `layer_runs.py` tells of it. */
export interface LayerRuns {
  layer: string
  options: Record<string, unknown>
  seed: number
  text: string
  state: Tensors
  drawn: TensorFixture
  inputs: unknown[]
  keywords: Record<string, unknown>
  runs: Run[]
}

// The fixture names layers and options at run time, so types cannot know them
type AnyLayer = nn.Module & { forward(...inputs: unknown[]): unknown }

/** A value as `encode` and `option` write it down. */
export function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode)
  if (typeof value !== 'object' || value === null) return value
  const coded = value as { tensor?: TensorFixture; requiresGrad?: boolean; packed?: unknown[] }
  if (coded.packed) {
    const [data, ...rest] = coded.packed.map(decode) as [torch.Tensor, ...never[]]
    return new nn.utils.rnn.PackedSequence(data, ...(rest as unknown as [torch.Tensor]))
  }
  if (coded.tensor === undefined) return value
  const tensor = tensorOf(coded.tensor)
  return coded.requiresGrad ? tensor.requiresGrad_() : tensor
}

/** The tensors of a nested value, in order. */
export function flat(value: unknown): torch.Tensor[] {
  if (value instanceof torch.Tensor) return [value]
  if (value instanceof nn.utils.rnn.PackedSequence) {
    return flat([value.data, value.batchSizes, value.sortedIndices, value.unsortedIndices])
  }
  return Array.isArray(value) ? value.flatMap(flat) : []
}

function weighted(tensors: readonly torch.Tensor[]): torch.Tensor | undefined {
  let total: torch.Tensor | undefined
  for (const tensor of tensors) {
    if (!tensor.requiresGrad) continue
    const { dtype } = tensor
    const weights: torch.Tensor = torch
      .arange(1, tensor.numel() + 1)
      .to({ dtype })
      .reshape(tensor.shape as number[])
    const sum: torch.Tensor = tensor.mul(weights).sum()
    total = total === undefined ? sum : total.add(sum)
  }
  return total
}

function checkRun(layer: AnyLayer, entry: LayerRuns, run: Run, exact: boolean): void {
  layer.train(run.mode === 'train')
  layer.zeroGrad()
  const given: unknown[] = []
  for (const input of entry.inputs) {
    const { same } = Object(input) as { same?: number }
    given.push(same === undefined ? decode(input) : given[same])
  }
  const keywords = Object.fromEntries(Object.entries(entry.keywords).map(([name, value]) => [name, decode(value)]))
  const leaves = flat([...given, ...Object.values(keywords)]).filter(tensor => tensor.requiresGrad)
  const args = given.map(value => (entry.options.inplace && value instanceof torch.Tensor ? value.mul(1) : value))
  if (Object.keys(keywords).length > 0) args.push(keywords)
  torch.manualSeed(2000 + entry.seed)
  const forward = () => layer.forward(...args)
  const result = run.mode === 'no grad' ? torch.noGrad(forward) : forward()
  assert.equal(result === args[0], run.same, 'the input itself')
  const outputs = flat(result)
  assert.equal(outputs.length, run.outputs.length, 'number of outputs')
  outputs.forEach((output, i) => {
    assertTensor(output.contiguous(), run.outputs[i]!, `${run.mode} output ${i}`, exact)
  })
  weighted(outputs)?.backward()
  leaves.forEach((leaf, i) => {
    const expected = run.inputGrads[i]
    if (expected === null) assert.equal(leaf.grad, null, `${run.mode}: no gradient of input ${i}`)
    else assertTensor(leaf.grad?.contiguous(), expected!, `${run.mode} gradient of input ${i}`, exact)
  })
  const grads = layer.namedParameters().flatMap(([name, { grad }]) => (grad === null ? [] : [[name, grad] as const]))
  assert.deepEqual(
    grads.map(([name]) => name),
    Object.keys(run.grads),
  )
  for (const [name, grad] of grads) {
    assertTensor(grad.contiguous(), run.grads[name]!, `${run.mode} gradient of ${name}`, exact)
  }
}

/** One test for each layer of a fixture: its text, its initial parameters, outputs and gradients. */
export function testRuns(name: string): void {
  const fixture = readFixture<{ layers: LayerRuns[] }>(name)
  const exact = isExact(fixture)
  assert.ok(fixture.layers.length > 0)
  for (const entry of fixture.layers) {
    const options = JSON.stringify(entry.options, (_, value) => (value?.tensor ? 'tensor' : value))
    test(`${entry.layer} ${options} is Python's`, () => {
      torch.setNumThreads(fixture.threads)
      torch.manualSeed(entry.seed)
      const classes = nn as unknown as Record<string, new (options: unknown) => AnyLayer>
      const layer = new classes[entry.layer]!(
        Object.fromEntries(Object.entries(entry.options).map(([key, value]) => [key, decode(value)])),
      )
      assert.equal(String(layer), entry.text)
      const state = Object.entries(layer.stateDict())
      assert.deepEqual(
        state.map(([key]) => key),
        Object.keys(entry.state),
      )
      for (const [key, tensor] of state) assertTensor(tensor, entry.state[key]!, key, exact)
      assertTensor(torch.rand([2]), entry.drawn, 'what is drawn next')
      for (const run of entry.runs) checkRun(layer, entry, run, exact)
    })
  }
}
