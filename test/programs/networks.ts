/**
 * Three small networks: a residual one for images, an LSTM for sentences, a transformer encoder for characters. Their data
 * are made of integers, so that they are the same everywhere. `test/networks.test.ts` trains them.
 */
import * as torch from '../../src/index'
import { nn, type Tensor } from '../../src/index'

const { functional: F } = nn

/** Two convolutions, and a way around them. */
class Block<const C extends number> extends nn.Module {
  conv1
  norm1
  conv2
  norm2
  constructor(channels: C) {
    super()
    this.conv1 = new nn.Conv2d(channels, channels, 3, { padding: 1, bias: false })
    this.norm1 = new nn.BatchNorm2d(channels)
    this.conv2 = new nn.Conv2d(channels, channels, 3, { padding: 1, bias: false })
    this.norm2 = new nn.BatchNorm2d(channels)
  }

  forward<N extends number, H extends number, W extends number>(x: Tensor<[N, C, H, W]>): Tensor<[N, C, H, W]> {
    const inner = F.relu(this.norm1.forward(this.conv1.forward(x)))
    return F.relu(x.add(this.norm2.forward(this.conv2.forward(inner))))
  }
}

/** Images `[N, 3, H, W]` to the scores of four classes. */
export class ResNet extends nn.Module {
  stem = new nn.Sequential(new nn.Conv2d(3, 8, 3, { padding: 1, bias: false }), new nn.BatchNorm2d(8), new nn.ReLU())
  first = new nn.Sequential(new Block(8), new Block(8))
  halve = new nn.Sequential(
    new nn.Conv2d(8, 16, 3, { stride: 2, padding: 1, bias: false }),
    new nn.BatchNorm2d(16),
    new nn.ReLU(),
  )
  second = new nn.Sequential(new Block(16), new Block(16))
  pool = new nn.AdaptiveAvgPool2d(1)
  head = new nn.Linear(16, 4)

  forward(x: Tensor<[number, 3, 8, 8]>) {
    const small = this.halve.forward(this.first.forward(this.stem.forward(x))) // [N, 16, 4, 4]
    const features = this.pool.forward(this.second.forward(small)) // [N, 16, 1, 1]
    return this.head.forward(features.flatten(1)) // [N, 4]
  }
}

/** Sentences of nine words to the scores of three classes. */
export class SentenceClassifier extends nn.Module {
  embedding = new nn.Embedding(20, 8, { paddingIdx: 0 })
  lstm = new nn.LSTM(8, 12, { numLayers: 2, batchFirst: true, dropout: 0.1, bidirectional: true })
  head = new nn.Linear(24, 3)

  forward(words: Tensor<[number, 9], 'int64'>) {
    const [, [h]] = this.lstm.forward(this.embedding.forward(words)) // h [4, N, 12]
    return this.head.forward(torch.cat([h.select(0, -2), h.select(0, -1)], 1)) // [N, 24] -> [N, 3]
  }
}

/** Twelve characters to the scores of each one's next. */
export class CharacterModel extends nn.Module {
  characters = new nn.Embedding(28, 16)
  places = new nn.Embedding(12, 16)
  encoder = new nn.TransformerEncoder(
    new nn.TransformerEncoderLayer(16, 4, 32, 0.1, { activation: 'gelu', batchFirst: true }),
    2,
  )
  head = new nn.Linear(16, 28)

  forward(x: Tensor<[number, 12], 'int64'>) {
    const embedded = this.characters.forward(x).add(this.places.forward(torch.arange(12))) // [N, 12, 16]
    const mask = nn.Transformer.generateSquareSubsequentMask(12)
    return this.head.forward(this.encoder.forward(embedded, mask, { isCausal: true })) // [N, 12, 28]
  }
}

/** Sixteen images `[16, 3, 8, 8]`, and their classes. */
export function images(): [Tensor<[16, 3, 8, 8], 'float32'>, Tensor<[16], 'int64'>] {
  const pixels = torch
    .arange(16 * 3 * 8 * 8)
    .mul(37)
    .remainder(128)
    .reshape([16, 3, 8, 8])
  return [pixels.float().div(128), torch.arange(16).mul(7).remainder(4) as Tensor<[16], 'int64'>]
}

/** Twelve sentences `[12, 9]`, and their classes. */
export function sentences(): [Tensor<[12, 9], 'int64'>, Tensor<[12], 'int64'>] {
  const words = torch
    .arange(12 * 9)
    .mul(29)
    .remainder(53)
    .remainder(20)
    .reshape([12, 9])
  return [words as Tensor<[12, 9], 'int64'>, torch.arange(12).mul(5).remainder(3) as Tensor<[12], 'int64'>]
}

/** Eight pieces of a text `[8, 12]`, and the characters that come next. */
export function text(): [Tensor<[8, 12], 'int64'>, Tensor<[8, 12], 'int64'>] {
  const words = 'the quick brown fox jumps over the lazy dog and then it sleeps all day in the warm sun of may'
  const codes = torch.tensor([...words].map(c => (c === ' ' ? 0 : c.charCodeAt(0) - 96))).long()
  const pieces = (from: number) =>
    torch.stack(Array.from({ length: 8 }, (_, i) => codes.narrow(0, i * 9 + from, 12))) as Tensor<[8, 12], 'int64'>
  return [pieces(0), pieces(1)]
}
