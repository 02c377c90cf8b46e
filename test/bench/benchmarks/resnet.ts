import * as torch from '../../../src'
import { benchmark, SECONDS } from '../benchmark'
import { timed } from '../measure'
import { batchOf, type StepArguments, trainingStep } from './step'

const { BatchNorm2d, Conv2d, Linear, Module, ReLU } = torch.nn

/** Layers of which only the number of channels is known: tensor in, tensor out. */
const sequence = (...layers: torch.nn.Module[]) => new torch.nn.Sequential(...layers)

const conv3x3 = (channels: number, out: number, stride = 1) =>
  new Conv2d(channels, out, 3, { stride, padding: 1, bias: false })

/** Two convolutions, and the input around them. */
class Block extends Module {
  body
  shortcut

  constructor(channels: number, out: number, stride: number) {
    super()
    this.body = sequence(
      conv3x3(channels, out, stride),
      new BatchNorm2d(out),
      new ReLU({ inplace: true }),
      conv3x3(out, out),
      new BatchNorm2d(out),
    )
    const same = channels === out && stride === 1
    this.shortcut = same
      ? sequence()
      : sequence(new Conv2d(channels, out, 1, { stride, bias: false }), new BatchNorm2d(out))
  }

  forward(x: torch.Tensor): torch.Tensor {
    return this.body.forward(x).add(this.shortcut.forward(x)).relu()
  }
}

/** The smallest ResNet for images of 32x32 (He et al. 2015, section 4.2, n = 1): 8 layers. */
class ResNet8 extends Module {
  stem = sequence(conv3x3(3, 16), new BatchNorm2d(16), new ReLU({ inplace: true }))
  blocks = sequence(new Block(16, 16, 1), new Block(16, 32, 2), new Block(32, 64, 2))
  head = new Linear(64, 10)

  forward(x: torch.Tensor): torch.Tensor {
    const features = this.blocks.forward(this.stem.forward(x)) // [N, 64, 8, 8]
    return this.head.forward(features.mean([2, 3])) // [N, 64] -> [N, 10]
  }
}

export default benchmark<StepArguments>({
  name: 'resnet',
  title: 'A training step of a small ResNet',
  short: 'ResNet, step',
  about: `A ResNet of 8 layers on images of 3x32x32 (16, 32 and 64 channels, 77,850 parameters), built from blocks that are modules of
their own; cross-entropy, SGD with momentum.`,
  memory: true,
  onlyAll: true,
  cases: size => batchOf(size === 'tiny' ? 2 : 64, 2 * SECONDS[size]),
  here({ batch, seconds }) {
    torch.manualSeed(0)
    const net = new ResNet8()
    const optimizer = new torch.optim.SGD(net.parameters(), { lr: 0.01, momentum: 0.9 })
    return timed(trainingStep(net, optimizer, torch.rand([batch, 3, 32, 32]), torch.randint(10, [batch])), seconds)
  },
  python: 'resnet.py',
})
