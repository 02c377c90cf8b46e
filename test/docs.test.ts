import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { complaints, plain, ROOT, run, type Sample, samplesOf } from './docs/samples'

const PYTHON = process.env.LIBTORCH_NODE_PYTHON
const PAIRS = 'docs/python.md'

describe('the samples of the documentation', () => {
  const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).map(name => `docs/${name}`)].filter(
    name => name.endsWith('.md') && name !== PAIRS,
  )
  const pairs = samplesOf(PAIRS, 'const F = nn.functional').filter(({ python }) => python !== undefined)
  const samples = pages.flatMap(page => samplesOf(page))
  let folder = ''
  const home = process.cwd()

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'samples-'))
    process.chdir(folder)
  })
  after(() => {
    process.chdir(home)
    rmSync(folder, { recursive: true })
  })

  it('are found', () => {
    assert.ok(samples.length >= 5, `${samples.length} samples`)
    assert.equal(pairs.length, 60)
  })

  it('compile', () => assert.deepEqual(complaints([...pairs, ...samples]), []))

  for (const sample of samples) {
    it(sample.name, { skip: sample.notRun ?? false }, async () => void (await run(sample)))
  }

  for (const sample of pairs) {
    it(`${sample.name} prints what Python prints`, async () => {
      assert.ok(sample.prints, 'the page does not say what it prints')
      assert.equal(plain(await run(sample)), plain(sample.prints))
    })
  }

  it("Python's print it too", { skip: PYTHON ? false : 'LIBTORCH_NODE_PYTHON names no Python with torch' }, () => {
    assert.deepEqual(inPython(pairs), Object.fromEntries(pairs.map(({ name, prints }) => [name, prints])))
  })
})

function inPython(samples: readonly Sample[]): unknown {
  const program = `
import contextlib, io, json, sys
import torch
from torch import nn, optim
import torch.nn.functional as F
printed = {}
for name, code in json.load(sys.stdin).items():
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        exec(code, {'torch': torch, 'nn': nn, 'optim': optim, 'F': F, '__name__': 'sample'})
    printed[name] = text.getvalue().rstrip('\\n')
print(json.dumps(printed))`
  const input = JSON.stringify(Object.fromEntries(samples.map(({ name, python }) => [name, python])))
  return JSON.parse(execFileSync(PYTHON!, ['-c', program], { input, encoding: 'utf8' }))
}
