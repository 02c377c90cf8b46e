import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as torch from '../src'
import {
  type AnyModule,
  apart,
  assertFused,
  type Data,
  dataOf,
  LeNet,
  model,
  NETWORKS,
  type Sizes,
  sizeOf,
  trained,
} from './reference/chains'

const doubled = (data: Data) => ({
  train: [data.train[0].double(), data.train[1]] as [torch.Tensor, torch.Tensor],
  validation: [data.validation[0].double(), data.validation[1]] as [torch.Tensor, torch.Tensor],
})

const builders: { name: string; build: () => AnyModule; data: Sizes }[] = [
  ...NETWORKS.map(network => ({ name: network.name, build: () => model(network), data: network })),
  { name: 'LeNet', build: () => new LeNet(), data: { shape: [1, 28, 28], classes: 10, count: 21 } },
]

describe('train with { compile: true }', () => {
  for (const { name, build, data: sizes } of builders) {
    it(`gives eager's losses, gradients and buffers: ${name}`, async () => {
      const data = dataOf(sizes)
      // Eager's own sums round where there are so many terms; which of the two is nearer to float64 the next test says
      const tolerance = sizes.count > 1000 ? 1e-3 : 2e-4
      torch.manualSeed(3)
      const [eager, compiled] = [build(), build()]
      compiled.loadStateDict(eager.stateDict())
      const seen: Record<string, torch.Tensor>[] = []
      const look = (net: AnyModule) => () => {
        const entries = net.namedParameters().map(([key, p]) => [`${key}.grad`, p.grad!.clone()] as const)
        const buffers = net.namedBuffers().map(([key, b]) => [key, b.clone()] as const)
        seen.push(Object.fromEntries([...entries, ...buffers]))
      }
      const expected = await trained(eager, data, { epochs: 3, onEpoch: look(eager) })
      const got = await trained(compiled, data, { epochs: 3, compile: true, onEpoch: look(compiled) })
      assertFused(compiled)
      for (const key of ['trainLosses', 'valLosses'] as const) {
        for (const [i, loss] of expected[key].entries()) {
          assert.ok(Math.abs(loss - got[key][i]!) < 2e-5 * Math.max(1, loss), `${key} ${i}: ${loss}, ${got[key][i]}`)
        }
      }
      for (let epoch = 0; epoch < 3; epoch++) {
        for (const [key, value] of Object.entries(seen[epoch]!)) {
          const other = seen[epoch + 3]![key]!
          assert.ok(apart(value, other) < tolerance * sizeOf(value), `epoch ${epoch}, ${key}: ${apart(value, other)}`)
        }
      }
    })

    it(`stays as near to float64 as eager does, over 20 steps: ${name}`, async () => {
      const data = dataOf(sizes)
      torch.manualSeed(4)
      const [eager, compiled, exact] = [build(), build(), build()]
      for (const net of [compiled, exact]) net.loadStateDict(eager.stateDict())
      exact.double()
      const options = { epochs: name.startsWith('more') ? 2 : 20 }
      await trained(eager, data, options, 0.01)
      await trained(compiled, data, { ...options, compile: true }, 0.01)
      await trained(exact, doubled(data), options, 0.01)
      assertFused(compiled)
      const distance = (net: AnyModule) =>
        Math.max(...net.parameters().map((p, i) => apart(p, exact.parameters()[i]!) / sizeOf(exact.parameters()[i]!)))
      // Not further than twice eager's distance, and what float32 rounds in twenty steps
      const [far, near] = [distance(eager), distance(compiled)]
      assert.ok(near <= 2 * far + 2e-6, `eager ${far}, compiled ${near}`)
    })
  }
})
