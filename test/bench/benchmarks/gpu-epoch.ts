import { benchmark } from '../benchmark'
import { ON_GPU } from '../gpu'
import compileEpoch from './compile-epoch'
import { type EpochArguments, fullBatchTraining } from './epoch'

export default benchmark<EpochArguments & { mode: string }>({
  ...ON_GPU,
  name: 'gpu-epoch',
  title: 'On a GPU: a full-batch epoch (article)',
  short: 'Epoch, GPU',
  about: "As `compile-epoch`, on a GPU. `torch.compile` has `mode='max-autotune'`.",
  cases: size =>
    compileEpoch.cases(size).map(({ name, args }) => ({
      name,
      args: { ...(args as EpochArguments), epochs: size === 'full' ? 20 : 2, device: 'cuda', mode: 'max-autotune' },
    })),
  compiled: args => fullBatchTraining({ ...args, compile: true })(),
  here: args => fullBatchTraining(args)(),
  python: 'epoch.py',
})
