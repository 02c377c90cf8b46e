import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import * as torch from '../src/index'

const PROGRAM = join(__dirname, 'programs', 'worker-train.ts')
const start = (workerData: object) => new Worker(PROGRAM, { workerData })

interface Step {
  step: number
  loss: number
}

describe('worker threads', () => {
  test('a worker loads the package, trains and ends by itself, with the numbers of the main thread', async () => {
    const worker = start({ steps: 3, report: 3 })
    const messages: unknown[] = []
    worker.on('message', message => messages.push(message))
    const [code] = await once(worker, 'exit')
    assert.equal(code, 0)
    const [last, end] = messages as [Step, { checksum: number }]
    assert.equal(last.step, 3)
    assert.ok(Number.isFinite(last.loss) && Number.isFinite(end.checksum))
    // thread-local modes and seeds of the worker left nothing here
    assert.equal(torch.isGradEnabled(), true)
    assert.deepEqual(torch.ones([2]).add(1).tolist(), [2, 2])
  })

  test('terminated in the middle of training, six times over, the process goes on', async () => {
    const tensors = torch.memory.stats().tensors
    for (let i = 0; i < 6; i++) {
      const worker = start({ report: 1 + (i % 3) })
      await once(worker, 'message')
      if (i % 2 === 1) await new Promise(resolve => setTimeout(resolve, 5 * i)) // anywhere in a step
      const code = await worker.terminate()
      assert.equal(code, 1)
      assert.deepEqual(
        torch
          .ones([2, 2])
          .matmul(torch.ones([2, 2]))
          .tolist(),
        [
          [2, 2],
          [2, 2],
        ],
      )
    }
    torch.memory.collect()
    assert.ok(torch.memory.stats().tensors <= tensors + 5, 'the tensors of a worker are its own')
  })

  test('terminated before the package is loaded, or while it is', async () => {
    for (const delay of [0, 100, 600]) {
      const worker = start({})
      await new Promise(resolve => setTimeout(resolve, delay))
      await worker.terminate()
    }
    assert.equal(torch.ones([3]).sum().item(), 3)
  })

  test('terminated inside native code that makes objects, the process goes on', async () => {
    for (const what of ['stats', 'module', 'complex']) {
      for (let i = 0; i < 4; i++) {
        const worker = new Worker(join(__dirname, 'programs', 'worker-busy.ts'), { workerData: what })
        await once(worker, 'message')
        await new Promise(resolve => setTimeout(resolve, 3 * i))
        assert.equal(await worker.terminate(), 1, what)
      }
    }
  })

  test('two workers and the main thread at once', async () => {
    const workers = [start({ steps: 20, report: 20 }), start({ steps: 20, report: 20 })]
    const done = Promise.all(workers.map(worker => once(worker, 'exit')))
    const sums: number[] = []
    for (const worker of workers) worker.on('message', message => 'checksum' in message && sums.push(message.checksum))
    let running = true
    done.then(() => {
      running = false
    })
    while (running) {
      const x = torch.tensor([[1, 2]], { requiresGrad: true })
      x.pow(2).sum().backward()
      assert.deepEqual(x.grad!.tolist(), [[2, 4]])
      await new Promise(resolve => setTimeout(resolve, 1))
    }
    assert.deepEqual(
      (await done).map(([code]) => code),
      [0, 0],
    )
    assert.equal(sums.length, 2)
  })

  test('a main thread that has not loaded the package', async () => {
    const program = join(__dirname, 'programs', 'only-in-workers.ts')
    const args = ['--require', 'ts-node/register/transpile-only', program]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    const { alone, together, mainLoaded } = JSON.parse(stdout)
    assert.equal(mainLoaded, false)
    assert.ok(Number.isFinite(alone))
    assert.equal(together.length, 2)
  })

  test('a tensor does not cross to another thread', () => {
    const t = torch.ones([2])
    const copy = structuredClone({ t }) as { t: torch.Tensor }
    assert.equal(torch.isTensor(copy.t), false)
  })
})
