import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const ROOT = path.join(__dirname, '..')
const KERNELS = [
  'pass',
  'totals',
  ...[1, 2, 3, 5].map(kernel => `training_${kernel}`),
  ...[0, 1, 2, 3, 5].flatMap(kernel => [4, 8].map(channels => `convolution_${kernel}_${channels}`)),
]
const run = promisify(execFile)

type Nvcc = { program: string; version: string } | null
interface Script {
  findNvcc(env: object, libtorch: { cuda: string | null }): Promise<Nvcc>
  compileKernels(how: { root: string; nvcc: Nvcc; env: object; say: (line: string) => unknown }): Promise<string | null>
}

describe('the fused kernels of a GPU', () => {
  let script: Script
  let nvcc: Nvcc
  const folder = mkdtempSync(path.join(tmpdir(), 'libtorch-node-kernels-'))

  before(async () => {
    script = (await import(pathToFileURL(path.join(ROOT, 'scripts', 'native', 'kernels.mjs')).href)) as Script
    nvcc = await script.findNvcc(process.env, { cuda: 'any' })
    cpSync(path.join(ROOT, 'native', 'cuda'), path.join(folder, 'native', 'cuda'), { recursive: true })
  })
  after(() => rmSync(folder, { recursive: true }))

  test('are compiled by nvcc, into less than a megabyte, and once', async t => {
    if (nvcc === null) return t.skip('needs an nvcc')
    const said: string[] = []
    const compiled = () =>
      script.compileKernels({ root: folder, nvcc, env: process.env, say: line => void said.push(line) })
    const file = await compiled()
    assert.equal(file, path.join(folder, 'build', 'fused.fatbin'), said.join('\n'))
    const { size, mtimeMs } = statSync(file)
    t.diagnostic(`${nvcc.version}: ${size} bytes`)
    assert.ok(size > 10_000 && size < 1_000_000, `${size} bytes`)
    assert.equal(await compiled(), file)
    assert.equal(statSync(file).mtimeMs, mtimeMs)
    assert.equal(said.length, 1)
  })

  test('keep everything in registers', async t => {
    if (nvcc === null) return t.skip('needs an nvcc')
    const source = path.join(ROOT, 'native', 'cuda', 'kernels', 'fused.cu')
    const cubin = path.join(folder, 'fused.cubin')
    const args = ['-std=c++17', '-O3', '-arch=sm_90', '-cubin', '-Xptxas=-v', '-I', path.join(ROOT, 'native')]
    const { stderr } = await run(nvcc.program, [...args, '-o', cubin, source])
    assert.deepEqual(
      [...stderr.matchAll(/entry function '(\w+)'/g)].map(([, name]) => name).sort(),
      [...KERNELS].sort(),
    )
    const spilled = [...stderr.matchAll(/(\d+) bytes spill/g)].map(([, bytes]) => Number(bytes))
    assert.ok(spilled.length >= 2 * KERNELS.length, stderr)
    assert.ok(
      spilled.every(bytes => bytes === 0),
      stderr,
    )
    for (const name of KERNELS) assert.ok(readFileSync(cubin).includes(name), name)
  })

  const skip = process.platform === 'linux' ? false : 'compiled for Linux alone'
  test('stay in their memory, and write all of their output', { skip }, async () => {
    const program = path.join(folder, 'bounds')
    const options = ['-std=c++20', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']
    const source = path.join(__dirname, 'stand-in', 'bounds.cc')
    await run(process.env.CXX ?? 'c++', [...options, `-I${path.join(ROOT, 'native')}`, source, '-o', program])
    const { stdout } = await run(program)
    assert.equal(stdout, '2000 convolutions, 2000 passes and 1000 trainings stay in their memory\n')
  })

  test('are left out where nvcc fails, where libtorch has no CUDA, and where they are not wanted', async () => {
    const said: string[] = []
    const broken = { program: path.join(folder, 'none', 'nvcc'), version: 'release 0' }
    const how = { root: folder, nvcc: broken, env: process.env, say: (line: string) => void said.push(line) }
    assert.equal(await script.compileKernels(how), null)
    assert.match(said.at(-1)!, /nvcc does not compile the fused kernels/)
    assert.equal(await script.compileKernels({ ...how, nvcc: null }), null)
    assert.equal(await script.findNvcc(process.env, { cuda: null }), null)
    assert.equal(await script.findNvcc({ ...process.env, LIBTORCH_NODE_CUDA_KERNELS: '0' }, { cuda: '13.0' }), null)
    const named = await script.findNvcc({ CUDACXX: process.execPath }, { cuda: '13.0' })
    assert.deepEqual(named, { program: process.execPath, version: process.version })
  })
})
