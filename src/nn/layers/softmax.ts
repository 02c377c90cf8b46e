import { mergeArguments } from '../../core/options'
import type { SoftmaxRule } from '../layer-rules'
import { pythonWord } from './python-words'
import { ShapeLayer } from './shape-layer'

/** The options of `Softmax`. */
export interface SoftmaxOptions<I extends number | null> {
  /** The dimension along which the elements sum to 1; null leaves the choice to libtorch, which warns. */
  dim?: I
}

/**
 * exp(x) over its sum along one dimension.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for a dimension out of range.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html
 * @example
 * new nn.Softmax(1).forward(logits) // [N, C], each row sums to 1
 */
export class Softmax<const I extends number | null = null> extends ShapeLayer<SoftmaxRule<I>> {
  readonly dim: I

  constructor(dim?: I | SoftmaxOptions<I>)
  constructor(...args: unknown[]) {
    const options = mergeArguments('Softmax', ['dim'], args)
    super('Softmax', options)
    this.dim = (options.dim ?? null) as I
  }

  override extraRepr(): string {
    return `dim=${pythonWord(this.dim)}`
  }
}
