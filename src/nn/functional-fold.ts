/** Patches of images and sampling grids in `torch.nn.functional`. */
import type { DType } from '../core/dtype'
import { InvalidArgValueError } from '../core/errors'
import type { Check, Shape } from '../core/shape-types'
import { callOperator } from '../ops/registry'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import { LayerOptions } from './layers/layer-options'
import type { AffineGridShape, FoldShape, GridSampleShape, UnfoldShape } from './resize-rules'
import type { Sizes } from './window-rules'

/** The options of `fold` and `unfold` that have defaults. */
export interface FoldOptions<D extends Sizes<2>, P extends Sizes<2>, St extends Sizes<2>> {
  /** Distance of a patch's elements; default 1. */
  dilation?: D
  /** Zeros added on each side; default 0. */
  padding?: P
  /** Steps of the patches; default 1. */
  stride?: St
}

interface UnfoldFunction {
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<2>,
    const D extends Sizes<2> = 1,
    const P extends Sizes<2> = 0,
    const St extends Sizes<2> = 1,
  >(
    input: Tensor<S, T> & Check<UnfoldShape<S, K, D, P, St>>,
    kernelSize: K,
    dilation?: D,
    padding?: P,
    stride?: St,
  ): Result<UnfoldShape<S, K, D, P, St>, T>
  <
    S extends Shape,
    T extends DType,
    const K extends Sizes<2>,
    const D extends Sizes<2> = 1,
    const P extends Sizes<2> = 0,
    const St extends Sizes<2> = 1,
  >(
    input: Tensor<S, T> & Check<UnfoldShape<S, K, D, P, St>>,
    kernelSize: K,
    options: FoldOptions<D, P, St>,
  ): Result<UnfoldShape<S, K, D, P, St>, T>
}

interface FoldFunction {
  <
    S extends Shape,
    T extends DType,
    const W extends Sizes<2>,
    const K extends Sizes<2>,
    const D extends Sizes<2> = 1,
    const P extends Sizes<2> = 0,
    const St extends Sizes<2> = 1,
  >(
    input: Tensor<S, T> & Check<FoldShape<S, W, K, D, P, St>>,
    outputSize: W,
    kernelSize: K,
    dilation?: D,
    padding?: P,
    stride?: St,
  ): Result<FoldShape<S, W, K, D, P, St>, T>
  <
    S extends Shape,
    T extends DType,
    const W extends Sizes<2>,
    const K extends Sizes<2>,
    const D extends Sizes<2> = 1,
    const P extends Sizes<2> = 0,
    const St extends Sizes<2> = 1,
  >(
    input: Tensor<S, T> & Check<FoldShape<S, W, K, D, P, St>>,
    outputSize: W,
    kernelSize: K,
    options: FoldOptions<D, P, St>,
  ): Result<FoldShape<S, W, K, D, P, St>, T>
}

const steps = (options: LayerOptions) => [
  options.eachSize('kernelSize', 2),
  options.eachSize('dilation', 2, 1),
  options.eachSize('padding', 2, 0),
  options.eachSize('stride', 2, 1),
]

/**
 * The patches of images as columns: `[N, C, H, W]` or `[C, H, W]` to `[N, C kH kW, L]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.unfold.html
 */
export const unfold: UnfoldFunction = (...args: unknown[]): any => {
  const options = new LayerOptions('unfold', ['input', 'kernelSize', 'dilation', 'padding', 'stride'], args, 2)
  return callOperator('aten::im2col', '', [options.tensor('input'), ...steps(options)])
}

/**
 * Images as sums of their patches: `[N, C kH kW, L]` or `[C kH kW, L]` to `[N, C, ...outputSize]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fold.html
 */
export const fold: FoldFunction = (...args: unknown[]): any => {
  const names = ['input', 'outputSize', 'kernelSize', 'dilation', 'padding', 'stride']
  const options = new LayerOptions('fold', names, args, 3)
  const size = options.eachSize('outputSize', 2)
  return callOperator('aten::col2im', '', [options.tensor('input'), size, ...steps(options)])
}

/** The options of `gridSample`. */
export interface GridSampleOptions {
  /** How values between elements are found; default `'bilinear'`. */
  mode?: 'bilinear' | 'nearest' | 'bicubic'
  /** What lies outside; default `'zeros'`. */
  paddingMode?: 'zeros' | 'border' | 'reflection'
  /** Whether -1 and 1 are the centres of the outermost elements, and not their outer edges; default false. */
  alignCorners?: boolean | null
}

/**
 * Takes from `[N, C, H, W]` the places of a grid `[N, H', W', 2]`, whose coordinates (x, y) go from -1 to 1: `[N, C, H', W']`;
 * of volumes likewise with a grid `[N, D', H', W', 3]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html
 */
export function gridSample<S extends Shape, T extends DType, G extends Shape>(
  input: Tensor<S, T> & Check<GridSampleShape<S, G>>,
  grid: Tensor<G>,
  mode?: GridSampleOptions['mode'] | GridSampleOptions,
  paddingMode?: GridSampleOptions['paddingMode'] | Omit<GridSampleOptions, 'mode'>,
  alignCorners?: boolean | null | Pick<GridSampleOptions, 'alignCorners'>,
): Result<GridSampleShape<S, G>, T>
export function gridSample(...args: unknown[]): any {
  const options = new LayerOptions('gridSample', ['input', 'grid', 'mode', 'paddingMode', 'alignCorners'], args, 2)
  const modes = ['bilinear', 'nearest', 'bicubic'] as const
  const paddings = ['zeros', 'border', 'reflection'] as const
  return callOperator('aten::grid_sampler', '', [
    options.tensor('input'),
    options.tensor('grid'),
    modes.indexOf(options.word('mode', modes, 'bilinear')),
    paddings.indexOf(options.word('paddingMode', paddings, 'zeros')),
    options.flagOrNull('alignCorners') ?? false,
  ])
}

/**
 * The grid of an affine map for `gridSample`: of matrices `theta` `[N, 2, 3]` and `size` [N, C, H, W] a grid `[N, H, W, 2]`,
 * of `[N, 3, 4]` and [N, C, D, H, W] a grid `[N, D, H, W, 3]`. `ERR_INVALID_ARG_VALUE` for others.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.affine_grid.html
 */
export function affineGrid<T extends DType, const V extends Shape>(
  theta: Tensor<any, T>,
  size: V,
  alignCorners?: boolean | null | { alignCorners?: boolean | null },
): Result<AffineGridShape<V>, T>
export function affineGrid(...args: unknown[]): any {
  const options = new LayerOptions('affineGrid', ['theta', 'size', 'alignCorners'], args, 2)
  const theta = options.tensor('theta')
  const size = options.integerList('size')
  const corners = options.flagOrNull('alignCorners') ?? false
  const text = `[${size.join(', ')}]`
  if (!/^b?float/.test(theta.dtype)) {
    throw new InvalidArgValueError(`Expected theta to have floating point type, but got torch.${theta.dtype}`)
  }
  const dims = size.length - 2
  if (dims !== 2 && dims !== 3) {
    throw new InvalidArgValueError(
      `affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size ${text}.`,
    )
  }
  const shape = theta.shape as number[]
  if (shape.length !== 3 || shape[1] !== dims || shape[2] !== dims + 1) {
    throw new InvalidArgValueError(
      `Expected a batch of ${dims}D affine matrices of shape Nx${dims}x${dims + 1} for size ${text}. Got [${shape.join(', ')}].`,
    )
  }
  if (size.some(length => length <= 0)) {
    throw new InvalidArgValueError(`Expected non-zero, positive output size. Got ${text}`)
  }
  return callOperator('aten::affine_grid_generator', '', [theta, size, corners])
}
