/**
 * A full-batch epoch of the article, 54,000 images forward and backward and 6,000 forward, beside Python's in the same
 * run: alternating rounds, medians, ratio. Random images of the article's size: the work is the same.
 *
 *   npm run bench -- epoch [--images=60000] [--epochs=3] [--rounds=2]
 */
import * as torch from '../../src'
import { machine, median, runPython } from './python'

const option = (name: string, fallback: number) =>
  Number(process.argv.find(arg => arg.startsWith(`--${name}=`))?.split('=')[1] ?? fallback)
const IMAGES = option('images', 60_000)
const EPOCHS = option('epochs', 3)
const ROUNDS = option('rounds', 2)

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
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(...(await measure()))
    const python = runPython('epoch.py', [String(IMAGES), String(EPOCHS)]) as { seconds: number[] } | undefined
    if (python) theirs.push(...python.seconds)
  }
  const here = median(ours)
  console.log(`epoch of ${IMAGES} images, ${torch.getNumThreads()} threads: here ${here.toFixed(2)} s`)
  if (theirs.length > 0) {
    console.log(`Python ${median(theirs).toFixed(2)} s; ratio ${(here / median(theirs)).toFixed(2)}`)
  }
}

void main()
