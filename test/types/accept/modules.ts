// Modules of one's own: inside a Sequential, generic in their channels or features, in lists, with residual adds.

import type { Equal } from '../equal'
import { nn, type Tensor, torch } from '../torch'

class Scale extends nn.Module {
  gain = new nn.Parameter(torch.ones([4]))
  forward(x: Tensor<[number, 4]>): Tensor<[number, 8]> {
    return x.matmul(torch.ones([4, 8]))
  }
}
const withUser = new nn.Sequential(new nn.Linear(3, 4), new Scale(), new nn.ReLU(), new nn.Linear(8, 2))
const a = withUser.forward(torch.rand([5, 3]))
export const throughUser: Equal<typeof a, Tensor<[number, 2]>> = true

class Loose extends nn.Module {
  forward(x: Tensor) {
    return x
  }
}
export const loose: Tensor<[1, 2]> = new nn.Sequential(new nn.Linear(3, 4), new Loose(), new nn.Linear(9, 2)).forward(
  torch.rand([5, 3]),
)

class Block<const C extends number> extends nn.Module {
  first
  norm
  body
  constructor(readonly channels: C) {
    super()
    this.first = new nn.Conv2d(channels, channels, 3, { padding: 1, bias: false })
    this.norm = new nn.BatchNorm2d(channels)
    this.body = new nn.Sequential(
      new nn.Conv2d(channels, channels, 3, 1, 1),
      new nn.BatchNorm2d(channels),
      new nn.ReLU(),
    )
  }
  forward<N extends number, H extends number, W extends number>(x: Tensor<[N, C, H, W]>): Tensor<[N, C, H, W]> {
    const inner = this.norm.forward(this.first.forward(x)).relu()
    return x.add(this.body.forward(inner)).relu_()
  }
}
export const block: Tensor<[number, 16, 8, 8]> = new Block(16).forward(torch.rand([2, 16, 8, 8]))
export const blocks = new nn.Sequential(new nn.Conv2d(3, 16, 3), new Block(16), new Block(16)).forward(
  torch.rand([2, 3, 10, 10]),
)

class Head<const F extends number, const C extends number> extends nn.Module {
  linear
  constructor(features: F, classes: C) {
    super()
    this.linear = new nn.Linear(features, classes)
  }
  forward<N extends number>(x: Tensor<[N, F]>): Tensor<[N, C]> {
    return this.linear.forward(x)
  }
}
const scores = new Head(32, 7).forward(torch.rand([4, 32]))
export const head: Equal<typeof scores, Tensor<[4, 7]>> = true

class Residual extends nn.Module {
  conv = new nn.Conv2d(8, 8, 5, { padding: 2 })
  forward<N extends number, H extends number, W extends number>(x: Tensor<[N, 8, H, W]>) {
    return x.add(this.conv.forward(x))
  }
}
const r = new Residual().forward(torch.rand([2, 8, 30, 31]))
export const residual: Equal<typeof r, Tensor<[2, 8, 30, 31]>> = true

class Flat<const N extends number> extends nn.Module {
  linear = new nn.Linear(196, 10)
  forward(x: Tensor<[N, 4, 7, 7]>) {
    return this.linear.forward(x.view([x.size(0), -1]))
  }
}
export const flat: Tensor<[6, 10]> = new Flat<6>().forward(torch.zeros([6, 4, 7, 7]))

const modules: nn.Module[] = [new nn.Linear(1, 2), new nn.ReLU(), new Scale(), new Block(4), withUser]
const listed = new nn.Sequential(...modules).forward(torch.rand([2, 1]))
export const list: Equal<typeof listed, Tensor> = true
const mixed = new nn.Sequential(new nn.Linear(1, 2), ...modules).forward(torch.rand([2, 1]))
export const partly: Equal<typeof mixed, Tensor> = true
export const moduleList = new nn.ModuleList([new nn.Linear(1, 2), new nn.ReLU()])
export const keyed: Tensor = new nn.Sequential({ conv: new nn.Conv2d(1, 2, 3), relu: new nn.ReLU() }).forward(
  torch.rand([1, 1, 4, 4]),
)

export function same<S extends readonly number[]>(x: Tensor<S>) {
  return new nn.ReLU().forward(x).add(x).mul(2)
}
const shaped = same(torch.rand([3, 3]))
export const generic: Tensor<[3, 3]> = shaped

nn.init.kaimingNormal_(new nn.Conv2d(1, 4, 3).weight, { mode: 'fan_out', nonlinearity: 'relu' })
export const initialised: nn.Parameter<[8, 4]> = nn.init.xavierUniform_(new nn.Linear(4, 8).weight, 2)
nn.init.zeros_(new nn.Linear(4, 8).bias!)
export function orthogonal<S extends readonly number[]>(x: Tensor<S>): Tensor<S> {
  return nn.init.orthogonal_(x as Tensor)
}
export const vector: Tensor<[number]> = nn.utils.parametersToVector(new nn.Linear(4, 8).parameters())
export const norm: Tensor<[]> = nn.utils.clipGradNorm_(new nn.Linear(4, 8).parameters(), 1, { normType: 1 })
