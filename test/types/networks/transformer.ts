// A transformer encoder on characters: four layers of self-attention by matmul and softmax, and two linear layers.

import type { Equal } from '../equal'
import { nn, type Tensor, torch } from '../torch'

const WIDTH = 32
const HEADS = 4
const LENGTH = 20

type States = Tensor<[number, 20, 32], 'float32'>

class Attention extends nn.Module {
  query = new nn.Linear(WIDTH, WIDTH)
  key = new nn.Linear(WIDTH, WIDTH)
  value = new nn.Linear(WIDTH, WIDTH)
  out = new nn.Linear(WIDTH, WIDTH)

  forward(x: States) {
    const q = this.query.forward(x).unflatten(-1, [HEADS, -1]).transpose(1, 2) // [N, 4, 20, 8]
    const k = this.key.forward(x).unflatten(-1, [HEADS, -1]).transpose(1, 2)
    const v = this.value.forward(x).unflatten(-1, [HEADS, -1]).transpose(1, 2)
    const causal = torch.ones([LENGTH, LENGTH]).tril().eq(0)
    const scores = q.matmul(k.mT).div(Math.sqrt(8)).maskedFill(causal, -Infinity) // [N, 4, 20, 20]
    const mixed = scores.softmax(-1).matmul(v) // [N, 4, 20, 8]
    return this.out.forward(mixed.transpose(1, 2).flatten(2)) // [N, 20, 32]
  }
}

class Layer extends nn.Module {
  norm1 = new nn.LayerNorm(WIDTH)
  attention = new Attention()
  norm2 = new nn.LayerNorm(WIDTH)
  feedForward = new nn.Sequential(
    new nn.Linear(WIDTH, 128),
    new nn.ReLU(),
    new nn.Dropout(0.1),
    new nn.Linear(128, WIDTH),
  )

  forward(x: States) {
    const attended = x.add(this.attention.forward(this.norm1.forward(x)))
    return attended.add(this.feedForward.forward(this.norm2.forward(attended)))
  }
}

export class Encoder extends nn.Module {
  embedding = new nn.Linear(65, WIDTH)
  position = new nn.Parameter(torch.zeros([LENGTH, WIDTH]))
  layer1 = new Layer()
  layer2 = new Layer()
  layer3 = new Layer()
  layer4 = new Layer()
  norm = new nn.LayerNorm(WIDTH)
  head = new nn.Linear(WIDTH, 65)

  forward(characters: Tensor<[number, 20], 'int64'>) {
    const embedded = this.embedding.forward(nn.functional.oneHot(characters, 65).float()).add(this.position)
    const first = this.layer2.forward(this.layer1.forward(embedded))
    const second = this.layer4.forward(this.layer3.forward(first))
    return this.head.forward(this.norm.forward(second)) // [N, 20, 65]
  }
}

export const output = () => new Encoder().forward(torch.randint(65, [3, LENGTH]))
const seen = output()
export const known: Equal<typeof seen, Tensor<[number, 20, 65], 'float32'>> = true

// The next character of each: what the last position says, by its likeliest five.
export const next = () => torch.topk(output().at(torch.slice(null), -1).softmax(-1), 5)
const [values, indices] = next()
export const likeliest: Equal<typeof values, Tensor<[number, 5], 'float32'>> = true
export const which: Equal<typeof indices, Tensor<[number, 5], 'int64'>> = true
