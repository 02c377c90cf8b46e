/** What `explain` says of a few networks; run by compile-explain.test.ts in a process of its own, where the kernels are given. */
import * as torch from '../../src'

const { nn } = torch

/** The article's network, and one of linear layers. */
const article = () => new torch.Net()
const perceptron = () => new nn.Sequential(new nn.Flatten(), new nn.Linear(20, 33), new nn.Tanh(), new nn.Linear(33, 3))

async function trained(net: torch.nn.Module, x: torch.Tensor, y: torch.Tensor): Promise<string> {
  const optimizer = new torch.optim.SGD(net.parameters())
  const data = { train: [x, y], validation: [x, y] } as never
  await torch.train(net as never, data, { epochs: 2, optimizer, compile: true } as never)
  return torch.explain(net)
}

function predicted(net: torch.nn.Module, ...inputs: torch.Tensor[]): string {
  const compiled = torch.compile(net.eval()) as torch.CompiledModule<never> & { forward(x: torch.Tensor): unknown }
  torch.noGrad(() => {
    for (const x of inputs) compiled.forward(x)
  })
  return torch.explain(compiled)
}

async function main(): Promise<void> {
  torch.setNumThreads(1)
  const labels = torch.zeros([40], { dtype: 'int64' })
  const texts = {
    article: predicted(article(), torch.rand([64, 1, 28, 28])),
    perceptron: predicted(perceptron(), torch.rand([8, 1, 4, 5]), torch.rand([12, 1, 4, 5])),
    articleTrained: await trained(article(), torch.rand([40, 1, 28, 28]), labels),
    perceptronTrained: await trained(perceptron(), torch.rand([40, 1, 4, 5]), labels),
  }
  console.log(JSON.stringify(texts))
}

void main()
