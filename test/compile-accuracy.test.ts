import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as torch from '../src'
import { graph } from '../src/compile/binding'
import { assertFused } from './reference/chains'
import { type PythonRun, wholeSet } from './reference/training'

/** The article's training on all 54,000 images, in float64. */
const exact: PythonRun = require('./reference/fixtures/train-float64.json')

/** Eager's losses are 1e-4 away. The kernels for any x86-64, and for other processors, round products before they add them. */
const TOLERANCE = graph.graphKernels().startsWith('AVX') ? 1e-6 : 2e-6

test("compiled, the article's training stays at float64 for five epochs", async t => {
  const arrays = await wholeSet()
  if (typeof arrays === 'string') return t.skip(arrays)
  const [[images, labels]] = arrays
  const [x, valX, y, valY] = torch.data.trainTestSplit(images, labels, { testSize: 0.1, randomState: exact.splitSeed })
  const pair = (a: torch.Tensor, b: torch.Tensor) => [a.reshape([-1, 1, 28, 28]).float(), b.long()]
  torch.manualSeed(exact.seed)
  const model = new torch.Net()
  const optimizer = new torch.optim.Adam(model.parameters(), { lr: exact.lr })
  const history = await torch.train(
    model,
    { train: pair(x, y), validation: pair(valX, valY) } as never,
    { epochs: exact.epochs, optimizer, compile: true } as never,
  )
  assertFused(model)
  const distances = (['trainLosses', 'valLosses'] as const).map(key =>
    history[key].map((loss, epoch) => Math.abs(loss - exact[key][epoch]!)),
  )
  t.diagnostic(`distances ${distances.map(all => all.map(d => d.toExponential(1)).join(', ')).join('; ')}`)
  for (const distance of distances.flat()) assert.ok(distance <= TOLERANCE, String(distance))
})
