import { benchmark } from '../benchmark'
import { ON_GPU } from '../gpu'
import compileStep from './compile-step'
import { measureStep, type StepArguments } from './step'

export default benchmark<StepArguments & { mode: string }>({
  ...ON_GPU,
  name: 'gpu-step',
  title: 'On a GPU: a training step (article)',
  short: 'Step, GPU',
  about: "As `compile-step`, on a GPU. `torch.compile` has `mode='reduce-overhead'`: CUDA graphs.",
  cases: size =>
    compileStep.cases(size).map(({ name, args }) => ({
      name,
      args: { ...(args as StepArguments), device: 'cuda', mode: 'reduce-overhead' },
    })),
  compiled: args => compileStep.compiled!(args),
  here: measureStep,
  python: 'step.py',
})
