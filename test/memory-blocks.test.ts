import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import * as torch from '../src/index'
import { churn } from './programs/memory-churn'

const MB = 1 << 20
const CHURN = join(__dirname, 'programs', 'memory-churn.ts')

const skip = process.platform === 'linux' ? false : 'large blocks are kept on Linux only'

/** A float32 tensor of so many MB, every element written. */
const block = (megabytes: number, value = 1) => torch.full([(megabytes * MB) / 4], value)
const resident = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024

/** Runs a program in a process of its own, with `LIBTORCH_NODE_KEEP_MEMORY`; gives the JSON that it prints. */
async function run<T>(program: string, keep?: string): Promise<T> {
  const { LIBTORCH_NODE_KEEP_MEMORY: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--require', 'ts-node/register/transpile-only', join(__dirname, 'programs', program)],
    { env: keep === undefined ? env : { ...env, LIBTORCH_NODE_KEEP_MEMORY: keep } },
  )
  return JSON.parse(stdout)
}

describe('large blocks of CPU memory', { skip }, () => {
  test('a freed block is the next one of its size', () => {
    torch.memory.emptyCache()
    block(48, 7).dispose()
    const before = torch.memory.stats()
    using again = torch.empty([(48 * MB) / 4])
    assert.equal(again.min().item(), 7, 'what was written there is still there')
    const after = torch.memory.stats()
    assert.equal(after.hits, before.hits + 1)
    assert.equal(after.misses, before.misses)
    assert.equal(after.reserved, before.reserved)
  })

  test('freed blocks that lie apart, or are too small, become a larger one', () => {
    torch.memory.emptyCache()
    const many = Array.from({ length: 8 }, (_, i) => block(34, i))
    for (let i = 0; i < 8; i += 2) many[i]!.dispose()
    const { misses, reserved } = torch.memory.stats()
    using large = block(130, 9)
    assert.equal(torch.memory.stats().misses, misses)
    assert.equal(torch.memory.stats().reserved, reserved)
    assert.equal(large.min().item(), 9)
    for (let i = 1; i < 8; i += 2) {
      assert.deepEqual([many[i]!.min().item(), many[i]!.max().item()], [i, i], 'their neighbours are as they were')
      many[i]!.dispose()
    }
  })

  test('stats count large blocks, small ones not', () => {
    torch.memory.collect()
    torch.memory.emptyCache()
    torch.memory.resetPeakStats()
    const before = torch.memory.stats()
    assert.equal(before.maxAllocated, before.allocated)
    assert.equal(before.maxReserved, before.reserved)
    const large = block(32)
    const small = torch.ones([1000])
    const during = torch.memory.stats()
    const bytes = during.allocated - before.allocated
    assert.ok(bytes >= 32 * MB && bytes <= 32 * MB + 4096, `${bytes} bytes`)
    assert.equal(during.maxAllocated, during.allocated)
    assert.ok(during.reserved >= during.allocated)
    large.dispose()
    small.dispose()
    const after = torch.memory.stats()
    assert.equal(after.allocated, before.allocated)
    assert.equal(after.maxAllocated, during.allocated)
    assert.equal(after.reserved, during.reserved, 'it is kept')
    torch.memory.resetPeakStats()
    assert.equal(torch.memory.stats().maxAllocated, before.allocated)
  })

  test('emptyCache gives the memory back to the system', () => {
    torch.memory.emptyCache()
    const before = resident()
    block(400).dispose()
    const kept = resident()
    assert.ok(kept - before > 350, `kept ${(kept - before).toFixed(0)} MB`)
    torch.memory.emptyCache()
    const after = resident()
    assert.ok(after - before < 50, `${(after - before).toFixed(0)} MB are still here`)
    const { allocated, reserved } = torch.memory.stats()
    assert.ok(reserved - allocated < 32 * MB, 'nothing is kept but rests of huge pages')
  })

  test('an allocation that cannot be is ERR_OUT_OF_MEMORY, after all that was kept has gone back', () => {
    torch.memory.emptyCache()
    block(200).dispose()
    const before = torch.memory.stats()
    assert.ok(before.reserved - before.allocated >= 200 * MB)
    assert.throws(() => torch.empty([2 ** 45]), { code: 'ERR_OUT_OF_MEMORY' }) // more than there are addresses
    const after = torch.memory.stats()
    assert.ok(after.reserved - after.allocated < 32 * MB, 'it was tried again without what was kept')
    assert.equal(after.allocated, before.allocated)
    assert.equal(after.maxAllocated, before.maxAllocated, 'what failed is no peak')
    assert.throws(() => torch.empty([2 ** 60]), { name: /Error/ })
    using next = block(100, 3)
    assert.equal(next.max().item(), 3)
  })

  test('blocks of any size on three threads at once: none overlap, and what is kept is bounded', async () => {
    const workers = [1, 2].map(seed => new Worker(CHURN, { workerData: { seed, rounds: 300 } }))
    const done = Promise.all(workers.map(worker => once(worker, 'message')))
    assert.equal(churn(3, 300), 300)
    assert.deepEqual(await done, [[300], [300]])
    await Promise.all(workers.map(worker => worker.terminate()))
    const { reserved, maxAllocated } = torch.memory.stats()
    assert.ok(reserved <= maxAllocated + 64 * MB + 32 * MB, `${reserved} of ${maxAllocated}`)
  })

  test("a worker's block, freed as it ends, is the main thread's next", async () => {
    torch.memory.emptyCache()
    const worker = new Worker(CHURN, { workerData: { fill: 5, megabytes: 96 } })
    const [filled] = await once(worker, 'message')
    assert.equal(filled, 5)
    await once(worker, 'exit')
    const { hits, misses } = torch.memory.stats()
    using again = torch.empty([(96 * MB) / 4])
    assert.equal(again.max().item(), 5)
    assert.deepEqual([torch.memory.stats().hits, torch.memory.stats().misses], [hits + 1, misses])
  })

  test('workers terminated in the middle of it leave nothing in use', async () => {
    torch.memory.collect()
    const { allocated } = torch.memory.stats()
    for (let i = 0; i < 6; i++) {
      const worker = new Worker(CHURN, { workerData: { seed: i, rounds: 1e9, report: 20 } })
      await once(worker, 'message')
      await new Promise(resolve => setTimeout(resolve, 7 * i))
      assert.equal(await worker.terminate(), 1)
    }
    torch.memory.collect()
    assert.equal(torch.memory.stats().allocated, allocated)
    using x = block(64, 2)
    assert.equal(x.min().item(), 2)
  })
})

describe('LIBTORCH_NODE_KEEP_MEMORY', { skip }, () => {
  interface Idle {
    allocated: number
    reserved: number
    hits: number
    megabytes: number
    seconds: number
  }

  test('what is kept goes back some seconds after the last use, though the event loop is blocked', async () => {
    const [kept, later, again] = await run<[Idle, Idle, Idle]>('memory-idle.ts', '1')
    assert.ok(kept.reserved >= 300 * MB && kept.allocated < MB, `${kept.reserved} bytes kept`)
    assert.ok(later.reserved < 32 * MB, `${later.reserved} bytes kept`)
    assert.ok(kept.megabytes - later.megabytes > 250, `from ${kept.megabytes} to ${later.megabytes} MB`)
    assert.ok(again.reserved >= 300 * MB, 'and it goes on')
  })

  test('nothing holds the process back when it ends, and without the variable memory is kept for longer', async () => {
    const [kept, later, again] = await run<[Idle, Idle, Idle]>('memory-idle.ts')
    const end = Date.now() / 1000
    assert.ok(later.reserved >= 300 * MB, `${later.reserved} bytes kept after two seconds`)
    assert.ok(again.hits > kept.hits)
    assert.ok(end - again.seconds < 3, `ended ${(end - again.seconds).toFixed(1)} s after its last line`)
  })

  test('0 keeps nothing', async () => {
    for (const stats of await run<Idle[]>('memory-idle.ts', '0')) {
      assert.equal(stats.reserved, stats.allocated)
      assert.equal(stats.hits, 0)
    }
  })

  test('what is no number of seconds is as if it were not there', async () => {
    for (const wrong of ['-1', 'soon']) {
      const [kept] = await run<Idle[]>('memory-idle.ts', wrong)
      assert.ok(kept!.reserved >= 300 * MB, wrong)
    }
  })
})
