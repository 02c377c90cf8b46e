// Targets of the wrong rank or dtype, and data that a model does not take.
import { data, evaluate, Net, nn, optim, type Tensor, torch, train } from '../torch'

declare const logits: Tensor<[64, 10], 'float32'>
declare const labels: Tensor<[64], 'int64'>
declare const raw: Tensor<[60000, 28, 28], 'uint8'>
declare const images: Tensor<[60000, 1, 28, 28], 'float32'>
declare const classes: Tensor<[60000], 'int64'>
declare const bytes: Tensor<[60000], 'uint8'>

const criterion = new nn.CrossEntropyLoss()
criterion.forward(logits, torch.zeros([64], { dtype: 'uint8' })) // expect: CrossEntropyLoss expects class indices of int64, or probabilities; got uint8
criterion.forward(logits, torch.zeros([64], { dtype: 'int32' })) // expect: class indices of int64, or probabilities; got int32
criterion.forward(logits, labels.unsqueeze(1)) // expect: CrossEntropyLoss expects class indices of [64] for an input of [64, 10], got [64, 1]
criterion.forward(logits, labels.float()) // expect: CrossEntropyLoss expects probabilities of [64, 10], got [64]; class indices are int64
criterion.forward(logits, torch.zeros([32], { dtype: 'int64' })) // expect: class indices of [64] for an input of [64, 10], got [32]
criterion.forward(torch.tensor(1), labels) // expect: CrossEntropyLoss expects an input of [N, C, ...] or [C], got []
nn.functional.crossEntropy(logits, torch.rand([64])) // expect: CrossEntropyLoss expects probabilities of [64, 10], got [64]

const model = new Net()
const optimizer = new optim.Adam(model.parameters(), { lr: 0.07 })
export const runs = [
  train(model, { train: [raw, classes], validation: [images, classes] }, { optimizer }), // expect: [60000, 28, 28]
  train(model, { train: [images, bytes], validation: [images, classes] }, { optimizer }), // expect: uint8
  train(model, { train: [images, classes.unsqueeze(1)], validation: [images, classes] }, { optimizer }), // expect: [60000, 1]
  train(model, { train: [images, classes], validation: [raw, classes] }, { optimizer }), // expect: [60000, 28, 28]
  train(model, { train: [images, classes], validation: [images, classes] }, { optimizer, epoch: 3 }), // expect: 'epoch' does not exist
  evaluate(model, [raw, classes]), // expect: [60000, 28, 28]
]
export const split = data.trainTestSplit(raw, classes, { testsize: 0.1 }) // expect: 'testsize' does not exist
