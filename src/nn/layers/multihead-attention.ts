import { isAutocastEnabled, isGradEnabled } from '../../autograd'
import { type DType, isFloating } from '../../core/dtype'
import { describe, InvalidArgTypeError } from '../../core/errors'
import type { Check, Shape } from '../../core/shape-types'
import { callOperator } from '../../ops/registry'
import { isTensor, type Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import { type Attending, attend, canonicalMask, headsOf } from '../functional-attention'
import * as init from '../init'
import type { Parameter } from '../parameter'
import type { ModelShape, TwoInputsRule, WeightsShape } from '../sequence-rules'
import { LayerOptions } from './layer-options'
import { Linear } from './linear'
import { compute, emptyParameter, OperatorLayer } from './operator-layer'
import type { FactoryOptions } from './shape-layer'

/** The options of `MultiheadAttention`. */
export interface MultiheadAttentionOptions<K extends number, V extends number, First extends boolean>
  extends FactoryOptions {
  /** The probability that a weight becomes 0 in train mode; default 0. */
  dropout?: number
  /** Whether the projections have biases; default true. */
  bias?: boolean
  /** Whether a learnt key and value are added; default false. */
  addBiasKv?: boolean
  /** Whether a key and a value of zeros are added; default false. */
  addZeroAttn?: boolean
  /** Features of the keys; `embedDim` unless given. */
  kdim?: K | null
  /** Features of the values; `embedDim` unless given. */
  vdim?: V | null
  /** Whether tensors are `[N, L, E]` and not `[L, N, E]`; default false. */
  batchFirst?: First
}

/** The options of its `forward`. */
export interface AttendOptions<Need extends boolean, Averaged extends boolean> {
  /** Which keys are padding, `[N, S]` or `[S]`: true, or what is added to the scores. */
  keyPaddingMask?: Tensor | null
  /** Whether the weights are given too, which is slower; default true. */
  needWeights?: Need
  /** Which places must not be seen, `[L, S]` or `[N * numHeads, L, S]`: true, or what is added to the scores. */
  attnMask?: Tensor | null
  /** Whether the weights are the mean over the heads; default true. */
  averageAttnWeights?: Averaged
  /** Says that `attnMask`, which is needed all the same, is the causal one; default false. */
  isCausal?: boolean
}

/** The output projection; Python prints it under this name. */
export class NonDynamicallyQuantizableLinear extends Linear<number, number> {}

const NAMES = ['embedDim', 'numHeads', 'dropout', 'bias', 'addBiasKv', 'addZeroAttn', 'kdim', 'vdim', 'batchFirst']
const FORWARD = ['query', 'key', 'value', 'keyPaddingMask', 'needWeights', 'attnMask', 'averageAttnWeights', 'isCausal']

/**
 * Several attentions side by side: queries look for keys, and get the mean of values, weighted by how well keys fit.
 *
 * Shapes: query `[L, N, embedDim]`, key `[S, N, kdim]`, value `[S, N, vdim]`, with `batchFirst` the batch before the length,
 * or all without a batch; output as the query; weights `[N, L, S]`, not averaged `[N, numHeads, L, S]`, or null without
 * `needWeights`. `in_proj_weight` `[3 * embedDim, embedDim]`, or with `kdim` or `vdim` the three apart.
 * In eval mode, without gradients, with `batchFirst`, an even number of heads and one tensor as query, key and value,
 * libtorch's own faster operator computes it, as in Python, with other last digits.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for sizes that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
 * @example
 * const [output, weights] = new nn.MultiheadAttention(8, 2).forward(x, x, x) // [L, N, 8], [N, L, L]
 */
export class MultiheadAttention<
  const E extends number,
  const H extends number,
  const K extends number = E,
  const V extends number = E,
  const First extends boolean = false,
> extends OperatorLayer<TwoInputsRule> {
  in_proj_weight: Parameter | null = null
  q_proj_weight: Parameter<[E, E]> | null = null
  k_proj_weight: Parameter<[E, K]> | null = null
  v_proj_weight: Parameter<[E, V]> | null = null
  in_proj_bias: Parameter | null
  bias_k: Parameter<[1, 1, E]> | null
  bias_v: Parameter<[1, 1, E]> | null
  out_proj: NonDynamicallyQuantizableLinear
  readonly embedDim: E
  readonly numHeads: H
  readonly kdim: K
  readonly vdim: V
  readonly dropout: number
  readonly batchFirst: First
  readonly addZeroAttn: boolean

  constructor(embedDim: E, numHeads: H, options?: MultiheadAttentionOptions<K, V, First>)
  constructor(
    embedDim: E,
    numHeads: H,
    dropout: number,
    options: Omit<MultiheadAttentionOptions<K, V, First>, 'dropout'>,
  )
  constructor(
    embedDim: E,
    numHeads: H,
    dropout?: number,
    bias?: boolean,
    addBiasKv?: boolean,
    addZeroAttn?: boolean,
    kdim?: K | null,
    vdim?: V | null,
    batchFirst?: First,
    device?: string | FactoryOptions,
    dtype?: DType | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(options: { embedDim: E; numHeads: H } & MultiheadAttentionOptions<K, V, First>)
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions('MultiheadAttention', [...NAMES, 'device', 'dtype'], args, 2)
    this.embedDim = options.integer('embedDim') as E
    this.numHeads = headsOf('MultiheadAttention', this.embedDim, options.integer('numHeads')) as H
    this.kdim = (options.integerOrNull('kdim') ?? this.embedDim) as K
    this.vdim = (options.integerOrNull('vdim') ?? this.embedDim) as V
    this.dropout = options.number('dropout', 0)
    this.batchFirst = options.flag('batchFirst') as First
    this.addZeroAttn = options.flag('addZeroAttn')
    const [bias, biasKv, factory] = [options.flag('bias', true), options.flag('addBiasKv'), options.factory()]
    const { embedDim } = this
    if (this.sameDims) {
      this.in_proj_weight = emptyParameter([3 * embedDim, embedDim], factory)
    } else {
      this.q_proj_weight = emptyParameter([embedDim, embedDim], factory)
      this.k_proj_weight = emptyParameter([embedDim, this.kdim], factory)
      this.v_proj_weight = emptyParameter([embedDim, this.vdim], factory)
    }
    this.in_proj_bias = bias ? emptyParameter([3 * embedDim], factory) : null
    this.out_proj = new NonDynamicallyQuantizableLinear(embedDim, embedDim, { bias, ...factory })
    this.bias_k = biasKv ? emptyParameter([1, 1, embedDim], factory) : null
    this.bias_v = biasKv ? emptyParameter([1, 1, embedDim], factory) : null
    this.resetParameters()
  }

  /** @internal Whether keys and values have the queries' size. */
  get sameDims(): boolean {
    return (this.kdim as number) === this.embedDim && (this.vdim as number) === this.embedDim
  }

  /** Draws the projections' weights anew; their biases become 0. */
  resetParameters(): void {
    const weights = this.sameDims ? [this.in_proj_weight] : [this.q_proj_weight, this.k_proj_weight, this.v_proj_weight]
    for (const weight of weights) init.xavierUniform_(weight as Tensor)
    if (this.in_proj_bias !== null) {
      init.constant_(this.in_proj_bias, 0)
      init.constant_(this.out_proj.bias as Tensor, 0)
    }
    if (this.bias_k !== null) init.xavierNormal_(this.bias_k as Tensor)
    if (this.bias_v !== null) init.xavierNormal_(this.bias_v as Tensor)
  }

  forward<
    Q extends Shape,
    D extends DType,
    S extends Shape,
    T extends Shape,
    const Need extends boolean = true,
    const Averaged extends boolean = true,
  >(
    query: Tensor<Q, D> & Check<ModelShape<'MultiheadAttention', Q, E>>,
    key: Tensor<S> & Check<ModelShape<'MultiheadAttention: the key', S, K>>,
    value: Tensor<T> & Check<ModelShape<'MultiheadAttention: the value', T, V>>,
    keyPaddingMask?: Tensor | null | AttendOptions<Need, Averaged>,
    needWeights?: Need | Omit<AttendOptions<Need, Averaged>, 'keyPaddingMask'>,
    attnMask?: Tensor | null | Pick<AttendOptions<Need, Averaged>, 'attnMask' | 'averageAttnWeights' | 'isCausal'>,
    averageAttnWeights?: Averaged | { averageAttnWeights?: Averaged; isCausal?: boolean },
    isCausal?: boolean | { isCausal?: boolean },
  ): [
    output: Result<ModelShape<'MultiheadAttention', Q, E>, D>,
    weights: Need extends true ? Result<WeightsShape<Q, S, H, First, Averaged>, D> : null,
  ]
  forward(...args: unknown[]): unknown {
    const options = new LayerOptions('MultiheadAttention', FORWARD, args, 1)
    return this.run(options.raw('query'), options.raw('key'), options.raw('value'), options)
  }

  /** @internal */
  [compute](query: Tensor, key: unknown, value: unknown, options: LayerOptions): [Tensor, Tensor | null] {
    for (const [name, tensor] of Object.entries({ key, value })) {
      if (!isTensor(tensor)) {
        throw new InvalidArgTypeError(`${this.toString()}: ${name} must be a tensor, got ${describe(tensor)}`)
      }
    }
    const [padding, mask] = [options.tensorOrNull('keyPaddingMask'), options.tensorOrNull('attnMask')]
    const given = this._attending(query, key as Tensor, value as Tensor, options)
    const floating = [padding, mask].some(m => m !== null && isFloating(m.dtype))
    if (!floating && query === key && key === value && this.isFast(query)) return this._fast(given)
    if (!this.batchFirst || query.ndim !== 3) return attend(given)
    const turn = (x: Tensor): Tensor => (x.ndim === 3 ? x.transpose(0, 1) : x) as Tensor
    // one tensor stays one, since the projections depend on it
    const turnedQuery = turn(query)
    const turnedKey = key === query ? turnedQuery : turn(given.key)
    const turnedValue = value === key ? turnedKey : turn(given.value)
    const [output, weights] = attend({ ...given, query: turnedQuery, key: turnedKey, value: turnedValue })
    return [output.transpose(0, 1) as Tensor, weights]
  }

  protected _attending(query: Tensor, key: Tensor, value: Tensor, options: LayerOptions): Attending {
    const { q_proj_weight: q, k_proj_weight: k, v_proj_weight: v } = this
    const mask = (name: string) => canonicalMask('MultiheadAttention', name, options.tensorOrNull(name), query.dtype)
    return {
      what: 'MultiheadAttention',
      query,
      key,
      value,
      embedDim: this.embedDim,
      numHeads: this.numHeads,
      inProjWeight: this.in_proj_weight as Tensor | null,
      inProjBias: this.in_proj_bias as Tensor | null,
      apart: q && k && v ? [q as Tensor, k as Tensor, v as Tensor] : null,
      biasK: this.bias_k as Tensor | null,
      biasV: this.bias_v as Tensor | null,
      addZeroAttn: this.addZeroAttn,
      dropoutP: this.dropout,
      outProjWeight: this.out_proj.weight as Tensor,
      outProjBias: this.out_proj.bias as Tensor | null,
      training: this.training,
      keyPaddingMask: mask('keyPaddingMask'),
      needWeights: options.flag('needWeights', true),
      attnMask: mask('attnMask'),
      averageAttnWeights: options.flag('averageAttnWeights', true),
      isCausal: options.flag('isCausal'),
    }
  }

  /** @internal Whether libtorch's own operator computes the attention of one tensor with itself, as Python decides. */
  isFast(x: Tensor): boolean {
    const { in_proj_weight: weight, in_proj_bias: bias, out_proj } = this
    return (
      x.ndim === 3 &&
      !this.training &&
      this.batchFirst &&
      weight !== null &&
      bias !== null &&
      x.dtype === weight.dtype &&
      this.numHeads % 2 === 0 &&
      this.bias_k === null &&
      !this.addZeroAttn &&
      !isAutocastEnabled() &&
      !needsGrad([x, weight, bias, out_proj.weight, out_proj.bias!])
    )
  }

  protected _fast(given: Attending): [Tensor, Tensor | null] {
    const { query, needWeights } = given
    const { mask, type } = this.mergeMasks(given.attnMask, given.keyPaddingMask, query)
    const sizes = [this.embedDim, this.numHeads]
    const weights = [this.in_proj_weight, this.in_proj_bias, this.out_proj.weight, this.out_proj.bias]
    const rest = [mask, needWeights, given.averageAttnWeights, type]
    const name = 'aten::_native_multi_head_attention'
    const [output, attention] = callOperator(name, '', [query, query, query, ...sizes, ...weights, ...rest]) as Tensor[]
    return [output!, needWeights ? attention! : null]
  }

  /** @internal Both masks as one, and libtorch's number for what it is. */
  mergeMasks(mask: Tensor | null, padding: Tensor | null, x: Tensor): { mask: Tensor | null; type: number | null } {
    if (mask === null) return { mask: padding, type: padding === null ? null : 1 }
    const [size, length] = x.shape as [number, number]
    const heads: number = this.numHeads
    const wide: Tensor =
      mask.ndim === 3
        ? mask.view([size, -1, length, length])
        : mask.view([1, 1, length, length]).expand([size, heads, -1, -1])
    if (padding === null) return { mask: wide, type: 2 }
    const widePadding: Tensor = padding.view([size, 1, 1, length]).expand([-1, heads, -1, -1])
    return { mask: wide.add(widePadding) as Tensor, type: 2 }
  }
}

/** Whether autograd records anything that is done with these. */
export function needsGrad(tensors: readonly Tensor[]): boolean {
  return isGradEnabled() && tensors.some(tensor => tensor.requiresGrad)
}
