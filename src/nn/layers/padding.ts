import { InvalidArgValueError } from '../../core/errors'
import type { Tensor } from '../../tensor/tensor'
import { type PadMode, pad } from '../functional-pad'
import type { Rule } from '../rules'
import type { PadRule, SidesOf } from '../spatial-rules'
import type { Dims } from '../window-rules'
import { expanded, LayerOptions } from './layer-options'
import { compute, OperatorShapeLayer } from './operator-layer'
import { pythonWord } from './python-words'

/** One number for all sides, or two for each spatial dimension, from the last one on: [left, right, top, bottom]. */
export type Sides<N extends Dims> = number | SidesOf[N]

/** What pads the last `N` dimensions. */
export abstract class PadNd<R extends Rule, N extends Dims, const P extends Sides<N>> extends OperatorShapeLayer<R> {
  readonly padding: SidesOf[N]

  /** @internal */
  static readonly dims: Dims = 1
  /** @internal */
  static readonly mode: PadMode = 'constant'

  constructor(padding: P | { padding: P })
  constructor(...args: unknown[]) {
    super()
    const { dims, name } = new.target
    this.padding = sidesOf(new LayerOptions(name, ['padding'], args, 1), dims) as unknown as SidesOf[N]
  }

  override [compute](x: Tensor): Tensor {
    const { dims, mode } = this.constructor as typeof PadNd
    if (mode === 'circular' && x.ndim !== dims + 1 && x.ndim !== dims + 2) {
      throw new InvalidArgValueError(`expected ${dims + 1}D or ${dims + 2}D input (got ${x.ndim}D input)`)
    }
    return pad(x, this.padding, mode)
  }

  override extraRepr(): string {
    return pythonWord(this.padding)
  }
}

function sidesOf(options: LayerOptions, dims: Dims): readonly number[] {
  return expanded(options.sizes('padding', 2 * dims), 2 * dims)
}

/** What fills the last `N` dimensions up with a value. */
abstract class ConstantPadNd<What extends string, N extends Dims, const P extends Sides<N>> extends OperatorShapeLayer<
  PadRule<What, N, P, true>
> {
  readonly padding: SidesOf[N]
  readonly value: number

  /** @internal */
  static readonly dims: Dims = 1

  constructor(padding: P, value: number | { value: number })
  constructor(options: { padding: P; value: number })
  constructor(...args: unknown[]) {
    super()
    const { dims, name } = new.target
    const options = new LayerOptions(name, ['padding', 'value'], args, 2)
    this.padding = sidesOf(options, dims) as unknown as SidesOf[N]
    this.value = options.number('value')
  }

  override [compute](x: Tensor): Tensor {
    return pad(x, this.padding, 'constant', this.value)
  }

  override extraRepr(): string {
    return `padding=${pythonWord(this.padding)}, value=${pythonWord(this.value)}`
  }
}

/**
 * Fills sequences up with a value on all sides.
 *
 * Shapes: `[..., L]` to the same with each side's `padding` added; it is one number, or [left, right], and a
 * negative one cuts. Any dtype.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad1d.html
 * @example
 * new nn.ConstantPad1d([1, 2], 3.5).forward(torch.rand([8, 4, 10])).shape // [8, 4, 13]
 */
export class ConstantPad1d<const P extends Sides<1>> extends ConstantPadNd<'ConstantPad1d', 1, P> {}

/**
 * Fills images up with a value on all sides.
 *
 * Shapes: `[..., H, W]` to the same with each side's `padding` added; it is one number, or [left, right, top, bottom], and a
 * negative one cuts. Any dtype.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad2d.html
 * @example
 * new nn.ConstantPad2d(2, 3.5).forward(torch.rand([8, 4, 5, 6])).shape // [8, 4, 9, 10]
 */
export class ConstantPad2d<const P extends Sides<2>> extends ConstantPadNd<'ConstantPad2d', 2, P> {
  /** @internal */
  static override readonly dims = 2
}

/**
 * Fills volumes up with a value on all sides.
 *
 * Shapes: `[..., D, H, W]` to the same with each side's `padding` added; it is one number, or [left, right, top, bottom, front, back], and a
 * negative one cuts. Any dtype.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad3d.html
 * @example
 * new nn.ConstantPad3d(1, 3.5).forward(torch.rand([2, 4, 3, 5, 5])).shape // [2, 4, 5, 7, 7]
 */
export class ConstantPad3d<const P extends Sides<3>> extends ConstantPadNd<'ConstantPad3d', 3, P> {
  /** @internal */
  static override readonly dims = 3
}

/**
 * Fills sequences up with zeros on all sides.
 *
 * Shapes: `[..., L]` to the same with each side's `padding` added; it is one number, or [left, right], and a
 * negative one cuts. Any dtype.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad1d.html
 * @example
 * new nn.ZeroPad1d([1, 2]).forward(torch.rand([8, 4, 10])).shape // [8, 4, 13]
 */
export class ZeroPad1d<const P extends Sides<1>> extends PadNd<PadRule<'ZeroPad1d', 1, P, true>, 1, P> {}

/**
 * Fills images up with zeros on all sides.
 *
 * Shapes: `[..., H, W]` to the same with each side's `padding` added; it is one number, or [left, right, top, bottom], and a
 * negative one cuts. Any dtype.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html
 * @example
 * new nn.ZeroPad2d(2).forward(torch.rand([8, 4, 5, 6])).shape // [8, 4, 9, 10]
 */
export class ZeroPad2d<const P extends Sides<2>> extends PadNd<PadRule<'ZeroPad2d', 2, P, true>, 2, P> {
  /** @internal */
  static override readonly dims = 2
}

/**
 * Fills volumes up with zeros on all sides.
 *
 * Shapes: `[..., D, H, W]` to the same with each side's `padding` added; it is one number, or [left, right, top, bottom, front, back], and a
 * negative one cuts. Any dtype.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad3d.html
 * @example
 * new nn.ZeroPad3d(1).forward(torch.rand([2, 4, 3, 5, 5])).shape // [2, 4, 5, 7, 7]
 */
export class ZeroPad3d<const P extends Sides<3>> extends PadNd<PadRule<'ZeroPad3d', 3, P, true>, 3, P> {
  /** @internal */
  static override readonly dims = 3
}
