import { mergeArguments } from '../../core/options'
import type { SameRule } from '../rules'
import type { LocalResponseNormOptions } from './local-response-norm'
import { pythonWord } from './python-words'
import { ShapeLayer } from './shape-layer'

/**
 * Divides each element by (k + alpha * the mean of squares of `size` neighbouring channels) ^ beta, as the networks of 2012
 * did; `LocalResponseNorm` is its successor.
 *
 * Shapes: `[N, C, H, W]` to the same. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for a size below 1; `ERR_LIBTORCH` for other
 * numbers of dimensions.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossMapLRN2d.html
 * @example
 * new nn.CrossMapLRN2d(3).forward(torch.rand([8, 4, 7, 7])).shape // [8, 4, 7, 7]
 */
export class CrossMapLRN2d extends ShapeLayer<SameRule> {
  readonly size: number
  readonly alpha: number
  readonly beta: number
  readonly k: number

  constructor(
    size: number,
    alpha?: number | LocalResponseNormOptions,
    beta?: number | Omit<LocalResponseNormOptions, 'alpha'>,
    k?: number | Pick<LocalResponseNormOptions, 'k'>,
  )
  constructor(options: { size: number } & LocalResponseNormOptions)
  constructor(...args: unknown[]) {
    const options = mergeArguments('CrossMapLRN2d', ['size', 'alpha', 'beta', 'k'], args, 1)
    super('CrossMapLRN2d', options)
    const { size, alpha = 1e-4, beta = 0.75, k = 1 } = options
    this.size = size as number
    this.alpha = alpha as number
    this.beta = beta as number
    this.k = k as number
  }

  override extraRepr(): string {
    const { size, alpha, beta, k } = this
    return `${size}, alpha=${pythonWord(alpha)}, beta=${pythonWord(beta)}, k=${pythonWord(k)}`
  }
}
