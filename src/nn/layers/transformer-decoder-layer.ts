import type { DType } from '../../core/dtype'
import type { Check, Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import type { Module } from '../module'
import type { ModelShape, TwoInputsRule } from '../sequence-rules'
import type { Dropout } from './dropout'
import type { LayerNorm } from './layer-norm'
import { LayerOptions } from './layer-options'
import type { Linear } from './linear'
import type { MultiheadAttention } from './multihead-attention'
import { compute } from './operator-layer'
import {
  type ActivationOption,
  activationOf,
  attended,
  feedForward,
  LAYER_NAMES,
  TransformerLayer,
  type TransformerLayerOptions,
} from './transformer-layer'

/** The masks that a decoder takes; masks are true, or what is added to the scores. */
export interface DecoderMasks {
  /** Which places of the target must not be seen, `[L, L]` or `[N * nhead, L, L]`. */
  tgtMask?: Tensor | null
  /** Which places of the memory must not be seen, `[L, S]` or `[N * nhead, L, S]`. */
  memoryMask?: Tensor | null
  /** Which places of the target are padding, `[N, L]`. */
  tgtKeyPaddingMask?: Tensor | null
  /** Which places of the memory are padding, `[N, S]`. */
  memoryKeyPaddingMask?: Tensor | null
  /** Says that `tgtMask` is the causal one. */
  tgtIsCausal?: boolean
  /** Says that `memoryMask` is the causal one; default false. */
  memoryIsCausal?: boolean
}

/** The names of a decoder's arguments, in Python's order. */
export const DECODER_NAMES = [
  ...['tgt', 'memory', 'tgtMask', 'memoryMask', 'tgtKeyPaddingMask', 'memoryKeyPaddingMask'],
  ...['tgtIsCausal', 'memoryIsCausal'],
]

/**
 * Attention to oneself, attention to a memory, then two linear layers, each with a residual and a norm.
 *
 * Shapes: target `[L, N, dModel]`, memory `[S, N, dModel]`, with `batchFirst` the batch before the length, or both without a
 * batch; result as the target.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for sizes that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html
 * @example
 * new nn.TransformerDecoderLayer(16, 4).forward(torch.rand([5, 8, 16]), torch.rand([10, 8, 16])).shape // [5, 8, 16]
 */
export class TransformerDecoderLayer<const E extends number> extends TransformerLayer<TwoInputsRule> {
  self_attn: MultiheadAttention<number, number, number, number, boolean>
  multihead_attn: MultiheadAttention<number, number, number, number, boolean>
  linear1: Linear<number, number>
  dropout: Dropout
  linear2: Linear<number, number>
  norm1: LayerNorm<number>
  norm2: LayerNorm<number>
  norm3: LayerNorm<number>
  dropout1: Dropout
  dropout2: Dropout
  dropout3: Dropout
  activation: Module | ((x: Tensor) => Tensor)
  readonly normFirst: boolean

  constructor(
    dModel: E,
    nhead: number,
    dimFeedforward?: number | TransformerLayerOptions,
    dropout?: number | Omit<TransformerLayerOptions, 'dimFeedforward'>,
    activation?: ActivationOption | Omit<TransformerLayerOptions, 'dimFeedforward' | 'dropout'>,
    layerNormEps?: number | Omit<TransformerLayerOptions, 'dimFeedforward' | 'dropout' | 'activation'>,
    batchFirst?: boolean | Pick<TransformerLayerOptions, 'batchFirst' | 'normFirst' | 'bias' | 'device' | 'dtype'>,
    normFirst?: boolean | Pick<TransformerLayerOptions, 'normFirst' | 'bias' | 'device' | 'dtype'>,
    bias?: boolean | Pick<TransformerLayerOptions, 'bias' | 'device' | 'dtype'>,
  )
  constructor(options: { dModel: E; nhead: number } & TransformerLayerOptions)
  constructor(...args: unknown[]) {
    const options = new LayerOptions('TransformerDecoderLayer', LAYER_NAMES, args, 2)
    super(options)
    this.self_attn = this.attention()
    this.multihead_attn = this.attention()
    this.linear1 = this.linear(true)
    this.dropout = this.dropping()
    this.linear2 = this.linear(false)
    this.norm1 = this.norm()
    this.norm2 = this.norm()
    this.norm3 = this.norm()
    this.dropout1 = this.dropping()
    this.dropout2 = this.dropping()
    this.dropout3 = this.dropping()
    this.normFirst = options.flag('normFirst')
    this.activation = activationOf('TransformerDecoderLayer', options.raw('activation') ?? 'relu').activation
  }

  forward<S extends Shape, D extends DType, M extends Shape>(
    tgt: Tensor<S, D> & Check<ModelShape<'TransformerDecoderLayer', S, E>>,
    memory: Tensor<M> & Check<ModelShape<'TransformerDecoderLayer: the memory', M, E>>,
    tgtMask?: Tensor | null | DecoderMasks,
    memoryMask?: Tensor | null | Omit<DecoderMasks, 'tgtMask'>,
    tgtKeyPaddingMask?: Tensor | null | Omit<DecoderMasks, 'tgtMask' | 'memoryMask'>,
    memoryKeyPaddingMask?: Tensor | null | Pick<DecoderMasks, 'tgtIsCausal' | 'memoryIsCausal'>,
    tgtIsCausal?: boolean | Pick<DecoderMasks, 'memoryIsCausal'>,
    memoryIsCausal?: boolean,
  ): Result<ModelShape<'TransformerDecoderLayer', S, E>, D>
  forward(...args: unknown[]): any {
    const options = new LayerOptions('TransformerDecoderLayer', DECODER_NAMES, args, 2)
    return this.run(options.raw('tgt'), options.tensor('memory'), options)
  }

  /** @internal */
  [compute](tgt: Tensor, memory: Tensor, options: LayerOptions): Tensor {
    const own = {
      attnMask: options.tensorOrNull('tgtMask'),
      keyPaddingMask: options.tensorOrNull('tgtKeyPaddingMask'),
      isCausal: options.flag('tgtIsCausal'),
    }
    const other = {
      attnMask: options.tensorOrNull('memoryMask'),
      keyPaddingMask: options.tensorOrNull('memoryKeyPaddingMask'),
      isCausal: options.flag('memoryIsCausal'),
    }
    const steps: [norm: LayerNorm<number>, step: (x: Tensor) => Tensor][] = [
      [this.norm1, x => this.dropout1.forward(attended(this.self_attn, x, x, own))],
      [this.norm2, x => this.dropout2.forward(attended(this.multihead_attn, x, memory, other))],
      [this.norm3, x => this.dropout3.forward(feedForward(this, x))],
    ]
    let x = tgt
    for (const [norm, step] of steps) {
      x = this.normFirst
        ? (x.add(step(norm.forward(x) as Tensor)) as Tensor)
        : (norm.forward(x.add(step(x)) as Tensor) as Tensor)
    }
    return x
  }
}
