import * as torch from '../../src/index'
import { nn, type Tensor } from '../../src/index'

/** The `Block` of nn.py. */
export class Block extends nn.Module {
  conv: nn.Conv2d<number, number, 3, 1, 1>
  norm: nn.BatchNorm2d<number>

  constructor(channels: number) {
    super()
    this.conv = new nn.Conv2d(channels, channels, 3, { padding: 1 })
    this.norm = new nn.BatchNorm2d(channels)
  }

  forward(x: Tensor): Tensor {
    return this.norm.forward(this.conv.forward(x))
  }
}

/** The `Net` of nn.py: parameters after modules, a buffer that is not saved, a module under two names. */
export class Net extends nn.Module {
  scale = new nn.Parameter(torch.ones([3]))
  features = new nn.Sequential(new Block(2), new nn.ReLU({ inplace: true }), new Block(2))
  mean = this.registerBuffer('mean', torch.zeros([2]))
  scratch = this.registerBuffer('scratch', torch.zeros([2]), { persistent: false })
  heads = new nn.ModuleList<nn.Linear<2, number>>([new nn.Linear(2, 2), new nn.Linear(2, 2), new nn.Linear(2, 3)])
  shift = new nn.Parameter(torch.zeros([3]))
  tied = this.heads[0]!

  forward(x: Tensor): Tensor {
    return this.features.forward(x) as Tensor
  }
}
