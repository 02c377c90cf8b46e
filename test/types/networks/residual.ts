// A residual network of 12 blocks, each with two convolutions, in four stages.

import type { Equal } from '../equal'
import { nn, type Tensor, torch } from '../torch'

class Block<const C extends number> extends nn.Module {
  conv1
  norm1
  conv2
  norm2
  constructor(channels: C) {
    super()
    this.conv1 = new nn.Conv2d(channels, channels, 3, { padding: 1, bias: false })
    this.norm1 = new nn.BatchNorm2d(channels)
    this.conv2 = new nn.Conv2d(channels, channels, 3, { padding: 1, bias: false })
    this.norm2 = new nn.BatchNorm2d(channels)
  }
  forward<N extends number, H extends number, W extends number>(x: Tensor<[N, C, H, W]>): Tensor<[N, C, H, W]> {
    const inner = this.norm1.forward(this.conv1.forward(x)).relu()
    return this.norm2.forward(this.conv2.forward(inner)).add(x).relu()
  }
}

// A stage that halves the image and doubles the channels.
const down = <const I extends number, const O extends number>(input: I, output: O) =>
  new nn.Sequential(new nn.Conv2d(input, output, 3, 2, 1), new nn.BatchNorm2d(output), new nn.ReLU())

export class ResidualNetwork extends nn.Module {
  stem = new nn.Sequential(new nn.Conv2d(3, 8, 3, 1, 1), new nn.BatchNorm2d(8), new nn.ReLU())
  stage1 = new nn.Sequential(new Block(8), new Block(8), new Block(8))
  down1 = down(8, 16)
  stage2 = new nn.Sequential(new Block(16), new Block(16), new Block(16))
  down2 = down(16, 32)
  stage3 = new nn.Sequential(new Block(32), new Block(32), new Block(32))
  down3 = down(32, 64)
  stage4 = new nn.Sequential(new Block(64), new Block(64), new Block(64))
  head = new nn.Linear(64, 10)

  forward(x: Tensor<[number, 3, 32, 32], 'float32'>) {
    const first = this.stage1.forward(this.stem.forward(x)) // [N, 8, 32, 32]
    const second = this.stage2.forward(this.down1.forward(first)) // [N, 16, 16, 16]
    const third = this.stage3.forward(this.down2.forward(second)) // [N, 32, 8, 8]
    const fourth = this.stage4.forward(this.down3.forward(third)) // [N, 64, 4, 4]
    return this.head.forward(fourth.mean([2, 3])) // [N, 10]
  }
}

export const output = () => new ResidualNetwork().forward(torch.rand([2, 3, 32, 32]))
const seen = output()
export const known: Equal<(typeof seen)['shape'], [number, 10]> = true
