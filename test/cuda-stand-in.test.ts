import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { cuda } from '../src'
import type { Case } from './bench/benchmark'
import { benchmarks } from './bench/benchmarks'

const ROOT = path.join(__dirname, '..')
const SOURCES = [
  ...['cuda.cc', 'graphs.h', 'kernels.h'].map(name => path.join(__dirname, 'stand-in', name)),
  ...['arguments.h', 'bodies.h', 'training.h'].map(name => path.join(ROOT, 'native', 'cuda', 'kernels', name)),
]
const STAMP = path.join(ROOT, 'build', 'stamp.json')
const BINARY = path.join(ROOT, 'build', 'cuda-stand-in.node')
const run = promisify(execFile)

/** Compiles the stand-in against the libtorch of the addon, where that is not done yet. */
async function compile(): Promise<void> {
  const age = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (age(BINARY) > Math.max(...SOURCES.map(age), age(STAMP))) return
  const { root } = JSON.parse(readFileSync(STAMP, 'utf8')).libtorch
  const includes = [
    path.join(root, 'include'),
    path.join(root, 'include', 'torch', 'csrc', 'api', 'include'),
    path.join(path.dirname(require.resolve('node-api-headers/package.json')), 'include'),
  ]
  await run(process.env.CXX ?? 'c++', [
    '-std=c++20',
    '-fPIC',
    '-shared',
    '-O2',
    `-I${path.join(ROOT, 'native')}`,
    ...includes.flatMap(folder => ['-isystem', folder]),
    SOURCES[0]!,
    '-o',
    BINARY,
    '-Wl,--no-as-needed,-z,nodelete,--disable-new-dtags',
    `-Wl,-rpath,${root}/lib`,
    `-L${root}/lib`,
    ...['torch', 'torch_cpu', 'c10'].map(name => `-l${name}`),
  ])
}

/** Runs a file in a process that has the stand-in. */
async function withStandIn(file: string, args: readonly string[] = [], kernels = BINARY): Promise<string> {
  const { NODE_TEST_CONTEXT, ...env } = process.env
  const preload = ['ts-node/register/transpile-only', path.join(__dirname, 'stand-in', 'load.cjs')]
  const { stdout, stderr } = await run(
    process.execPath,
    [...preload.flatMap(name => ['--require', name]), path.join(__dirname, file), ...args],
    // the kernels are the stand-in's own, whatever the file holds; operators are small, and threads would only wait
    {
      cwd: ROOT,
      env: { ...env, OMP_NUM_THREADS: '1', LIBTORCH_NODE_TEST_STAND_IN: BINARY, LIBTORCH_NODE_CUDA_KERNELS: kernels },
    },
  ).catch((error: { stdout: string; stderr: string }) => assert.fail(`${file}: ${error.stdout}\n${error.stderr}`))
  // autograd has kept nothing of a step on another stream, which spoils captures on a GPU
  assert.doesNotMatch(stderr, /AccumulateGrad node's stream/, file)
  return stdout
}

const skip =
  process.platform !== 'linux'
    ? 'compiled for Linux alone'
    : cuda.isBuilt()
      ? 'this libtorch has a CUDA of its own'
      : false

describe('with a CUDA that is made of the CPU', { skip }, () => {
  before(compile)

  for (const [file, least] of [
    ['cuda.test.ts', 28],
    ['cuda-streams.test.ts', 11],
    ['cuda-graphs.test.ts', 30],
    ['cuda-compile.test.ts', 43],
    ['cuda-fused.test.ts', 62],
    ['cuda-train.test.ts', 9],
    ['cuda-train-blocks.test.ts', 14],
  ] as const) {
    test(`the tests for a GPU in ${file} pass`, async t => {
      const told = await withStandIn(file)
      const count = (what: string) => Number(new RegExp(`^(?:#|ℹ) ${what} (\\d+)`, 'm').exec(told)?.[1])
      t.diagnostic(`${count('pass')} passed, ${count('skipped')} skipped`)
      assert.equal(count('fail'), 0)
      assert.ok(count('pass') >= least, told)
    })
  }

  test('explain tells why there are no fused kernels', async () => {
    for (const [kernels, why] of [
      ['0', 'LIBTORCH_NODE_CUDA_KERNELS is 0'],
      ['none.fatbin', 'LIBTORCH_NODE_CUDA_KERNELS names no file of kernels: none.fatbin'],
      ['', 'the addon was built without them (no nvcc was found, or LIBTORCH_NODE_CUDA_KERNELS was 0)'],
    ] as const) {
      const told = await withStandIn(path.join('programs', 'cuda-kernels.ts'), [], kernels)
      // of predictions and of a training
      assert.equal(told.split(`of eager's kernels: there are no fused kernels: ${why}\n`).length, 3, told)
    }
  })

  for (const { name, cases } of benchmarks.filter(({ gpu }) => gpu)) {
    test(`the benchmark ${name} measures what is eager, and what is captured`, async () => {
      const [{ args }] = cases('tiny') as [Case]
      for (const side of ['here', 'compiled']) {
        const { samples } = JSON.parse(await withStandIn('bench/side.ts', [name, side, JSON.stringify(args)]))
        assert.ok(samples.length > 0 && samples.every((seconds: number) => seconds > 0), `${side}: ${samples}`)
      }
    })
  }

  test('CUDA is asked for what was meant, and a training step waits for nothing', async () => {
    const { streams, copies, steps, read, events, full, batches } = JSON.parse(
      await withStandIn(path.join('programs', 'cuda-journal.ts')),
    )
    assert.deepEqual(streams, [
      'event 1 on 0@0',
      '1@0 waits for event 1',
      'event 2 with time on 1@0',
      'memory used on 1@0',
      'wait for 1@0',
      'wait for device 1',
    ])
    assert.deepEqual(copies, [
      'copy on 0@0',
      'copy on 1@0',
      'copy on 1@0',
      'copy and wait on 0@0',
      'copy and wait on 0@1',
    ])
    const waits = /wait for|read|copy and wait/
    for (const [name, lines] of Object.entries<string[]>(steps)) {
      assert.deepEqual(
        lines.filter(line => waits.test(line)),
        [],
        name,
      )
    }
    assert.deepEqual(read, ['read a number'])
    // the losses are read once an epoch; the order of the batches is brought there at once
    assert.deepEqual(full, ['replay on 0@0', 'copy and wait on 0@0'])
    assert.deepEqual(batches, ['copy and wait on 0@0', 'replay on 0@0', 'replay on 0@0', 'copy and wait on 0@0'])
    assert.ok(events < 100, `${events} events are left of more than 100`)
  })
})
