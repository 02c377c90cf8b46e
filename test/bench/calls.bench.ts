/**
 * The cost of eight small calls on one thread, beside Python's in the same run: alternating rounds, medians, ratios.
 *
 *   npm run bench -- calls [--calls=100000] [--rounds=3]
 */
import * as torch from '../../src'
import { machine, median, runPython } from './python'

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

function step(): void {
  optimizer.zeroGrad()
  criterion.forward(net.forward(x), y).backward()
  optimizer.step()
}

// one loop each, so that the compiler sees one call in it
const loops: Record<string, (n: number) => unknown> = {
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

function measure(): Record<string, number> {
  const out: Record<string, number> = {}
  for (const [name, loop] of Object.entries(loops)) {
    const count = name === 'training step' ? CALLS / 100 : CALLS
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

console.log(machine())
const ours: Record<string, number>[] = []
const theirs: Record<string, number>[] = []
for (let round = 0; round < ROUNDS; round++) {
  ours.push(measure())
  const python = runPython('calls.py', [String(CALLS), '3']) as Record<string, number> | undefined
  if (python) theirs.push(python)
}
const ns = (value: number) => (value >= 10_000 ? `${(value / 1000).toFixed(0)} us` : `${value.toFixed(0)} ns`)
const ratios: number[] = []
console.log(`${'call'.padEnd(16)}${'here'.padStart(10)}${'Python'.padStart(10)}${'ratio'.padStart(8)}`)
for (const name of Object.keys(loops)) {
  const here = median(ours.map(round => round[name]!))
  const there = theirs.length > 0 ? median(theirs.map(round => round[name]!)) : Number.NaN
  ratios.push(here / there)
  const ratio = theirs.length > 0 ? (here / there).toFixed(2) : '-'
  console.log(
    `${name.padEnd(16)}${ns(here).padStart(10)}${(theirs.length > 0 ? ns(there) : '-').padStart(10)}${ratio.padStart(8)}`,
  )
}
if (theirs.length > 0) {
  const fifth = [...ratios].sort((p, q) => p - q)[4]!
  console.log(`the fifth of the eight sorted ratios: ${fifth.toFixed(2)}`)
}
