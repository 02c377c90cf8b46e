import { mergeArguments } from '../../core/options'
import type { FlattenRule } from '../layer-rules'
import { ShapeLayer } from './shape-layer'

/** The options of `Flatten`. */
export interface FlattenOptions<A extends number, B extends number> {
  /** The first dimension to merge; default 1. */
  startDim?: A
  /** The last one; default -1. */
  endDim?: B
}

/**
 * Merges dimensions into one: by default all but the first, the batch.
 *
 * Shapes: `[N, C, H, W]` to `[N, C * H * W]`. Any dtype. A view where memory allows it.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for dimensions out of range.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html
 * @example
 * new nn.Flatten().forward(torch.zeros([8, 4, 7, 7])).shape // [8, 196]
 */
export class Flatten<const A extends number = 1, const B extends number = -1> extends ShapeLayer<FlattenRule<A, B>> {
  readonly startDim: A
  readonly endDim: B

  constructor(startDim?: A, endDim?: B)
  constructor(options: FlattenOptions<A, B>)
  constructor(startDim: A, options: { endDim?: B })
  constructor(...args: unknown[]) {
    const options = mergeArguments('Flatten', ['startDim', 'endDim'], args)
    super('Flatten', options)
    this.startDim = (options.startDim ?? 1) as A
    this.endDim = (options.endDim ?? -1) as B
  }

  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`
  }
}
