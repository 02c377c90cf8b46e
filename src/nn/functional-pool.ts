/** The average, power, adaptive and fractional pools of `torch.nn.functional`. */

import type { DType } from '../core/dtype'
import type { Check, Shape } from '../core/shape-types'
import { product } from '../core/sizes'
import { tidy } from '../memory'
import { callOperator } from '../ops/registry'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import type { PoolShape } from './layer-rules'
import { LayerOptions } from './layers/layer-options'
import type { Dims, Sizes } from './window-rules'

/** The options of the average pools that have defaults. */
export interface AvgPoolOptions<N extends Dims, St extends Sizes<N>, P extends Sizes<N>, Ceil extends boolean> {
  /** Steps of the window; the kernel's size by default. */
  stride?: St | null
  /** Zeros added on each side, at most half the kernel; default 0. */
  padding?: P
  /** Whether a window that begins inside but ends outside counts; default false. */
  ceilMode?: Ceil
  /** Whether the zeros of the padding count; default true. */
  countIncludePad?: boolean
  /** What sums are divided by, of 2 and 3 dimensions; the window's elements by default. */
  divisorOverride?: N extends 1 ? undefined : number | null
}
/** Those of them that do not change a shape. */
export type AvgPoolCounting<N extends Dims> = Pick<
  AvgPoolOptions<N, Sizes<N>, Sizes<N>, boolean>,
  'countIncludePad' | 'divisorOverride'
>

interface AvgPoolFunction<What extends string, N extends Dims> {
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const P extends Sizes<N> = 0,
    const Ceil extends boolean = false,
  >(
    input: Tensor<S, T> & Check<PoolShape<What, N, S, K, St, P, 1, Ceil>>,
    kernelSize: K,
    stride?: St | null,
    padding?: P,
    ceilMode?: Ceil,
    countIncludePad?: boolean | AvgPoolCounting<N>,
    divisorOverride?: AvgPoolCounting<N>['divisorOverride'] | Pick<AvgPoolCounting<N>, 'divisorOverride'>,
  ): Result<PoolShape<What, N, S, K, St, P, 1, Ceil>, T>
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const P extends Sizes<N> = 0,
    const Ceil extends boolean = false,
  >(
    input: Tensor<S, T> & Check<PoolShape<What, N, S, K, St, P, 1, Ceil>>,
    kernelSize: K,
    options: AvgPoolOptions<N, St, P, Ceil>,
  ): Result<PoolShape<What, N, S, K, St, P, 1, Ceil>, T>
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const P extends Sizes<N> = 0,
    const Ceil extends boolean = false,
  >(
    input: Tensor<S, T> & Check<PoolShape<What, N, S, K, St, P, 1, Ceil>>,
    kernelSize: K,
    stride: St | null,
    options: Omit<AvgPoolOptions<N, Sizes<N>, P, Ceil>, 'stride'>,
  ): Result<PoolShape<What, N, S, K, St, P, 1, Ceil>, T>
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const P extends Sizes<N> = 0,
    const Ceil extends boolean = false,
  >(
    input: Tensor<S, T> & Check<PoolShape<What, N, S, K, St, P, 1, Ceil>>,
    kernelSize: K,
    stride: St | null,
    padding: P,
    options: { ceilMode?: Ceil } & AvgPoolCounting<N>,
  ): Result<PoolShape<What, N, S, K, St, P, 1, Ceil>, T>
}

const AVG_POOL = ['input', 'kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad', 'divisorOverride']

function avgPool(dims: Dims, args: readonly unknown[]): any {
  const options = new LayerOptions(`avgPool${dims}d`, dims === 1 ? AVG_POOL.slice(0, -1) : AVG_POOL, args, 2)
  const kernel = options.sizes('kernelSize', dims)
  const values = [
    options.tensor('input'),
    kernel,
    options.sizesOrNull('stride', dims) ?? kernel,
    options.sizes('padding', dims, 0),
    options.flag('ceilMode'),
    options.flag('countIncludePad', true),
  ]
  if (dims > 1) values.push(options.integerOrNull('divisorOverride') as never)
  return callOperator(`aten::avg_pool${dims}d`, '', values)
}

/**
 * The mean of each window of `[N, C, L]` or `[C, L]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool1d.html
 */
export const avgPool1d: AvgPoolFunction<'AvgPool1d', 1> = (...args: unknown[]): any => avgPool(1, args)

/**
 * The mean of each window of `[N, C, H, W]` or `[C, H, W]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html
 */
export const avgPool2d: AvgPoolFunction<'AvgPool2d', 2> = (...args: unknown[]): any => avgPool(2, args)

/**
 * The mean of each window of `[N, C, D, H, W]` or `[C, D, H, W]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool3d.html
 */
export const avgPool3d: AvgPoolFunction<'AvgPool3d', 3> = (...args: unknown[]): any => avgPool(3, args)

// ---- power averages

/** The options of the power average pools that have defaults. */
export interface LPPoolOptions<N extends Dims, St extends Sizes<N>, Ceil extends boolean> {
  /** Steps of the window; the kernel's size by default. */
  stride?: St | null
  /** Whether a window that begins inside but ends outside counts; default false. */
  ceilMode?: Ceil
}

interface LPPoolFunction<What extends string, N extends Dims> {
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const Ceil extends boolean = false,
  >(
    input: Tensor<S, T> & Check<PoolShape<What, N, S, K, St, 0, 1, Ceil>>,
    normType: number,
    kernelSize: K,
    stride?: St | null,
    ceilMode?: Ceil,
  ): Result<PoolShape<What, N, S, K, St, 0, 1, Ceil>, T>
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<N>,
    const St extends Sizes<N> = K,
    const Ceil extends boolean = false,
  >(
    input: Tensor<S, T> & Check<PoolShape<What, N, S, K, St, 0, 1, Ceil>>,
    normType: number,
    kernelSize: K,
    options: LPPoolOptions<N, St, Ceil>,
  ): Result<PoolShape<What, N, S, K, St, 0, 1, Ceil>, T>
}

function lpPool(dims: Dims, args: readonly unknown[]): any {
  const names = ['input', 'normType', 'kernelSize', 'stride', 'ceilMode']
  const options = new LayerOptions(`lpPool${dims}d`, names, args, 3)
  const [input, power] = [options.tensor('input'), options.number('normType')]
  const kernel = options.eachSize('kernelSize', dims)
  const stride = options.sizesOrNull('stride', dims) ?? kernel
  const ceil = options.flag('ceilMode')
  const one = (name: string, x: Tensor) => callOperator(`aten::${name}`, '', [x]) as Tensor
  const largest = (x: Tensor) => callOperator(`aten::max_pool${dims}d`, '', [x, kernel, stride, 0, 1, ceil]) as Tensor
  return tidy(() => {
    if (power === Number.POSITIVE_INFINITY) return largest(one('abs', input))
    if (power === Number.NEGATIVE_INFINITY) return one('neg', largest(one('neg', one('abs', input))))
    const powers = callOperator('aten::pow', 'Tensor_Scalar', [input, power])
    const means = callOperator(`aten::avg_pool${dims}d`, '', [powers, kernel, stride, 0, ceil]) as Tensor
    const positive = callOperator('aten::mul', 'Tensor', [one('sign', means), one('relu', one('abs', means))])
    const sums = callOperator('aten::mul', 'Scalar', [positive, product(kernel)])
    return callOperator('aten::pow', 'Tensor_Scalar', [sums, 1 / power])
  })
}

/**
 * The `normType`-norm of each window of `[N, C, L]` or `[C, L]`: (the sum of x ^ normType) ^ (1 / normType).
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool1d.html
 */
export const lpPool1d: LPPoolFunction<'LPPool1d', 1> = (...args: unknown[]): any => lpPool(1, args)

/**
 * The `normType`-norm of each window of `[N, C, H, W]` or `[C, H, W]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool2d.html
 */
export const lpPool2d: LPPoolFunction<'LPPool2d', 2> = (...args: unknown[]): any => lpPool(2, args)

/**
 * The `normType`-norm of each window of `[N, C, D, H, W]` or `[C, D, H, W]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool3d.html
 */
export const lpPool3d: LPPoolFunction<'LPPool3d', 3> = (...args: unknown[]): any => lpPool(3, args)
