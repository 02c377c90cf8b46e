import { benchmark, SECONDS, type Size } from '../benchmark'
import { batchName, measureStep, type StepArguments } from './step'

const BATCHES: Record<Size, number[]> = {
  tiny: [2, 4],
  quick: [1, 16, 256],
  full: [1, 4, 16, 64, 256, 1024, 4096, 16_384],
}

export default benchmark<StepArguments>({
  name: 'scaling-batch',
  title: 'A training step of larger and larger batches',
  short: 'Training step',
  about:
    "As `step`, with libtorch's own number of threads and batches of 1 to 16,384 images; the plot divides by the images. One round.",
  memory: true,
  noBars: true,
  onlyAll: true,
  maxRounds: 1,
  cases: size =>
    BATCHES[size].map(batch => ({ name: batchName(batch), x: batch, args: { batch, seconds: SECONDS[size] } })),
  here: measureStep,
  python: 'step.py',
})
