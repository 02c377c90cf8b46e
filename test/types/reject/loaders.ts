// Loaders whose batches are not what the model's forward takes.
import { data, evaluate, Net, optim, type Tensor, train } from '../torch'

declare const raw: Tensor<[60000, 28, 28], 'uint8'>
declare const images: Tensor<[60000, 1, 28, 28], 'float32'>
declare const classes: Tensor<[60000], 'int64'>
declare const bytes: Tensor<[60000], 'uint8'>

const model = new Net()
const optimizer = new optim.Adam(model.parameters(), { lr: 0.07 })
const good = new data.DataLoader([images, classes], { batchSize: 64 })
const flat = new data.DataLoader([raw, classes], { batchSize: 64 })
const alone = new data.DataLoader([images], { batchSize: 64 })
const labels = new data.DataLoader([images, bytes], { batchSize: 64 })
export const runs = [
  train(model, { train: flat, validation: good }, { optimizer }), // expect: [number, 28, 28]
  train(model, { train: good, validation: flat }, { optimizer }), // expect: [number, 28, 28]
  train(model, { train: labels, validation: good }, { optimizer }), // expect: uint8
  train(model, { train: alone, validation: good }, { optimizer }), // expect: not assignable
  train(model, { train: images, validation: good }, { optimizer }), // expect: not assignable
  evaluate(model, flat), // expect: [number, 28, 28]
]
