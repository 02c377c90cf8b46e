import type { Parameter } from '../parameter'
import type { Sizes } from '../window-rules'
import { ConvTransposeNd } from './conv-transpose'

/**
 * A transposed convolution over sequences: the gradient of `Conv1d` by its input.
 *
 * Shapes: `[N, inChannels, L]` or `[inChannels, L]` to `[N, outChannels, L']`, where
 * L' = (L - 1) stride - 2 padding + dilation (kernelSize - 1) + outputPadding + 1; `weight` `[inChannels,
 * outChannels / groups, kL]`, `bias` `[outChannels]` or null. Dtype: that of the parameters, float32 by default.
 * Errors: `ERR_INVALID_ARG_VALUE` for groups that do not divide the channels or an `outputSize` that cannot be;
 * `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html
 * @example
 * new nn.ConvTranspose1d(4, 1, 3, { stride: 2 }).forward(torch.zeros([8, 4, 10])).shape // [8, 1, 21]
 */
export class ConvTranspose1d<
  const I extends number,
  const O extends number,
  const K extends Sizes<1>,
  const St extends Sizes<1> = 1,
  const P extends Sizes<1> = 0,
  const E extends Sizes<1> = 0,
  const D extends Sizes<1> = 1,
> extends ConvTransposeNd<'ConvTranspose1d', 1, I, O, K, St, P, E, D> {
  declare weight: Parameter<[I, number, number]>
  /** @internal */
  static override readonly dims = 1
}

/**
 * A transposed convolution over images: the gradient of `Conv2d` by its input.
 *
 * Shapes: `[N, inChannels, H, W]` or `[inChannels, H, W]` to `[N, outChannels, H', W']`, where
 * H' = (H - 1) stride - 2 padding + dilation (kernelSize - 1) + outputPadding + 1; `weight` `[inChannels,
 * outChannels / groups, kH, kW]`, `bias` `[outChannels]` or null. Each size is one number or a pair [rows, columns].
 * Dtype: that of the parameters, float32 by default.
 * Errors: `ERR_INVALID_ARG_VALUE` for groups that do not divide the channels or an `outputSize` that cannot be;
 * `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
 * @example
 * new nn.ConvTranspose2d(4, 1, 2, { stride: 2 }).forward(torch.zeros([8, 4, 7, 7])).shape // [8, 1, 14, 14]
 */
export class ConvTranspose2d<
  const I extends number,
  const O extends number,
  const K extends Sizes<2>,
  const St extends Sizes<2> = 1,
  const P extends Sizes<2> = 0,
  const E extends Sizes<2> = 0,
  const D extends Sizes<2> = 1,
> extends ConvTransposeNd<'ConvTranspose2d', 2, I, O, K, St, P, E, D> {
  declare weight: Parameter<[I, number, number, number]>
  /** @internal */
  static override readonly dims = 2
}

/**
 * A transposed convolution over volumes: the gradient of `Conv3d` by its input.
 *
 * Shapes: `[N, inChannels, D, H, W]` or `[inChannels, D, H, W]` to `[N, outChannels, D', H', W']`, where
 * D' = (D - 1) stride - 2 padding + dilation (kernelSize - 1) + outputPadding + 1; `weight` `[inChannels,
 * outChannels / groups, kD, kH, kW]`, `bias` `[outChannels]` or null. Each size is one number or three
 * [depth, rows, columns]. Dtype: that of the parameters, float32 by default.
 * Errors: `ERR_INVALID_ARG_VALUE` for groups that do not divide the channels or an `outputSize` that cannot be;
 * `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html
 * @example
 * new nn.ConvTranspose3d(4, 1, 2, { stride: 2 }).forward(torch.zeros([2, 4, 3, 3, 3])).shape // [2, 1, 6, 6, 6]
 */
export class ConvTranspose3d<
  const I extends number,
  const O extends number,
  const K extends Sizes<3>,
  const St extends Sizes<3> = 1,
  const P extends Sizes<3> = 0,
  const E extends Sizes<3> = 0,
  const D extends Sizes<3> = 1,
> extends ConvTransposeNd<'ConvTranspose3d', 3, I, O, K, St, P, E, D> {
  declare weight: Parameter<[I, number, number, number, number]>
  /** @internal */
  static override readonly dims = 3
}
