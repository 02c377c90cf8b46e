// Activations, losses, embeddings, recurrent layers and attention that do not fit.
import { nn, type Tensor, torch } from '../torch'

const { functional: F } = nn
declare const scores: Tensor<[8, 3]>
declare const labels: Tensor<[8], 'int64'>

new nn.ELU({ alfa: 1 }) // expect: 'alfa' does not exist
new nn.GELU('erf') // expect: '"erf"' is not assignable
new nn.GLU().forward(scores) // expect: glu: the size that is halved must be even, got 3 in [8, 3]
new nn.GLU(2).forward(scores) // expect: glu: dimension 2 is out of range for [8, 3]
new nn.Softmax2d().forward(scores) // expect: Softmax2d expects [N, C, H, W] or [C, H, W], got [8, 3]
new nn.LogSoftmax(2).forward(scores) // expect: dimension 2 is out of range
new nn.Sequential(new nn.Linear(4, 3), new nn.GLU()).forward(torch.rand([2, 4])) // expect: (1): glu: the size that is halved must be even, got 3
new nn.MSELoss().forward(scores, torch.rand([8])) // expect: MSELoss expects a target of [8, 3], got [8]
new nn.BCEWithLogitsLoss().forward(scores, torch.rand([8, 4])) // expect: BCEWithLogitsLoss expects a target of [8, 3], got [8, 4]
F.l1Loss(scores, torch.rand([3])) // expect: l1Loss expects a target of [8, 3], got [3]
new nn.MultiMarginLoss().forward(scores, torch.ones([3], { dtype: 'int64' })) // expect: MultiMarginLoss expects class indices of [8] for an input of [8, 3], got [3]
new nn.NLLLoss().forward(scores, torch.ones([3], { dtype: 'int64' })) // expect: expects class indices of [8] for an input of [8, 3], got [3]
new nn.MultiMarginLoss().forward(scores, torch.rand([8])) // expect: "float32"
new nn.TripletMarginLoss().forward(scores, scores, torch.rand([8, 2])) // expect: TripletMarginLoss expects a target of [8, 3], got [8, 2]
new nn.CosineSimilarity().forward(scores, torch.rand([8, 4])) // expect: CosineSimilarity: shapes [8, 3] and [8, 4] do not broadcast: 3 and 4
new nn.L1Loss({ reduction: 'avg' }) // expect: '"avg"' is not assignable
new nn.Sequential(new nn.ReLU(), new nn.MSELoss()).forward(scores) // expect: (1): a loss takes an input and a target
export const loss: Tensor<[8, 3]> = new nn.MSELoss().forward(scores, scores) // expect: '[]' is not assignable to type '[8, 3]'
export const rows: Tensor<[]> = new nn.MultiMarginLoss({ reduction: 'none' }).forward(scores, labels) // expect: '[8]' is not assignable to type '[]'

new nn.Embedding(10, 4).forward(scores.float()) // expect: Embedding expects indices of int64 or int32, got float32
new nn.Sequential(new nn.Embedding(10, 4), new nn.Linear(5, 2)).forward(labels) // expect: (1): Linear expects 5 features, got 4 in [8, 4]
new nn.EmbeddingBag(10, 4).forward(torch.ones([2, 3, 4], { dtype: 'int64' })) // expect: EmbeddingBag expects [B, N], or [N] and offsets, got [2, 3, 4]
new nn.EmbeddingBag(10, 4, { mode: 'min' }) // expect: '"min"' is not assignable
new nn.Bilinear(2, 3, 4).forward(torch.rand([8, 3]), torch.rand([8, 3])) // expect: Bilinear expects 2 features in its first input, got 3 in [8, 3]
new nn.Bilinear(2, 3, 4).forward(torch.rand([8, 2]), torch.rand([8, 4])) // expect: Bilinear expects 3 features in its second input, got 4 in [8, 4]
export const rowsOfThree: Tensor<[8, 3]> = new nn.Embedding(10, 4).forward(labels) // expect: Type '4' is not assignable to type '3'

new nn.LSTM(10, 20).forward(torch.rand([5, 2, 11])) // expect: LSTM expects 10 features, got 11 in [5, 2, 11]
new nn.GRU(10, 20, { batchFirst: true }).forward(torch.rand([10])) // expect: GRU expects [N, L, 10] or [L, 10], got [10]
new nn.GRU(10, 20).forward(torch.rand([5, 2, 10]), torch.rand([1, 3, 20])) // expect: GRU expects a state of [1, 2, 20], got [1, 3, 20]
new nn.RNN(10, 20, { nonlinearity: 'elu' }) // expect: '"elu"' is not assignable
new nn.GRUCell(10, 20).forward(torch.rand([2, 9])) // expect: GRUCell expects 10 features, got 9 in [2, 9]
new nn.Sequential(new nn.GRU(10, 20), new nn.ReLU()).forward(torch.rand([5, 2, 10])) // expect: (0): GRU gives its output and its state

declare const tokens: Tensor<[8, 10, 16]>
new nn.MultiheadAttention(12, 4).forward(tokens, tokens, tokens) // expect: MultiheadAttention expects 12 features, got 16 in [8, 10, 16]
new nn.MultiheadAttention(16, 4, { kdim: 3 }).forward(tokens, tokens, tokens) // expect: MultiheadAttention: the key expects 3 features, got 16
new nn.TransformerEncoderLayer(12, 4).forward(tokens) // expect: TransformerEncoderLayer expects 12 features, got 16 in [8, 10, 16]
new nn.TransformerEncoderLayer(12, 4, { activation: 'elu' }) // expect: '"elu"' is not assignable
new nn.Sequential(new nn.Linear(16, 8), new nn.TransformerEncoderLayer(16, 4)).forward(tokens) // expect: (1): TransformerEncoderLayer expects 16 features, got 8
new nn.TransformerDecoderLayer(16, 4).forward(tokens, torch.rand([8, 10, 12])) // expect: TransformerDecoderLayer: the memory expects 16 features, got 12
new nn.Transformer({ dModel: 12, nhead: 4 }).forward(tokens, tokens) // expect: Transformer: the source expects 12 features, got 16
