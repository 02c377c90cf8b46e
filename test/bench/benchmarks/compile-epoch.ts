import { benchmark, type Size } from '../benchmark'
import { type EpochArguments, fullBatchTraining, IMAGES, splitName } from './epoch'

const EPOCHS: Record<Size, number> = { tiny: 2, quick: 4, full: 3 }

export default benchmark<EpochArguments>({
  name: 'compile-epoch',
  title: 'Compiled: a full-batch epoch (article)',
  short: 'Epoch, compiled',
  about: `As \`epoch\`, by \`train\` with \`{ compile: true }\`; 'here' is the same without it. Python's side with \`torch.compile\` compiles
the network for both numbers of images.`,
  memory: true,
  noBars: true,
  onlyAll: true,
  cases: size => [{ name: splitName(IMAGES[size]), args: { images: IMAGES[size], epochs: EPOCHS[size] } }],
  compiled: args => fullBatchTraining({ ...args, compile: true })(),
  here: args => fullBatchTraining(args)(),
  python: 'epoch.py',
  inductor: true,
})
