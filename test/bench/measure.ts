import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import type { Samples } from './benchmark'

const SAMPLES = 5

/**
 * Seconds of one call of `run`, several samples: after a warm-up of a fifth of `seconds`, calls are timed in groups that
 * last about `seconds` together, so that the clock's own cost does not count. `settle` waits for what the calls have
 * left to a GPU. `sides.py` does the same.
 */
export function timed(run: () => unknown, seconds: number, settle: () => void = () => {}): number[] {
  let calls = 0
  const begin = performance.now()
  for (; calls < 3 || performance.now() < begin + 200 * seconds; calls++) run()
  settle()
  const group = groupOf(calls, performance.now() - begin, seconds)
  return Array.from({ length: SAMPLES }, () => {
    const start = performance.now()
    for (let i = 0; i < group; i++) run()
    settle()
    return (performance.now() - start) / 1000 / group
  })
}

/** `timed` for a call that gives a promise. */
export async function timedAsync(run: () => Promise<unknown>, seconds: number): Promise<number[]> {
  let calls = 0
  const begin = performance.now()
  for (; calls < 3 || performance.now() < begin + 200 * seconds; calls++) await run()
  const group = groupOf(calls, performance.now() - begin, seconds)
  const samples: number[] = []
  for (let sample = 0; sample < SAMPLES; sample++) {
    const start = performance.now()
    for (let i = 0; i < group; i++) await run()
    samples.push((performance.now() - start) / 1000 / group)
  }
  return samples
}

function groupOf(calls: number, milliseconds: number, seconds: number): number {
  return Math.max(1, Math.round((seconds * 1000) / SAMPLES / (milliseconds / calls)))
}

/** The most memory that this process ever had resident, in bytes. */
export function peakMemory(): number {
  // Not getrusage where there is better: under Linux its figure survives exec, and would be that of the parent.
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return Number(kilobytes) * 1024
}

/** Prints what a process measured, for the runner to read. */
export function answer(samples: Samples): void {
  process.stdout.write(`${JSON.stringify({ samples, peak: peakMemory() })}\n`)
}

/** The middle of sorted values, between two of them where their number is even. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value below which a share of the values lies, interpolated. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = share * (sorted.length - 1)
  const low = sorted[Math.floor(position)]!
  return low + (sorted[Math.ceil(position)]! - low) * (position - Math.floor(position))
}
