/** The functions of `torch.nn.functional` behind activations, losses, embeddings and attention. */
export * from './functional-activations'
export { multiHeadAttentionForward, scaledDotProductAttention } from './functional-attention'
export { cosineSimilarity, ctcLoss, pairwiseDistance } from './functional-distances'
export { type BagMode, bilinear, embedding, embeddingBag } from './functional-embedding'
export * from './functional-losses'
export {
  cosineEmbeddingLoss,
  gaussianNllLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
  softMarginLoss,
  tripletMarginLoss,
  tripletMarginWithDistanceLoss,
} from './functional-margins'
export { glu, gumbelSoftmax, logSoftmax, softmax, softmin } from './functional-softmax'
