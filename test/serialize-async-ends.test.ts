import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import * as torch from '../src'
import { load, loadAsync, save, saveAsync, type Tensor } from '../src'
import { Job } from '../src/core/job'
import { Reading } from '../src/serialize/transfer'
import { beside, described, fresh, MB, megabytes } from './reference/files'
import { handlesLeft } from './reference/handles'

const fixtures = join(__dirname, 'reference/fixtures')
const fixture = JSON.parse(readFileSync(join(fixtures, 'serialize.json'), 'utf8'))
const python = join(fixtures, 'serialize.safetensors')

const abortError = (reason: unknown) => (error: Error & { code?: string }) =>
  error.name === 'AbortError' && error.code === 'ABORT_ERR' && error.cause === reason

const errorOf = (run: () => unknown): Error & { code: string } => {
  try {
    run()
  } catch (error) {
    return error as Error & { code: string }
  }
  throw new Error('nothing was thrown')
}

/** Runs a program with `torch` and `file` in a process of its own; gives what it says, and what is left afterwards. */
function inProcess(program: string, file: string, before = ''): Record<string, unknown> {
  const text = `const torch = require(${JSON.stringify(join(__dirname, '../src'))}), file = process.argv[1]
    const say = what => require('node:fs').writeSync(1, JSON.stringify(what))\n${program}`
  const command = `${before} exec "$0" --require ts-node/register/transpile-only -e "$1" "$2"`
  const options = { encoding: 'utf8', cwd: join(__dirname, '..') } as const
  const { stdout, stderr, status, signal } = spawnSync('sh', ['-c', command, process.execPath, text, file], options)
  assert.equal(signal, null, stderr)
  return { ...JSON.parse(stdout || '{}'), status, left: beside(file) }
}

describe('failures', () => {
  test('arguments are refused as save and load refuse them, as rejections', async () => {
    const file = fresh()
    const wrong: [unknown[], unknown[]?][] = [
      [[{ a: 1 }, file]],
      [[[torch.tensor(1)], file]],
      [[torch.tensor(1), file]],
      [[{ __metadata__: torch.tensor(1) }, file]],
      [[{ a: torch.empty([2], { dtype: 'complex128' }) }, file]],
      [[{ a: torch.tensor([1, 0]).toSparse() }, file]],
      [[{}, file, 5]],
      [[{}, 5]],
      [[{}, 'net.pt']],
      [[{}, file.replace('net', 'n\0t')]],
      [[{}, file, { metadata: { a: 1 } }]],
    ]
    const disposed = torch.tensor([1]) as Tensor
    disposed.dispose()
    wrong.push([[{ disposed }, file]])
    for (const [args] of wrong) {
      const expected = errorOf(() => (save as (...args: unknown[]) => void)(...args))
      const promise = (saveAsync as (...args: unknown[]) => Promise<void>)(...args)
      await assert.rejects(promise, {
        name: expected.name,
        code: expected.code,
        message: expected.message.replace(/^save\b/, 'saveAsync'),
      } as never)
    }
    for (const args of [[file, 5], [file, { mapLocation: 5 }], ['net.pt'], [5], [file.replace('net', 'n\0t')]]) {
      const expected = errorOf(() => (load as (...args: unknown[]) => void)(...args))
      await assert.rejects((loadAsync as (...args: unknown[]) => Promise<unknown>)(...args), {
        code: expected.code,
        message: expected.message.replace(/^load\b/, 'loadAsync'),
      } as never)
    }
    const code = 'ERR_INVALID_ARG_TYPE'
    for (const options of [{ onProgress: 5 }, { signal: {} }]) {
      await assert.rejects(saveAsync({}, file, options as never), {
        code,
        message: /^saveAsync: '(onProgress|signal)'/,
      })
      await assert.rejects(loadAsync(python, options as never), { code, message: /^loadAsync: '(onProgress|signal)'/ })
    }
    await assert.rejects(saveAsync({}, file, { onprogress: () => 0 } as never), {
      code: 'ERR_UNKNOWN_OPTION',
      message: /did you mean 'onProgress'/,
    })
    await assert.rejects(loadAsync(python, { sgnal: 1 } as never), { code: 'ERR_UNKNOWN_OPTION', message: /'signal'/ })
    assert.deepEqual(beside(file), [])
  })

  test('what the system refuses has its code and the words of Node', async () => {
    const file = fresh()
    const missing = join(file, '..', 'none', 'net.safetensors')
    const place = join(file, '..', 'folder.safetensors')
    mkdirSync(place)
    save({ a: torch.ones([1]) }, file)
    const plain = (text: string) => text.replace(/[0-9a-f]{16}/g, 'token')
    for (const path of [missing, place, join(file, 'inside.safetensors')]) {
      const expected = errorOf(() => save({ a: torch.ones([2]) }, path)) as NodeJS.ErrnoException
      await assert.rejects(saveAsync({ a: torch.ones([2]) }, path), (error: NodeJS.ErrnoException) => {
        assert.equal(plain(error.message), plain(expected.message))
        assert.equal(plain(error.path!), plain(expected.path!))
        assert.deepEqual([error.code, error.errno, error.syscall], [expected.code, expected.errno, expected.syscall])
        return true
      })
    }
    for (const path of [missing, place]) {
      const expected = errorOf(() => load(path))
      await assert.rejects(loadAsync(path), { code: expected.code, message: expected.message } as never)
    }
    assert.deepEqual(beside(file).sort(), ['folder.safetensors', 'net.safetensors'])
    if (process.getuid?.() === 0) return // root may write everywhere
    chmodSync(join(file, '..'), 0o500)
    await assert.rejects(saveAsync({ a: torch.ones([2]) }, file), { code: 'EACCES' })
    chmodSync(join(file, '..'), 0o700)
  })

  test('broken files are refused in the words of load', async () => {
    const file = fresh()
    for (const { what, base64 } of fixture.files as { what: string; base64: string }[]) {
      writeFileSync(file, Buffer.from(base64, 'base64'))
      let expected: (Error & { code: string }) | undefined
      try {
        load(file)
      } catch (error) {
        expected = error as Error & { code: string }
      }
      if (expected === undefined) assert.deepEqual(described(await loadAsync(file)), described(load(file)), what)
      else await assert.rejects(loadAsync(file), { code: expected.code, message: expected.message } as never, what)
    }
  })

  test('a file that becomes shorter while it is read', async () => {
    const file = fresh()
    save({ a: megabytes(20), b: megabytes(20) }, file)
    truncateSync(file, 30 * MB)
    const tensors = ['a', 'b'].map((name, i) => ({
      name,
      type: 'F32',
      shape: [20, MB / 4],
      begin: 20 * MB * i,
      end: 20 * MB * (i + 1),
    }))
    const left = await handlesLeft(() => {
      const reading = new Reading(file, openSync(file, 'r'), 1000, 'cpu', tensors)
      return assert.rejects(reading.done({}, 1000 + 40 * MB), {
        code: 'ERR_FILE_FORMAT',
        message: `${file}: the file became shorter while it was read`,
      })
    })
    assert.equal(left, 0)
  })

  test('no room for the file: what fitted is removed', { skip: process.platform === 'win32' }, () => {
    const file = fresh()
    save({ a: torch.ones([1]) }, file)
    const { code, left, message } = inProcess(
      `const tensors = { a: torch.ones([40 * 2 ** 18]) }
       torch.saveAsync(tensors, file).then(() => say({}), ({ code, message }) => say({ code, message }))`,
      file,
      'ulimit -f 20480 &&',
    )
    assert.deepEqual([code, message, left], ['EFBIG', 'EFBIG: file too large, write', ['net.safetensors']])
    assert.deepEqual(load(file).a!.tolist(), [1])
  })
})

describe('progress and aborts', () => {
  test('bytes only grow, up to the whole file', async () => {
    const file = fresh()
    const tensors = { a: megabytes(150), b: torch.zeros([0]) }
    for (const work of [
      (options: torch.SaveAsyncOptions) => saveAsync(tensors, file, options),
      (options: torch.SaveAsyncOptions) => loadAsync(file, options),
    ]) {
      const seen: torch.FileProgress[] = []
      const start = performance.now()
      await work({ onProgress: progress => seen.push(progress) })
      const { size } = statSync(file)
      assert.deepEqual(seen.at(-1), { bytes: size, total: size })
      assert.ok(seen.every(({ total }) => total === size))
      assert.ok(seen.every(({ bytes }, i) => i === 0 || bytes > seen[i - 1]!.bytes))
      assert.ok(seen.length <= (performance.now() - start) / 50 + 1, `${seen.length} calls`)
    }
  })

  test('what onProgress throws ends the work', async () => {
    const file = fresh()
    save({ a: torch.ones([1]) }, file)
    const wrong = new Error('mine')
    const saving = saveAsync({ a: megabytes(400) }, file, {
      onProgress: () => {
        throw wrong
      },
    })
    await assert.rejects(saving, error => error === wrong)
    assert.deepEqual(beside(file), ['net.safetensors'])
  })

  test('aborted before, at once, and in the middle: the older file stays, and nothing beside it', async () => {
    const file = fresh()
    save({ a: torch.ones([1]) }, file)
    const reason = new Error('enough')
    const large = { a: megabytes(300) }
    const tensors = torch.memory.stats().tensors
    await assert.rejects(saveAsync(large, file, { signal: AbortSignal.abort(reason) }), abortError(reason))
    await assert.rejects(loadAsync(file, { signal: AbortSignal.abort(reason) }), abortError(reason))
    /** Ends with the abort; where that came too late, on a machine that was busy, with the end of the work. */
    const ended = async (work: Promise<unknown>, delay: number) => {
      const error = await work.then(
        () => undefined,
        error => error,
      )
      if (delay > 0 && error === undefined) return false
      assert.ok(abortError(reason)(error), String(error))
      return true
    }
    for (const delay of [0, 1, 10, 30]) {
      const controller = new AbortController()
      const { signal } = controller
      const saving = saveAsync(large, file, { signal })
      if (delay > 0) await new Promise(resolve => setTimeout(resolve, delay))
      controller.abort(reason)
      if (!(await ended(saving, delay))) save({ a: torch.ones([1]) }, file)
      assert.deepEqual(beside(file), ['net.safetensors'])
    }
    assert.deepEqual(load(file).a!.tolist(), [1])
    await saveAsync(large, file)
    for (const delay of [0, 1, 10, 30]) {
      const controller = new AbortController()
      const loading = loadAsync(file, { signal: controller.signal })
      if (delay > 0) await new Promise(resolve => setTimeout(resolve, delay))
      controller.abort(reason)
      await ended(loading, delay)
    }
    torch.memory.collect()
    assert.ok(torch.memory.stats().tensors <= tensors + 1)
    // and after all is done it changes nothing
    const controller = new AbortController()
    await saveAsync({ a: torch.ones([2]) }, file, { signal: controller.signal })
    controller.abort()
    assert.deepEqual(load(file).a!.tolist(), [1, 1])
  })

  test('an abort need not wait for its turn', async () => {
    const file = fresh()
    save({ a: torch.ones([1]) }, file)
    const slow = new Job()
    slow.run(() => {
      const x = torch.ones([1500, 1500]) as Tensor
      for (let i = 0; i < 4; i++) x.matmul(x)
    })
    let over = false
    const settled = slow.settled().then(() => {
      over = true
    })
    const signal = AbortSignal.timeout(5)
    await assert.rejects(saveAsync({ a: torch.ones([1]) }, file, { signal }), { name: 'AbortError' })
    await assert.rejects(loadAsync(file, { signal: AbortSignal.timeout(5) }), { name: 'AbortError' })
    assert.equal(over, false)
    await settled
  })

  test('no descriptor stays open', { skip: process.platform === 'linux' ? false : 'reads /proc' }, async () => {
    const file = fresh()
    save({ a: megabytes(20) }, file)
    const open = () => readdirSync('/proc/self/fd').length
    const settle = async () => {
      for (let i = 0; i < 3; i++) await new Job().run(() => saveAsync({}, file.replace('net', 'other')))
    }
    await settle()
    const before = open()
    for (let i = 0; i < 5; i++) {
      await loadAsync(file)
      await assert.rejects(loadAsync(file, { signal: AbortSignal.timeout(1) }).then(() => Promise.reject(new Error())))
      await assert.rejects(saveAsync({ a: megabytes(40) }, file, { signal: AbortSignal.timeout(1) }))
      await assert.rejects(saveAsync({ a: torch.ones([1]) }, join(file, 'none.safetensors')))
    }
    await settle()
    assert.ok(open() <= before, `${open()} descriptors, ${before} before`)
  })
})

describe('the end of a thread or a process', () => {
  test('a process that has nothing else to do ends when the file is there', () => {
    const file = fresh()
    const { status, left } = inProcess('torch.saveAsync({ a: torch.ones([20 * 2 ** 18]) }, file)', file)
    assert.deepEqual([status, left], [0, ['net.safetensors']])
    assert.equal(load(file).a!.sum().item(), 20 * 2 ** 18)
  })

  test('process.exit() in the middle: nothing beside the older file, and the exit code is kept', () => {
    for (const delay of [0, 40]) {
      const file = fresh()
      save({ a: torch.ones([1]) }, file)
      const { status, left } = inProcess(
        `torch.saveAsync({ a: torch.ones([300 * 2 ** 18]) }, file).then(() => torch.saveAsync({ a: torch.ones([1]) }, file))
         ${delay === 0 ? 'process.exit(3)' : `setTimeout(() => process.exit(3), ${delay})`}`,
        file,
      )
      assert.deepEqual([status, left], [3, ['net.safetensors']])
      assert.ok([1, 300 * 2 ** 18].includes(load(file).a!.numel()))
    }
  })

  test('a worker that is terminated in the middle leaves the older file, and the process goes on', async () => {
    const file = fresh()
    save({ a: torch.ones([1]) }, file)
    for (const [i, what] of ['save', 'load'].entries()) {
      const worker = new Worker(join(__dirname, 'programs', 'worker-files.ts'), { workerData: { file, what } })
      await once(worker, 'message')
      await new Promise(resolve => setTimeout(resolve, 10 + 15 * i))
      assert.equal(await worker.terminate(), 1)
      const left = beside(file).filter(name => name !== 'worker.safetensors') // whole, where it had the time
      assert.deepEqual(left, ['net.safetensors'])
      assert.ok(existsSync(file) && torch.ones([2]).sum().item() === 2)
    }
    assert.deepEqual(load(file).a!.tolist(), [1])
  })
})

test('the event loop turns while 512 MB are written and read', async t => {
  const file = fresh()
  const tensors = Object.fromEntries([...Array(16).keys()].map(i => [`${i}`, megabytes(32, i)]))
  for (const [what, work] of [
    ['writing', () => saveAsync(tensors, file)],
    ['reading', () => loadAsync(file)],
  ] as const) {
    const late: number[] = []
    let due = performance.now() + 5
    const timer = setInterval(() => {
      late.push(performance.now() - due)
      due = performance.now() + 5
    }, 5)
    const start = performance.now()
    await work()
    clearInterval(timer)
    late.sort((a, b) => a - b)
    const [p99, worst] = [late[Math.floor(late.length * 0.99)]!, late.at(-1)!]
    const seconds = (performance.now() - start) / 1000
    t.diagnostic(
      `${what}: ${seconds.toFixed(2)} s; a timer of 5 ms was late by ${p99.toFixed(1)} ms at p99, ${worst.toFixed(1)} ms at worst`,
    )
    assert.ok(late.length > 3 && worst < 100, `${late.length} turns, ${worst} ms`)
  }
})
