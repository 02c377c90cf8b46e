// Data sets, samplers, loaders: what their batches are.
import type { Equal } from '../equal'
import { data, type Tensor, torch } from '../torch'

function is<T>() {
  return <U>(_value: U, _same: Equal<T, U>) => {}
}

declare const images: Tensor<[60000, 1, 28, 28], 'float32'>
declare const labels: Tensor<[60000], 'int64'>
declare const any: Tensor

type Pair = [x: Tensor<[number, 1, 28, 28], 'float32'>, y: Tensor<[number], 'int64'>]

for (const [x, y] of new data.DataLoader([images, labels], { batchSize: 64, shuffle: true })) {
  is<Pair[0]>()(x, true)
  is<Pair[1]>()(y, true)
}
for (const [x] of new data.DataLoader([any])) is<Tensor<any, any>>()(x, true)

const set = new data.TensorDataset(images, labels)
is<[Tensor<[1, 28, 28], 'float32'>, Tensor<[], 'int64'>]>()(set.get(0), true)
const loader = new data.DataLoader(set, 64)
const pairs: AsyncIterable<readonly [Tensor<[number, 1, 28, 28]>, Tensor<[number], 'int64'>]> = loader

class Texts extends data.Dataset<{ text: string; label: bigint; length: number; ok: boolean; image: typeof images }> {
  length = 3
  get(i: number) {
    return { text: 'a', label: BigInt(i), length: i, ok: true, image: images }
  }
}
for (const batch of new data.DataLoader(new Texts(), { batchSize: 4 })) {
  is<string[]>()(batch.text, true)
  is<Tensor<[number], 'int64'>>()(batch.label, true)
  is<Tensor<[number], 'float64'>>()(batch.length, true)
  is<Tensor<[number], 'bool'>>()(batch.ok, true)
  is<Tensor<[number, 60000, 1, 28, 28], 'float32'>>()(batch.image, true)
}
const [train, rest] = data.randomSplit(new Texts(), [0.9, 0.1], { generator: new torch.Generator() })
is<data.Subset<{ text: string; label: bigint; length: number; ok: boolean; image: typeof images }>>()(train, true)
for (const { label } of new data.DataLoader(new data.ConcatDataset([train, rest]), 4)) {
  is<Tensor<[number], 'int64'>>()(label, true)
}

class Later extends data.Dataset<[number, bigint]> {
  length = 3
  async get(i: number): Promise<[number, bigint]> {
    return [i, 0n]
  }
}
async function pass() {
  for await (const [x, y] of new data.DataLoader(new Later(), 4)) {
    is<Tensor<[number], 'float64'>>()(x, true)
    is<Tensor<[number], 'int64'>>()(y, true)
  }
  for await (const { x } of new data.DataLoader(stream(), 2)) is<Tensor<[number], 'float64'>>()(x, true)
}
for (const item of new data.DataLoader(new Later(), { batchSize: null })) is<[number, bigint]>()(item, true)

const counted = new data.DataLoader(new Later(), { batchSize: 2, collate: items => items.map(([x]) => x).length })
for (const n of counted) is<number>()(n, true)
for (const n of new data.DataLoader(new Later(), { batchSize: null, collate: ([x]) => `${x}` })) is<string>()(n, true)

async function* stream() {
  yield { x: 1 }
}

export { pairs, pass }
