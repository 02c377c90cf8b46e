import type { DType } from '../../core/dtype'
import type { Check, Shape } from '../../core/shape-types'
import { callOperator } from '../../ops/registry'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import { canonicalMask } from '../functional-attention'
import { hasForwardHooks } from '../hooks'
import type { Module } from '../module'
import type { ModelRule, ModelShape } from '../sequence-rules'
import type { Dropout } from './dropout'
import type { LayerNorm } from './layer-norm'
import { LayerOptions } from './layer-options'
import type { Linear } from './linear'
import { type MultiheadAttention, needsGrad } from './multihead-attention'
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

/** The masks that an encoder layer takes. */
export interface EncoderLayerMasks {
  /** Which places must not be seen, `[L, L]` or `[N * nhead, L, L]`: true, or what is added to the scores. */
  srcMask?: Tensor | null
  /** Which places are padding, `[N, L]`: true, or what is added to the scores. */
  srcKeyPaddingMask?: Tensor | null
  /** Says that `srcMask`, which is needed all the same, is the causal one; default false. */
  isCausal?: boolean
}

const FORWARD = ['src', 'srcMask', 'srcKeyPaddingMask', 'isCausal']

/**
 * Attention to oneself, then two linear layers, each with a residual and a norm.
 *
 * Shapes: `[L, N, dModel]`, with `batchFirst` `[N, L, dModel]`, or `[L, dModel]`, to the same.
 * In eval mode, without gradients, with `batchFirst` and ReLU or GELU, libtorch's own faster operator computes the whole
 * layer, as in Python, with other last digits.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for sizes that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html
 * @example
 * new nn.TransformerEncoderLayer(16, 4, { batchFirst: true }).forward(torch.rand([8, 10, 16])).shape // [8, 10, 16]
 */
export class TransformerEncoderLayer<const E extends number> extends TransformerLayer<
  ModelRule<'TransformerEncoderLayer', E>
> {
  self_attn: MultiheadAttention<number, number, number, number, boolean>
  linear1: Linear<number, number>
  dropout: Dropout
  linear2: Linear<number, number>
  norm1: LayerNorm<number>
  norm2: LayerNorm<number>
  dropout1: Dropout
  dropout2: Dropout
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
    const options = new LayerOptions('TransformerEncoderLayer', LAYER_NAMES, args, 2)
    super(options)
    this.self_attn = this.attention()
    this.linear1 = this.linear(true)
    this.dropout = this.dropping()
    this.linear2 = this.linear(false)
    this.norm1 = this.norm()
    this.norm2 = this.norm()
    this.dropout1 = this.dropping()
    this.dropout2 = this.dropping()
    this.normFirst = options.flag('normFirst')
    this.activation = activationOf('TransformerEncoderLayer', options.raw('activation') ?? 'relu').activation
  }

  forward<S extends Shape, D extends DType>(
    src: Tensor<S, D> & Check<ModelShape<'TransformerEncoderLayer', S, E>>,
    srcMask?: Tensor | null | EncoderLayerMasks,
    srcKeyPaddingMask?: Tensor | null | Omit<EncoderLayerMasks, 'srcMask'>,
    isCausal?: boolean | { isCausal?: boolean },
  ): Result<ModelShape<'TransformerEncoderLayer', S, E>, D>
  forward(...args: unknown[]): any {
    const options = new LayerOptions('TransformerEncoderLayer', FORWARD, args, 1)
    return this.run(options.raw('src'), options)
  }

  /** @internal */
  [compute](src: Tensor, options: LayerOptions): Tensor {
    const mask = (name: string) => canonicalMask('TransformerEncoderLayer', name, options.tensorOrNull(name), src.dtype)
    const [attnMask, keyPaddingMask] = [mask('srcMask'), mask('srcKeyPaddingMask')]
    const isCausal = options.flag('isCausal')
    if (this.isFast(src)) {
      const merged = this.self_attn.mergeMasks(attnMask, keyPaddingMask, src)
      return this.fast(src, merged.mask, merged.type)
    }
    const attention = (x: Tensor): Tensor =>
      this.dropout1.forward(attended(this.self_attn, x, x, { attnMask, keyPaddingMask, isCausal }))
    const inner = (x: Tensor): Tensor => this.dropout2.forward(feedForward(this, x))
    if (this.normFirst) {
      const x: Tensor = src.add(attention(this.norm1.forward(src) as Tensor))
      return x.add(inner(this.norm2.forward(x) as Tensor)) as Tensor
    }
    const x = this.norm1.forward(src.add(attention(src)) as Tensor) as Tensor
    return this.norm2.forward(x.add(inner(x)) as Tensor) as Tensor
  }

  /** @internal Whether libtorch's own operator computes the layer, as Python decides. */
  isFast(src: Tensor): boolean {
    return (
      this.activationCode !== 0 &&
      this.norm1.eps === this.norm2.eps &&
      this.norm1.bias !== null &&
      !this.training &&
      this.self_attn.isFast(src) &&
      !needsGrad([src, ...this._weights()]) &&
      !this.modules().some(hasForwardHooks)
    )
  }

  protected _weights(): Tensor[] {
    const { norm1, norm2, linear1, linear2 } = this
    return [norm1, norm2, linear1, linear2].flatMap(({ weight, bias }) => [weight as Tensor, bias as Tensor])
  }

  /** @internal libtorch's own operator; `src` may be a nested tensor. */
  fast(src: Tensor, mask: Tensor | null, maskType: number | null): Tensor {
    const { self_attn: attention, norm1 } = this
    const weights = [
      attention.in_proj_weight,
      attention.in_proj_bias,
      attention.out_proj.weight,
      attention.out_proj.bias,
    ]
    const kind = [this.activationCode === 2, this.normFirst, norm1.eps]
    const sizes = [attention.embedDim, attention.numHeads]
    const args = [src, ...sizes, ...weights, ...kind, ...this._weights(), mask, maskType]
    return callOperator('aten::_transformer_encoder_layer_fwd', '', args) as Tensor
  }
}
