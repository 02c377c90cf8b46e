import * as torch from '../../../src'
import { benchmark, SECONDS } from '../benchmark'
import { measureCompiledStep } from './compiled'
import { batchOf, measureStep, type StepArguments } from './step'

export default benchmark<StepArguments>({
  name: 'compile-step',
  title: 'Compiled: a training step (article)',
  short: 'Step, compiled',
  about: `A step of \`train\` with \`{ batchSize: 64, compile: true }\`, the shuffling and the gathering of the batch in it; all other sides
have the plain loop of \`step\` on one batch that stays the same. On one thread.`,
  threads: 1,
  noBars: true,
  onlyAll: true,
  cases: size => batchOf(size === 'tiny' ? 2 : 64, SECONDS[size]),
  compiled(args) {
    torch.manualSeed(0)
    const model = new torch.Net().to(args.device ?? 'cpu')
    const optimizer = new torch.optim.Adam(model.parameters(), { lr: 0.07 })
    return measureCompiledStep({ ...args, image: [1, 28, 28], model, optimizer })
  },
  here: measureStep,
  python: 'step.py',
  inductor: true,
})
