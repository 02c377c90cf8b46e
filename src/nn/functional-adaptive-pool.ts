/** The pools of `torch.nn.functional` that are told the size of their result. */
import type { DType } from '../core/dtype'
import { InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import type { Check, Shape } from '../core/shape-types'
import { callOperator } from '../ops/registry'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import { expanded, LayerOptions } from './layers/layer-options'
import type { Pooled } from './layers/max-pool2d'
import type { AdaptiveShape, WantedSizes } from './spatial-rules'
import type { Dims, Each, Sizes } from './window-rules'

type AdaptiveAvgPoolFunction<What extends string, N extends Dims> = <
  S extends Shape,
  T extends DType,
  const W extends WantedSizes<N>,
>(
  input: Tensor<S, T> & Check<AdaptiveShape<What, N, S, W>>,
  outputSize: W | { outputSize: W },
) => Result<AdaptiveShape<What, N, S, W>, T>

type AdaptiveMaxPoolFunction<What extends string, N extends Dims> = <
  S extends Shape,
  T extends DType,
  const W extends WantedSizes<N>,
  const Indices extends boolean = false,
>(
  input: Tensor<S, T> & Check<AdaptiveShape<What, N, S, W>>,
  outputSize: W,
  returnIndices?: Indices | { returnIndices?: Indices },
) => Pooled<AdaptiveShape<What, N, S, W>, T, Indices>

/** The wanted sizes, where null stands for the input's own. */
function sizesFor(options: LayerOptions, input: Tensor, dims: Dims): readonly number[] {
  const wanted = options.wantedSizes('outputSize', dims)
  if (typeof wanted === 'number') return expanded(wanted, dims)
  const shape = input.shape as number[]
  if (shape.length <= dims) throw new InvalidArgValueError(`Input dimension should be at least ${dims + 1}`)
  return wanted.map((size, i) => size ?? shape.at(i - dims)!)
}

function adaptiveAvgPool(dims: Dims, args: readonly unknown[]): any {
  const options = new LayerOptions(`adaptiveAvgPool${dims}d`, ['input', 'outputSize'], args, 2)
  const input = options.tensor('input')
  return callOperator(`aten::adaptive_avg_pool${dims}d`, '', [input, sizesFor(options, input, dims)])
}

function adaptiveMaxPool(dims: Dims, args: readonly unknown[]): any {
  const options = new LayerOptions(`adaptiveMaxPool${dims}d`, ['input', 'outputSize', 'returnIndices'], args, 2)
  const input = options.tensor('input')
  const indices = options.flag('returnIndices')
  const values = [input, sizesFor(options, input, dims)]
  return valuesOf(callOperator(`aten::adaptive_max_pool${dims}d`, '', values) as [Tensor, Tensor], indices)
}

/** Both results, or the first alone. */
function valuesOf(results: [Tensor, Tensor], indices: boolean): [Tensor, Tensor] | Tensor {
  if (indices) return results
  results[1].dispose()
  return results[0]
}

/**
 * Means of evenly spread windows of `[N, C, L]` or `[C, L]`, so many as wanted.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool1d.html
 */
export const adaptiveAvgPool1d: AdaptiveAvgPoolFunction<'AdaptiveAvgPool1d', 1> = (...args: unknown[]): any =>
  adaptiveAvgPool(1, args)

/**
 * Means of evenly spread windows of `[N, C, H, W]` or `[C, H, W]`, so many as wanted; null keeps a size.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html
 */
export const adaptiveAvgPool2d: AdaptiveAvgPoolFunction<'AdaptiveAvgPool2d', 2> = (...args: unknown[]): any =>
  adaptiveAvgPool(2, args)

/**
 * Means of evenly spread windows of `[N, C, D, H, W]` or `[C, D, H, W]`, so many as wanted; null keeps a size.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool3d.html
 */
export const adaptiveAvgPool3d: AdaptiveAvgPoolFunction<'AdaptiveAvgPool3d', 3> = (...args: unknown[]): any =>
  adaptiveAvgPool(3, args)

/**
 * The largest elements of evenly spread windows of `[N, C, L]` or `[C, L]`, so many as wanted. With `returnIndices` a
 * tuple [values, indices].
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool1d.html
 */
export const adaptiveMaxPool1d: AdaptiveMaxPoolFunction<'AdaptiveMaxPool1d', 1> = (...args: unknown[]): any =>
  adaptiveMaxPool(1, args)

/**
 * The largest elements of evenly spread windows of `[N, C, H, W]` or `[C, H, W]`, so many as wanted; null keeps a size.
 * With `returnIndices` a tuple [values, indices].
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool2d.html
 */
export const adaptiveMaxPool2d: AdaptiveMaxPoolFunction<'AdaptiveMaxPool2d', 2> = (...args: unknown[]): any =>
  adaptiveMaxPool(2, args)

/**
 * The largest elements of evenly spread windows of `[N, C, D, H, W]` or `[C, D, H, W]`, so many as wanted; null keeps a
 * size. With `returnIndices` a tuple [values, indices].
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool3d.html
 */
export const adaptiveMaxPool3d: AdaptiveMaxPoolFunction<'AdaptiveMaxPool3d', 3> = (...args: unknown[]): any =>
  adaptiveMaxPool(3, args)

// ---- fractional ones

/** The options of the fractional max pools; one of `outputSize` and `outputRatio` is needed. */
export interface FractionalMaxPoolOptions<N extends Dims, W extends Sizes<N> | null, Indices extends boolean> {
  /** How many windows. */
  outputSize?: W
  /** Windows for each element, between 0 and 1; one number for all dimensions, or one for each. */
  outputRatio?: number | Each<N> | null
  /** Whether the positions of the maxima are given too; default false. */
  returnIndices?: Indices
  /** Where the windows begin: `[N, C, dimensions]` between 0 and 1; drawn from the default generator unless given. */
  _randomSamples?: Tensor | null
}

/** What a fractional max pool gives: sizes are known where they are wanted by number. */
export type FractionalShape<What extends string, N extends Dims, S extends Shape, W> = AdaptiveShape<
  What,
  N,
  S,
  W extends number | Shape ? W : number
>

interface FractionalMaxPoolFunction<What extends string, N extends Dims> {
  <S extends Shape, T extends DType, const W extends Sizes<N> | null = null, const Indices extends boolean = false>(
    input: Tensor<S, T> & Check<FractionalShape<What, N, S, W>>,
    kernelSize: Sizes<N>,
    outputSize?: W,
    outputRatio?: number | Each<N> | null,
    returnIndices?: Indices,
    _randomSamples?: Tensor | null,
  ): Pooled<FractionalShape<What, N, S, W>, T, Indices>
  <S extends Shape, T extends DType, const W extends Sizes<N> | null = null, const Indices extends boolean = false>(
    input: Tensor<S, T> & Check<FractionalShape<What, N, S, W>>,
    kernelSize: Sizes<N>,
    options: FractionalMaxPoolOptions<N, W, Indices>,
  ): Pooled<FractionalShape<What, N, S, W>, T, Indices>
  <S extends Shape, T extends DType, const W extends Sizes<N> | null = null, const Indices extends boolean = false>(
    input: Tensor<S, T> & Check<FractionalShape<What, N, S, W>>,
    kernelSize: Sizes<N>,
    outputSize: W,
    options: Omit<FractionalMaxPoolOptions<N, null, Indices>, 'outputSize'>,
  ): Pooled<FractionalShape<What, N, S, W>, T, Indices>
}

const FRACTIONAL = ['input', 'kernelSize', 'outputSize', 'outputRatio', 'returnIndices', '_randomSamples']

function fractionalMaxPool(dims: Dims, args: readonly unknown[]): any {
  const options = new LayerOptions(`fractionalMaxPool${dims}d`, FRACTIONAL, args, 2)
  const input = options.tensor('input')
  const kernel = options.sizes('kernelSize', dims)
  const shape = input.shape as number[]
  const ratio = options.numbersOrNull('outputRatio', dims)
  let size = options.sizesOrNull('outputSize', dims)
  if (size === null) {
    if (ratio === null) {
      throw new InvalidArgValueError(
        `fractional_max_pool${dims}d requires specifying either an output_size or an output_ratio`,
      )
    }
    size = expanded(ratio, dims).map((part, i) => Math.trunc((shape.at(i - dims) ?? 0) * part))
  }
  const given = options.tensorOrNull('_randomSamples')
  const samples = given ?? drawn(input, dims)
  const results = callOperator(`aten::fractional_max_pool${dims}d`, '', [input, kernel, size, samples])
  if (given === null) samples.dispose()
  return valuesOf(results as [Tensor, Tensor], options.flag('returnIndices'))
}

function drawn(input: Tensor, dims: Dims): Tensor {
  const shape = input.shape as number[]
  const channels = shape.at(-dims - 1)
  if (channels === undefined) {
    throw new InvalidArgTypeError(
      `fractionalMaxPool${dims}d: expected ${dims + 1} or ${dims + 2} dimensions, got ${shape.length}`,
    )
  }
  const batch = shape.length === dims + 1 ? 1 : shape[0]
  return callOperator('aten::rand', '', [[batch, channels, dims], input.dtype, undefined, input.device]) as Tensor
}

/**
 * The largest elements of windows that begin at random places of `[N, C, H, W]` or `[C, H, W]`. With `returnIndices` a
 * tuple [values, indices]. `ERR_INVALID_ARG_VALUE` without `outputSize` and `outputRatio`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool2d.html
 */
export const fractionalMaxPool2d: FractionalMaxPoolFunction<'FractionalMaxPool2d', 2> = (...args: unknown[]): any =>
  fractionalMaxPool(2, args)

/**
 * The largest elements of windows that begin at random places of `[N, C, D, H, W]` or `[C, D, H, W]`. With
 * `returnIndices` a tuple [values, indices]. `ERR_INVALID_ARG_VALUE` without `outputSize` and `outputRatio`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool3d.html
 */
export const fractionalMaxPool3d: FractionalMaxPoolFunction<'FractionalMaxPool3d', 3> = (...args: unknown[]): any =>
  fractionalMaxPool(3, args)
