import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { data, type Tensor, version } from '../../src'
import { cpu } from './cpu'

/** One training as `train.py` tells it. */
export interface PythonRun {
  torch: string
  threads: number
  capability: string
  cpu: string
  images: number
  epochs: number
  lr: number
  batchSize: 'full' | number
  seed: number
  splitSeed: number
  trainLosses: number[]
  valLosses: number[]
  evalTestAccuracy: number
  trainAccuracy: number
  valAccuracy: number
  testAccuracy: number
}

/** Which data a run trained on: the first 6,000 images of the real set, or the package's sample. */
export type Source = 'whole' | 'sample'

/** The runs of the fixture. */
export const RUNS = [
  'full batch, 2 threads',
  'full batch, 1 thread',
  'batches of 64, 2 threads',
  'batches of 64, 1 thread',
] as const

const fixture: Record<Source, Record<(typeof RUNS)[number], PythonRun>> = JSON.parse(
  readFileSync(join(__dirname, 'fixtures', 'train.json'), 'utf8'),
)

/** What numbers are compared with, and how closely. */
export interface Reference {
  run: PythonRun
  exact: boolean
  /** For the test's log: what was compared with what. */
  told: string
}

/** The images and labels of Fashion-MNIST, or why they are not here. */
export async function wholeSet(): Promise<Awaited<ReturnType<typeof data.fashionMnist.loadData>> | string> {
  try {
    return await data.fashionMnist.loadData()
  } catch (error) {
    return `Fashion-MNIST is not here and cannot be fetched: ${(error as Error).message.split('\n')[0]}`
  }
}

/**
 * The Python run that this machine's numbers are to be compared with: the fixture, where libtorch, threads and the CPU
 * are those that it was made with; else a live run of the same script, where a Python has the same torch;
 * else the fixture, closely.
 */
export function referenceFor(source: Source, name: (typeof RUNS)[number], arrays: () => Arrays): Reference {
  const run = fixture[source][name]
  const here = { torch: version.libtorch.split('+')[0]!, capability: version.cpuCapability }
  const differs = here.torch !== run.torch || here.capability.replace(/ /g, '') !== run.capability || cpu() !== run.cpu
  if (!differs) return { run, exact: true, told: `bit for bit with the fixture (${run.torch}, ${run.capability})` }
  const python = livePython(here.torch)
  if (python !== undefined) {
    const live = runPython(python, run, arrays())
    return { run: live, exact: true, told: `bit for bit with ${python} (torch ${live.torch}, ${live.capability})` }
  }
  const told = `closely with the fixture (${run.torch}, ${run.capability}), not bit for bit: here is ${here.torch}, ${here.capability} on another processor`
  return { run, exact: false, told }
}

/** A Python of `LIBTORCH_NODE_PYTHON` or the path that imports this very torch. */
function livePython(version: string): string | undefined {
  const python = process.env.LIBTORCH_NODE_PYTHON ?? 'python3'
  try {
    const code = 'import torch, numpy; print(torch.__version__.split("+")[0])'
    const found = execFileSync(python, ['-c', code], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return found.trim() === version ? python : undefined
  } catch {
    return undefined
  }
}

/** Training and test arrays, uint8. */
export type Arrays = readonly [readonly [Tensor, Tensor], readonly [Tensor, Tensor]]

function runPython(python: string, run: PythonRun, [train, test]: Arrays): PythonRun {
  const folder = mkdtempSync(join(tmpdir(), 'libtorch-node-'))
  try {
    writeIdx(join(folder, 'train-images-idx3-ubyte'), train[0])
    writeIdx(join(folder, 'train-labels-idx1-ubyte'), train[1])
    writeIdx(join(folder, 't10k-images-idx3-ubyte'), test[0])
    writeIdx(join(folder, 't10k-labels-idx1-ubyte'), test[1])
    const options = {
      data: folder,
      limit: run.images,
      epochs: run.epochs,
      lr: run.lr,
      'batch-size': run.batchSize,
      seed: run.seed,
      'split-seed': run.splitSeed,
      threads: run.threads,
    }
    const args = Object.entries(options).map(([key, value]) => `--${key}=${value}`)
    return JSON.parse(execFileSync(python, [join(__dirname, 'train.py'), ...args], { encoding: 'utf8' }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function writeIdx(path: string, array: Tensor): void {
  const shape = array.shape as readonly number[]
  const header = Buffer.alloc(4 + 4 * shape.length)
  header.set([0, 0, 8, shape.length])
  shape.forEach((size, i) => {
    header.writeUInt32BE(size, 4 + 4 * i)
  })
  writeFileSync(path, Buffer.concat([header, array.bytes()]))
}
