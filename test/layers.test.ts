import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import ts from 'typescript'

const ROOT = path.join(__dirname, '..')

/** The rooms of `src/` from the door downwards; those of one line may use each other. */
const LAYERS = [
  ['train.ts', 'cli'],
  ['index.ts'],
  ['plots'],
  ['training'],
  ['data'],
  ['compile'],
  ['amp'],
  ['optim'],
  ['serialize'],
  ['nn'],
  ['autograd'],
  ['cuda', 'memory'],
  ['tensor'],
  ['ops'],
  ['core'],
  ['native'],
]

/** A failure to load is one of the package's errors: the one import that points up, at a file that imports nothing. */
const UPWARDS = new Set(['src/native/load-binding.ts -> src/core/errors.ts'])

/** What every room of `native/` may include, and the arrows that DESIGN.md draws beside them. */
const NATIVE_BASE = ['core', 'convert', 'tensor']
const NATIVE_ARROWS: Record<string, string[]> = {
  core: [],
  convert: ['core'],
  tensor: ['core', 'convert'],
  graph: ['dispatch', 'nn', 'optim', 'autograd', 'cuda'],
  jobs: ['dispatch', 'nn', 'optim', 'autograd', 'serialize', 'graph'],
}

function filesIn(folder: string, pattern: RegExp): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map(file => `${folder}/${file.split(path.sep).join('/')}`)
    .filter(file => pattern.test(file))
}

const roomOf = (file: string) => file.split('/')[1]

/** The files of the package that a file imports, for their types or their values. */
function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(path.join(ROOT, file), 'utf8'), true, true)
  return importedFiles
    .map(({ fileName }) => fileName)
    .filter(name => name.startsWith('.'))
    .map(name => path.posix.join(path.posix.dirname(file), name))
    .map(
      target => [`${target}.ts`, `${target}/index.ts`, target].find(name => ts.sys.fileExists(path.join(ROOT, name)))!,
    )
    .filter(target => target?.startsWith('src/'))
}

describe('the layers', () => {
  const sources = filesIn('src', /\.ts$/)
  const layer = (file: string) => LAYERS.findIndex(rooms => rooms.includes(roomOf(file)))

  it('of src/ are all drawn', () => {
    assert.ok(sources.length >= 40, `read ${sources.length} files`)
    assert.deepEqual(
      sources.filter(file => layer(file) < 0),
      [],
    )
  })

  it('of src/ are only imported downwards', () => {
    const arrows = sources.flatMap(file => importsOf(file).map(target => ({ file, target })))
    assert.ok(arrows.length >= 80, `read ${arrows.length} imports`)
    const upwards = arrows
      .filter(({ file, target }) => layer(target) < layer(file))
      .map(({ file, target }) => `${file} -> ${target}`)
      .filter(arrow => !UPWARDS.has(arrow))
    assert.deepEqual(upwards, [])
    for (const arrow of UPWARDS) {
      const [file, target] = arrow.split(' -> ')
      assert.ok(importsOf(file).includes(target), `${arrow} is no longer there: take it off the list`)
      assert.deepEqual(importsOf(target), [])
    }
  })

  it('of src/ keep the addon in src/native, and commander with the programs', () => {
    for (const file of sources) {
      const text = readFileSync(path.join(ROOT, file), 'utf8')
      if (roomOf(file) !== 'native') assert.doesNotMatch(text, /from 'bindings'|process\.dlopen|\.node'/, file)
      if (roomOf(file) !== 'cli') assert.doesNotMatch(text, /from 'commander'/, file)
    }
  })

  it('of native/ include only what they may', () => {
    const files = filesIn('native', /\.(cc|h)$/)
    assert.ok(files.length >= 20, `read ${files.length} files`)
    const wrong: string[] = []
    let read = 0
    for (const file of files) {
      const room = roomOf(file)
      if (file === 'native/addon.cc') continue
      const allowed = [
        room,
        ...(NATIVE_ARROWS[room] ?? []),
        ...(room in NATIVE_ARROWS && NATIVE_BASE.includes(room) ? [] : NATIVE_BASE),
      ]
      for (const [, target] of readFileSync(path.join(ROOT, file), 'utf8').matchAll(/^#include "([^"]+)"/gm)) {
        read++
        assert.ok(
          ts.sys.fileExists(path.join(ROOT, 'native', target)),
          `${file} includes ${target} from the top of native/`,
        )
        if (!allowed.includes(target.split('/')[0])) wrong.push(`${file} -> native/${target}`)
      }
    }
    assert.ok(read >= 40, `read ${read} includes`)
    assert.deepEqual(wrong, [])
  })

  it('have no file past 400 lines', () => {
    const files = [...sources, ...filesIn('native', /\.(cc|h)$/), ...filesIn('scripts', /\.mjs$/)]
    const long = files
      .filter(file => !file.includes('.generated.'))
      .map(file => `${file}: ${readFileSync(path.join(ROOT, file), 'utf8').split('\n').length}`)
      .filter(line => Number(line.split(': ')[1]) > 401)
    assert.deepEqual(long, [])
  })
})
