/**
 * `npm run test:operators`: records what PyTorch's own operator tests ask of ATen in a Python, then replays it here.
 *
 *   npm run test:operators -- add pad          only the operators whose name holds one of these words
 *   npm run test:operators -- --direct         only the calls themselves
 *   npm run test:operators -- --queued         only the calls in a job, where sizes are told before values are there
 *   npm run test:operators -- --wild           only the calls with other arguments, none of which may end the process
 *   npm run test:operators -- --any            only every operator there is, with any arguments of its kinds; needs no recording.
 *                                              Kernels that check nothing crash here, in Python as well
 *   npm run test:operators -- --keep <folder>  keeps the recording there, and takes one that is there already
 *
 * Ends with 1 unless 98 % of the overloads pass wholly and none crashes.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { version } from '../../src'
import { findPython } from '../bench/others'
import { operatorsWithoutFiles, Recording } from './recording'
import type { Mode, Verdict } from './replay'

type Found = Verdict | 'crashed'
type Reply = [verdict: Verdict, why?: string, queued?: boolean]

/** Calls that a child takes before another begins. */
const BATCH = 4000
/** A call that takes longer than this hangs. */
const PATIENCE = 60_000
const WANTED = 0.98

const TS_NODE = ['--require', require.resolve('ts-node/register/transpile-only')]

interface Replayed {
  verdicts: [Found, string?][]
  queued: number
}

/** Starts a child for some calls; resolves when it ends, by itself, by a crash or by our hand. */
function child(folder: string, mode: Mode, log: string, first: number, end: number): Promise<string> {
  return new Promise(resolve => {
    const script = path.join(__dirname, 'replay.ts')
    const process_ = spawn(process.execPath, [...TS_NODE, script, folder, mode, log, `${first}`, `${end}`], {
      stdio: ['ignore', 'inherit', 'pipe'],
    })
    let stderr = ''
    process_.stderr.on('data', (data: Buffer) => {
      stderr = (stderr + data).slice(-2000)
    })
    let size = -1
    let hangs = false
    const watch = setInterval(() => {
      const now = statSync(log).size
      if (now === size) {
        hangs = true
        process_.kill('SIGKILL')
      }
      size = now
    }, PATIENCE)
    process_.on('close', (code, signal) => {
      clearInterval(watch)
      resolve(hangs ? `no answer in ${PATIENCE / 1000} s` : `${signal ?? `exit code ${code}`} ${stderr.trim()}`)
    })
  })
}

/** Replays every call; one that ends its process is noted, and the rest goes on in another. */
async function replay(folder: string, mode: Mode, count: number): Promise<Replayed> {
  const out: Replayed = { verdicts: [], queued: 0 }
  const log = path.join(folder, `replay-${mode}.log`)
  while (out.verdicts.length < count) {
    const first = out.verdicts.length
    const end = Math.min(first + BATCH, count)
    writeFileSync(log, '')
    const ending = await child(folder, mode, log, first, end)
    const all = readFileSync(log, 'utf8').trimEnd().split('\n')
    const lines = all.filter(line => !line.startsWith('#'))
    if (lines[0] === '') throw new Error(`the replay does not start: ${ending}`)
    for (let i = 1; i < lines.length; i += 2) {
      const [verdict, why, queued] = JSON.parse(lines[i]!) as Reply
      out.verdicts.push([verdict, why])
      if (queued) out.queued++
    }
    if (lines.length % 2 === 1)
      out.verdicts.push(['crashed', `${ending} ${all.at(-1)!.startsWith('#') ? all.at(-1) : ''}`])
    else if (out.verdicts.length < end) throw new Error(`the replay ended early: ${ending}`)
  }
  return out
}

const RANK: readonly Found[] = ['passed', 'inexact', 'beyond', 'refused', 'failed', 'crashed']

/** Prints the figures of one mode; gives whether they are as wanted. */
function report(mode: Mode, nameOf: (index: number) => string, { verdicts, queued }: Replayed): boolean {
  const overloads = new Map<string, { worst: Found; why?: string; call: number; failed: number; calls: number }>()
  const calls = new Map<Found, number>()
  verdicts.forEach(([found, why], i) => {
    const name = nameOf(i)
    const entry = overloads.get(name) ?? { worst: 'passed', call: i, failed: 0, calls: 0 }
    overloads.set(name, entry)
    entry.calls++
    if (RANK.indexOf(found) >= RANK.indexOf('refused')) entry.failed++
    if (RANK.indexOf(found) > RANK.indexOf(entry.worst)) Object.assign(entry, { worst: found, why, call: i })
    calls.set(found, (calls.get(found) ?? 0) + 1)
  })
  const by = (found: Found) => [...overloads].filter(([, { worst }]) => worst === found)
  for (const found of ['crashed', 'failed', 'refused'] as const) {
    for (const [name, { why, call, failed, calls: of }] of by(found)) {
      console.log(`  ${found} ${name}, ${failed} of ${of} calls, the first is ${call}: ${why?.slice(0, 500)}`)
    }
  }
  const total = overloads.size
  const passed = by('passed').length + by('inexact').length + by('beyond').length
  const tell = (found: Found) => by(found).length
  console.log(
    `${mode}: ${total} overloads, ${verdicts.length} calls: ${passed} overloads passed wholly (${((100 * passed) / total).toFixed(2)} %), ` +
      `${tell('failed')} failed, ${tell('crashed')} crashed, ${tell('refused')} refused`,
  )
  console.log(
    `${mode}: ${calls.get('passed') ?? 0} calls the very same, ${calls.get('inexact') ?? 0} but for last digits ` +
      `(${tell('inexact')} overloads); ${calls.get('beyond') ?? 0} differ by a float like 2.0, which JavaScript cannot tell from 2` +
      `${mode === 'queued' ? `; ${queued} calls were queued, the others run at once` : ''}`,
  )
  return passed >= WANTED * total && tell('crashed') === 0
}

async function record(folder: string, words: readonly string[]): Promise<void> {
  const python = await findPython()
  if (python === undefined) {
    console.error('There is no Python with torch: name one in LIBTORCH_NODE_PYTHON. Nothing was tested.')
    process.exit(1)
  }
  console.log(
    `recording with Python's torch ${python.torch}; here libtorch ${version.libtorch}, ${version.cpuCapability}`,
  )
  const { status } = spawnSync(python.command, [path.join(__dirname, 'record.py'), folder, ...words], {
    stdio: 'inherit',
  })
  if (status !== 0) {
    console.error(
      'The recording failed. It needs a Python with torch, numpy, scipy and expecttest. Nothing was tested.',
    )
    process.exit(1)
  }
}

async function main() {
  const args = process.argv.slice(2)
  const keepAt = args.indexOf('--keep')
  const keep = keepAt === -1 ? undefined : args.splice(keepAt, 2)[1]
  const modes = (['direct', 'queued', 'wild'] as const).filter(mode => args.includes(`--${mode}`))
  const words = args.filter(arg => !arg.startsWith('--'))
  const folder = keep === undefined ? mkdtempSync(path.join(tmpdir(), 'libtorch-node-operators-')) : path.resolve(keep)
  try {
    mkdirSync(folder, { recursive: true })
    if (args.includes('--any')) {
      const names = operatorsWithoutFiles()
      if (!report('any', i => names[i]!, await replay(folder, 'any', names.length))) process.exitCode = 1
      return
    }
    if (!existsSync(path.join(folder, 'summary.json'))) await record(folder, words)
    const recording = new Recording(folder)
    const nameOf = (index: number) => {
      const { operator, overload } = recording.call(index)
      return `${operator}.${overload}`
    }
    for (const mode of modes.length > 0 ? modes : (['direct', 'queued'] as const)) {
      const start = performance.now()
      const replayed = await replay(folder, mode, recording.calls.length)
      if (!report(mode, nameOf, replayed)) process.exitCode = 1
      console.log(`${mode}: ${((performance.now() - start) / 1000).toFixed(0)} s`)
    }
  } finally {
    if (keep === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

void main()
