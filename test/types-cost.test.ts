// What the types cost: the compiler over whole networks, and the editor after a dot.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { after, before, describe, it } from 'node:test'
import ts from 'typescript'
import type { Tensor } from '../src/index'
import { output as residual } from './types/networks/residual'
import { output as transformer } from './types/networks/transformer'

const ROOT = join(__dirname, '..')
const NETWORKS = join(__dirname, 'types/networks')

interface Cost {
  errors: string[]
  instantiations: number
  seconds: number
}

/** A program as its author's `tsc --noEmit` checks it: the package's own files are declarations then, and are not checked. */
function compile(file: string): Cost {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  const start = process.cpuUsage()
  const program = ts.createProgram([file], { ...options, noEmit: true })
  const source = program.getSourceFile(file)
  assert.ok(source, `${file} was not read`)
  const found = [
    ...program.getOptionsDiagnostics(),
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ]
  const { user, system } = process.cpuUsage(start)
  return {
    errors: found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    instantiations: program.getInstantiationCount(),
    seconds: (user + system) / 1e6,
  }
}

describe('the types of whole networks', () => {
  for (const [name, output, shape, most] of [
    ['residual', residual, [2, 10], 60_000],
    ['transformer', transformer, [3, 20, 65], 200_000],
  ] as const) {
    it(`of ${name}.ts cost the compiler little`, t => {
      const { errors, instantiations, seconds } = compile(join(NETWORKS, `${name}.ts`))
      t.diagnostic(`${name}: ${instantiations} instantiations, ${seconds.toFixed(1)} s of processor time`)
      assert.deepEqual(errors, [])
      assert.ok(instantiations < most, `${instantiations} instantiations`)
      // Processor time, since a busy machine says nothing about the types; a quiet one needs 2 to 3 s.
      assert.ok(seconds < 20, `${seconds} s of processor time`)
    })

    it(`of ${name}.ts are true at run time`, () => {
      assert.deepEqual((output() as Tensor).shape, shape)
    })
  }
})

interface Entry {
  name: string
}

/** The language service that editors talk to: one request a line, answers with a header each. */
class Editor {
  readonly #server: ChildProcess
  #sequence = 0
  #text = ''
  readonly #waiting = new Map<number, (body: unknown) => void>()

  constructor() {
    const script = join(ROOT, 'node_modules/typescript/lib/tsserver.js')
    this.#server = spawn(process.execPath, [script, '--disableAutomaticTypingAcquisition'], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#server.stdout!.setEncoding('utf8').on('data', (chunk: string) => this.#read(chunk))
  }

  #read(chunk: string): void {
    this.#text += chunk
    const lines = this.#text.split('\n')
    this.#text = lines.pop()!
    for (const line of lines) {
      if (!line.startsWith('{')) continue
      const message = JSON.parse(line) as { type: string; request_seq: number; body: unknown }
      if (message.type !== 'response') continue
      this.#waiting.get(message.request_seq)?.(message.body)
      this.#waiting.delete(message.request_seq)
    }
  }

  send(command: string, args: object): number {
    const seq = ++this.#sequence
    this.#server.stdin!.write(`${JSON.stringify({ seq, type: 'request', command, arguments: args })}\n`)
    return seq
  }

  ask<T>(command: string, args: object): Promise<T> {
    const seq = this.send(command, args)
    return new Promise(resolve => this.#waiting.set(seq, body => resolve(body as T)))
  }

  async close(): Promise<void> {
    this.send('exit', {})
    await once(this.#server, 'exit')
  }
}

const median = (times: readonly number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!

describe('the editor', () => {
  const file = join(NETWORKS, 'residual.ts')
  let editor: Editor
  before(() => {
    editor = new Editor()
  })
  after(() => editor.close())

  it('completes after a dot on a tensor', { timeout: 120_000 }, async t => {
    const text = `${readFileSync(file, 'utf8')}\nconst sums = torch.rand([2, 3])\nsums.\n`
    editor.send('open', { file, fileContent: text })
    await editor.ask('projectInfo', { file, needFileNameList: false }) // the project is read
    const line = text.split('\n').length - 1
    const times: number[] = []
    for (let i = 0; i < 6; i++) {
      // each time the line is typed anew, as it is when a person asks
      editor.send('change', { file, line, offset: 1, endLine: line, endOffset: 6, insertString: 'sums.' })
      const start = performance.now()
      const { entries } = await editor.ask<{ entries: Entry[] }>('completionInfo', { file, line, offset: 6 })
      times.push(performance.now() - start)
      const names = new Set(entries.map(({ name }) => name))
      for (const name of ['matmul', 'softmax', 'at', 'mT', 'unflatten', 'logaddexp']) {
        assert.ok(names.has(name), `${name} is not offered`)
      }
    }
    const [cold, ...warm] = times
    t.diagnostic(
      `completion after a dot: first ${cold!.toFixed(0)} ms, then ${median(warm).toFixed(0)} ms (median of 5)`,
    )
    assert.ok(median(warm) < 1500, `${median(warm)} ms`) // 300 on a quiet machine
  })
})
