import { noGrad } from '../../autograd'
import type { DType } from '../../core/dtype'
import { InvalidArgValueError } from '../../core/errors'
import type { Check, Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import {
  type BagMode,
  type EmbeddingBagFunctionOptions,
  type EmbeddingFunctionOptions,
  embedding,
  embeddingBag,
  paddingRow,
} from '../functional-embedding'
import * as init from '../init'
import { Parameter } from '../parameter'
import type { Rule } from '../rules'
import type { BagShape, EmbeddedShape, EmbeddingRule, IndexCheck } from '../sequence-rules'
import { LayerOptions } from './layer-options'
import { compute, emptyParameter, OperatorLayer } from './operator-layer'
import { pythonWord } from './python-words'
import type { FactoryOptions } from './shape-layer'

/** What both embeddings share: a table of rows. */
abstract class Table<N extends number, E extends number, R extends Rule> extends OperatorLayer<R> {
  weight: Parameter<[N, E]>
  readonly numEmbeddings: N
  readonly embeddingDim: E
  readonly paddingIdx: number | null
  readonly maxNorm: number | null
  readonly normType: number
  readonly scaleGradByFreq: boolean
  readonly sparse: boolean

  protected constructor(options: LayerOptions) {
    super()
    this.numEmbeddings = options.integer('numEmbeddings') as N
    this.embeddingDim = options.integer('embeddingDim') as E
    this.paddingIdx = paddingRow(options.what, options.integerOrNull('paddingIdx'), this.numEmbeddings)
    this.maxNorm = options.numberOrNull('maxNorm')
    this.normType = options.number('normType', 2)
    this.scaleGradByFreq = options.flag('scaleGradByFreq')
    this.sparse = options.flag('sparse')
    const [rows, requiresGrad] = [options.tensorOrNull('weight'), !options.flag('freeze')]
    if (rows === null) {
      this.weight = emptyParameter([this.numEmbeddings, this.embeddingDim], options.factory())
      this.resetParameters()
    } else {
      const expected = [this.numEmbeddings, this.embeddingDim]
      if (String(rows.shape) !== String(expected)) {
        throw new InvalidArgValueError(`${options.what}: the weight must be [${expected}], got [${rows.shape}]`)
      }
      this.weight = new Parameter(rows as Tensor<[N, E]>, { requiresGrad })
    }
    if (!requiresGrad) this.weight.requiresGrad_(false)
  }

  /** Draws all rows from the normal distribution; that of the padding is 0. */
  resetParameters(): void {
    init.normal_(this.weight)
    const { paddingIdx } = this
    if (paddingIdx !== null) noGrad(() => void (this.weight as Tensor).select(0, paddingIdx).fill_(0))
  }

  protected words(last: readonly string[]): string {
    const words = [`${this.numEmbeddings}`, `${this.embeddingDim}`]
    if (this.maxNorm !== null) words.push(`max_norm=${pythonWord(this.maxNorm)}`)
    if (this.normType !== 2) words.push(`norm_type=${pythonWord(this.normType)}`)
    if (this.scaleGradByFreq) words.push('scale_grad_by_freq=True')
    return [...words, ...last].join(', ')
  }
}

/** The options of `Embedding`. */
export interface EmbeddingOptions extends EmbeddingFunctionOptions, FactoryOptions {
  /** Rows to begin with, `[numEmbeddings, embeddingDim]`, which the parameter shares; Python's `_weight`. */
  weight?: Tensor | null
  /** Whether the rows are not learnt; default false. Python's `_freeze`. */
  freeze?: boolean
}

const NAMES = ['numEmbeddings', 'embeddingDim', 'paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq', 'sparse']
const EMBEDDING_NAMES = [...NAMES, 'weight', 'freeze', 'device', 'dtype']

/**
 * A row of a table for each index.
 *
 * Shapes: indices `[*]`, int64 or int32, to `[*, embeddingDim]`; `weight` `[numEmbeddings, embeddingDim]`, drawn from the
 * normal distribution as Python draws it, the row `paddingIdx` 0. Dtype: that of the weight.
 * With `maxNorm` rows that are asked for are scaled down in place; with `sparse` the weight's gradient is a sparse tensor.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_OUT_OF_RANGE` for a padding outside; `ERR_LIBTORCH` for an
 * index out of range.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
 * @example
 * new nn.Embedding(100, 16).forward(torch.ones([8, 5], { dtype: 'int64' })).shape // [8, 5, 16]
 */
export class Embedding<const N extends number, const E extends number> extends Table<N, E, EmbeddingRule<E>> {
  constructor(
    numEmbeddings: N,
    embeddingDim: E,
    paddingIdx?: number | null | EmbeddingOptions,
    maxNorm?: number | null | Omit<EmbeddingOptions, 'paddingIdx'>,
    normType?: number | Omit<EmbeddingOptions, 'paddingIdx' | 'maxNorm'>,
    scaleGradByFreq?: boolean | Omit<EmbeddingOptions, 'paddingIdx' | 'maxNorm' | 'normType'>,
    sparse?: boolean | Pick<EmbeddingOptions, 'weight' | 'freeze' | 'device' | 'dtype' | 'sparse'>,
  )
  constructor(options: { numEmbeddings: N; embeddingDim: E } & EmbeddingOptions)
  constructor(...args: unknown[]) {
    super(new LayerOptions('Embedding', EMBEDDING_NAMES, args, 2))
  }

  /** An embedding of given rows `[N, E]`, which are not learnt unless `freeze` is false. `Embedding.from_pretrained` */
  static fromPretrained<N extends number, E extends number>(
    embeddings: Tensor<readonly [N, E]>,
    freeze?: boolean | ({ freeze?: boolean } & EmbeddingFunctionOptions),
    options?: EmbeddingFunctionOptions,
  ): Embedding<N, E>
  static fromPretrained(...args: unknown[]): unknown {
    const names = ['embeddings', 'freeze', ...NAMES.slice(2)]
    return new this(pretrained('Embedding.fromPretrained', names, args) as never)
  }

  forward<S extends Shape, I extends DType>(
    input: Tensor<S, I> & IndexCheck<'Embedding', I>,
  ): Result<EmbeddedShape<S, E>, any> {
    return this.run(input)
  }

  /** @internal */
  [compute](input: Tensor): Tensor {
    const { weight, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse } = this
    return embedding(input, weight as Tensor, { paddingIdx, maxNorm, normType, scaleGradByFreq, sparse }) as Tensor
  }

  override extraRepr(): string {
    const [rows, dim, ...rest] = this.words(this.sparse ? ['sparse=True'] : []).split(', ')
    const padding = this.paddingIdx === null ? [] : [`padding_idx=${this.paddingIdx}`]
    return [rows, dim, ...padding, ...rest].join(', ')
  }
}

/** The options of a table of given rows. */
function pretrained(what: string, names: readonly string[], args: readonly unknown[]): object {
  const options = new LayerOptions(what, names, args, 1)
  const rows = options.tensor('embeddings')
  if (rows.ndim !== 2) {
    throw new InvalidArgValueError(`${what}: embeddings are expected to be 2-dimensional, got [${rows.shape}]`)
  }
  const rest = names.slice(2).filter(name => options.has(name))
  return {
    numEmbeddings: rows.size(0),
    embeddingDim: rows.size(1),
    weight: rows,
    freeze: options.flag('freeze', true),
    ...Object.fromEntries(rest.map(name => [name, options.raw(name)])),
  }
}

/** The options of `EmbeddingBag`. */
export interface EmbeddingBagOptions<Last extends boolean>
  extends Omit<EmbeddingBagFunctionOptions<Last>, 'offsets' | 'perSampleWeights'>,
    FactoryOptions {
  /** Rows to begin with, `[numEmbeddings, embeddingDim]`, which the parameter shares; Python's `_weight`. */
  weight?: Tensor | null
}

const BAG_NAMES = [
  'numEmbeddings',
  'embeddingDim',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'mode',
  'sparse',
  'weight',
  'includeLastOffset',
  'paddingIdx',
  'device',
  'dtype',
]

/**
 * Sums, means (the default) or maxima of bags of rows of a table, without making the rows.
 *
 * Shapes: indices `[B, M]`, int64 or int32, or `[M]` with the offsets of B bags (B + 1 with `includeLastOffset`), to
 * `[B, embeddingDim]`; `weight` `[numEmbeddings, embeddingDim]`. Dtype: that of the weight.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; `ERR_OUT_OF_RANGE` for a padding outside;
 * `ERR_LIBTORCH` for an index out of range.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html
 * @example
 * new nn.EmbeddingBag(10, 3, { mode: 'sum' }).forward(torch.ones([2, 4], { dtype: 'int64' })).shape // [2, 3]
 */
export class EmbeddingBag<
  const N extends number,
  const E extends number,
  const Last extends boolean = false,
> extends Table<N, E, EmbeddingRule<E>> {
  readonly mode: BagMode
  readonly includeLastOffset: Last

  constructor(
    numEmbeddings: N,
    embeddingDim: E,
    maxNorm?: number | null | EmbeddingBagOptions<Last>,
    normType?: number | Omit<EmbeddingBagOptions<Last>, 'maxNorm'>,
    scaleGradByFreq?: boolean | Omit<EmbeddingBagOptions<Last>, 'maxNorm' | 'normType'>,
    mode?: BagMode | Omit<EmbeddingBagOptions<Last>, 'maxNorm' | 'normType' | 'scaleGradByFreq'>,
    sparse?:
      | boolean
      | Pick<EmbeddingBagOptions<Last>, 'includeLastOffset' | 'paddingIdx' | 'weight' | 'device' | 'dtype'>,
  )
  constructor(options: { numEmbeddings: N; embeddingDim: E } & EmbeddingBagOptions<Last>)
  constructor(...args: unknown[]) {
    const options = new LayerOptions('EmbeddingBag', BAG_NAMES, args, 2)
    super(options)
    this.mode = options.word('mode', ['sum', 'mean', 'max'], 'mean')
    this.includeLastOffset = options.flag('includeLastOffset') as Last
  }

  /** An embedding bag of given rows `[N, E]`, which are not learnt unless `freeze` is false. `EmbeddingBag.from_pretrained` */
  static fromPretrained<N extends number, E extends number, const Last extends boolean = false>(
    embeddings: Tensor<readonly [N, E]>,
    freeze?: boolean | ({ freeze?: boolean } & Omit<EmbeddingBagOptions<Last>, 'weight' | 'device' | 'dtype'>),
    options?: Omit<EmbeddingBagOptions<Last>, 'weight' | 'device' | 'dtype'>,
  ): EmbeddingBag<N, E, Last>
  static fromPretrained(...args: unknown[]): unknown {
    const rest = BAG_NAMES.slice(2, -2).filter(name => name !== 'weight')
    const { freeze, ...options } = pretrained(
      'EmbeddingBag.fromPretrained',
      ['embeddings', 'freeze', ...rest],
      args,
    ) as {
      freeze: boolean
    }
    const made = new this(options as never)
    made.weight.requiresGrad_(!freeze)
    return made
  }

  forward<S extends Shape, I extends DType, O extends Shape = Shape>(
    input: Tensor<S, I> & Check<BagShape<'EmbeddingBag', S, O, E, Last>> & IndexCheck<'EmbeddingBag', I>,
    offsets?: Tensor<O> | null,
    perSampleWeights?: Tensor | null,
  ): Result<BagShape<'EmbeddingBag', S, O, E, Last>, any> {
    return this.run(input, offsets, perSampleWeights)
  }

  /** @internal */
  [compute](input: Tensor, offsets?: Tensor | null, perSampleWeights?: Tensor | null): Tensor {
    const { weight, maxNorm, normType, scaleGradByFreq, mode, sparse, includeLastOffset, paddingIdx } = this
    const bag = { offsets, perSampleWeights, mode, includeLastOffset: includeLastOffset as boolean, paddingIdx }
    return embeddingBag(input, weight as Tensor, { ...bag, maxNorm, normType, scaleGradByFreq, sparse }) as Tensor
  }

  override extraRepr(): string {
    const padding = this.paddingIdx === null ? [] : [`padding_idx=${this.paddingIdx}`]
    return this.words([`mode='${this.mode}'`, ...padding])
  }
}
