import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import * as torch from '../src/index'

/** Runs a program of test/programs in a process of its own; gives the JSON that it prints. */
async function run<T>(program: string, ...nodeOptions: string[]): Promise<T> {
  const file = join(__dirname, 'programs', program)
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...nodeOptions,
    '--require',
    'ts-node/register/transpile-only',
    file,
  ])
  return JSON.parse(stdout)
}

const linux = process.platform === 'linux' ? false : 'reads /proc, which only Linux has'

describe('memory that is forgotten comes back', () => {
  test('100 tensors of 100 MB in a synchronous loop peak under 1 GB', { skip: linux }, async t => {
    const { before, peak, sum } = await run<{ before: number; peak: number; sum: number }>('large-tensors.ts')
    t.diagnostic(`resident before ${before.toFixed(0)} MB, peak ${peak.toFixed(0)} MB`)
    assert.equal(sum, 100)
    assert.ok(peak < 1024, `the peak was ${peak.toFixed(0)} MB`)
  })

  test('2,000 plain training steps of 64 images do not grow', { skip: linux }, async t => {
    const { samples, loss, tensors } = await run<{ samples: number[]; loss: number; tensors: number }>(
      'training-steps.ts',
    )
    const warm = samples.slice(4) // after 500 steps
    const growth = Math.max(...warm) / warm[0]! - 1
    t.diagnostic(`resident MB every 100 steps: ${samples.map(sample => sample.toFixed(0)).join(' ')}`)
    t.diagnostic(`${tensors} live tensors at the end; loss ${loss}`)
    assert.ok(Number.isFinite(loss) && loss < 2, `it learns: ${loss}`)
    assert.ok(growth < 0.05, `resident memory grew by ${(100 * growth).toFixed(1)} %`)
    assert.ok(tensors < 20_000, `${tensors} live tensors`)
  })

  test('also where collections are switched off, as soon as V8 collects by itself', { skip: linux }, async () => {
    const on = torch.memory.setCollecting(false)
    try {
      const before = torch.memory.stats().tensors
      for (let i = 0; i < 20_000; i++) torch.ones([4]).add(1)
      await new Promise(resolve => setImmediate(resolve))
      torch.memory.collect()
      assert.ok(torch.memory.stats().tensors <= before + 1, `${torch.memory.stats().tensors} tensors`)
    } finally {
      torch.memory.setCollecting(on)
    }
  })
})

describe('torch.memory', () => {
  test('stats counts tensors and bytes, and dispose takes them away at once', () => {
    torch.memory.collect()
    const before = torch.memory.stats()
    const t = torch.zeros([1024, 1024])
    const during = torch.memory.stats()
    assert.equal(during.tensors, before.tensors + 1)
    const bytes = during.bytes - before.bytes
    assert.ok(bytes >= 4 << 20 && bytes < (4 << 20) + 10_000, `${bytes} bytes`)
    t.dispose()
    const { tensors, bytes: after } = torch.memory.stats()
    assert.deepEqual([tensors, after], [before.tensors, before.bytes])
  })

  test('a view is not counted twice', () => {
    torch.memory.collect()
    const t = torch.zeros([1024, 1024])
    const before = torch.memory.stats().bytes
    const view = t.view([-1])
    assert.ok(torch.memory.stats().bytes - before < 10_000)
    view.dispose()
    t.dispose()
  })

  test('collect frees what nobody can reach, emptyCache may be called at any time', () => {
    torch.memory.collect()
    const before = torch.memory.stats().tensors
    ;(() => {
      for (let i = 0; i < 500; i++) torch.ones([8])
    })()
    torch.memory.collect()
    assert.ok(torch.memory.stats().tensors <= before + 1)
    assert.equal(torch.memory.stats().queued, 0)
    torch.memory.emptyCache()
    assert.equal(torch.ones([3]).sum().item(), 3)
  })

  test('what is reachable stays through any number of collections', () => {
    const kept = Array.from({ length: 2000 }, (_, i) => torch.full([3], i))
    for (let i = 0; i < 5; i++) {
      for (let k = 0; k < 2000; k++) torch.ones([16]).mul(2)
      torch.memory.collect()
    }
    kept.forEach((t, i) => {
      assert.equal(t.at(1).item(), i)
    })
  })

  test('a result that is used at once survives its own argument', () => {
    // the argument is garbage as soon as the native call has begun
    let t = torch.ones([8])
    for (let i = 0; i < 20_000; i++) t = t.add(1)
    assert.equal(t.at(0).item(), 20_001)
  })
})
