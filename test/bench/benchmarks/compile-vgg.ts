import * as torch from '../../../src'
import { benchmark, SECONDS } from '../benchmark'
import { timed } from '../measure'
import { measureCompiledStep } from './compiled'
import { batchOf, type StepArguments, type Trainable, trainingStep } from './step'

const { BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential } = torch.nn

/** A 3x3 convolution as VGG has it, with batch norm. */
const conv3x3 = (channels: number, out: number): torch.nn.Module[] => [
  new Conv2d(channels, out, 3, { padding: 1 }),
  new BatchNorm2d(out),
  new ReLU({ inplace: true }),
]

/** A VGG with batch norm (Simonyan and Zisserman 2014) for images of 32x32, with six convolutions. */
function smallVgg() {
  torch.manualSeed(0)
  const layers: torch.nn.Module[] = [
    ...conv3x3(3, 16),
    ...conv3x3(16, 16),
    new MaxPool2d(2), // [N, 16, 16, 16]
    ...conv3x3(16, 32),
    ...conv3x3(32, 32),
    new MaxPool2d(2), // [N, 32, 8, 8]
    ...conv3x3(32, 64),
    ...conv3x3(64, 64),
    new MaxPool2d(2), // [N, 64, 4, 4]
    new Flatten(),
    new Linear(1024, 10),
  ]
  const model = new Sequential(...layers) as unknown as Trainable
  return { model, optimizer: new torch.optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 }) }
}

export default benchmark<StepArguments>({
  name: 'compile-vgg',
  title: 'Compiled: a training step of a small VGG',
  short: 'VGG, compiled',
  about: `A VGG with batch norm on images of 3x32x32 (six convolutions of 16, 32 and 64 channels, 82,778 parameters), cross-entropy, SGD
with momentum; the compiled step is one of \`train\`, as in \`compile-step\`, with libtorch's own number of threads.`,
  memory: true,
  noBars: true,
  onlyAll: true,
  cases: size => batchOf(size === 'tiny' ? 2 : 64, 2 * SECONDS[size]),
  compiled: args => measureCompiledStep({ ...args, image: [3, 32, 32], ...smallVgg() }),
  here({ batch, seconds }) {
    const { model, optimizer } = smallVgg()
    return timed(trainingStep(model, optimizer, torch.rand([batch, 3, 32, 32]), torch.randint(10, [batch])), seconds)
  },
  python: 'vgg.py',
  inductor: true,
})
