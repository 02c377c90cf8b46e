import * as torch from '../../../src'
import { benchmark } from '../benchmark'
import { measureCompiledStep } from './compiled'
import lenet, { LeNet5 } from './lenet'
import type { StepArguments } from './step'

export default benchmark<StepArguments>({
  name: 'compile-lenet',
  title: 'Compiled: a training step of LeNet-5',
  short: 'LeNet-5, compiled',
  about:
    "As `lenet`; the compiled step is one of `train`, as in `compile-step`, with libtorch's own number of threads.",
  memory: true,
  noBars: true,
  onlyAll: true,
  cases: size => lenet.cases(size) as { name: string; args: StepArguments }[],
  compiled(args) {
    torch.manualSeed(0)
    const model = new LeNet5()
    const optimizer = new torch.optim.Adam(model.parameters(), { lr: 0.001 })
    return measureCompiledStep({ ...args, image: [1, 28, 28], model, optimizer })
  },
  here: args => lenet.here!(args),
  python: 'lenet.py',
  inductor: true,
})
