/** Activations, losses, embeddings, recurrent layers and attention. */
export type { InplaceOptions } from './activation'
export { Bilinear } from './bilinear'
export * from './class-losses'
export * from './distance-losses'
export * from './elementwise-losses'
export { Embedding, EmbeddingBag, type EmbeddingBagOptions, type EmbeddingOptions } from './embedding'
export * from './gates'
export { GRU } from './gru'
export type { LossOptions } from './loss'
export { LSTM, type LSTMOptions } from './lstm'
export {
  type AttendOptions,
  MultiheadAttention,
  type MultiheadAttentionOptions,
  NonDynamicallyQuantizableLinear,
} from './multihead-attention'
export * from './rectifiers'
export type { RecurrentOptions } from './recurrent'
export { type CellOptions, GRUCell, LSTMCell, RNNCell } from './recurrent-cells'
export { RNN, type RNNOptions } from './rnn'
export * from './squashing'
export {
  type EncoderMasks,
  type EncoderOptions,
  Transformer,
  TransformerDecoder,
  TransformerEncoder,
  type TransformerMasks,
  type TransformerOptions,
} from './transformer'
export { type DecoderMasks, TransformerDecoderLayer } from './transformer-decoder-layer'
export { type EncoderLayerMasks, TransformerEncoderLayer } from './transformer-encoder-layer'
export type { ActivationOption, TransformerLayerOptions } from './transformer-layer'
