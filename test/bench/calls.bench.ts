/**
 * The cost of eight small calls on one thread, beside Python's in the same run: alternating rounds, medians, ratios; the
 * same inside `tidy`, in chunks of a hundred calls; then prediction, the step with a fused optimizer, and loading.
 *
 *   npm run bench -- calls [--calls=100000] [--rounds=3]
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import * as torch from '../../src'
import { findPython, machine, median, runPython } from './python'

const option = (name: string, fallback: number) =>
  Number(process.argv.find(arg => arg.startsWith(`--${name}=`))?.split('=')[1] ?? fallback)
const CALLS = option('calls', 100_000)
const ROUNDS = option('rounds', 3)

torch.setNumThreads(1)
torch.manualSeed(0)
const a = torch.rand([4, 4])
const b = torch.rand([4, 4])
const linear = new torch.nn.Linear(4, 4)
const net = new torch.Net()
const criterion = new torch.nn.CrossEntropyLoss()
const optimizer = new torch.optim.Adam(net.parameters(), { lr: 0.07 })
const x = torch.rand([1, 1, 28, 28])
const y = torch.tensor([3n])

const fusedNet = new torch.Net()
const fusedOptimizer = new torch.optim.Adam(fusedNet.parameters(), { lr: 0.07, fused: true })
const evalNet = new torch.Net().eval()

function step(): void {
  optimizer.zeroGrad()
  criterion.forward(net.forward(x), y).backward()
  optimizer.step()
}

function fusedStep(): void {
  fusedOptimizer.zeroGrad()
  criterion.forward(fusedNet.forward(x), y).backward()
  fusedOptimizer.step()
}

// one loop each, so that the compiler sees one call in it
type Loop = (n: number) => unknown
const eight: Record<string, Loop> = {
  add: n => {
    let r: unknown
    for (let i = 0; i < n; i++) r = a.add(b)
    return r
  },
  relu: n => {
    let r: unknown
    for (let i = 0; i < n; i++) r = a.relu()
    return r
  },
  'x * 2.5': n => {
    let r: unknown
    for (let i = 0; i < n; i++) r = a.mul(2.5)
    return r
  },
  view: n => {
    let r: unknown
    for (let i = 0; i < n; i++) r = a.view([2, 8])
    return r
  },
  empty: n => {
    let r: unknown
    for (let i = 0; i < n; i++) r = torch.empty([4, 4])
    return r
  },
  matmul: n => {
    let r: unknown
    for (let i = 0; i < n; i++) r = a.matmul(b)
    return r
  },
  'Linear(4, 4)': n => {
    let r: unknown
    for (let i = 0; i < n; i++) r = linear.forward(a)
    return r
  },
  'training step': n => {
    for (let i = 0; i < n; i++) step()
  },
}

const others: Record<string, Loop> = {
  'fused step': n => {
    for (let i = 0; i < n; i++) fusedStep()
  },
  predict: n => {
    let r: unknown
    for (let i = 0; i < n; i++) r = torch.noGrad(() => evalNet.forward(x))
    return r
  },
}
const LONG = new Set(['training step', 'fused step', 'predict'])

/** The same calls, their results freed a hundred at a time. */
function scoped(loop: Loop): Loop {
  const chunk = () => void loop(100)
  return n => {
    for (let i = 0; i < n; i += 100) torch.tidy(chunk)
  }
}

/** Nanoseconds a call. */
function measure(loops: Record<string, Loop>): Record<string, number> {
  const out: Record<string, number> = {}
  for (const [name, loop] of Object.entries(loops)) {
    const count = LONG.has(name) ? CALLS / 100 : CALLS
    loop(count / 5)
    const times: number[] = []
    for (let round = 0; round < 3; round++) {
      const start = performance.now()
      loop(count)
      times.push(((performance.now() - start) / count) * 1e6)
    }
    out[name] = median(times)
  }
  return out
}

const scopes = Object.fromEntries(Object.entries(eight).map(([name, loop]) => [name, scoped(loop)]))

console.log(machine())
const rounds: Record<'here' | 'scope' | 'there', Record<string, number>[]> = { here: [], scope: [], there: [] }
for (let round = 0; round < ROUNDS; round++) {
  rounds.here.push(measure({ ...eight, ...others }))
  rounds.scope.push(measure(scopes))
  const python = runPython('calls.py', [String(CALLS), '3']) as Record<string, number> | undefined
  if (python) rounds.there.push(python)
}

const of = (side: keyof typeof rounds, name: string) => {
  const values = rounds[side].map(round => round[name]).filter(value => value !== undefined)
  return values.length > 0 ? median(values) : Number.NaN
}
const ns = (value: number) =>
  Number.isNaN(value) ? '-' : value >= 10_000 ? `${(value / 1000).toFixed(0)} us` : `${value.toFixed(0)} ns`
const times = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(2))
const line = (name: string, ...cells: string[]) =>
  console.log(name.padEnd(16) + cells.map(cell => cell.padStart(10)).join(''))

line('call', 'here', 'in tidy', 'Python', 'ratio', 'in tidy')
for (const name of [...Object.keys(eight), ...Object.keys(others)]) {
  const [here, scope, there] = [of('here', name), of('scope', name), of('there', name)]
  line(name, ns(here), ns(scope), ns(there), times(here / there), times(scope / there))
}
if (rounds.there.length > 0) {
  const sorted = (side: 'here' | 'scope') =>
    Object.keys(eight)
      .map(name => of(side, name) / of('there', name))
      .sort((p, q) => p - q)
  const [plain, tidy] = [sorted('here'), sorted('scope')]
  console.log(
    `the fifth of the eight sorted ratios: ${times(plain[4]!)} (the last ${times(plain[7]!)}); in tidy ${times(tidy[4]!)} (${times(tidy[7]!)})`,
  )
}

/** Seconds of fresh processes that do nothing but load, in turn. */
function loading(): void {
  const python = findPython()
  const entry = path.join(__dirname, '..', '..', 'dist', 'index.js')
  if (python === undefined || !existsSync(entry)) {
    console.log('loading: needs a Python with torch, and `npm run build`')
    return
  }
  const seconds = (command: string, args: string[]) => {
    const start = performance.now()
    execFileSync(command, args)
    return (performance.now() - start) / 1000
  }
  const here: number[] = []
  const there: number[] = []
  for (let round = 0; round < 5; round++) {
    here.push(seconds(process.execPath, ['-e', `require(${JSON.stringify(entry)})`]))
    there.push(seconds(python.command, ['-c', 'import torch']))
  }
  const [ours, theirs] = [median(here), median(there)]
  console.log(`loading: ${ours.toFixed(2)} s, import torch ${theirs.toFixed(2)} s, ratio ${times(ours / theirs)}`)
}
loading()
