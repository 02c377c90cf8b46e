import { performance } from 'node:perf_hooks'
import * as torch from '../../../src'
import { benchmark, type Size } from '../benchmark'
import { median } from '../measure'
import { randomImages } from './epoch'
import { trainingStep } from './step'

/** The calls, and those of `calls.py` under the same names. */
const SOURCES = {
  add: 'a.add(b)',
  relu: 'a.relu()',
  'x * 2.5': 'a.mul(2.5)',
  view: 'a.view([2, 8])',
  empty: 'torch.empty([4, 4])',
  matmul: 'a.matmul(b)',
  'Linear(4, 4)': 'linear.forward(a)',
  'training step': 'step()',
}
const NAMES = Object.keys(SOURCES) as (keyof typeof SOURCES)[]

const CALLS: Record<Size, number> = { tiny: 100, quick: 10_000, full: 100_000 }
const ROUNDS = 3
/** Calls of one scope: what a layer or a step makes, not what a program makes. */
const IN_SCOPE = 100

type CallsArguments = { calls: number }

/** A loop of its own for each call, so that the compiler sees one call in it; with `scope`, a `tidy` around every hundred. */
function loopOf(source: string, names: Record<string, unknown>, scope: boolean): (n: number) => void {
  const body = scope
    ? `for (let i = 0; i < n; i += ${IN_SCOPE}) torch.tidy(() => {
         let r
         for (let k = 0; k < ${IN_SCOPE}; k++) r = ${source}
       })`
    : `let r; for (let i = 0; i < n; i++) r = ${source}; return r`
  return new Function(...Object.keys(names), `return function loop(n) { ${body} }`)(...Object.values(names))
}

function measure(loop: (n: number) => void, calls: number): number {
  loop(Math.ceil(calls / 5))
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now()
    loop(calls)
    return (performance.now() - start) / 1000 / calls
  })
  return median(times)
}

/** The words of the row inside a scope. */
const scoped = (name: string) => `${name}, in a scope`

export default benchmark<CallsArguments>({
  name: 'calls',
  title: 'Eight small calls',
  short: 'Call',
  about: `One operator each on tensors of 4x4, a \`Linear(4, 4)\`, and a training step of the article's network with one image, on one
thread: 100,000 calls in a loop (1,000 training steps), the middle of three loops. 'In a scope' has a \`tidy\` around every hundred calls;
Python has no such thing, so its figure is the same in both rows.`,
  threads: 1,
  noBars: true,
  cases: size => [{ name: 'calls', args: { calls: CALLS[size] } }],
  here({ calls }) {
    torch.manualSeed(0)
    const [a, b] = [torch.rand([4, 4]), torch.rand([4, 4])]
    const net = new torch.Net()
    const optimizer = new torch.optim.Adam(net.parameters(), { lr: 0.07 })
    const step = trainingStep(net as never, optimizer, ...randomImages(1))
    const names = { torch, a, b, linear: new torch.nn.Linear(4, 4), step }
    const count = (name: string) => (name === 'training step' ? Math.max(1, calls / 100) : calls)
    const rows: Record<string, number[]> = {}
    for (const scope of [false, true]) {
      for (const name of NAMES) {
        if (scope && name === 'training step') continue
        rows[scope ? scoped(name) : name] = [measure(loopOf(SOURCES[name], names, scope), count(name))]
      }
    }
    return rows
  },
  python: 'calls.py',
  notes: ratios => {
    const fifth = (names: readonly string[]) =>
      names
        .map(name => ratios[name]!)
        .sort((p, q) => p - q)[4]!
        .toFixed(2)
    const inScope = NAMES.map(name => (name === 'training step' ? name : scoped(name)))
    return [`The fifth of the eight sorted ratios: ${fifth(NAMES)}; in a scope: ${fifth(inScope)}.`]
  },
})
