import { mergeArguments } from '../../core/options'
import type { SameRule } from '../rules'
import { pythonWord } from './python-words'
import { SameShapeLayer } from './shape-layer'

/** The options of `Dropout`. */
export interface DropoutOptions {
  /** The probability, 0 to 1, that an element becomes 0; default 0.5. */
  p?: number
  /** Overwrites the input instead of making a new tensor; default false. */
  inplace?: boolean
}

/**
 * In train mode makes each element 0 with probability `p` and divides the others by `1 - p`; in eval mode gives its
 * input. Draws from the default generator as Python does.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_INVALID_ARG_VALUE` for a `p` outside 0 to 1; `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html
 * @example
 * new nn.Dropout(0.2).eval().forward(x)
 */
export class Dropout extends SameShapeLayer<SameRule> {
  readonly p: number
  readonly inplace: boolean

  constructor(p?: number | DropoutOptions, inplace?: boolean | Omit<DropoutOptions, 'p'>)
  constructor(...args: unknown[]) {
    const options = mergeArguments('Dropout', ['p', 'inplace'], args)
    super('Dropout', options)
    this.p = (options.p as number | undefined) ?? 0.5
    this.inplace = (options.inplace as boolean | undefined) ?? false
  }

  override extraRepr(): string {
    return `p=${pythonWord(this.p)}, inplace=${pythonWord(this.inplace)}`
  }
}
