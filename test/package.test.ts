import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'

const ROOT = path.join(__dirname, '..')
const CONSUMERS = path.join(__dirname, 'consumers')
/** Compiles the addon in the installed package, as a user's machine does; minutes instead of seconds. */
const FULL = process.env.LIBTORCH_NODE_TEST_INSTALL === '1'

const run = promisify(execFile)
const options = { maxBuffer: 64e6 }

interface Packed {
  filename: string
  size: number
  files: { path: string; mode: number }[]
}

describe('the packed package', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'libtorch-node-package-'))
  const installed = path.join(folder, 'node_modules', 'libtorch-node')
  let packed: Packed

  before(async () => {
    assert.ok(existsSync(path.join(ROOT, 'dist', 'index.mjs')), 'npm run build comes first')
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
    packed = JSON.parse((await run('npm', pack, { cwd: ROOT, ...options })).stdout)[0]
    writeFileSync(path.join(folder, 'package.json'), '{ "name": "consumer", "private": true }')
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', path.join(folder, packed.filename)]
    await run('npm', install, { cwd: folder, ...options })
    if (FULL) {
      await run('npx', ['libtorch-node', 'install'], { cwd: folder, ...options })
    } else {
      // An addon built on the same machine works anywhere on it: its folder can be copied.
      mkdirSync(path.join(installed, 'build'))
      for (const part of ['Release', 'stamp.json']) {
        cpSync(path.join(ROOT, 'build', part), path.join(installed, 'build', part), { recursive: true })
      }
    }
    for (const file of ['commonjs.cjs', 'module.mjs', 'program.ts']) {
      copyFileSync(path.join(CONSUMERS, file), path.join(folder, file))
    }
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('holds what it needs and nothing else', () => {
    const files = packed.files.map(file => file.path)
    for (const file of [
      'package.json',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'CMakeLists.txt',
      'dist/index.js',
      'dist/index.mjs',
      'dist/index.d.ts',
      'dist/index.d.mts',
      'dist/cli/main.js',
      'native/addon.cc',
      'scripts/build-native.mjs',
      'scripts/libtorch/obtain.mjs',
    ]) {
      assert.ok(files.includes(file), `${file} is not in the package`)
    }
    const strangers = files.filter(file => /^(test|build|\.ci)\/|^src\/(?!data\/sample\/)|\.tgz$|\.test\./.test(file))
    assert.deepEqual(strangers, [])
    assert.ok(packed.size < 5e6, `${packed.size} bytes`)
  })

  it('names no path of the machine that it was packed on', () => {
    const texts = packed.files.map(file => file.path).filter(file => /\.(m?js|d\.m?ts|json|cc|h|txt|md)$/.test(file))
    assert.ok(texts.length > 50)
    for (const file of texts) assert.ok(!readFileSync(path.join(installed, file), 'utf8').includes(ROOT), file)
  })

  it('runs no script when it is installed', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) assert.equal(scripts[name], undefined, name)
    assert.ok(!existsSync(path.join(ROOT, 'binding.gyp')), 'npm would run node-gyp by itself')
  })

  it('has a lockfile that names no registry', () => {
    const lockfile = readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')
    assert.match(lockfile, /"lockfileVersion": 3/)
    assert.doesNotMatch(lockfile, /"resolved"|https?:\/\/[^"]*\.tgz/)
  })

  for (const program of ['commonjs.cjs', 'module.mjs']) {
    it(`trains Net for two epochs: ${program}`, async () => {
      const { stdout } = await run(process.execPath, [program], { cwd: folder, ...options })
      const { trainLosses, valLosses, accuracy } = JSON.parse(stdout)
      assert.equal(trainLosses.length, 2)
      assert.equal(valLosses.length, 2)
      for (const loss of [...trainLosses, ...valLosses]) assert.ok(loss > 0 && loss < 100, String(loss))
      assert.ok(accuracy >= 0 && accuracy <= 1)
    })
  }

  for (const [resolution, module, type] of [
    ['node16', 'node16', 'commonjs'],
    ['node16', 'node16', 'module'],
    ['nodenext', 'nodenext', 'module'],
    ['bundler', 'esnext', 'module'],
  ]) {
    it(`compiles under strict with moduleResolution ${resolution}, as a ${type} program`, async () => {
      const project = path.join(folder, `${resolution}-${type}`)
      mkdirSync(project)
      writeFileSync(path.join(project, 'package.json'), JSON.stringify({ type }))
      copyFileSync(path.join(CONSUMERS, 'program.ts'), path.join(project, 'program.ts'))
      // No skipLibCheck: a declaration of ours that does not hold is a consumer's error.
      const compilerOptions = { target: 'es2022', strict: true, noEmit: true, module, moduleResolution: resolution }
      writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
      const tsc = require.resolve('typescript/bin/tsc')
      const { stdout } = await run(process.execPath, [tsc, '-p', project], options).catch(error => error)
      assert.equal(stdout, '')
    })
  }

  it('brings the command along', async () => {
    const command = path.join('node_modules', '.bin', 'libtorch-node')
    const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
    assert.equal((await run(command, ['--version'], { cwd: folder })).stdout.trim(), version)
    const flags = ['--data', 'sample', '--epochs', '1', '--limit', '100', '--json', '--out', 'out']
    const { stdout } = await run(command, ['train', ...flags], { cwd: folder, ...options })
    const events = stdout.trim().split('\n')
    assert.equal(JSON.parse(events.at(-1)!).event, 'done')
    assert.ok(existsSync(path.join(folder, 'out', 'model.safetensors')))
  })
})
