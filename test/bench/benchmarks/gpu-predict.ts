import { benchmark, SECONDS, type Size } from '../benchmark'
import { ON_GPU } from '../gpu'
import { measurePredict, type PredictArguments } from './predict'
import { batchName } from './step'

const BATCHES: Record<Size, number[]> = { tiny: [2], quick: [32], full: [1, 32, 4096] }

export default benchmark<PredictArguments & { mode: string }>({
  ...ON_GPU,
  name: 'gpu-predict',
  title: 'On a GPU: a prediction (article)',
  short: 'Prediction, GPU',
  about: "As `compile-predict`, on a GPU. `torch.compile` has `mode='reduce-overhead'`: CUDA graphs.",
  cases: size =>
    BATCHES[size].map(batch => ({
      name: batchName(batch),
      args: { batch, seconds: SECONDS[size], device: 'cuda', mode: 'reduce-overhead' },
    })),
  compiled: args => measurePredict(args, true),
  here: args => measurePredict(args),
  python: 'predict.py',
})
