import { benchmark, type Size } from '../benchmark'
import { type EpochArguments, fullBatchTraining, splitName } from './epoch'

const IMAGES: Record<Size, number[]> = {
  tiny: [20, 40],
  quick: [1000, 4000, 16_000],
  full: [1000, 3000, 10_000, 30_000, 60_000, 180_000, 540_000],
}

export default benchmark<EpochArguments>({
  name: 'scaling-images',
  title: 'A full-batch epoch of more and more images',
  short: 'Epoch',
  about: `As \`epoch\`, with 1,000 to 540,000 images; what would need more memory than is free, going by the size before, is left out.
One round.`,
  memory: true,
  noBars: true,
  onlyAll: true,
  maxRounds: 1,
  cases: size => IMAGES[size].map(images => ({ name: splitName(images), x: images, args: { images, epochs: 1 } })),
  here: args => fullBatchTraining(args)(),
  python: 'epoch.py',
})
