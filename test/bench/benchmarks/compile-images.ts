import { benchmark } from '../benchmark'
import { type EpochArguments, fullBatchTraining } from './epoch'
import scalingImages from './scaling-images'

export default benchmark<EpochArguments>({
  name: 'compile-images',
  title: 'Compiled: epochs of more and more images',
  short: 'Epoch, compiled',
  about: `As \`compile-epoch\`, with the images of \`scaling-images\`, which has the same epochs of the other sides; the data are in the
peak memory (3,144 bytes an image). One round.`,
  memory: true,
  noBars: true,
  onlyAll: true,
  maxRounds: 1,
  cases: size => scalingImages.cases(size).map(one => ({ ...one, args: { ...one.args, epochs: 3 } as EpochArguments })),
  compiled: args => fullBatchTraining({ ...args, compile: true })(),
})
