/* The examples of the layers' docstrings that end in a shape: each runs, and has it. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import * as torch from '../src/index'

const FOLDER = join(__dirname, '../src/nn/layers')

interface Example {
  file: string
  code: string[]
  shape: number[]
}

function examplesIn(file: string): Example[] {
  const text = readFileSync(join(FOLDER, file), 'utf8')
  return [...text.matchAll(/ \* @example\n((?: \* .*\n)+?) \*\//g)].flatMap(([, body]) => {
    const lines = body!
      .trimEnd()
      .split('\n')
      .map(line => line.slice(3))
    const [, last, shape] = /^(.*\.shape) \/\/ (\[.*\])$/.exec(lines.at(-1)!) ?? []
    // `model` and `x` stand for the reader's own
    if (last === undefined || /\bmodel\b|\(x\)|logits/.test(body!)) return []
    return [{ file, code: [...lines.slice(0, -1), `return ${last}`], shape: JSON.parse(shape!) as number[] }]
  })
}

describe('the examples of layers', () => {
  const examples = readdirSync(FOLDER)
    .filter(file => file.endsWith('.ts'))
    .flatMap(examplesIn)

  it('are found', () => {
    assert.ok(examples.length >= 70, `${examples.length} were found`)
  })

  for (const { file, code, shape } of examples) {
    it(`${file}: ${code.join('; ')}`, () => {
      const run = new Function('torch', 'nn', code.join('\n')) as (...given: unknown[]) => unknown
      assert.deepEqual(run(torch, torch.nn), shape)
    })
  }
})
