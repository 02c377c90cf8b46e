import * as torch from '../../../src'
import { benchmark, SECONDS } from '../benchmark'
import { timed } from '../measure'
import { randomImages } from './epoch'
import { batchOf, type StepArguments, trainingStep } from './step'

/** Three linear layers. */
class Perceptron extends torch.nn.Module {
  fc1 = new torch.nn.Linear(784, 256)
  fc2 = new torch.nn.Linear(256, 128)
  fc3 = new torch.nn.Linear(128, 10)

  forward(x: torch.Tensor): torch.Tensor {
    const h = this.fc1.forward(x.flatten(1)).relu() // [N, 784] -> [N, 256]
    return this.fc3.forward(this.fc2.forward(h).relu()) // [N, 128] -> [N, 10]
  }
}

export default benchmark<StepArguments>({
  name: 'perceptron',
  title: 'A training step of a three-layer perceptron',
  short: 'Perceptron, step',
  about: 'Linear layers 784-256-128-10 with ReLU (235,146 parameters), cross-entropy, Adam.',
  memory: true,
  onlyAll: true,
  cases: size => batchOf(size === 'tiny' ? 2 : 64, SECONDS[size]),
  here({ batch, seconds }) {
    torch.manualSeed(0)
    const net = new Perceptron()
    const optimizer = new torch.optim.Adam(net.parameters(), { lr: 0.001 })
    return timed(trainingStep(net, optimizer, ...randomImages(batch)), seconds)
  },
  python: 'perceptron.py',
})
