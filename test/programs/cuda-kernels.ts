// What became of the fused kernels of a compiled forward on a GPU. Prints what `explain` says.
import * as torch from '../../src'
import { compile, explain, nn, type Tensor } from '../../src'

const model = new nn.Sequential(new nn.Conv2d(1, 4, 3), new nn.ReLU(), new nn.MaxPool2d(2))
model.cuda()
const fast = compile(model.eval()) as unknown as nn.Module & { forward(x: Tensor): Tensor }
const x = torch.rand([2, 1, 8, 8]).cuda()
for (let i = 0; i < 5; i++) torch.noGrad(() => fast.forward(x))
console.log(explain(fast))
