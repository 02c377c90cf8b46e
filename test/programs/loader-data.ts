/* For test/data-workers.test.ts: what its loaders' workers load. */
import { setTimeout as delay } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import * as torch from '../../src'
import { data, type Tensor } from '../../src'

/** Numbers, each a little later than it need be: results must be put in order. */
export class Slow extends data.Dataset<[x: Tensor<[2]>, y: bigint]> {
  constructor(
    readonly length: number,
    readonly offset: number | Tensor = 0,
  ) {
    super()
  }
  async get(i: number): Promise<[Tensor<[2]>, bigint]> {
    await delay((i * 7) % 5)
    const offset = typeof this.offset === 'number' ? this.offset : (this.offset.item() as number)
    return [torch.tensor([i + offset, -i]), BigInt(i)]
  }
}

/** What each worker draws at random. */
export class Draws extends data.Dataset<number[]> {
  length = 8
  get(): number[] {
    const { generator } = data.getWorkerInfo()!
    return torch.randint(0, 2 ** 31, [1], { generator }).tolist() as number[]
  }
}

export class Thread extends data.Dataset<number> {
  length = 40
  get() {
    return threadId
  }
}

export class Failing extends data.Dataset<number> {
  length = 12
  get(i: number): number {
    if (i === 5) throw new RangeError('no item 5')
    return i
  }
}

export class Exiting extends data.Dataset<number> {
  length = 12
  get(i: number): number {
    if (i === 5) process.exit(3)
    return i
  }
}

export class Stuck extends data.Dataset<number> {
  length = 4
  async get(i: number): Promise<number> {
    await delay(i === 0 ? 0 : 1e9, undefined, { ref: true })
    return i
  }
}

export class Shard extends data.IterableDataset<bigint> {
  constructor(readonly n: number) {
    super()
  }
  override *[Symbol.iterator]() {
    const { id, numWorkers } = data.getWorkerInfo() ?? { id: 0, numWorkers: 1 }
    for (let i = id; i < this.n; i += numWorkers) yield BigInt(i)
  }
}

export const many = { length: 6, get: (i: number) => ({ i, text: `${i}` }) }
export const asked: number[] = []
export const texts = (items: { text: string }[]) => items.map(({ text }) => text).join('')
export const unclonable = () => [() => 1]
export function init(id: number) {
  torch.setNumThreads(1)
  asked.push(id)
}
export const seen = { length: 2, get: () => asked.length }
export function failingInit() {
  throw new Error('not today')
}

export class Transformed extends data.Dataset<Tensor> {
  length = 2
  constructor(readonly transform: data.transforms.Compose) {
    super()
  }
  get(): Tensor {
    return this.transform.forward(torch.ones([3, 4, 4], { dtype: 'uint8' }))
  }
}
