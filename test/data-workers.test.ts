import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { data, Generator, manualSeed, memory, randint, type Tensor, tensor } from '../src'
import { arange } from '../src/tensor'

const FILE = join(__dirname, 'programs', 'loader-data.ts')
const from = <T>(name: string, args?: unknown[]) => data.fromModule<T>(FILE, name, args)
const draw = () => randint(0, 2 ** 31, [3]).tolist() as number[]

async function collect<T>(loader: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const batch of loader) found.push(batch)
  return found
}

describe('loaders with workers', { timeout: 300_000 }, () => {
  test('give the batches of a TensorDataset in the order of no workers, and leave the same random state', async () => {
    const set = [arange(50).view([25, 2]) as Tensor, arange(25) as Tensor] as const
    const pass = async (numWorkers: number, generator: Generator | null) => {
      manualSeed(5)
      const loader = new data.DataLoader(set, { batchSize: 4, shuffle: true, numWorkers, generator })
      return { batches: (await collect(loader)).map(batch => batch.map(rows => rows.tolist())), after: draw() }
    }
    assert.deepEqual(await pass(2, null), await pass(0, null))
    const own = () => new Generator().manualSeed(3)
    assert.deepEqual(await pass(1, own()), await pass(0, own()))
  })

  test('keep the order where items take their time, and never make more in advance than allowed', async () => {
    const slow = await from<data.Dataset<[Tensor<[2]>, bigint]>>('Slow', [11, 100])
    let taken = 0
    const places = {
      *[Symbol.iterator]() {
        for (let i = 0; i < 11; i++) {
          taken++
          yield i
        }
      },
    }
    const options = { batchSize: 2, sampler: places, numWorkers: 2, prefetchFactor: 1 }
    const found: unknown[] = []
    for await (const [x, y] of new data.DataLoader(slow, options)) {
      found.push([x.tolist(), y.tolist()])
      assert.ok(taken <= 2 * (found.length + 2), `${taken} places were taken for ${found.length} batches`)
      assert.equal(x.dtype, 'float32')
      assert.equal(y.dtype, 'int64')
      x.add_(1) // the memory is this thread's now
    }
    const expected = [0, 2, 4, 6, 8, 10].map(i => {
      const rows = i === 10 ? [10] : [i, i + 1]
      return [rows.map(k => [k + 100, -k]), rows]
    })
    assert.deepEqual(found, expected)
  })

  test('take tensors, subsets, concatenations, collate and workerInit by name', async () => {
    const offset = tensor(1000) as Tensor
    const slow = await from<data.Dataset<[Tensor<[2]>, bigint]>>('Slow', [4, offset])
    const both = new data.ConcatDataset([slow, new data.Subset(slow, [3, 0])])
    const [batch] = await collect(new data.DataLoader(both, { batchSize: 6, numWorkers: 1 }))
    assert.deepEqual(batch![1].tolist(), [0, 1, 2, 3, 3, 0])
    assert.deepEqual(batch![0].at(4).tolist(), [1003, -3])

    const many = await data.fromModule<data.MapDataset<{ text: string }>>(pathToFileURL(FILE), 'many')
    const collate = await from<(items: { text: string }[]) => string>('texts')
    assert.deepEqual(await collect(new data.DataLoader(many, { batchSize: 4, numWorkers: 1, collate })), ['0123', '45'])
    const workerInit = await from<(id: number) => void>('init')
    const seen = await from<data.MapDataset<number>>('seen')
    assert.deepEqual(await collect(new data.DataLoader(seen, { batchSize: null, numWorkers: 1, workerInit })), [1, 1])
  })

  test('draw in each worker what a worker of Python draws: base seed plus number', async () => {
    const draws = await from<data.Dataset<number[]>>('Draws', [])
    manualSeed(21)
    const before = draw() // a pass begins with another draw
    manualSeed(21)
    const generator = new Generator().manualSeed(9)
    const base = new Generator().manualSeed(9)
    const options = { batchSize: null, numWorkers: 2, generator, persistentWorkers: true }
    const loader = new data.DataLoader(draws, options)
    const found = (await collect(loader)).flat()
    using seed = tensor(0n).random_({ generator: base })
    const numbers = [0n, 1n].map(id => {
      const own = new Generator().manualSeed((seed.item({ bigint: true }) as bigint) + id)
      return Array.from({ length: 8 }, () => (randint(0, 2 ** 31, [1], { generator: own }).tolist() as number[])[0])
    })
    assert.deepEqual(
      found,
      [0, 1, 2, 3, 4, 5, 6, 7].map(i => numbers[i % 2]![Math.floor(i / 2)]),
    )
    assert.deepEqual(
      (await collect(loader)).flat(),
      [4, 5, 6, 7].flatMap(i => [numbers[0]![i], numbers[1]![i]]),
    ) // persistent: the stream goes on
    assert.deepEqual(draw(), before, 'the default generator was left alone')
    await loader.close()
  })

  test('streams are shared out, and workers that end early do not end the pass', async () => {
    const shard = await from<data.IterableDataset<bigint>>('Shard', [7])
    const loader = new data.DataLoader(shard, { batchSize: 2, numWorkers: 2, persistentWorkers: true })
    for (let i = 0; i < 2; i++) {
      const batches = (await collect(loader)).map(batch => batch.tolist())
      assert.deepEqual(batches.slice(0, 2), [[0, 2], [1, 3]]) // biome-ignore format: rows
      assert.deepEqual(batches.flat().sort(), [0, 1, 2, 3, 4, 5, 6])
    }
    await loader.close()
  })

  test('an error comes back with the number and the stack of the worker', async () => {
    const failing = await from<data.Dataset<number>>('Failing', [])
    const loader = new data.DataLoader(failing, { batchSize: 2, numWorkers: 2 })
    const found: unknown[] = []
    await assert.rejects(
      async () => {
        for await (const batch of loader) found.push(batch.tolist())
      },
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'ERR_DATA')
        assert.match(error.message, /^Caught RangeError in DataLoader worker 0: no item 5$/)
        assert.match(
          error.stack!,
          /in DataLoader worker 0: RangeError: no item 5\n\s+at Failing\.get .*loader-data\.ts/,
        )
        assert.equal((error.cause as Error).name, 'RangeError')
        return true
      },
    )
    assert.deepEqual(found, [[0, 1], [2, 3]]) // biome-ignore format: rows

    const init = await from<(id: number) => void>('failingInit')
    await assert.rejects(collect(new data.DataLoader([arange(4) as Tensor], { numWorkers: 1, workerInit: init })), {
      code: 'ERR_DATA',
      message: /worker 0: not today/,
    })
    const collate = await from<() => unknown>('unclonable')
    await assert.rejects(collect(new data.DataLoader([arange(4) as Tensor], { numWorkers: 1, collate })), {
      code: 'ERR_DATA',
      message: /could not be cloned/,
    })
  })

  test('a worker that ends is an error, not a hang', async () => {
    const exiting = await from<data.Dataset<number>>('Exiting', [])
    const loader = new data.DataLoader(exiting, { batchSize: 2, numWorkers: 1, persistentWorkers: true })
    for (let i = 0; i < 2; i++) {
      await assert.rejects(collect(loader), {
        code: 'ERR_DATA',
        message: /DataLoader worker 0 exited unexpectedly with code 3/,
      }) // the second time with a new worker, and the same end
    }
  })

  test('a timeout', async () => {
    const stuck = await from<data.Dataset<number>>('Stuck', [])
    await assert.rejects(collect(new data.DataLoader(stuck, { numWorkers: 1, timeout: 3 })), {
      code: 'ERR_DATA',
      message: 'DataLoader timed out after 3 seconds',
    })
  })

  test('an aborted pass, waiting for a worker or not', async () => {
    const stuck = await from<data.Dataset<number>>('Stuck', [])
    const controller = new AbortController()
    const loader = new data.DataLoader(stuck, { numWorkers: 1, signal: controller.signal })
    const waiting = collect(loader)
    setTimeout(() => controller.abort('enough'), 1500)
    await assert.rejects(waiting, { name: 'AbortError', cause: 'enough' })
    await assert.rejects(collect(loader), { name: 'AbortError' })
  })

  test('a loop that is left early; persistent workers are the same threads, and clean', async () => {
    const thread = await from<data.Dataset<number>>('Thread', [])
    const loader = new data.DataLoader(thread, { batchSize: 2, numWorkers: 2, persistentWorkers: true })
    const threads = new Set<number>()
    for (let i = 0; i < 3; i++) {
      let seen = 0
      for await (const batch of loader) {
        for (const id of batch.tolist()) threads.add(id)
        if (++seen === 5) break
      }
    }
    assert.equal(threads.size, 2)
    assert.equal((await collect(loader)).length, 20)

    const first = loader[Symbol.asyncIterator]()
    await first.next()
    const second = loader[Symbol.asyncIterator]()
    await assert.rejects(first.next(), { code: 'ERR_DATA', message: /another pass/ })
    assert.equal((await second.next()).value!.shape[0], 2)
    await second.return!()
    await loader.close()
    await loader.close()

    const once = new data.DataLoader(thread, { numWorkers: 1 })
    for await (const _ of once) break
    await once[Symbol.asyncIterator]().return!()
  })

  test('a program whose workers nobody waits for ends', async () => {
    const code = `
      const { data } = require('./src'); const { arange } = require('./src/tensor')
      const loader = new data.DataLoader([arange(8)], { numWorkers: 1, persistentWorkers: true })
      const pass = loader[Symbol.asyncIterator]()
      pass.next().then(({ value }) => console.log(value[0].tolist()))`
    const root = join(__dirname, '..')
    const run = promisify(execFile)(process.execPath, ['--require', 'ts-node/register', '-e', code], {
      cwd: root,
      timeout: 120_000,
    })
    assert.equal((await run).stdout.trim(), '[ 0 ]')
  })

  test('batches are freed', async () => {
    const loader = new data.DataLoader([arange(40) as Tensor], { batchSize: 4, numWorkers: 1 })
    const before = memory.stats().tensors
    for await (const [x] of loader) x!.dispose()
    memory.collect()
    assert.ok(memory.stats().tensors <= before + 2)
  })

  test('what workers cannot be given, and wrong options', async () => {
    const rows = [arange(4) as Tensor] as const
    class Mine extends data.Dataset<number> {
      length = 2
      get = (i: number) => i
    }
    const refused = (source: unknown, options: object, code: string, message: RegExp) =>
      assert.throws(() => new data.DataLoader(source as never, options as never), { code, message })
    const type = 'ERR_INVALID_ARG_TYPE'
    refused(new Mine(), { numWorkers: 1 }, type, /an instance of Mine belongs to this thread.*data\.fromModule\(/)
    refused({ length: 1, get: () => 1 }, { numWorkers: 1 }, type, /the function get belongs to this thread/)
    refused(new data.Subset(new Mine(), [0]), { numWorkers: 1 }, type, /an instance of Mine/)
    refused(rows, { numWorkers: 1, collate: (x: unknown) => x }, type, /'collate': the function collate belongs/)
    refused(rows, { numWorkers: 1, workerInit: () => {} }, type, /'workerInit': the function workerInit/)
    refused(rows, { numWorkers: -1 }, type, /'numWorkers' must be an integer of at least 0/)
    refused(rows, { numWorkers: 1, timeout: -1 }, type, /'timeout' must be a number of at least 0/)
    refused(rows, { numWorkers: 1, prefetchFactor: 0 }, type, /'prefetchFactor'/)
    const value = 'ERR_INVALID_ARG_VALUE'
    refused(rows, { prefetchFactor: 2 }, value, /prefetchFactor option needs numWorkers > 0/)
    refused(rows, { persistentWorkers: true }, value, /persistentWorkers option needs numWorkers > 0/)
    refused(rows, { timeout: 2 }, value, /timeout option needs numWorkers > 0/)
    assert.throws(() => [...new data.DataLoader(rows, { numWorkers: 1 })], { code: type, message: /for await/ })

    await assert.rejects(data.fromModule('./here', 'x'), { code: type, message: /absolute path.*require\.resolve/ })
    await assert.rejects(data.fromModule(FILE, 'nothing'), { code: 'ERR_DATA', message: /exports no 'nothing'.*Slow/ })
    await assert.rejects(data.fromModule(FILE, 'many', []), { code: 'ERR_DATA', message: /no function/ })
    await assert.rejects(data.fromModule(FILE, 'many', {} as never), { code: type, message: /'args' must be an array/ })
    await assert.rejects(data.fromModule('/nowhere/at/all.js', 'x'), { code: 'MODULE_NOT_FOUND' })
  })
})
