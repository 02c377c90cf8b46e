import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import path from 'node:path'
import { version } from '../../src'

/** A Python that can import torch: `LIBTORCH_NODE_PYTHON`, the active environment's, or `python3`. */
export function findPython(): { command: string; torch: string } | undefined {
  const { LIBTORCH_NODE_PYTHON, VIRTUAL_ENV } = process.env
  const candidates = [LIBTORCH_NODE_PYTHON, VIRTUAL_ENV && path.join(VIRTUAL_ENV, 'bin', 'python'), 'python3']
  for (const command of candidates) {
    if (!command) continue
    try {
      const torch = execFileSync(command, ['-c', 'import torch; print(torch.__version__)'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim()
      return { command, torch }
    } catch {
      // not there, or without torch: the next one
    }
  }
  return undefined
}

/** Runs a script of this folder; gives the JSON that it prints. */
export function runPython(script: string, args: readonly string[]): unknown {
  const python = findPython()
  if (python === undefined) return undefined
  const output = execFileSync(python.command, [path.join(__dirname, script), ...args], { encoding: 'utf8' })
  return JSON.parse(output)
}

/** What the figures were measured on. */
export function machine(): string {
  const python = findPython()
  return (
    `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${version.cpuCapability}; Node ${process.versions.node}, ` +
    `libtorch ${version.libtorch}; ${python ? `Python's torch ${python.torch}` : 'no Python with torch (LIBTORCH_NODE_PYTHON names one)'}`
  )
}

/** The middle of sorted values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
