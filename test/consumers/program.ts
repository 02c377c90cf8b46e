// A typed program: compiled under `strict` with each module resolution, with and without `import type`.
import * as torch from 'libtorch-node'
import { data, evaluate, Net, nn, optim, type Tensor, train } from 'libtorch-node'

class Own extends nn.Module {
  layers = new nn.Sequential(new nn.Conv2d(1, 4, { kernelSize: 3, padding: 1 }), new nn.ReLU(), new nn.MaxPool2d(2, 2))
  head = new nn.Linear(784, 10)

  forward(x: Tensor<[number, 1, 28, 28]>) {
    const features = this.layers.forward(x) // [N, 4, 14, 14]
    return this.head.forward(features.view([features.size(0), -1]))
  }
}

export async function main(): Promise<number> {
  const a = torch.tensor([
    [1, 2],
    [3, 4],
  ])
  const shape: readonly [2, 2] = a.shape
  const [[trainX, trainY]] = await data.fashionMnist.loadData()
  const [tx, vx, ty, vy] = data.trainTestSplit(trainX, trainY, { testSize: 0.1, randomState: 0 })
  const x = tx.reshape([54000, 1, 28, 28]).float()
  const valX = vx.reshape([6000, 1, 28, 28]).float()
  const models = [new Net(), new Own()] as const
  for (const model of models) {
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.07 })
    const { trainLosses } = await train(
      model,
      { train: [x, ty.long()], validation: [valX, vy.long()] },
      { epochs: 2, optimizer, signal: AbortSignal.timeout(60_000) },
    )
    const { accuracy } = await evaluate(model, [valX, vy.long()])
    if (accuracy > 0.5) return trainLosses.length + shape.length
  }
  return 0
}

export function mistake(): Tensor {
  // @ts-expect-error 196 features do not fit a layer of 200
  return new nn.Linear(200, 10).forward(torch.zeros([5, 196]))
}
