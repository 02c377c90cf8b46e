/** Attention in `torch.nn.functional`. */

import { type DType, isFloating } from '../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import type { Shape } from '../core/shape-types'
import { callOperator } from '../ops/registry'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import { call } from './functional-call'
import { pad } from './functional-pad'
import { LayerOptions } from './layers/layer-options'
import type { AttendedShape } from './sequence-rules'

/** The options of `scaledDotProductAttention`. */
export interface AttentionOptions {
  /** Added to the scores; of booleans, false hides. Broadcasts to `[..., L, S]`. */
  attnMask?: Tensor | null
  /** The probability that a weight becomes 0; default 0. It draws whenever it is not 0. */
  dropoutP?: number
  /** Whether each place sees those before it and itself alone; default false. */
  isCausal?: boolean
  /** The factor of the scores; 1 / sqrt(E) unless given. */
  scale?: number | null
  /** Whether there may be fewer heads of keys and values than of queries; default false. */
  enableGqa?: boolean
}

/**
 * softmax(query key^T / sqrt(E) + mask) value: `[..., L, E]`, `[..., S, E]` and `[..., S, V]` to `[..., L, V]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
 */
export function scaledDotProductAttention<Q extends Shape, V extends Shape, D extends DType>(
  query: Tensor<Q, D>,
  key: Tensor,
  value: Tensor<V>,
  attnMask?: Tensor | null | AttentionOptions,
  dropoutP?: number | Omit<AttentionOptions, 'attnMask'>,
  isCausal?: boolean | Pick<AttentionOptions, 'isCausal' | 'scale' | 'enableGqa'>,
  options?: Pick<AttentionOptions, 'scale' | 'enableGqa'>,
): Result<AttendedShape<Q, V>, D>
export function scaledDotProductAttention(...args: unknown[]): Tensor {
  const names = ['query', 'key', 'value', 'attnMask', 'dropoutP', 'isCausal', 'scale', 'enableGqa']
  const options = new LayerOptions('scaledDotProductAttention', names, args, 3)
  return call('scaled_dot_product_attention', [
    options.tensor('query'),
    options.tensor('key'),
    options.tensor('value'),
    options.tensorOrNull('attnMask'),
    options.number('dropoutP', 0),
    options.flag('isCausal'),
    { scale: options.numberOrNull('scale'), enableGqa: options.flag('enableGqa') },
  ])
}

/** A mask as what is added to scores: of booleans, minus infinity where true. */
export function canonicalMask(what: string, name: string, mask: Tensor | null, dtype: DType): Tensor | null {
  if (mask === null || isFloating(mask.dtype)) return mask
  if (mask.dtype !== 'bool') {
    throw new InvalidArgTypeError(`${what}: only bool and floating types of ${name} are supported, got ${mask.dtype}`)
  }
  const zeros = callOperator('aten::zeros', '', [mask.shape, dtype, undefined, mask.device]) as Tensor
  return zeros.maskedFill_(mask, Number.NEGATIVE_INFINITY) as Tensor
}

/** What multi-head attention is computed from. */
export interface Attending {
  what: string
  query: Tensor
  key: Tensor
  value: Tensor
  embedDim: number
  numHeads: number
  inProjWeight: Tensor | null
  inProjBias: Tensor | null
  /** The three weights of the projections, where they are apart. */
  apart: readonly [Tensor, Tensor, Tensor] | null
  biasK: Tensor | null
  biasV: Tensor | null
  addZeroAttn: boolean
  dropoutP: number
  outProjWeight: Tensor
  outProjBias: Tensor | null
  training: boolean
  keyPaddingMask: Tensor | null
  needWeights: boolean
  attnMask: Tensor | null
  averageAttnWeights: boolean
  isCausal: boolean
}

function checkShapes(given: Attending): boolean {
  const { what, query, key, value, keyPaddingMask, attnMask } = given
  const wrong = (message: string) => new InvalidArgValueError(`${what}: ${message}`)
  const { ndim } = query
  if (ndim !== 2 && ndim !== 3) {
    throw wrong(`query should be unbatched 2D or batched 3D tensor but received ${ndim}-D query tensor`)
  }
  if (key.ndim !== ndim || value.ndim !== ndim) {
    throw wrong(
      `for a ${ndim}-D query, expected key and value to be ${ndim}-D but found ${key.ndim}-D and ${value.ndim}-D`,
    )
  }
  if (keyPaddingMask !== null && keyPaddingMask.ndim !== ndim - 1) {
    throw wrong(
      `for a ${ndim}-D query, expected keyPaddingMask to be null or ${ndim - 1}-D but found ${keyPaddingMask.ndim}-D`,
    )
  }
  if (attnMask !== null && attnMask.ndim !== 2 && attnMask.ndim !== 3) {
    throw wrong(`expected attnMask to be null, 2-D or 3-D but found ${attnMask.ndim}-D`)
  }
  const width = query.size(-1) as number
  if (width !== given.embedDim) throw wrong(`was expecting embedding dimension of ${given.embedDim}, but got ${width}`)
  const sizes = (tensor: Tensor) => String((tensor.shape as number[]).slice(0, given.apart === null ? ndim : -1))
  if (sizes(key) !== sizes(value)) throw wrong(`key [${key.shape}] does not match value [${value.shape}]`)
  return ndim === 3
}

const linear = (x: Tensor, weight: Tensor, bias: Tensor | null): Tensor => call('linear', [x, weight, bias])

/** `parts` projections of one tensor in one product. */
function together(x: Tensor, weight: Tensor, bias: Tensor | null, parts: number): Tensor[] {
  const projected: Tensor = linear(x, weight, bias)
  const apart: Tensor = projected.unflatten(-1, [parts, projected.size(-1) / parts] as number[])
  const stacked: Tensor = apart.unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous()
  return Array.from({ length: parts }, (_, i) => stacked.select(0, i) as Tensor)
}

/** Python's order of products, on which the last digits depend. */
function project(given: Attending, query: Tensor, key: Tensor, value: Tensor): readonly Tensor[] {
  const { apart, inProjWeight, inProjBias: bias } = given
  const biases = (bias === null ? [null, null, null] : bias.chunk(3)) as (Tensor | null)[]
  if (apart !== null) {
    return [query, key, value].map((x, i) => linear(x, apart[i]!, biases[i]!))
  }
  const weight = inProjWeight!
  const width = query.size(-1) as number
  if (key !== value) {
    const weights = weight.chunk(3) as Tensor[]
    return [query, key, value].map((x, i) => linear(x, weights[i]!, biases[i]!))
  }
  if (query === key) return together(query, weight, bias, 3)
  const cut = (tensor: Tensor) => tensor.splitWithSizes([width, width * 2]) as Tensor[]
  const [ownWeight, otherWeight] = cut(weight)
  const [ownBias, otherBias] = bias === null ? [null, null] : cut(bias)
  return [linear(query, ownWeight!, ownBias!), ...together(key, otherWeight!, otherBias!, 2)]
}

/** Multi-head attention of `[L, N, E]`, as Python's `multi_head_attention_forward`. */
export function attend(given: Attending): [output: Tensor, weights: Tensor | null] {
  const batched = checkShapes(given)
  const { what, numHeads, needWeights } = given
  const batch = (tensor: Tensor): Tensor => (batched ? tensor : (tensor.unsqueeze(1) as Tensor))
  // One tensor stays one where there is a batch, and becomes three where there is none: the projections depend on it
  const [query, key, value] = [batch(given.query), batch(given.key), batch(given.value)]
  const [length, size, width] = query.shape as [number, number, number]
  const heads = size * numHeads
  const headDim = Math.floor(width / numHeads)

  if (given.isCausal && given.attnMask === null) {
    throw new InvalidArgValueError(
      `${what}: isCausal needs attnMask too; Transformer.generateSquareSubsequentMask makes one`,
    )
  }
  let padding = canonicalMask(what, 'keyPaddingMask', given.keyPaddingMask, query.dtype)
  if (padding !== null && !batched) padding = padding.unsqueeze(0) as Tensor
  const hint = given.isCausal && padding === null
  let mask = hint && !needWeights ? null : canonicalMask(what, 'attnMask', given.attnMask, query.dtype)

  let [q, k, v] = project(given, query, key, value) as [Tensor, Tensor, Tensor]
  if (mask !== null) mask = checkMask(what, mask, [length, key.size(0) as number], heads)
  const widen = () => {
    mask &&= pad(mask, [0, 1]) as Tensor
    padding &&= pad(padding, [0, 1]) as Tensor
  }
  if (given.biasK !== null && given.biasV !== null) {
    k = callOperator('aten::cat', '', [[k, given.biasK.repeat([1, size, 1])]]) as Tensor
    v = callOperator('aten::cat', '', [[v, given.biasV.repeat([1, size, 1])]]) as Tensor
    widen()
  }
  const split = (x: Tensor): Tensor => x.view([x.size(0) as number, heads, headDim]).transpose(0, 1) as Tensor
  ;[q, k, v] = [split(q), split(k), split(v)]
  if (given.addZeroAttn) {
    const zeros = callOperator('aten::zeros', '', [[heads, 1, headDim], k.dtype, undefined, k.device])
    k = callOperator('aten::cat', '', [[k, zeros], 1]) as Tensor
    v = callOperator('aten::cat', '', [[v, zeros], 1]) as Tensor
    widen()
  }
  const sources = k.size(1) as number
  if (padding !== null) {
    if (String(padding.shape) !== String([size, sources])) {
      throw new InvalidArgValueError(`${what}: keyPaddingMask must be [${size},${sources}], got [${padding.shape}]`)
    }
    const wide: Tensor = padding.view([size, 1, 1, sources]).expand([-1, numHeads, -1, -1]).reshape([heads, 1, sources])
    mask = mask === null ? wide : (mask.add(wide) as Tensor)
  }
  const dropoutP = given.training ? given.dropoutP : 0
  const finish = (attended: Tensor): Tensor => {
    const output: Tensor = linear(attended, given.outProjWeight, given.outProjBias)
    const shaped: Tensor = output.view([length, size, output.size(1) as number])
    return batched ? shaped : (shaped.squeeze(1) as Tensor)
  }

  if (needWeights) {
    const scaled: Tensor = q.mul(Math.sqrt(1 / headDim))
    const turned: Tensor = k.transpose(-2, -1)
    const scores: Tensor = mask === null ? scaled.bmm(turned) : mask.baddbmm(scaled, turned)
    let weights: Tensor = scores.softmax(-1)
    if (dropoutP > 0) weights = call('dropout', [weights, dropoutP, true])
    const output = finish(
      weights
        .bmm(v)
        .transpose(0, 1)
        .reshape([length * size, width]) as Tensor,
    )
    let each: Tensor = weights.view([size, numHeads, length, sources])
    if (given.averageAttnWeights) each = each.mean(1) as Tensor
    return [output, batched ? each : (each.squeeze(0) as Tensor)]
  }
  if (mask !== null) {
    mask = (mask.size(0) === 1 ? mask.unsqueeze(0) : mask.view([size, numHeads, -1, sources])) as Tensor
  }
  const grouped = (x: Tensor, n: number): Tensor => x.view([size, numHeads, n, headDim]) as Tensor
  const attended: Tensor = call('scaled_dot_product_attention', [
    grouped(q, length),
    grouped(k, sources),
    grouped(v, sources),
    mask,
    dropoutP,
    hint,
  ])
  return [finish(attended.permute([2, 0, 1, 3]).reshape([size * length, width]) as Tensor), null]
}

/** The mask with three dimensions. */
function checkMask(what: string, mask: Tensor, sizes: readonly [number, number], heads: number): Tensor {
  const expected = mask.ndim === 2 ? sizes : [heads, ...sizes]
  if (String(mask.shape) !== String(expected)) {
    throw new InvalidArgValueError(
      `${what}: the ${mask.ndim}D attnMask is [${mask.shape}], but should be [${expected}]`,
    )
  }
  return mask.ndim === 2 ? (mask.unsqueeze(0) as Tensor) : mask
}

/** The options of `multiHeadAttentionForward` that have defaults. */
export interface MultiHeadOptions {
  training?: boolean
  keyPaddingMask?: Tensor | null
  needWeights?: boolean
  attnMask?: Tensor | null
  useSeparateProjWeight?: boolean
  qProjWeight?: Tensor | null
  kProjWeight?: Tensor | null
  vProjWeight?: Tensor | null
  averageAttnWeights?: boolean
  isCausal?: boolean
}

const HEAD_NAMES = [
  ...['query', 'key', 'value', 'embedDimToCheck', 'numHeads', 'inProjWeight', 'inProjBias', 'biasK', 'biasV'],
  ...['addZeroAttn', 'dropoutP', 'outProjWeight', 'outProjBias', 'training', 'keyPaddingMask', 'needWeights'],
  ...['attnMask', 'useSeparateProjWeight', 'qProjWeight', 'kProjWeight', 'vProjWeight'],
  ...['averageAttnWeights', 'isCausal'],
]

/**
 * What `MultiheadAttention` computes, with its parameters as arguments: `[L, N, E]`, `[S, N, E]`, `[S, N, E]` to `[L, N, E]`
 * and the weights, or null. What Python has as `static_k` and `static_v` is not there.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
 */
export function multiHeadAttentionForward(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  embedDimToCheck: number,
  numHeads: number,
  inProjWeight: Tensor | null,
  inProjBias: Tensor | null,
  biasK: Tensor | null,
  biasV: Tensor | null,
  addZeroAttn: boolean,
  dropoutP: number,
  outProjWeight: Tensor,
  outProjBias: Tensor | null,
  options?: MultiHeadOptions,
): [output: Tensor, weights: Tensor | null]
export function multiHeadAttentionForward(...args: unknown[]): [Tensor, Tensor | null] {
  const options = new LayerOptions('multiHeadAttentionForward', HEAD_NAMES, args, 13)
  const separate = options.flag('useSeparateProjWeight')
  const [inProjWeight, biasK, biasV] = ['inProjWeight', 'biasK', 'biasV'].map(name => options.tensorOrNull(name))
  const apart = (['qProjWeight', 'kProjWeight', 'vProjWeight'] as const).map(name => options.tensorOrNull(name))
  if (separate ? apart.includes(null) : inProjWeight === null) {
    throw new InvalidArgTypeError(
      `multiHeadAttentionForward: useSeparateProjWeight ${separate} needs ${separate ? 'qProjWeight, kProjWeight, vProjWeight' : 'inProjWeight'}`,
    )
  }
  if ((biasK === null) !== (biasV === null)) {
    throw new InvalidArgTypeError(`multiHeadAttentionForward: biasK and biasV go together, got ${describe(biasV)}`)
  }
  return attend({
    what: 'multiHeadAttentionForward',
    query: options.tensor('query'),
    key: options.tensor('key'),
    value: options.tensor('value'),
    embedDim: options.integer('embedDimToCheck'),
    numHeads: headsOf('multiHeadAttentionForward', options.integer('embedDimToCheck'), options.integer('numHeads')),
    inProjWeight: inProjWeight ?? null,
    inProjBias: options.tensorOrNull('inProjBias'),
    apart: separate ? (apart as unknown as [Tensor, Tensor, Tensor]) : null,
    biasK: biasK ?? null,
    biasV: biasV ?? null,
    addZeroAttn: options.flag('addZeroAttn'),
    dropoutP: options.number('dropoutP'),
    outProjWeight: options.tensor('outProjWeight'),
    outProjBias: options.tensorOrNull('outProjBias'),
    training: options.flag('training', true),
    keyPaddingMask: options.tensorOrNull('keyPaddingMask'),
    needWeights: options.flag('needWeights', true),
    attnMask: options.tensorOrNull('attnMask'),
    averageAttnWeights: options.flag('averageAttnWeights', true),
    isCausal: options.flag('isCausal'),
  })
}

/** The number of heads, by which the width must be divisible. */
export function headsOf(what: string, width: number, numHeads: number): number {
  if (width <= 0 || numHeads <= 0) {
    throw new InvalidArgValueError(
      `${what}: embedDim and numHeads must be greater than 0, got embedDim=${width} and numHeads=${numHeads} instead`,
    )
  }
  if (width % numHeads !== 0) {
    throw new InvalidArgValueError(`${what}: embedDim ${width} must be divisible by numHeads ${numHeads}`)
  }
  return numHeads
}
