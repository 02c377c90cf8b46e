import type { Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import { type InterpolateMode, interpolate } from '../functional-resize'
import type { UpsampleRule } from '../resize-rules'
import type { Each, Sizes } from '../window-rules'
import { LayerOptions } from './layer-options'
import { compute, OperatorShapeLayer } from './operator-layer'
import { pythonFloat, pythonWord } from './python-words'

type Factors = number | readonly number[]

/** What resizes images, with the options of `interpolate` that were read. */
abstract class UpsampleBase<
  What extends string,
  Size extends number | Shape | null,
  Factor extends Factors | null,
  Ranks extends number,
> extends OperatorShapeLayer<UpsampleRule<What, Size, Factor, Ranks>> {
  readonly size: number | readonly number[] | null
  readonly scaleFactor: number | readonly number[] | null
  readonly mode: InterpolateMode
  readonly alignCorners: boolean | null
  readonly recomputeScaleFactor: boolean | null

  protected constructor(options: LayerOptions, mode: InterpolateMode, alignCorners: boolean | null) {
    super()
    this.size = (options.raw('size') ?? null) === null ? null : options.integers('size')
    // no factor, and a factor of 0, are the same in Python
    this.scaleFactor = options.anyNumbersOrNull('scaleFactor') || null
    this.mode = mode
    this.alignCorners = alignCorners
    this.recomputeScaleFactor = options.flagOrNull('recomputeScaleFactor')
  }

  override [compute](x: Tensor): unknown {
    const { size, scaleFactor, mode, alignCorners, recomputeScaleFactor } = this
    return (interpolate as (...args: unknown[]) => unknown)(
      x,
      size,
      scaleFactor,
      mode,
      alignCorners,
      recomputeScaleFactor,
    )
  }

  override extraRepr(): string {
    const { size, scaleFactor, mode } = this
    const floats =
      typeof scaleFactor === 'number' ? pythonFloat(scaleFactor) : pythonWord(scaleFactor?.map(pythonFloat))
    return `${scaleFactor === null ? `size=${pythonWord(size)}` : `scale_factor=${floats}`}, mode='${mode}'`
  }
}

/** The options of `Upsample`; one of `size` and `scaleFactor` is needed when it is used. */
export interface UpsampleOptions<Size, Factor> {
  /** The spatial sizes of the result: one number for all, or one for each. */
  size?: Size
  /** What the spatial sizes are multiplied by: one number for all, or one for each. */
  scaleFactor?: Factor
  /** How what lies between two elements is found; default `'nearest'`. */
  mode?: InterpolateMode
  /** Whether the corners of input and result lie on each other, of the linear and cubic modes; default false. */
  alignCorners?: boolean | null
  /** Whether the factor used is that of the sizes, and not the one given; default false. */
  recomputeScaleFactor?: boolean | null
}
type Rest<Without extends string = never> = Omit<UpsampleOptions<null, null>, 'size' | 'scaleFactor' | Without>

const MODES = ['nearest', 'nearest-exact', 'linear', 'bilinear', 'bicubic', 'trilinear', 'area', 'lanczos'] as const

/**
 * Resizes images, sequences or volumes to a size, or by a factor; see `nn.functional.interpolate`.
 *
 * Shapes: `[N, C, ...]` of 3 to 5 dimensions to `[N, C, ...size]`, or floor(size * scaleFactor). Floating dtypes, and
 * uint8 of some modes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for a mode that does not fit the input,
 * and without exactly one of `size` and `scaleFactor`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Upsample.html
 * @example
 * new nn.Upsample({ scaleFactor: 2, mode: 'bilinear' }).forward(torch.rand([8, 4, 7, 7])).shape // [8, 4, 14, 14]
 */
export class Upsample<
  const Size extends number | Shape | null = null,
  const Factor extends Factors | null = null,
> extends UpsampleBase<'Upsample', Size, Factor, 3 | 4 | 5> {
  constructor(
    size?: Size,
    scaleFactor?: Factor,
    mode?: InterpolateMode | Rest,
    alignCorners?: boolean | null | Rest<'mode'>,
    recomputeScaleFactor?: boolean | null | Pick<Rest, 'recomputeScaleFactor'>,
  )
  constructor(options: UpsampleOptions<Size, Factor>)
  constructor(size: Size, options: { scaleFactor?: Factor } & Rest)
  constructor(...args: unknown[]) {
    const names = ['size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor']
    const options = new LayerOptions(new.target.name, names, args)
    super(options, options.word('mode', MODES, 'nearest'), options.flagOrNull('alignCorners'))
  }
}

/**
 * Resizes images to a size, or by a factor, with the nearest element.
 *
 * Shapes: `[N, C, H, W]` to `[N, C, ...size]`, or floor(size * scaleFactor).
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` without exactly one of `size` and
 * `scaleFactor`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.UpsamplingNearest2d.html
 * @example
 * new nn.UpsamplingNearest2d({ scaleFactor: 2 }).forward(torch.rand([8, 4, 7, 7])).shape // [8, 4, 14, 14]
 */
export class UpsamplingNearest2d<
  const Size extends Sizes<2> | null = null,
  const Factor extends number | Each<2> | null = null,
> extends UpsampleBase<'UpsamplingNearest2d', Size, Factor, 4> {
  constructor(size?: Size, scaleFactor?: Factor)
  constructor(options: { size?: Size; scaleFactor?: Factor })
  constructor(size: Size, options: { scaleFactor?: Factor })
  constructor(...args: unknown[]) {
    super(new LayerOptions(new.target.name, ['size', 'scaleFactor'], args), 'nearest', null)
  }
}

/**
 * Resizes images to a size, or by a factor, with linear interpolation; the corners of input and result lie on each other.
 *
 * Shapes: `[N, C, H, W]` to `[N, C, ...size]`, or floor(size * scaleFactor). Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` without exactly one of `size` and
 * `scaleFactor`, and for an input of another rank.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.UpsamplingBilinear2d.html
 * @example
 * new nn.UpsamplingBilinear2d(14).forward(torch.rand([8, 4, 7, 7])).shape // [8, 4, 14, 14]
 */
export class UpsamplingBilinear2d<
  const Size extends Sizes<2> | null = null,
  const Factor extends number | Each<2> | null = null,
> extends UpsampleBase<'UpsamplingBilinear2d', Size, Factor, 4> {
  constructor(size?: Size, scaleFactor?: Factor)
  constructor(options: { size?: Size; scaleFactor?: Factor })
  constructor(size: Size, options: { scaleFactor?: Factor })
  constructor(...args: unknown[]) {
    super(new LayerOptions(new.target.name, ['size', 'scaleFactor'], args), 'bilinear', true)
  }
}
