// Loaders where data are wanted: batches that the model's forward takes.
import { data, evaluate, Net, optim, type Tensor, train } from '../torch'

declare const images: Tensor<[60000, 1, 28, 28], 'float32'>
declare const classes: Tensor<[60000], 'int64'>
declare const stream: AsyncIterable<[Tensor<[64, 1, 28, 28], 'float32'>, Tensor<[64], 'int64'>]>
declare const unknown: AsyncIterable<[Tensor, Tensor]>

class Items extends data.Dataset<[Tensor<[1, 28, 28], 'float32'>, bigint]> {
  readonly length = 10
  get(): [Tensor<[1, 28, 28], 'float32'>, bigint] {
    return [images.select(0, 0), 1n]
  }
}

export async function loaders() {
  const model = new Net()
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.07 })
  const loader = new data.DataLoader([images, classes], { batchSize: 64, shuffle: true })
  const items = new data.DataLoader(new Items(), { batchSize: 2 })
  await train(model, { train: loader, validation: [images, classes] }, { optimizer })
  await train(model, { train: [images, classes], validation: loader }, { optimizer })
  await train(model, { train: items, validation: stream }, { optimizer })
  await train(model, { train: [[images, classes]], validation: [[images, classes]] as const }, { optimizer })
  await train(model, { train: unknown, validation: unknown }, { optimizer })
  return [await evaluate(model, loader), await evaluate(model, stream), await evaluate(model, [[images, classes]])]
}
