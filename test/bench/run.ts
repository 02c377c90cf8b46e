import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import type { Benchmark, Case, Samples, Side, Size } from './benchmark'
import { ourSide, SIDES } from './benchmark'
import { median } from './measure'
import type { OnnxRuntime, Python } from './others'
import { root } from './root'

/** What makes glibc keep large blocks and ask for huge pages: the best that Python gets without another allocator. */
export const GLIBC_TUNABLES =
  'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=17179869184'

/** One side's figure of a row. */
export interface Figure {
  /** The median of the samples (or their worst, where the benchmark says so). */
  value: number
  /** Of all rounds, in seconds or bytes. */
  samples: number[]
}

/** One row of the table. */
export interface Result {
  benchmark: string
  case: string
  row: string
  /** Seconds, or bytes of peak memory. */
  unit: 's' | 'B'
  /** Where it stands on the axis of the scaling plot. */
  x?: number
  figures: Partial<Record<Side, Figure>>
  /** Ours (compiled, where the benchmark has that) divided by theirs: below 1 we are faster, or need less. */
  ratios: Partial<Record<Side, number>>
}

/** What a run is told. */
export interface RunOptions {
  size: Size
  rounds: number
  /** Overrules the benchmarks' own numbers. */
  threads: number | undefined
  python: Python | undefined
  onnx: OnnxRuntime | undefined
  /** Told what is under way. */
  onProcess(what: string): void
  /** Given the rows of a case once it is measured. */
  onCase(benchmark: Benchmark, rows: Result[]): void
  /** Told why a side of a case failed. */
  onFailure(error: Error): void
}

/** All rows, and a sentence for each thing that was left out. */
export interface Run {
  results: Result[]
  leftOut: string[]
  /** True where our side of anything failed. */
  failed: boolean
}

interface Measured {
  samples: Record<string, number[]>
  peak: number
}

/**
 * Runs benchmarks one after the other: each side of each case in a process of its own, the sides in turn, round after round. What fails
 * is told and left out; the rest goes on.
 */
export async function run(benchmarks: readonly Benchmark[], options: RunOptions): Promise<Run> {
  const all: Run = { results: [], leftOut: [], failed: false }
  for (const benchmark of benchmarks) {
    const before = new Map<Side, Before>()
    for (const one of benchmark.cases(options.size)) {
      const leaveOut = (side: Side, why: string) =>
        void all.leftOut.push(`${benchmark.name}, ${one.name}, ${SIDE_NAMES[side]}: ${why}.`)
      const sides = SIDES.filter(side => takesPart(side, benchmark, options)).filter(side => {
        const reason = tooLarge(one, before.get(side))
        if (reason !== undefined) leaveOut(side, reason)
        return reason === undefined
      })
      const measured = await rounds(benchmark, one, sides, options, (side, error) => {
        if (error instanceof Skipped) return leaveOut(side, error.message)
        leaveOut(side, 'it failed')
        if (side === 'here' || side === 'compiled') all.failed = true
        options.onFailure(error)
      })
      for (const side of sides) {
        const peak = Math.max(...(measured.get(side) ?? []).map(run => run.peak))
        if (one.x !== undefined) before.set(side, measured.has(side) ? { x: one.x, peak } : 'failed')
      }
      const rows = rowsOf(benchmark, one, measured).filter(row => Object.keys(row.figures).length > 0)
      all.results.push(...rows)
      if (rows.length > 0) options.onCase(benchmark, rows)
    }
  }
  return all
}

/** The case before in a scaling: its place and its peak memory. */
type Before = { x: number; peak: number } | 'failed'

/** Who is who, in the words of the table. */
export const SIDE_NAMES: Record<Side, string> = {
  compiled: 'here, compiled',
  here: 'here',
  python: 'Python',
  tuned: 'Python tuned',
  inductor: 'torch.compile',
  onnx: 'onnxruntime-node',
}

/** Why a side of a case could not be measured, in its own words: `answer_skipped` of `sides.py`. */
class Skipped extends Error {}

function takesPart(side: Side, benchmark: Benchmark, options: RunOptions): boolean {
  const { here, compiled, python, inductor, onnx, gpu } = benchmark
  if (side === 'here') return here !== undefined
  if (side === 'compiled') return compiled !== undefined
  if (side === 'onnx') return onnx !== undefined && options.onnx !== undefined
  if (python === undefined || options.python === undefined) return false
  if (side === 'inductor') return inductor === true
  // Tunables are glibc's.
  return side === 'python' || (process.platform === 'linux' && !gpu)
}

/** Why a case of a scaling must be left out: it would need more memory than is free, going by the case before. */
function tooLarge({ x }: Case, before: Before | undefined): string | undefined {
  if (x === undefined || before === undefined) return undefined
  if (before === 'failed') return 'left out, the one before it failed'
  const expected = (before.peak * x) / before.x
  const free = process.availableMemory()
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
  return expected > 0.9 * free
    ? `left out, it would need about ${gigabytes(expected)}, and ${gigabytes(free)} are free`
    : undefined
}

/** What each side measured, round after round; a side that fails is not in it. */
async function rounds(
  benchmark: Benchmark,
  one: Case,
  sides: readonly Side[],
  options: RunOptions,
  onFailure: (side: Side, error: Error) => void,
): Promise<Map<Side, Measured[]>> {
  const measured = new Map<Side, Measured[]>(sides.map(side => [side, []]))
  const count = Math.min(options.rounds, benchmark.maxRounds ?? options.rounds)
  for (let round = 0; round < count; round++) {
    // Every other round goes the other way round, so that no side is always the one after a hot processor.
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      if (!measured.has(side)) continue
      options.onProcess(`${benchmark.name}, ${one.name}: round ${round + 1} of ${count}, ${SIDE_NAMES[side]}`)
      try {
        measured.get(side)!.push(await measure(benchmark, one, side, options))
      } catch (error) {
        measured.delete(side)
        onFailure(side, error as Error)
      }
    }
  }
  return measured
}

async function measure(benchmark: Benchmark, one: Case, side: Side, options: RunOptions): Promise<Measured> {
  const { command, args, env } = commandOf(benchmark, one, side, options)
  const threads = options.threads ?? benchmark.threads
  const output = await start(command, args, {
    ...process.env,
    ...(threads === undefined ? {} : { OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) }),
    ...env,
  })
  const { samples, peak, skipped } = JSON.parse(output) as { samples: Samples; peak: number; skipped?: string }
  if (skipped !== undefined) throw new Skipped(skipped)
  return { samples: Array.isArray(samples) ? { [one.name]: samples } : samples, peak }
}

function commandOf(benchmark: Benchmark, one: Case, side: Side, { python, onnx, threads }: RunOptions) {
  const compiled = (file: string) => path.join(__dirname, file)
  const json = (more: object = {}) => JSON.stringify({ ...one.args, ...more })
  switch (side) {
    case 'here':
    case 'compiled':
      return { command: process.execPath, args: [compiled('side.js'), benchmark.name, side, json()], env: {} }
    case 'onnx': {
      const used = threads ?? benchmark.threads ?? availableParallelism()
      const args = [compiled(`benchmarks/${benchmark.onnx}.js`), json({ ...onnx, threads: used })]
      return { command: process.execPath, args, env: {} }
    }
    default: {
      const script = path.join(root, 'test', 'bench', 'benchmarks', benchmark.python!)
      const env = side === 'python' ? {} : { GLIBC_TUNABLES }
      // No .pyc files in the sources.
      return { command: python!.command, args: ['-B', script, json(side === 'inductor' ? { compile: true } : {})], env }
    }
  }
}

function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { env, encoding: 'utf8', maxBuffer: 64e6 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout)
      const how = error.signal ? `was ended by ${error.signal}` : `ended with ${error.code}`
      reject(new Error(`${[command, ...args].join(' ')} ${how}\n${stderr.trim()}`))
    })
  })
}

function rowsOf(benchmark: Benchmark, one: Case, measured: ReadonlyMap<Side, Measured[]>): Result[] {
  const common = { benchmark: benchmark.name, case: one.name, ...(one.x === undefined ? {} : { x: one.x }) }
  const ours = ourSide(benchmark)
  const names = new Set([...measured.values()].flatMap(runs => runs.flatMap(run => Object.keys(run.samples))))
  const rows = [...names].map(row => {
    const value = benchmark.worst?.includes(row) ? (samples: number[]) => Math.max(...samples) : median
    return withRatios({ ...common, row, unit: 's' as const }, ours, measured, run => run.samples[row] ?? [], value)
  })
  if (benchmark.memory) {
    rows.push(
      withRatios({ ...common, row: `${one.name}: peak memory`, unit: 'B' }, ours, measured, run => [run.peak], median),
    )
  }
  return rows
}

function withRatios(
  row: Omit<Result, 'figures' | 'ratios'>,
  ours: 'compiled' | 'here',
  measured: ReadonlyMap<Side, Measured[]>,
  samplesOf: (run: Measured) => number[],
  value: (samples: number[]) => number,
): Result {
  const figures: Result['figures'] = {}
  for (const [side, runs] of measured) {
    const samples = runs.flatMap(samplesOf)
    if (samples.length > 0) figures[side] = { value: value(samples), samples }
  }
  const ratios: Result['ratios'] = {}
  for (const side of SIDES) {
    if (side !== ours && figures[ours] && figures[side]) ratios[side] = figures[ours].value / figures[side].value
  }
  return { ...row, figures, ratios }
}
