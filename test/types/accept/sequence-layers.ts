// Activations, losses, embeddings, recurrent layers and attention.
import type { Equal } from '../equal'
import { nn, type Tensor, torch } from '../torch'

const { functional: F } = nn
declare const labels: Tensor<[8], 'int64'>
declare const scores: Tensor<[8, 3]>
declare const loose: Tensor
declare const someRows: Tensor<[number, 3]>

// ---- activations keep the shape and the dtype
const activated = new nn.Sequential(
  new nn.Linear(4, 6),
  new nn.GELU('tanh'),
  new nn.ELU(0.5, true),
  new nn.GLU(),
).forward(torch.rand([8, 4]))
export const glued: Equal<typeof activated, Tensor<[8, 3], 'float32'>> = true
const alongRows = new nn.GLU(0).forward(torch.rand([4, 3], { dtype: 'float64' }))
export const gluRows: Equal<typeof alongRows, Tensor<[2, 3], 'float64'>> = true
const someGlu = F.glu(torch.rand([4, 3]).view([loose.size(0), -1]), { dim: 0 })
export const unknownGlu: Tensor = someGlu
export const activations = [
  new nn.Threshold(0.1, 20),
  new nn.Threshold({ threshold: 1, value: 2, inplace: true }),
  new nn.Hardtanh(-1, { maxVal: 2 }),
  new nn.RReLU(0.1, 0.3, true),
  new nn.Softplus({ beta: 2 }),
  new nn.PReLU(3, { init: 0.5, dtype: 'float64' }),
  new nn.LogSoftmax({ dim: 1 }),
  new nn.Softmin(),
]
const slopes = new nn.PReLU(3).weight
export const slopesShape: Equal<typeof slopes, nn.Parameter<[3]>> = true
const pixels = new nn.Softmax2d().forward(torch.rand([2, 3, 5, 5]))
export const pixelShape: Equal<typeof pixels, Tensor<[2, 3, 5, 5], 'float32'>> = true
const elus = F.leakyRelu(scores, { negativeSlope: 0.1, inplace: true })
export const eluShape: Equal<typeof elus, typeof scores> = true

// ---- losses: a number unless not reduced
const mean = new nn.MSELoss().forward(scores, scores)
export const meanShape: Equal<typeof mean, Tensor<[], any>> = true
const each = new nn.HuberLoss('none', 0.5).forward(scores, someRows)
export const eachShape: Equal<typeof each, Tensor<[8, 3], any>> = true
const asOption = new nn.L1Loss({ reduction: 'sum' }).forward(scores, loose)
export const sumShape: Equal<typeof asOption, Tensor<[], any>> = true
declare const reduction: nn.Reduction
export const anyReduction: Tensor = new nn.BCELoss({ reduction }).forward(scores, scores)
const rows = new nn.MultiMarginLoss({ reduction: 'none', p: 2 }).forward(scores, labels)
export const rowShape: Equal<typeof rows, Tensor<[8], any>> = true
const nll = new nn.NLLLoss(null, { reduction: 'none', ignoreIndex: 1 }).forward(scores, labels)
export const nllShape: Equal<typeof nll, Tensor<[8], any>> = true
const divergence = new nn.KLDivLoss({ reduction: 'batchmean', logTarget: true }).forward(scores, scores)
export const divergenceShape: Equal<typeof divergence, Tensor<[], any>> = true
const triplets = new nn.TripletMarginLoss({ swap: true, reduction: 'none' }).forward(scores, scores, someRows)
export const tripletShape: Equal<typeof triplets, Tensor<[8], any>> = true
export const ctc: Tensor<[]> = new nn.CTCLoss().forward(torch.rand([6, 2, 4]), torch.ones([2, 3]), [6, 6], [3, 3])
const cosine = new nn.CosineSimilarity().forward(scores, torch.rand([1, 3]))
export const cosineShape: Equal<typeof cosine, Tensor<[8], any>> = true
const distance = new nn.PairwiseDistance(1, { keepdim: true }).forward(torch.rand([1, 3]), scores)
export const distanceShape: Equal<typeof distance, Tensor<[8, 1], 'float32'>> = true
const functionLoss = F.smoothL1Loss(scores, scores, { reduction: 'none', beta: 2 })
export const functionLossShape: Equal<typeof functionLoss, Tensor<[8, 3], any>> = true

// ---- embeddings and bilinear forms
declare const sentences: Tensor<[8, 5], 'int64'>
const embedded = new nn.Embedding(100, 16, 0).forward(sentences)
export const embeddedShape: Equal<typeof embedded, Tensor<[8, 5, 16], any>> = true
const pipeline = new nn.Sequential(new nn.Embedding(100, 16), new nn.Flatten(), new nn.Linear(80, 2)).forward(sentences)
export const pipelineShape: Equal<typeof pipeline, Tensor<[8, 2], any>> = true
const pretrained = nn.Embedding.fromPretrained(torch.rand([7, 4]), false, { paddingIdx: 0 })
export const pretrainedShape: Equal<typeof pretrained, nn.Embedding<7, 4>> = true
export const looseIndices: Tensor = new nn.Embedding({ numEmbeddings: 3, embeddingDim: 2 }).forward(loose)
const bags = new nn.EmbeddingBag(100, 16, { mode: 'sum' }).forward(sentences)
export const bagShape: Equal<typeof bags, Tensor<[8, 16], any>> = true
const offset = new nn.EmbeddingBag(100, 16).forward(labels, torch.ones([3], { dtype: 'int64' }))
export const offsetShape: Equal<typeof offset, Tensor<[3, 16], any>> = true
const lookedUp = F.embedding(sentences, torch.rand([10, 6]), { maxNorm: 1 })
export const lookedUpShape: Equal<typeof lookedUp, Tensor<[8, 5, 6], 'float32'>> = true
const form = new nn.Bilinear(2, 3, 4).forward(torch.rand([8, 2]), torch.rand([8, 3]))
export const formShape: Equal<typeof form, Tensor<[8, 4], 'float32'>> = true

// ---- recurrent layers
declare const steps: Tensor<[5, 2, 10]>
const [lstmOut, [hn, cn]] = new nn.LSTM(10, 20, 2).forward(steps)
export const lstmShape: Equal<typeof lstmOut, Tensor<[5, 2, 20], any>> = true
export const hnShape: Equal<typeof hn, Tensor<[2, 2, 20], any>> = true
export const cnShape: Equal<typeof cn, Tensor<[2, 2, 20], any>> = true
const projected = new nn.LSTM(10, 20, { numLayers: 2, bidirectional: true, batchFirst: true, projSize: 4 })
const [projectedOut, [projectedH, projectedC]] = projected.forward(torch.rand([5, 2, 10]))
export const projectedShape: Equal<typeof projectedOut, Tensor<[5, 2, 8], 'float32'>> = true
export const projectedHShape: Equal<typeof projectedH, Tensor<[4, 5, 4], 'float32'>> = true
export const projectedCShape: Equal<typeof projectedC, Tensor<[4, 5, 20], 'float32'>> = true
const [gruOut, gruState] = new nn.GRU(10, 20, 2, { bidirectional: true }).forward(steps, torch.zeros([4, 2, 20]))
export const gruShape: Equal<typeof gruOut, Tensor<[5, 2, 40], any>> = true
export const gruStateShape: Equal<typeof gruState, Tensor<[4, 2, 20], any>> = true
const [alone, aloneState] = new nn.RNN(10, 20, 1, 'relu', true).forward(torch.rand([5, 10]))
export const aloneShape: Equal<typeof alone, Tensor<[5, 20], 'float32'>> = true
export const aloneStateShape: Equal<typeof aloneState, Tensor<[1, 20], 'float32'>> = true
export const [looseOut]: [Tensor, Tensor] = new nn.GRU(10, 20).forward(loose)
const packedSteps = nn.utils.rnn.packSequence([torch.rand([3, 10]), torch.rand([2, 10])])
const [packedOut] = new nn.LSTM(10, 20).forward(packedSteps)
export const packedShape: Equal<typeof packedOut, nn.utils.rnn.PackedSequence<'float32'>> = true
const cellState = new nn.GRUCell(10, 20).forward(torch.rand([3, 10]))
export const cellShape: Equal<typeof cellState, Tensor<[3, 20], 'float32'>> = true
const [cellH] = new nn.LSTMCell(10, 20).forward(torch.rand([10]), [torch.rand([20]), torch.rand([20])])
export const cellHShape: Equal<typeof cellH, Tensor<[20], 'float32'>> = true

// ---- attention
declare const tokens: Tensor<[8, 10, 16], 'float32'>
const [attendedTo, attentionWeights] = new nn.MultiheadAttention(16, 4, { batchFirst: true }).forward(
  tokens,
  tokens,
  tokens,
)
export const attendedShape: Equal<typeof attendedTo, typeof tokens> = true
export const weightShape: Equal<typeof attentionWeights, Tensor<[8, 10, 10], 'float32'>> = true
const [, headWeights] = new nn.MultiheadAttention(16, 4).forward(
  torch.rand([5, 2, 16]),
  torch.rand([7, 2, 16]),
  torch.rand([7, 2, 16]),
  { averageAttnWeights: false },
)
export const headShape: Equal<typeof headWeights, Tensor<[2, 4, 5, 7], 'float32'>> = true
const [, noWeights] = new nn.MultiheadAttention(16, 4).forward(tokens, tokens, tokens, null, false)
export const noWeightsGiven: Equal<typeof noWeights, null> = true
const encoderLayer = new nn.TransformerEncoderLayer(16, 4, { batchFirst: true, activation: 'gelu' })
const encodedTokens = new nn.TransformerEncoder(encoderLayer, 2).forward(tokens, { isCausal: false })
export const encodedShape: Equal<typeof encodedTokens, typeof tokens> = true
const encodedInTurn = new nn.Sequential(new nn.Embedding(100, 16), encoderLayer, new nn.Linear(16, 3)).forward(
  sentences,
)
export const inTurnShape: Equal<typeof encodedInTurn, Tensor<[8, 5, 3], any>> = true
const decodedTokens = new nn.TransformerDecoderLayer(16, 4).forward(torch.rand([5, 8, 16]), loose)
export const decodedShape: Equal<typeof decodedTokens, Tensor<[5, 8, 16], 'float32'>> = true
const translated = new nn.Transformer({ dModel: 16, nhead: 4 }).forward(tokens, torch.rand([5, 10, 16]))
export const translatedShape: Equal<typeof translated, Tensor<[5, 10, 16], 'float32'>> = true
export const causalMask: Tensor<[5, 5]> = nn.Transformer.generateSquareSubsequentMask(5)
const dotted = F.scaledDotProductAttention(torch.rand([2, 4, 5, 8]), torch.rand([2, 4, 7, 8]), torch.rand([2, 4, 7, 6]))
export const dottedShape: Equal<typeof dotted, Tensor<[2, 4, 5, 6], 'float32'>> = true
