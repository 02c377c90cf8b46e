/** The max pools of `torch.nn.functional`, and what undoes them. */
import type { DType } from '../core/dtype'
import { InvalidArgValueError } from '../core/errors'
import type { Check, Shape } from '../core/shape-types'
import { callOperator } from '../ops/registry'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import type { PoolShape } from './layer-rules'
import { expanded, LayerOptions } from './layers/layer-options'
import type { Pooled } from './layers/max-pool2d'
import type { UnpoolShape } from './spatial-rules'
import type { Dims, Sizes } from './window-rules'

/** The options of the max pools that have defaults. */
export interface MaxPoolNdOptions<
  N extends Dims,
  St extends Sizes<N>,
  P extends Sizes<N>,
  D extends Sizes<N>,
  Indices extends boolean,
  Ceil extends boolean,
> {
  /** Steps of the window; the kernel's size by default. */
  stride?: St | null
  /** Minus infinity added on each side, at most half the kernel; default 0. */
  padding?: P
  /** Distance of the window's elements; default 1. */
  dilation?: D
  /** Whether the positions of the maxima are given too; default false. */
  returnIndices?: Indices
  /** Whether a window that begins inside but ends outside counts; default false. */
  ceilMode?: Ceil
}

// One signature for each place of the options object: a type parameter that could be either would lose its default.
interface MaxPoolFunction<What extends string, N extends Dims> {
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const P extends Sizes<N> = 0,
    const D extends Sizes<N> = 1,
    const Ceil extends boolean = false,
    const Indices extends boolean = false,
  >(
    input: Tensor<S, T> & Check<PoolShape<What, N, S, K, St, P, D, Ceil>>,
    kernelSize: K,
    stride?: St | null,
    padding?: P,
    dilation?: D,
    ceilMode?: Ceil,
    returnIndices?: Indices,
  ): Pooled<PoolShape<What, N, S, K, St, P, D, Ceil>, T, Indices>
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const P extends Sizes<N> = 0,
    const D extends Sizes<N> = 1,
    const Ceil extends boolean = false,
    const Indices extends boolean = false,
  >(
    input: Tensor<S, T> & Check<PoolShape<What, N, S, K, St, P, D, Ceil>>,
    kernelSize: K,
    options: MaxPoolNdOptions<N, St, P, D, Indices, Ceil>,
  ): Pooled<PoolShape<What, N, S, K, St, P, D, Ceil>, T, Indices>
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const P extends Sizes<N> = 0,
    const D extends Sizes<N> = 1,
    const Ceil extends boolean = false,
    const Indices extends boolean = false,
  >(
    input: Tensor<S, T> & Check<PoolShape<What, N, S, K, St, P, D, Ceil>>,
    options: { kernelSize: K } & MaxPoolNdOptions<N, St, P, D, Indices, Ceil>,
  ): Pooled<PoolShape<What, N, S, K, St, P, D, Ceil>, T, Indices>
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const P extends Sizes<N> = 0,
    const D extends Sizes<N> = 1,
    const Ceil extends boolean = false,
    const Indices extends boolean = false,
  >(
    input: Tensor<S, T> & Check<PoolShape<What, N, S, K, St, P, D, Ceil>>,
    kernelSize: K,
    stride: St | null,
    options: Omit<MaxPoolNdOptions<N, Sizes<N>, P, D, Indices, Ceil>, 'stride'>,
  ): Pooled<PoolShape<What, N, S, K, St, P, D, Ceil>, T, Indices>
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const P extends Sizes<N> = 0,
    const D extends Sizes<N> = 1,
    const Ceil extends boolean = false,
    const Indices extends boolean = false,
  >(
    input: Tensor<S, T> & Check<PoolShape<What, N, S, K, St, P, D, Ceil>>,
    kernelSize: K,
    stride: St | null,
    padding: P,
    options: Omit<MaxPoolNdOptions<N, Sizes<N>, Sizes<N>, D, Indices, Ceil>, 'stride' | 'padding'>,
  ): Pooled<PoolShape<What, N, S, K, St, P, D, Ceil>, T, Indices>
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const P extends Sizes<N> = 0,
    const D extends Sizes<N> = 1,
    const Ceil extends boolean = false,
    const Indices extends boolean = false,
  >(
    input: Tensor<S, T> & Check<PoolShape<What, N, S, K, St, P, D, Ceil>>,
    kernelSize: K,
    stride: St | null,
    padding: P,
    dilation: D,
    options: { ceilMode?: Ceil; returnIndices?: Indices },
  ): Pooled<PoolShape<What, N, S, K, St, P, D, Ceil>, T, Indices>
}

const MAX_POOL = ['input', 'kernelSize', 'stride', 'padding', 'dilation', 'ceilMode', 'returnIndices']

function maxPool(dims: Dims, args: readonly unknown[]): any {
  const options = new LayerOptions(`maxPool${dims}d`, MAX_POOL, args, 2)
  const input = options.tensor('input')
  const kernel = options.sizes('kernelSize', dims)
  const stride = options.sizesOrNull('stride', dims) ?? kernel
  const operator = `aten::max_pool${dims}d${options.flag('returnIndices') ? '_with_indices' : ''}`
  const [padding, dilation] = [options.sizes('padding', dims, 0), options.sizes('dilation', dims, 1)]
  return callOperator(operator, '', [input, kernel, stride, padding, dilation, options.flag('ceilMode')])
}

/**
 * The largest element of each window of `[N, C, L]` or `[C, L]`. With `returnIndices` a tuple [values, indices].
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool1d.html
 */
export const maxPool1d: MaxPoolFunction<'MaxPool1d', 1> = (...args: unknown[]): any => maxPool(1, args)

/**
 * The largest element of each window of `[N, C, H, W]` or `[C, H, W]`. With `returnIndices` a tuple [values, indices].
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html
 */
export const maxPool2d: MaxPoolFunction<'MaxPool2d', 2> = (...args: unknown[]): any => maxPool(2, args)

/**
 * The largest element of each window of `[N, C, D, H, W]` or `[C, D, H, W]`. With `returnIndices` a tuple
 * [values, indices].
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool3d.html
 */
export const maxPool3d: MaxPoolFunction<'MaxPool3d', 3> = (...args: unknown[]): any => maxPool(3, args)

// ---- what undoes them

/** The options of the unpools that have defaults. */
export interface MaxUnpoolOptions<N extends Dims, St extends Sizes<N>, P extends Sizes<N>> {
  /** Steps of the window; the kernel's size by default. */
  stride?: St | null
  /** What was added on each side; default 0. */
  padding?: P
}
type UnpoolSize = Shape | null | undefined

interface MaxUnpoolFunction<What extends string, N extends Dims> {
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const P extends Sizes<N> = 0,
    const V extends UnpoolSize = undefined,
  >(
    input: Tensor<S, T> & Check<UnpoolShape<What, N, S, K, St, P, V>>,
    indices: Tensor<S, 'int64'>,
    kernelSize: K,
    stride?: St | null,
    padding?: P,
    outputSize?: V,
  ): Result<UnpoolShape<What, N, S, K, St, P, V>, T>
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const P extends Sizes<N> = 0,
    const V extends UnpoolSize = undefined,
  >(
    input: Tensor<S, T> & Check<UnpoolShape<What, N, S, K, St, P, V>>,
    indices: Tensor<S, 'int64'>,
    kernelSize: K,
    options: MaxUnpoolOptions<N, St, P> & { outputSize?: V },
  ): Result<UnpoolShape<What, N, S, K, St, P, V>, T>
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const P extends Sizes<N> = 0,
    const V extends UnpoolSize = undefined,
  >(
    input: Tensor<S, T> & Check<UnpoolShape<What, N, S, K, St, P, V>>,
    indices: Tensor<S, 'int64'>,
    kernelSize: K,
    stride: St | null,
    options: { padding?: P; outputSize?: V },
  ): Result<UnpoolShape<What, N, S, K, St, P, V>, T>
}

const MAX_UNPOOL = ['input', 'indices', 'kernelSize', 'stride', 'padding', 'outputSize']

function maxUnpool(dims: Dims, args: readonly unknown[]): any {
  const options = new LayerOptions(`maxUnpool${dims}d`, MAX_UNPOOL, args, 3)
  const [input, indices] = [options.tensor('input'), options.tensor('indices')]
  const kernel = options.eachSize('kernelSize', dims)
  const stride = expanded(options.sizesOrNull('stride', dims) ?? kernel, dims)
  const padding = options.eachSize('padding', dims, 0)
  const wanted = (options.raw('outputSize') ?? null) === null ? null : options.integerList('outputSize')
  const size = unpooledSize(input.shape as number[], kernel, stride, padding, wanted)
  if (dims === 3) return callOperator('aten::max_unpool3d', '', [input, indices, size, stride, padding])
  if (dims === 2) return callOperator('aten::max_unpool2d', '', [input, indices, size])
  const [column, places] = [input, indices].map(tensor => callOperator('aten::unsqueeze', '', [tensor, -1]) as Tensor)
  const unpooled = callOperator('aten::max_unpool2d', '', [column, places, [...size, 1]]) as Tensor
  const result = callOperator('aten::squeeze', 'dim', [unpooled, -1])
  for (const between of [column!, places!, unpooled]) between.dispose()
  return result
}

function unpooledSize(
  input: readonly number[],
  kernel: readonly number[],
  stride: readonly number[],
  padding: readonly number[],
  wanted: readonly number[] | null,
): readonly number[] {
  const dims = kernel.length
  const usual = kernel.map((size, i) => ((input.at(i - dims) ?? 0) - 1) * stride[i]! + size - 2 * padding[i]!)
  if (wanted === null) return usual
  const sizes = wanted.length === dims + 2 ? wanted.slice(2) : wanted
  if (sizes.length !== dims) {
    throw new InvalidArgValueError(
      `output_size should be a sequence containing ${dims} or ${dims + 2} elements, but it has a length of '${sizes.length}'`,
    )
  }
  sizes.forEach((size, i) => {
    const [least, most] = [usual[i]! - stride[i]!, usual[i]! + stride[i]!]
    if (size > least && size < most) return
    throw new InvalidArgValueError(
      `invalid output_size "[${sizes.join(', ')}]" (dim ${i} must be between ${least} and ${most})`,
    )
  })
  return sizes
}

/**
 * Puts each element of `[N, C, L]` or `[C, L]` where `indices`, from `maxPool1d`, say, and zeros everywhere else.
 * An `outputSize` that cannot be is `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool1d.html
 */
export const maxUnpool1d: MaxUnpoolFunction<'MaxUnpool1d', 1> = (...args: unknown[]): any => maxUnpool(1, args)

/**
 * Puts each element of `[N, C, H, W]` or `[C, H, W]` where `indices`, from `maxPool2d`, say, and zeros everywhere else.
 * An `outputSize` that cannot be is `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool2d.html
 */
export const maxUnpool2d: MaxUnpoolFunction<'MaxUnpool2d', 2> = (...args: unknown[]): any => maxUnpool(2, args)

/**
 * Puts each element of `[N, C, D, H, W]` or `[C, D, H, W]` where `indices`, from `maxPool3d`, say, and zeros everywhere
 * else. An `outputSize` that cannot be is `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool3d.html
 */
export const maxUnpool3d: MaxUnpoolFunction<'MaxUnpool3d', 3> = (...args: unknown[]): any => maxUnpool(3, args)
