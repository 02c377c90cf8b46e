import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { LoadError } from '../src/core/errors'
// Not `load`: a libtorch that is already in this process would hide one that is missing.
import { loadBinding } from '../src/native/load-binding'

const ROOT = path.join(__dirname, '..')
const BINARY = path.join('build', 'Release', 'libtorch_node.node')
const run = promisify(execFile)

/** Loads the addon of another folder in a process of its own, and tells which libtorch it gave. */
async function loadElsewhere(root: string): Promise<string> {
  const script = `
    require('ts-node/register/transpile-only')
    const { loadBinding } = require(${JSON.stringify(path.join(ROOT, 'src', 'native', 'load-binding'))})
    console.log(loadBinding(process.argv[1]).version())`
  const { stdout } = await run(process.execPath, ['-e', script, root], { cwd: ROOT })
  return stdout.trim()
}

function refusal(root: string): LoadError {
  try {
    loadBinding(root)
  } catch (error) {
    assert.ok(error instanceof LoadError, String(error))
    assert.equal(error.code, 'ERR_LOAD')
    for (const part of [/^ {2}found: {4}\S/m, /^ {2}expected: \S/m, /^ {2}next: {5}\S/m])
      assert.match(error.message, part)
    return error
  }
  throw new assert.AssertionError({ message: `${root} loaded` })
}

describe('loading the addon', { skip: process.platform !== 'linux' ? 'edits an ELF file' : false }, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'libtorch-node-load-'))
  const libtorch = path.join(folder, 'libtorch')
  const root = path.join(folder, 'package')
  const stamp = JSON.parse(readFileSync(path.join(ROOT, 'build', 'stamp.json'), 'utf8'))

  before(() => {
    // The same binary, but with a libtorch that can be moved: its RPATH leads through a link beside it.
    mkdirSync(path.join(root, 'build', 'Release'), { recursive: true })
    const binary = readFileSync(path.join(ROOT, BINARY))
    const rpath = Buffer.from(`${path.join(stamp.libtorch.root, 'lib')}\0`)
    const at = binary.indexOf(rpath)
    assert.ok(at > 0, 'the binary holds the RPATH that the stamp tells')
    Buffer.alloc(rpath.length).copy(binary, at)
    binary.write('$ORIGIN/lt', at)
    writeFileSync(path.join(root, BINARY), binary)
    symlinkSync(path.join(libtorch, 'lib'), path.join(root, 'build', 'Release', 'lt'))
    symlinkSync(stamp.libtorch.root, libtorch)
    const moved = { ...stamp, libtorch: { ...stamp.libtorch, root: libtorch } }
    writeFileSync(path.join(root, 'build', 'stamp.json'), JSON.stringify(moved))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('works where libtorch is', async () => {
    assert.equal(await loadElsewhere(root), stamp.libtorch.version)
  })

  it('names the library, its place and the way out when the libtorch folder was moved', () => {
    renameSync(libtorch, `${libtorch}-moved`)
    try {
      const { message, cause } = refusal(root)
      assert.match(message, /^The native addon cannot be loaded: libtorch(_cpu)?\.so is missing\./)
      assert.match(message, /cannot open shared object file/)
      assert.ok(message.includes(`${path.join(libtorch, 'lib')}, a folder that is no longer there`), message)
      assert.ok(message.includes(`libtorch ${stamp.libtorch.build}`), message)
      assert.match(message, /npm run build:native/)
      assert.match(message, /LIBTORCH=/)
      assert.ok(cause instanceof Error)
    } finally {
      renameSync(`${libtorch}-moved`, libtorch)
    }
  })

  it('tells who installed the package their own command', () => {
    const installed = path.join(folder, 'node_modules', 'libtorch-node')
    mkdirSync(installed, { recursive: true })
    const { message } = refusal(installed)
    assert.match(message, /has not been built/)
    assert.match(message, /npx libtorch-node install/)
  })

  it('says so when a file is there that is no addon', () => {
    const other = path.join(folder, 'other')
    mkdirSync(path.join(other, 'build', 'Release'), { recursive: true })
    writeFileSync(path.join(other, BINARY), 'not an ELF file at all')
    assert.match(
      refusal(other).message,
      /^The native addon cannot be loaded\.[\s\S]*(invalid ELF header|file too short)/,
    )
  })

  it('says so when libtorch is another one than at build time', () => {
    const other = path.join(folder, 'changed')
    mkdirSync(path.join(other, 'build', 'Release'), { recursive: true })
    const binary = readFileSync(path.join(ROOT, BINARY))
    // A name of libtorch's that this one does not have: what an update in place does to an addon.
    const name = Buffer.from('_ZN3c10')
    for (let at = binary.indexOf(name); at >= 0; at = binary.indexOf(name, at + 1)) binary.write('_ZN3x10', at)
    writeFileSync(path.join(other, BINARY), binary)
    copyFileSync(path.join(ROOT, 'build', 'stamp.json'), path.join(other, 'build', 'stamp.json'))
    const { message } = refusal(other)
    assert.match(message, /does not fit the libraries/)
    assert.match(message, /undefined symbol: _ZN3x10/)
    assert.ok(message.includes(stamp.libtorch.build))
  })

  it('names a library of NVIDIA that a CUDA libtorch lacks', () => {
    const other = path.join(folder, 'cuda')
    mkdirSync(path.join(other, 'build', 'Release'), { recursive: true })
    const binary = readFileSync(path.join(ROOT, BINARY))
    binary.write('libcudnn.so\0', binary.indexOf('libtorch.so\0'))
    writeFileSync(path.join(other, BINARY), binary)
    const { message } = refusal(other)
    assert.match(message, /^The native addon cannot be loaded: libcudnn\.so is missing, a library of NVIDIA's/)
    assert.match(message, /LIBTORCH_NODE_VARIANT=cpu/)
  })

  it('works in a worker thread, beside this one and again', async () => {
    const script = `
      require('ts-node/register/transpile-only')
      const { binding } = require(${JSON.stringify(path.join(ROOT, 'src', 'native', 'load'))})
      require('node:worker_threads').parentPort.postMessage(binding.version())`
    for (let i = 0; i < 2; i++) {
      const version = await new Promise((resolve, reject) => {
        const worker = new Worker(script, { eval: true })
        worker.once('message', resolve)
        worker.once('error', reject)
      })
      assert.equal(version, stamp.libtorch.version)
    }
  })
})
