// Loaders of what is no data set, and batches taken for what they are not.
import { data, type Tensor } from '../torch'

declare const images: Tensor<[60000, 1, 28, 28], 'float32'>
declare const labels: Tensor<[60000], 'int64'>

new data.DataLoader(5) // expect: Argument of type 'number' is not assignable
new data.DataLoader([images, labels], { batchsize: 64 }) // expect: 'batchsize' does not exist ... Did you mean to write 'batchSize'?
new data.DataLoader([images, labels], { batchSize: '64' }) // expect: Type 'string' is not assignable
new data.DataLoader([images, labels], { collate: (items: string[]) => items }) // expect: is not assignable
new data.RandomSampler([1, 2], { replacemnt: true }) // expect: 'replacemnt' does not exist ... 'replacement'
for (const [x] of new data.DataLoader([images, labels], 64)) {
  const y: Tensor<[number, 3, 28, 28]> = x // expect: is not assignable
  void y
}
class Wrong extends data.Dataset<string> {
  length = 1
  get(i: number) { return i } // expect: Property 'get' in type 'Wrong' is not assignable
}
new Wrong()
