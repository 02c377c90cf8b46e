// The article's network, and what the compiler knows of it.

import type { Equal } from '../equal'
import { data, evaluate, Net, nn, optim, type Tensor, torch, train } from '../torch'

class OwnNet extends nn.Module {
  cnn_layers = new nn.Sequential(
    new nn.Conv2d(1, 4, { kernelSize: 2, stride: 1, padding: 1 }),
    new nn.BatchNorm2d(4),
    new nn.ReLU({ inplace: true }),
    new nn.MaxPool2d(2, { stride: 2 }),
    new nn.Conv2d(4, 4, { kernelSize: 2, stride: 1, padding: 1 }),
    new nn.BatchNorm2d(4),
    new nn.ReLU(true),
    new nn.MaxPool2d(2, 2),
  )
  linear_layers = new nn.Sequential(new nn.Linear(196, 10))
  forward(x: Tensor<[number, 1, 28, 28]>) {
    const features = this.cnn_layers.forward(x)
    const known: Equal<typeof features, Tensor<[number, 4, 7, 7]>> = true
    void known
    const flat = features.view([features.size(0), -1])
    const seen: Equal<typeof flat, Tensor<[number, 196]>> = true
    void seen
    return this.linear_layers.forward(flat)
  }
}

const model = new OwnNet()
declare const images: Tensor<[54000, 1, 28, 28], 'float32'>
const y = model.forward(images)
export const output: Equal<typeof y, Tensor<[number, 10]>> = true
export const sizes: Tensor<[number, 4, 7, 7]> = model.cnn_layers.forward(images)
const literal = model.cnn_layers.forward(images)
export const literalBatch: Equal<typeof literal, Tensor<[54000, 4, 7, 7], 'float32'>> = true

export async function article() {
  const [[trainX, trainY]] = await data.fashionMnist.loadData()
  const [tx, vx, ty, vy] = data.trainTestSplit(trainX, trainY, { testSize: 0.1, randomState: 0 })
  const x = tx.reshape([54000, 1, 28, 28]).float()
  const seen: Equal<typeof x, Tensor<[54000, 1, 28, 28], 'float32'>> = true
  const valX = vx.reshape([-1, 1, 28, 28]).float()
  const valSeen: Equal<typeof valX, Tensor<[number, 1, 28, 28], 'float32'>> = true
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.07 })
  const criterion = new nn.CrossEntropyLoss()
  const history = await train(model, { train: [x, ty.long()], validation: [valX, vy.long()] }, { optimizer, criterion })
  await train(new Net(), { train: [x, ty.long()], validation: [valX, vy.long()] }, { optimizer })
  const { predictions } = await evaluate(model, [valX, vy.long()])
  const loss = criterion.forward(model.forward(x), ty.long())
  const scalar: Equal<typeof loss, Tensor<[]>> = true
  loss.backward()
  const best = torch.softmax(model.forward(x), 1).argmax(1)
  const indices: Equal<typeof best, Tensor<[number], 'int64'>> = true
  return { history, predictions, seen, valSeen, scalar, indices }
}
