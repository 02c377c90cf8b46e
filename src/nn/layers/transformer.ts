import type { DType } from '../../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import type { Check, Shape } from '../../core/shape-types'
import { callOperator } from '../../ops/registry'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import { canonicalMask } from '../functional-attention'
import * as init from '../init'
import { isModule, type Module } from '../module'
import { ModuleList } from '../module-list'
import type { ModelRule, ModelShape, TwoInputsRule } from '../sequence-rules'
import { LayerNorm } from './layer-norm'
import { LayerOptions } from './layer-options'
import { compute, OperatorLayer } from './operator-layer'
import type { FactoryOptions } from './shape-layer'
import { DECODER_NAMES, type DecoderMasks, TransformerDecoderLayer } from './transformer-decoder-layer'
import { TransformerEncoderLayer } from './transformer-encoder-layer'
import type { TransformerLayerOptions } from './transformer-layer'

/** A layer of encoders and decoders. */
export type Copied = Module & { forward(...args: any[]): Tensor }

/** Layers like the one given, all with its values. */
function copies(what: string, layer: unknown, count: number): ModuleList<Copied> {
  if (!isModule(layer)) {
    throw new InvalidArgTypeError(`${what}: the layer must be a module, got ${describe(layer)}`)
  }
  return new ModuleList(Array.from({ length: count }, () => layer.clone() as Copied))
}

/** `[size, size]`: 0 on and below the diagonal, minus infinity above it. */
function causalMask(size: number, { dtype, device }: FactoryOptions = {}): Tensor {
  const shape = [size, size]
  const full = callOperator('aten::full', '', [shape, Number.NEGATIVE_INFINITY, dtype ?? 'float32', undefined, device])
  return callOperator('aten::triu', '', [full, 1]) as Tensor
}

/** Whether a mask is the causal one, where nobody said. */
function isCausalMask(mask: Tensor | null, said: boolean | null, src: Tensor, batchFirst: boolean): boolean {
  if (said !== null || mask === null) return said === true
  const size = src.size(src.ndim === 3 && batchFirst ? 1 : 0) as number
  if (String(mask.shape) !== String([size, size])) return false
  const same: Tensor = mask.eq(causalMask(size, { dtype: mask.dtype, device: mask.device })).all()
  return Boolean(same.item())
}

const batchFirstOf = (layer: Module | undefined): boolean =>
  (layer as { self_attn?: { batchFirst?: boolean } } | undefined)?.self_attn?.batchFirst ?? false

/** The masks that an encoder takes. */
export interface EncoderMasks {
  /** Which places must not be seen, `[L, L]` or `[N * nhead, L, L]`: true, or what is added to the scores. */
  mask?: Tensor | null
  /** Which places are padding, `[N, L]`: true, or what is added to the scores. */
  srcKeyPaddingMask?: Tensor | null
  /** Says that `mask` is the causal one; looked up unless given. */
  isCausal?: boolean | null
}

/** The options of `TransformerEncoder`. */
export interface EncoderOptions {
  /** What the last layer's output goes through; null for nothing. */
  norm?: Module | null
  /** Whether padding is left out where libtorch's own operator computes the layers; its places become 0; default true. */
  enableNestedTensor?: boolean
  /** Whether it is looked up that the padding is at the ends; default true. */
  maskCheck?: boolean
}

/**
 * Encoder layers one after the other, copies of the one given: all begin with the same values.
 *
 * Shapes: `[L, N, dModel]`, with `batchFirst` `[N, L, dModel]`, or `[L, dModel]`, to the same.
 * In eval mode without gradients the layers may be computed by libtorch's own operator, as in Python; given a padding mask
 * and no other, what is padding then is 0.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for sizes that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html
 * @example
 * const layer = new nn.TransformerEncoderLayer(16, 4)
 * new nn.TransformerEncoder(layer, 2).forward(torch.rand([10, 8, 16])).shape // [10, 8, 16]
 */
export class TransformerEncoder<const E extends number = number> extends OperatorLayer<
  ModelRule<'TransformerEncoder', E>
> {
  layers: ModuleList<Copied>
  norm: Module | null
  readonly numLayers: number
  readonly enableNestedTensor: boolean
  readonly maskCheck: boolean

  constructor(
    encoderLayer: TransformerEncoderLayer<E> | Copied,
    numLayers: number | ({ numLayers: number } & EncoderOptions),
    norm?: Module | null | EncoderOptions,
    enableNestedTensor?: boolean | Omit<EncoderOptions, 'norm'>,
    maskCheck?: boolean,
  )
  constructor(...args: unknown[]) {
    super()
    const names = ['encoderLayer', 'numLayers', 'norm', 'enableNestedTensor', 'maskCheck']
    const options = new LayerOptions('TransformerEncoder', names, args, 2)
    this.numLayers = options.integer('numLayers')
    this.layers = copies('TransformerEncoder', options.raw('encoderLayer'), this.numLayers)
    this.norm = normOf('TransformerEncoder', options.raw('norm'))
    this.enableNestedTensor = options.flag('enableNestedTensor', true)
    this.maskCheck = options.flag('maskCheck', true)
  }

  forward<S extends Shape, D extends DType>(
    src: Tensor<S, D> & Check<ModelShape<'TransformerEncoder', S, E>>,
    mask?: Tensor | null | EncoderMasks,
    srcKeyPaddingMask?: Tensor | null | Omit<EncoderMasks, 'mask'>,
    isCausal?: boolean | null | { isCausal?: boolean | null },
  ): Result<ModelShape<'TransformerEncoder', S, E>, D>
  forward(...args: unknown[]): any {
    const options = new LayerOptions('TransformerEncoder', ['src', 'mask', 'srcKeyPaddingMask', 'isCausal'], args, 1)
    return this.run(options.raw('src'), options)
  }

  /** @internal */
  [compute](src: Tensor, options: LayerOptions): Tensor {
    const canonical = (name: string) => canonicalMask('TransformerEncoder', name, options.tensorOrNull(name), src.dtype)
    const [srcMask, srcKeyPaddingMask] = [canonical('mask'), canonical('srcKeyPaddingMask')]
    let output = this._nested(src, srcMask, srcKeyPaddingMask)
    if (output === null) {
      const said = options.flagOrNull('isCausal')
      const isCausal = isCausalMask(srcMask, said, src, batchFirstOf(this.layers[0]))
      output = src
      for (const layer of this.layers) output = layer.forward(output, { srcMask, isCausal, srcKeyPaddingMask })
    }
    return normalised(this.norm, output)
  }

  /** Python's way without the padding, where it can be gone. */
  protected _nested(src: Tensor, mask: Tensor | null, padding: Tensor | null): Tensor | null {
    const layers = [...this.layers]
    if (!this.enableNestedTensor || padding === null || mask !== null || layers.length === 0) return null
    const own = layers.every((layer): layer is TransformerEncoderLayer<number> & Copied => {
      return layer instanceof TransformerEncoderLayer && layer.forward === TransformerEncoderLayer.prototype.forward
    })
    if (!own || layers.some(layer => layer.normFirst || !layer.isFast(src))) return null
    const kept = padding.logicalNot() as Tensor
    if (this.maskCheck && !callOperator('aten::_nested_tensor_from_mask_left_aligned', '', [src, kept])) return null
    let output = callOperator('aten::_nested_tensor_from_mask', '', [src, kept, false]) as Tensor
    for (const layer of layers) output = layer.fast(output, null, null)
    return callOperator('aten::to_padded_tensor', '', [output, 0, src.shape]) as Tensor
  }
}

function normOf(what: string, norm: unknown): Module | null {
  if (norm === undefined || norm === null) return null
  if (!isModule(norm)) throw new InvalidArgTypeError(`${what}: 'norm' must be a module or null, got ${describe(norm)}`)
  return norm
}

const normalised = (norm: Module | null, x: Tensor): Tensor =>
  norm === null ? x : (norm as Module & { forward(x: Tensor): Tensor }).forward(x)

/**
 * Decoder layers one after the other, copies of the one given: all begin with the same values.
 *
 * Shapes: target `[L, N, dModel]`, memory `[S, N, dModel]`, with `batchFirst` the batch before the length, or both without a
 * batch; result as the target.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for sizes that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoder.html
 * @example
 * const layer = new nn.TransformerDecoderLayer(16, 4)
 * new nn.TransformerDecoder(layer, 2).forward(torch.rand([5, 8, 16]), torch.rand([10, 8, 16])).shape // [5, 8, 16]
 */
export class TransformerDecoder<const E extends number = number> extends OperatorLayer<TwoInputsRule> {
  layers: ModuleList<Copied>
  norm: Module | null
  readonly numLayers: number

  constructor(
    decoderLayer: TransformerDecoderLayer<E> | Copied,
    numLayers: number | { numLayers: number; norm?: Module | null },
    norm?: Module | null | { norm?: Module | null },
  )
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions('TransformerDecoder', ['decoderLayer', 'numLayers', 'norm'], args, 2)
    this.numLayers = options.integer('numLayers')
    this.layers = copies('TransformerDecoder', options.raw('decoderLayer'), this.numLayers)
    this.norm = normOf('TransformerDecoder', options.raw('norm'))
  }

  forward<S extends Shape, D extends DType, M extends Shape>(
    tgt: Tensor<S, D> & Check<ModelShape<'TransformerDecoder', S, E>>,
    memory: Tensor<M> & Check<ModelShape<'TransformerDecoder: the memory', M, E>>,
    tgtMask?: Tensor | null | DecoderMasks,
    memoryMask?: Tensor | null | Omit<DecoderMasks, 'tgtMask'>,
    tgtKeyPaddingMask?: Tensor | null | Omit<DecoderMasks, 'tgtMask' | 'memoryMask'>,
    memoryKeyPaddingMask?: Tensor | null | Pick<DecoderMasks, 'tgtIsCausal' | 'memoryIsCausal'>,
    tgtIsCausal?: boolean | null | Pick<DecoderMasks, 'memoryIsCausal'>,
    memoryIsCausal?: boolean,
  ): Result<ModelShape<'TransformerDecoder', S, E>, D>
  forward(...args: unknown[]): any {
    const options = new LayerOptions('TransformerDecoder', DECODER_NAMES, args, 2)
    return this.run(options.raw('tgt'), options.tensor('memory'), options)
  }

  /** @internal */
  [compute](tgt: Tensor, memory: Tensor, options: LayerOptions): Tensor {
    const [tgtMask, memoryMask] = [options.tensorOrNull('tgtMask'), options.tensorOrNull('memoryMask')]
    const tgtKeyPaddingMask = options.tensorOrNull('tgtKeyPaddingMask')
    const memoryKeyPaddingMask = options.tensorOrNull('memoryKeyPaddingMask')
    const said = options.flagOrNull('tgtIsCausal')
    const tgtIsCausal = isCausalMask(tgtMask, said, tgt, batchFirstOf(this.layers[0]))
    const memoryIsCausal = options.flag('memoryIsCausal')
    const masks = { tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask, tgtIsCausal, memoryIsCausal }
    let output = tgt
    for (const layer of this.layers) output = layer.forward(output, memory, masks)
    return normalised(this.norm, output)
  }
}

/** The options of `Transformer`. */
export interface TransformerOptions<E extends number> extends TransformerLayerOptions {
  /** Features of source and target; default 512. */
  dModel?: E
  /** Heads of each attention; default 8. */
  nhead?: number
  /** Default 6. */
  numEncoderLayers?: number
  /** Default 6. */
  numDecoderLayers?: number
  /** In the encoder's place. */
  customEncoder?: Module | null
  /** In the decoder's place. */
  customDecoder?: Module | null
}

/** The masks that a transformer takes. */
export interface TransformerMasks extends DecoderMasks {
  srcMask?: Tensor | null
  srcKeyPaddingMask?: Tensor | null
  srcIsCausal?: boolean | null
}

const NAMES = [
  ...['dModel', 'nhead', 'numEncoderLayers', 'numDecoderLayers', 'dimFeedforward', 'dropout', 'activation'],
  ...['customEncoder', 'customDecoder', 'layerNormEps', 'batchFirst', 'normFirst', 'bias', 'device', 'dtype'],
]
const FORWARD = [
  ...['src', 'tgt', 'srcMask', 'tgtMask', 'memoryMask', 'srcKeyPaddingMask', 'tgtKeyPaddingMask'],
  ...['memoryKeyPaddingMask', 'srcIsCausal', 'tgtIsCausal', 'memoryIsCausal'],
]

/**
 * An encoder of the source, and a decoder of the target that looks at what the encoder gives.
 *
 * Shapes: source `[S, N, dModel]`, target `[L, N, dModel]`, with `batchFirst` the batch before the length, or both without a
 * batch; result as the target. All matrices are drawn by `xavierUniform_`.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for sizes that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Transformer.html
 * @example
 * const model = new nn.Transformer({ dModel: 16, nhead: 4, numEncoderLayers: 2, numDecoderLayers: 2 })
 * model.forward(torch.rand([10, 8, 16]), torch.rand([5, 8, 16])).shape // [5, 8, 16]
 */
export class Transformer<const E extends number = 512> extends OperatorLayer<TwoInputsRule> {
  encoder: Module
  decoder: Module
  readonly dModel: E
  readonly nhead: number
  readonly batchFirst: boolean

  constructor(
    dModel?: E | TransformerOptions<E>,
    nhead?: number | Omit<TransformerOptions<E>, 'dModel'>,
    numEncoderLayers?: number | Omit<TransformerOptions<E>, 'dModel' | 'nhead'>,
    numDecoderLayers?: number | Omit<TransformerOptions<E>, 'dModel' | 'nhead' | 'numEncoderLayers'>,
    options?: Omit<TransformerOptions<E>, 'dModel' | 'nhead' | 'numEncoderLayers' | 'numDecoderLayers'>,
  )
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions('Transformer', NAMES, args)
    this.dModel = options.integer('dModel', 512) as E
    this.nhead = options.integer('nhead', 8)
    this.batchFirst = options.flag('batchFirst')
    const { dModel, nhead } = this
    const shared = ['dimFeedforward', 'dropout', 'activation', 'layerNormEps', 'batchFirst', 'normFirst', 'bias']
    const rest = [...shared, 'device', 'dtype'].filter(name => options.has(name))
    const layer = { dModel, nhead, ...Object.fromEntries(rest.map(name => [name, options.raw(name)])) }
    const [eps, bias] = [options.number('layerNormEps', 1e-5), options.flag('bias', true)]
    const norm = () => new LayerNorm(dModel, { eps, bias, ...options.factory() })
    const custom = (name: string) => normOf('Transformer', options.raw(name))
    this.encoder =
      custom('customEncoder') ??
      new TransformerEncoder(new TransformerEncoderLayer(layer), options.integer('numEncoderLayers', 6), norm())
    this.decoder =
      custom('customDecoder') ??
      new TransformerDecoder(new TransformerDecoderLayer(layer), options.integer('numDecoderLayers', 6), norm())
    this.resetParameters()
  }

  /** Draws all matrices anew. */
  resetParameters(): void {
    for (const parameter of this.parameters()) if (parameter.ndim > 1) init.xavierUniform_(parameter as Tensor)
  }

  /** The causal mask `[size, size]`: 0 on and below the diagonal, minus infinity above it. */
  static generateSquareSubsequentMask<const N extends number>(size: N, options?: FactoryOptions): Tensor<[N, N]> {
    return causalMask(size, options) as Tensor<[N, N]>
  }

  forward<S extends Shape, T extends Shape, D extends DType>(
    src: Tensor<S> & Check<ModelShape<'Transformer: the source', S, E>>,
    tgt: Tensor<T, D> & Check<ModelShape<'Transformer: the target', T, E>>,
    srcMask?: Tensor | null | TransformerMasks,
    tgtMask?: Tensor | null | Omit<TransformerMasks, 'srcMask'>,
    memoryMask?: Tensor | null | Omit<TransformerMasks, 'srcMask' | 'tgtMask'>,
    srcKeyPaddingMask?: Tensor | null | Omit<TransformerMasks, 'srcMask' | 'tgtMask' | 'memoryMask'>,
    options?: Omit<TransformerMasks, 'srcMask' | 'tgtMask' | 'memoryMask' | 'srcKeyPaddingMask'>,
  ): Result<ModelShape<'Transformer', T, E>, D>
  forward(...args: unknown[]): any {
    const options = new LayerOptions('Transformer', FORWARD, args, 2)
    return this.run(options.raw('src'), options.tensor('tgt'), options)
  }

  /** @internal */
  [compute](src: Tensor, tgt: Tensor, options: LayerOptions): Tensor {
    const wrong = (message: string) => new InvalidArgValueError(`Transformer: ${message}`)
    const batch = this.batchFirst ? 0 : 1
    if (src.ndim === 3 && src.size(batch) !== tgt.size(batch))
      throw wrong('the batch number of src and tgt must be equal')
    if (src.size(-1) !== this.dModel || tgt.size(-1) !== this.dModel) {
      throw wrong(`the feature number of src and tgt must be equal to dModel ${this.dModel}`)
    }
    const { encoder, decoder } = this as unknown as Record<'encoder' | 'decoder', Copied>
    const given = (name: string) => options.tensorOrNull(name)
    const memory = encoder.forward(src, {
      mask: given('srcMask'),
      srcKeyPaddingMask: given('srcKeyPaddingMask'),
      isCausal: options.flagOrNull('srcIsCausal'),
    })
    return decoder.forward(tgt, memory, {
      tgtMask: given('tgtMask'),
      memoryMask: given('memoryMask'),
      tgtKeyPaddingMask: given('tgtKeyPaddingMask'),
      memoryKeyPaddingMask: given('memoryKeyPaddingMask'),
      tgtIsCausal: options.flagOrNull('tgtIsCausal') ?? undefined,
      memoryIsCausal: options.flag('memoryIsCausal'),
    })
  }
}
