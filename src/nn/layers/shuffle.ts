import type { Tensor } from '../../tensor/tensor'
import { channelShuffle, pixelShuffle, pixelUnshuffle } from '../functional-resize'
import type { ChannelShuffleRule, ShuffleRule, UnshuffleRule } from '../resize-rules'
import { LayerOptions } from './layer-options'
import { compute, OperatorShapeLayer } from './operator-layer'

/**
 * Makes groups of r^2 channels to r times larger images, where r is `upscaleFactor`.
 *
 * Shapes: `[..., C r^2, H, W]` to `[..., C, H r, W r]`. Any dtype.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html
 * @example
 * new nn.PixelShuffle(3).forward(torch.rand([8, 9, 4, 4])).shape // [8, 1, 12, 12]
 */
export class PixelShuffle<const R extends number> extends OperatorShapeLayer<ShuffleRule<R>> {
  readonly upscaleFactor: R

  constructor(upscaleFactor: R | { upscaleFactor: R })
  constructor(...args: unknown[]) {
    super()
    this.upscaleFactor = new LayerOptions(new.target.name, ['upscaleFactor'], args, 1).integer('upscaleFactor') as R
  }

  override [compute](x: Tensor): unknown {
    return pixelShuffle(x, this.upscaleFactor)
  }

  override extraRepr(): string {
    return `upscale_factor=${this.upscaleFactor}`
  }
}

/**
 * Makes r times larger images to groups of r^2 channels, where r is `downscaleFactor`: the reverse of `PixelShuffle`.
 *
 * Shapes: `[..., C, H r, W r]` to `[..., C r^2, H, W]`. Any dtype.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html
 * @example
 * new nn.PixelUnshuffle(3).forward(torch.rand([8, 1, 12, 12])).shape // [8, 9, 4, 4]
 */
export class PixelUnshuffle<const R extends number> extends OperatorShapeLayer<UnshuffleRule<R>> {
  readonly downscaleFactor: R

  constructor(downscaleFactor: R | { downscaleFactor: R })
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions(new.target.name, ['downscaleFactor'], args, 1)
    this.downscaleFactor = options.integer('downscaleFactor') as R
  }

  override [compute](x: Tensor): unknown {
    return pixelUnshuffle(x, this.downscaleFactor)
  }

  override extraRepr(): string {
    return `downscale_factor=${this.downscaleFactor}`
  }
}

/**
 * Mixes the channels: from each of `groups` groups one in turn.
 *
 * Shapes: `[N, C, ...]` to the same. Any dtype.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html
 * @example
 * new nn.ChannelShuffle(2).forward(torch.rand([8, 4, 7, 7])).shape // [8, 4, 7, 7]
 */
export class ChannelShuffle<const G extends number> extends OperatorShapeLayer<ChannelShuffleRule<G>> {
  readonly groups: G

  constructor(groups: G | { groups: G })
  constructor(...args: unknown[]) {
    super()
    this.groups = new LayerOptions(new.target.name, ['groups'], args, 1).integer('groups') as G
  }

  override [compute](x: Tensor): unknown {
    return channelShuffle(x, this.groups)
  }

  override extraRepr(): string {
    return `groups=${this.groups}`
  }
}
