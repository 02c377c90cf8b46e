/** What changes the size of images in `torch.nn.functional`. */
import type { DType } from '../core/dtype'
import { InvalidArgValueError } from '../core/errors'
import type { Check, Shape } from '../core/shape-types'
import { callOperator } from '../ops/registry'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import { expanded, LayerOptions } from './layers/layer-options'
import type { ChannelShuffleShape, ShuffleShape, UnshuffleShape, UpsampleShape } from './resize-rules'

/** How `interpolate` finds what lies between two elements. */
export type InterpolateMode =
  | 'nearest'
  | 'nearest-exact'
  | 'linear'
  | 'bilinear'
  | 'bicubic'
  | 'trilinear'
  | 'area'
  | 'lanczos'

/** The options of `interpolate`; one of `size` and `scaleFactor` is needed. */
export interface InterpolateOptions<Size, Factor> {
  /** The spatial sizes of the result: one number for all, or one for each. */
  size?: Size
  /** What the spatial sizes are multiplied by: one number for all, or one for each. */
  scaleFactor?: Factor
  /** Default `'nearest'`. */
  mode?: InterpolateMode
  /** Whether the corners of input and result lie on each other, of the linear and cubic modes; default false. */
  alignCorners?: boolean | null
  /** Whether the factor used is that of the sizes, and not the one given; default false. */
  recomputeScaleFactor?: boolean | null
  /** Whether shrinking smooths, of the modes `'bilinear'`, `'bicubic'` and `'lanczos'`; default false. */
  antialias?: boolean
}
type Rest<Without extends string = never> = Omit<InterpolateOptions<null, null>, 'size' | 'scaleFactor' | Without>

interface InterpolateFunction {
  <
    S extends Shape,
    T extends DType,
    const Size extends number | Shape | null = null,
    const Factor extends number | readonly number[] | null = null,
  >(
    input: Tensor<S, T> & Check<UpsampleShape<'interpolate', S, Size, Factor>>,
    size?: Size,
    scaleFactor?: Factor,
    mode?: InterpolateMode | Rest,
    alignCorners?: boolean | null | Rest<'mode'>,
    recomputeScaleFactor?: boolean | null | Rest<'mode' | 'alignCorners'>,
    antialias?: boolean | Pick<Rest, 'antialias'>,
  ): Result<UpsampleShape<'interpolate', S, Size, Factor>, T>
  <
    S extends Shape,
    T extends DType,
    const Size extends number | Shape | null = null,
    const Factor extends number | readonly number[] | null = null,
  >(
    input: Tensor<S, T> & Check<UpsampleShape<'interpolate', S, Size, Factor>>,
    options: InterpolateOptions<Size, Factor>,
  ): Result<UpsampleShape<'interpolate', S, Size, Factor>, T>
  <S extends Shape, T extends DType, const Size extends number | Shape | null = null>(
    input: Tensor<S, T> & Check<UpsampleShape<'interpolate', S, Size, null>>,
    size: Size,
    options: Rest,
  ): Result<UpsampleShape<'interpolate', S, Size, null>, T>
}

const NAMES = ['input', 'size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor', 'antialias']
const MODES: readonly InterpolateMode[] = [
  'nearest',
  'nearest-exact',
  'linear',
  'bilinear',
  'bicubic',
  'trilinear',
  'area',
  'lanczos',
]

// The operators by mode and spatial dimensions; those that are not here are refused.
const OPERATORS: Readonly<Record<string, string>> = {
  'nearest 1': 'upsample_nearest1d',
  'nearest 2': 'upsample_nearest2d',
  'nearest 3': 'upsample_nearest3d',
  'nearest-exact 1': '_upsample_nearest_exact1d',
  'nearest-exact 2': '_upsample_nearest_exact2d',
  'nearest-exact 3': '_upsample_nearest_exact3d',
  'area 1': 'adaptive_avg_pool1d',
  'area 2': 'adaptive_avg_pool2d',
  'area 3': 'adaptive_avg_pool3d',
  'linear 1': 'upsample_linear1d',
  'bilinear 2': 'upsample_bilinear2d',
  'bicubic 2': 'upsample_bicubic2d',
  'trilinear 3': 'upsample_trilinear3d',
  'lanczos 2': 'upsample_lanczos2d',
}

/**
 * Resizes `[N, C, ...]` of one to three spatial dimensions to a size, or by a factor.
 *
 * `'nearest'`, `'nearest-exact'` and `'area'` take any of them, `'linear'` one, `'bilinear'`, `'bicubic'` and `'lanczos'`
 * two, `'trilinear'` three; others are `ERR_INVALID_ARG_VALUE`, and so are options that contradict each other.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
 * @example
 * nn.functional.interpolate(image, { scaleFactor: 2, mode: 'bilinear' }) // [N, C, 2 H, 2 W]
 */
export const interpolate: InterpolateFunction = (...args: unknown[]): any => {
  const options = new LayerOptions('interpolate', NAMES, args, 1)
  const input = options.tensor('input')
  const mode = options.word('mode', MODES, 'nearest')
  const antialias = options.flag('antialias')
  const corners = options.flagOrNull('alignCorners')
  const plain = mode === 'nearest' || mode === 'area' || mode === 'nearest-exact'
  if (plain && corners !== null) {
    throw new InvalidArgValueError(
      'align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear',
    )
  }
  const { size, factors } = wanted(options, input, mode)
  if (antialias && !(['bilinear', 'bicubic', 'lanczos'].includes(mode) && input.ndim === 4)) {
    throw new InvalidArgValueError(
      'Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input',
    )
  }
  const operator = OPERATORS[`${mode} ${input.ndim - 2}`]
  if (operator === undefined) {
    throw new InvalidArgValueError(
      `Input Error: Only 3D, 4D and 5D input Tensors supported (got ${input.ndim}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got ${mode})`,
    )
  }
  if (mode === 'lanczos' && corners === true) {
    throw new InvalidArgValueError('Lanczos mode does not support align_corners=True')
  }
  if (mode === 'lanczos' && !antialias) throw new InvalidArgValueError('Lanczos mode requires antialias=True')
  if (mode === 'area') return callOperator(`aten::${operator}`, '', [input, size])
  const values = plain ? [input, size, factors] : [input, size, corners ?? false, factors]
  return callOperator(`aten::${antialias ? `_${operator}_aa` : operator}`, 'vec', values)
}

/** The sizes to give, or the factors where those shall be used. */
function wanted(
  options: LayerOptions,
  input: Tensor,
  mode: InterpolateMode,
): { size: readonly number[] | null; factors: readonly number[] | null } {
  const sizes = (input.shape as number[]).slice(2)
  const dims = sizes.length
  const size = (options.raw('size') ?? null) === null ? null : options.integers('size')
  const factor = options.anyNumbersOrNull('scaleFactor')
  const recompute = options.flagOrNull('recomputeScaleFactor') === true
  if (size !== null && factor !== null) {
    throw new InvalidArgValueError('only one of size or scale_factor should be defined')
  }
  const refuse = (name: string, given: readonly number[], how: string) => {
    if (given.length === dims) return
    throw new InvalidArgValueError(
      `Input and ${name} must have the same number of spatial dimensions, but got input with spatial dimensions of [${sizes.join(', ')}] and ${how} [${given.join(', ')}].`,
    )
  }
  if (size !== null) {
    if (recompute) throw new InvalidArgValueError('recompute_scale_factor is not meaningful with an explicit size.')
    if (typeof size !== 'number') refuse('output', size, 'output size of')
    return { size: expanded(size, dims), factors: null }
  }
  if (factor === null) throw new InvalidArgValueError('either size or scale_factor should be defined')
  if (typeof factor !== 'number') refuse('scale_factor', factor, 'scale_factor of shape')
  const factors = expanded(factor, dims)
  if (!recompute && mode !== 'area') return { size: null, factors }
  return { size: sizes.map((length, i) => Math.trunc(length * factors[i]!)), factors: null }
}

/**
 * Makes `[..., C r^2, H, W]` to `[..., C, H r, W r]`, where r is `upscaleFactor`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pixel_shuffle.html
 */
export function pixelShuffle<S extends Shape, T extends DType, const R extends number>(
  input: Tensor<S, T> & Check<ShuffleShape<S, R>>,
  upscaleFactor: R | { upscaleFactor: R },
): Result<ShuffleShape<S, R>, T>
export function pixelShuffle(...args: unknown[]): any {
  return byFactor('pixelShuffle', 'pixel_shuffle', 'upscaleFactor', args)
}

/**
 * Makes `[..., C, H r, W r]` to `[..., C r^2, H, W]`, where r is `downscaleFactor`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pixel_unshuffle.html
 */
export function pixelUnshuffle<S extends Shape, T extends DType, const R extends number>(
  input: Tensor<S, T> & Check<UnshuffleShape<S, R>>,
  downscaleFactor: R | { downscaleFactor: R },
): Result<UnshuffleShape<S, R>, T>
export function pixelUnshuffle(...args: unknown[]): any {
  return byFactor('pixelUnshuffle', 'pixel_unshuffle', 'downscaleFactor', args)
}

/**
 * Mixes the channels of `[N, C, ...]`: from each of `groups` groups one in turn.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.channel_shuffle.html
 */
export function channelShuffle<S extends Shape, T extends DType, const G extends number>(
  input: Tensor<S, T> & Check<ChannelShuffleShape<S, G>>,
  groups: G | { groups: G },
): Result<ChannelShuffleShape<S, G>, T>
export function channelShuffle(...args: unknown[]): any {
  return byFactor('channelShuffle', 'channel_shuffle', 'groups', args)
}

function byFactor(what: string, operator: string, name: string, args: readonly unknown[]): unknown {
  const options = new LayerOptions(what, ['input', name], args, 2)
  return callOperator(`aten::${operator}`, '', [options.tensor('input'), options.integer(name)])
}
