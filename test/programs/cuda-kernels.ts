// What became of the fused kernels of a compiled forward and of a training on a GPU. Prints what `explain` says.
import * as torch from '../../src'
import { compile, explain, nn, optim, type Tensor, train } from '../../src'

const model = new nn.Sequential(new nn.Conv2d(1, 4, 3), new nn.ReLU(), new nn.MaxPool2d(2))
model.cuda()
const fast = compile(model.eval()) as unknown as nn.Module & { forward(x: Tensor): Tensor }
const x = torch.rand([2, 1, 8, 8]).cuda()
for (let i = 0; i < 5; i++) torch.noGrad(() => fast.forward(x))
console.log(explain(fast))

async function main(): Promise<void> {
  const net = new torch.Net()
  net.cuda()
  const data = () => [torch.rand([4, 1, 28, 28]).cuda(), torch.arange(4).to('cuda')]
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.1 })
  await train(net, { train: data(), validation: data() } as never, { epochs: 5, optimizer, compile: true })
  console.log(explain(net))
}
main()
