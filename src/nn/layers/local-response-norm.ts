import type { Tensor } from '../../tensor/tensor'
import { localResponseNorm } from '../functional-norm'
import type { SameRule } from '../rules'
import { LayerOptions } from './layer-options'
import { compute, OperatorSameLayer } from './operator-layer'
import { pythonFloat, pythonWord } from './python-words'

/** The options of `LocalResponseNorm` that have defaults. */
export interface LocalResponseNormOptions {
  /** The factor of the mean of squares; default 1e-4. */
  alpha?: number
  /** The exponent; default 0.75. */
  beta?: number
  /** Added before the power; default 1. */
  k?: number
}

/**
 * Divides each element by (k + alpha * the mean of squares of `size` neighbouring channels) ^ beta.
 *
 * Shapes: `[N, C, ...]` to the same, of at least 3 dimensions. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for fewer dimensions.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html
 * @example
 * new nn.LocalResponseNorm(2).forward(torch.rand([8, 4, 7, 7])).shape // [8, 4, 7, 7]
 */
export class LocalResponseNorm extends OperatorSameLayer<SameRule> {
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
    super()
    const options = new LayerOptions(new.target.name, ['size', 'alpha', 'beta', 'k'], args, 1)
    this.size = options.integer('size')
    this.alpha = options.number('alpha', 1e-4)
    this.beta = options.number('beta', 0.75)
    this.k = options.number('k', 1)
  }

  override [compute](x: Tensor): Tensor {
    return localResponseNorm(x, this.size, this.alpha, this.beta, this.k)
  }

  override extraRepr(): string {
    const { size, alpha, beta, k } = this
    // Python's default is 1.0, and JavaScript cannot tell it from 1
    return `${size}, alpha=${pythonWord(alpha)}, beta=${pythonWord(beta)}, k=${k === 1 ? pythonFloat(k) : pythonWord(k)}`
  }
}
