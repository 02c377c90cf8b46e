/** Embeddings and bilinear forms of `torch.nn.functional`. */
import { noGrad } from '../autograd'
import type { DType } from '../core/dtype'
import { InvalidArgValueError, OutOfRangeError } from '../core/errors'
import type { Check, IsUnranked, Shape } from '../core/shape-types'
import { callOperator } from '../ops/registry'
import { callPublic } from '../ops/resolve'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import { call } from './functional-call'
import { LayerOptions } from './layers/layer-options'
import type { BagShape, BilinearShape, EmbeddedShape, IndexCheck } from './sequence-rules'

/** The options of `embedding`. */
export interface EmbeddingFunctionOptions {
  /** The row that gets no gradient; counted from the end where negative. */
  paddingIdx?: number | null
  /** Rows that are asked for are scaled down, in place, to at most this norm. */
  maxNorm?: number | null
  /** Which norm; default 2. */
  normType?: number
  /** Whether gradients are divided by how often a row is asked for in the batch; default false. */
  scaleGradByFreq?: boolean
  /** Whether the weight's gradient is a sparse tensor; default false. */
  sparse?: boolean
}

/** The row that a padding index means; an error where there is none. */
export function paddingRow(what: string, paddingIdx: number | null, rows: number): number | null {
  if (paddingIdx === null) return null
  if (paddingIdx >= rows || paddingIdx < -rows) {
    throw new OutOfRangeError(`${what}: paddingIdx ${paddingIdx} must be within the ${rows} rows`)
  }
  return paddingIdx < 0 ? rows + paddingIdx : paddingIdx
}

function renorm(options: LayerOptions, weight: Tensor, input: Tensor): void {
  const maxNorm = options.numberOrNull('maxNorm')
  if (maxNorm === null) return
  const norm = options.number('normType', 2)
  noGrad(() => void callOperator('aten::embedding_renorm_', '', [weight, input, maxNorm, norm]))
}

type RowsOfWeight<W extends Shape> =
  IsUnranked<W> extends true ? number : W extends readonly [number, infer E extends number] ? E : number

/**
 * Rows of `weight` `[N, E]`: indices `[*]` (int64 or int32) to `[*, E]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
 */
export function embedding<S extends Shape, I extends DType, W extends Shape, D extends DType>(
  input: Tensor<S, I> & IndexCheck<'embedding', I>,
  weight: Tensor<W, D>,
  paddingIdx?: number | null | EmbeddingFunctionOptions,
  maxNorm?: number | null | Omit<EmbeddingFunctionOptions, 'paddingIdx'>,
  normType?: number | Pick<EmbeddingFunctionOptions, 'normType' | 'scaleGradByFreq' | 'sparse'>,
  scaleGradByFreq?: boolean | Pick<EmbeddingFunctionOptions, 'scaleGradByFreq' | 'sparse'>,
  sparse?: boolean | Pick<EmbeddingFunctionOptions, 'sparse'>,
): Result<EmbeddedShape<S, RowsOfWeight<W>>, D>
export function embedding(...args: unknown[]): Tensor {
  const names = ['input', 'weight', 'paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq', 'sparse']
  const options = new LayerOptions('embedding', names, args, 2)
  const [input, weight] = [options.tensor('input'), options.tensor('weight')]
  const paddingIdx = paddingRow('embedding', options.integerOrNull('paddingIdx'), weight.size(0))
  renorm(options, weight, input)
  return call('embedding', [weight, input, paddingIdx ?? -1, options.flag('scaleGradByFreq'), options.flag('sparse')])
}

/** What a bag of rows becomes. */
export type BagMode = 'sum' | 'mean' | 'max'
const BAG_MODES: readonly BagMode[] = ['sum', 'mean', 'max']

/** The options of `embeddingBag`. */
export interface EmbeddingBagFunctionOptions<Last extends boolean> extends EmbeddingFunctionOptions {
  /** Where bags begin in a one-dimensional input. */
  offsets?: Tensor | null
  /** Default `'mean'`. */
  mode?: BagMode
  /** A factor for each index, of the input's shape; with `'sum'` alone. */
  perSampleWeights?: Tensor | null
  /** Whether the last offset is the end of the last bag; default false. */
  includeLastOffset?: Last
}

/**
 * Sums, means or maxima of bags of rows of `weight` `[N, E]`: indices `[B, M]`, or `[M]` and the offsets of B bags, to `[B, E]`.
 *
 * Errors: `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for arguments that do not go together.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding_bag.html
 */
export function embeddingBag<
  S extends Shape,
  I extends DType,
  W extends Shape,
  D extends DType,
  O extends Shape = Shape,
  const Last extends boolean = false,
>(
  input: Tensor<S, I> & Check<BagShape<'embeddingBag', S, O, number, Last>> & IndexCheck<'embeddingBag', I>,
  weight: Tensor<W, D>,
  offsets?: Tensor<O> | null | EmbeddingBagFunctionOptions<Last>,
  maxNorm?: number | null | Omit<EmbeddingBagFunctionOptions<Last>, 'offsets'>,
  normType?: number | Omit<EmbeddingBagFunctionOptions<Last>, 'offsets' | 'maxNorm'>,
  scaleGradByFreq?: boolean | Omit<EmbeddingBagFunctionOptions<Last>, 'offsets' | 'maxNorm' | 'normType'>,
  mode?: BagMode | Pick<EmbeddingBagFunctionOptions<Last>, 'perSampleWeights' | 'includeLastOffset' | 'paddingIdx'>,
  sparse?: boolean | Pick<EmbeddingBagFunctionOptions<Last>, 'perSampleWeights' | 'includeLastOffset' | 'paddingIdx'>,
  perSampleWeights?: Tensor | null | Pick<EmbeddingBagFunctionOptions<Last>, 'includeLastOffset' | 'paddingIdx'>,
  includeLastOffset?: Last | { paddingIdx?: number | null },
  paddingIdx?: number | null,
): Result<BagShape<'embeddingBag', S, O, RowsOfWeight<W>, Last>, D>
export function embeddingBag(...args: unknown[]): Tensor {
  const names = ['input', 'weight', 'offsets', 'maxNorm', 'normType', 'scaleGradByFreq', 'mode', 'sparse']
  const options = new LayerOptions(
    'embeddingBag',
    [...names, 'perSampleWeights', 'includeLastOffset', 'paddingIdx'],
    args,
    2,
  )
  const weight = options.tensor('weight')
  const mode = options.word('mode', BAG_MODES, 'mean')
  const [scale, sparse] = [options.flag('scaleGradByFreq'), options.flag('sparse')]
  const { input, offsets, perSample, includeLast } = bags(options, mode)
  if (mode === 'max' && (scale || sparse)) {
    throw wrong(`max mode does not support ${scale ? 'scaling the gradient by the frequency' : 'sparse weights'}`)
  }
  if (weight.ndim !== 2) throw wrong(`weight has to be a 2D tensor, but got one of ${weight.ndim} dimensions`)
  renorm(options, weight, input)
  const [result] = callPublic('aten::embedding_bag', [
    weight,
    input,
    offsets,
    scale,
    BAG_MODES.indexOf(mode),
    sparse,
    perSample,
    includeLast,
    options.integerOrNull('paddingIdx'),
  ]) as [Tensor]
  return result
}

const wrong = (message: string) => new InvalidArgValueError(`embeddingBag: ${message}`)

/** All indices in a row, and where the bags begin. */
function bags(options: LayerOptions, mode: BagMode) {
  let input = options.tensor('input')
  let offsets = options.tensorOrNull('offsets')
  let perSample = options.tensorOrNull('perSampleWeights')
  let includeLast = options.flag('includeLastOffset')
  if (perSample !== null && String(perSample.shape) !== String(input.shape)) {
    throw wrong(`perSampleWeights [${perSample.shape}] must have the shape of the input [${input.shape}]`)
  }
  if (perSample !== null && mode !== 'sum')
    throw wrong(`perSampleWeights are only supported for mode 'sum', not '${mode}'`)
  if (input.ndim === 2) {
    if (offsets !== null) throw wrong('of a 2D input each row is a bag, and there can be no offsets')
    const { device, dtype } = input
    const [count, width] = [input.numel(), input.size(1)]
    offsets = callOperator('aten::arange', 'start_step', [0, count, width, dtype, undefined, device]) as Tensor
    includeLast = false
    input = input.reshape([-1]) as Tensor
    perSample &&= perSample.reshape([-1]) as Tensor
  } else if (input.ndim !== 1) {
    throw wrong(`input has to be a 1D or 2D tensor, but got one of ${input.ndim} dimensions`)
  } else if (offsets === null || offsets.ndim !== 1) {
    throw wrong(
      `offsets have to be a 1D tensor, but got ${offsets === null ? 'null' : `one of ${offsets.ndim} dimensions`}`,
    )
  }
  return { input, offsets, perSample, includeLast }
}

/**
 * x1 A x2 + b: inputs `[*, I]` and `[*, J]`, weight `[O, I, J]`, bias `[O]` or null, to `[*, O]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.bilinear.html
 */
export function bilinear<S extends Shape, T extends Shape, W extends Shape, D extends DType>(
  input1: Tensor<S, D>,
  input2: Tensor<T> & Check<BilinearOf<S, T, W>>,
  weight: Tensor<W>,
  bias?: Tensor | null | { bias?: Tensor | null },
): Result<BilinearOf<S, T, W>, D>
export function bilinear(...args: unknown[]): Tensor {
  return call('bilinear', args)
}
type BilinearOf<S extends Shape, T extends Shape, W extends Shape> =
  IsUnranked<W> extends true
    ? any
    : W extends readonly [infer O extends number, infer I extends number, infer J extends number]
      ? BilinearShape<S, T, I, J, O>
      : any
