import * as torch from '../../../src'
import { benchmark, SECONDS } from '../benchmark'
import { timed } from '../measure'
import { randomImages } from './epoch'
import { batchOf, type StepArguments, trainingStep } from './step'

/** LeNet-5 (LeCun et al. 1998) with average pooling and tanh. */
export class LeNet5 extends torch.nn.Module {
  conv1 = new torch.nn.Conv2d(1, 6, 5, { padding: 2 })
  conv2 = new torch.nn.Conv2d(6, 16, 5)
  fc1 = new torch.nn.Linear(400, 120)
  fc2 = new torch.nn.Linear(120, 84)
  fc3 = new torch.nn.Linear(84, 10)

  forward(x: torch.Tensor): torch.Tensor {
    let h: torch.Tensor = this.conv1.forward(x).tanh().avgPool2d(2) // [N, 6, 14, 14]
    h = this.conv2.forward(h).tanh().avgPool2d(2) // [N, 16, 5, 5]
    h = this.fc1.forward(h.flatten(1)).tanh() // [N, 120]
    h = this.fc2.forward(h).tanh() // [N, 84]
    return this.fc3.forward(h)
  }
}

export default benchmark<StepArguments>({
  name: 'lenet',
  title: 'A training step of LeNet-5',
  short: 'LeNet-5, step',
  about: 'LeNet-5 on images of 28x28 (61,706 parameters), cross-entropy, Adam.',
  memory: true,
  onlyAll: true,
  cases: size => batchOf(size === 'tiny' ? 2 : 64, SECONDS[size]),
  here({ batch, seconds }) {
    torch.manualSeed(0)
    const net = new LeNet5()
    const optimizer = new torch.optim.Adam(net.parameters(), { lr: 0.001 })
    return timed(trainingStep(net, optimizer, ...randomImages(batch)), seconds)
  },
  python: 'lenet.py',
})
