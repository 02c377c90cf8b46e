import type { PadRule } from '../spatial-rules'
import { PadNd, type Sides } from './padding'

/**
 * Fills sequences up with their mirror images at all edges, which are not repeated.
 *
 * Shapes: `[N, C, L]` or `[C, L]` to the same with each side's `padding` added; it is one number, or
 * [left, right], less than the size.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad1d.html
 * @example
 * new nn.ReflectionPad1d([1, 2]).forward(torch.rand([8, 4, 10])).shape // [8, 4, 13]
 */
export class ReflectionPad1d<const P extends Sides<1>> extends PadNd<PadRule<'ReflectionPad1d', 1, P, false>, 1, P> {
  /** @internal */
  static override readonly mode = 'reflect'
}

/**
 * Fills images up with their mirror images at all edges, which are not repeated.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` to the same with each side's `padding` added; it is one number, or
 * [left, right, top, bottom], less than the size.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad2d.html
 * @example
 * new nn.ReflectionPad2d(2).forward(torch.rand([8, 4, 5, 6])).shape // [8, 4, 9, 10]
 */
export class ReflectionPad2d<const P extends Sides<2>> extends PadNd<PadRule<'ReflectionPad2d', 2, P, false>, 2, P> {
  /** @internal */
  static override readonly dims = 2
  /** @internal */
  static override readonly mode = 'reflect'
}

/**
 * Fills volumes up with their mirror images at all edges, which are not repeated.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` to the same with each side's `padding` added; it is one number, or
 * [left, right, top, bottom, front, back], less than the size.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad3d.html
 * @example
 * new nn.ReflectionPad3d(1).forward(torch.rand([2, 4, 3, 5, 5])).shape // [2, 4, 5, 7, 7]
 */
export class ReflectionPad3d<const P extends Sides<3>> extends PadNd<PadRule<'ReflectionPad3d', 3, P, false>, 3, P> {
  /** @internal */
  static override readonly dims = 3
  /** @internal */
  static override readonly mode = 'reflect'
}
