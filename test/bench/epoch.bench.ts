/**
 * A full-batch epoch of the article, 54,000 images forward and backward and 6,000 forward, beside Python's in the same
 * run, as people run it and with glibc told to keep large blocks: alternating rounds, medians, ratios, and the peaks of
 * resident memory. Random images of the article's size: the work is the same. The first epoch of a process, which
 * touches its memory for the first time, does not count.
 *
 *   npm run bench -- epoch [--images=60000] [--epochs=3] [--rounds=2]
 */
import { readFileSync } from 'node:fs'
import * as torch from '../../src'
import { machine, median, runPython } from './python'

const option = (name: string, fallback: number) =>
  Number(process.argv.find(arg => arg.startsWith(`--${name}=`))?.split('=')[1] ?? fallback)
const IMAGES = option('images', 60_000)
const EPOCHS = option('epochs', 3)
const ROUNDS = option('rounds', 2)

const TUNED = 'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=17179869184'

/** The most memory that this process has had, in MB; 0 where the system does not say. */
function peak(): number {
  if (process.platform !== 'linux') return 0
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024
}

interface Side {
  seconds: number[]
  peak: number
}

function python(tunables: string | undefined): Side | undefined {
  const { GLIBC_TUNABLES } = process.env
  if (tunables !== undefined) process.env.GLIBC_TUNABLES = tunables
  try {
    return runPython('epoch.py', [String(IMAGES), String(EPOCHS)]) as Side | undefined
  } finally {
    if (GLIBC_TUNABLES === undefined) delete process.env.GLIBC_TUNABLES
    else process.env.GLIBC_TUNABLES = GLIBC_TUNABLES
  }
}

async function measure(): Promise<number[]> {
  const heldOut = Math.floor(IMAGES / 10)
  torch.manualSeed(0)
  const model = new torch.Net()
  const optimizer = new torch.optim.Adam(model.parameters(), { lr: 0.07 })
  const criterion = new torch.nn.CrossEntropyLoss()
  const images = (n: number) => torch.tidy(() => torch.rand([n, 1, 28, 28]).mul(255))
  const labels = (n: number) => torch.randint(10, [n])
  const seconds: number[] = []
  await torch.train(
    model,
    { train: [images(IMAGES - heldOut), labels(IMAGES - heldOut)], validation: [images(heldOut), labels(heldOut)] },
    { epochs: EPOCHS, optimizer, criterion, onEpoch: epoch => void seconds.push(epoch.seconds) },
  )
  return seconds
}

async function main(): Promise<void> {
  console.log(machine())
  const sides = new Map<string, { seconds: number[]; peak: number }>()
  const add = (name: string, side: Side | undefined) => {
    if (side === undefined) return
    const { seconds = [], peak = 0 } = sides.get(name) ?? {}
    seconds.push(...(side.seconds.length > 1 ? side.seconds.slice(1) : side.seconds))
    sides.set(name, { seconds, peak: Math.max(peak, side.peak) })
  }
  for (let round = 0; round < ROUNDS; round++) {
    add('here', { seconds: await measure(), peak: peak() })
    torch.memory.emptyCache()
    add('Python', python(undefined))
    if (process.platform === 'linux') add('Python, glibc tuned', python(TUNED))
  }
  console.log(`epoch of ${IMAGES} images, ${torch.getNumThreads()} threads`)
  const here = median(sides.get('here')!.seconds)
  for (const [name, side] of sides) {
    const seconds = median(side.seconds)
    const ratio = name === 'here' ? '' : `ratio ${(here / seconds).toFixed(2)}`
    const memory = side.peak > 0 ? `${side.peak.toFixed(0).padStart(8)} MB` : ''
    console.log(`${name.padEnd(20)} ${seconds.toFixed(2).padStart(8)} s ${memory}  ${ratio}`.trimEnd())
  }
}

void main()
