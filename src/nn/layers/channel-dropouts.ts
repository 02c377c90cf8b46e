import type { Tensor } from '../../tensor/tensor'
import {
  alphaDropout,
  checkProbability,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
} from '../functional-dropout'
import type { SameRule } from '../rules'
import type { DropoutOptions } from './dropout'
import { LayerOptions } from './layer-options'
import { compute, OperatorSameLayer } from './operator-layer'
import { pythonWord } from './python-words'

/** What drops with a probability. */
abstract class DropoutBase extends OperatorSameLayer<SameRule> {
  readonly p: number
  readonly inplace: boolean

  constructor(p?: number | DropoutOptions, inplace?: boolean | Omit<DropoutOptions, 'p'>)
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions(new.target.name, ['p', 'inplace'], args)
    this.p = options.number('p', 0.5)
    this.inplace = options.flag('inplace')
    checkProbability(this.p)
  }

  override extraRepr(): string {
    return `p=${pythonWord(this.p)}, inplace=${pythonWord(this.inplace)}`
  }
}

/**
 * In train mode makes each channel 0 with probability `p` and divides the others by `1 - p`; in eval mode changes
 * nothing. Draws from the default generator as Python does.
 *
 * Shapes: `[N, C, L]` or `[C, L]` to the same. Floating dtypes.
 * Errors: `ERR_INVALID_ARG_VALUE` for a `p` outside 0 to 1; `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH`
 * for another rank.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout1d.html
 * @example
 * new nn.Dropout1d(0.2).forward(torch.rand([8, 4, 10])).shape // [8, 4, 10]
 */
export class Dropout1d extends DropoutBase {
  override [compute](x: Tensor): Tensor {
    return dropout1d(x, this.p, this.training, this.inplace)
  }
}

/**
 * In train mode makes each channel 0 with probability `p` and divides the others by `1 - p`; in eval mode changes
 * nothing. Draws from the default generator as Python does.
 *
 * Shapes: `[N, C, H, W]` to the same; three dimensions are `[N, C, L]`, as in Python. Floating dtypes.
 * Errors: `ERR_INVALID_ARG_VALUE` for a `p` outside 0 to 1; `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html
 * @example
 * new nn.Dropout2d(0.2).forward(torch.rand([8, 4, 7, 7])).shape // [8, 4, 7, 7]
 */
export class Dropout2d extends DropoutBase {
  override [compute](x: Tensor): Tensor {
    return dropout2d(x, this.p, this.training, this.inplace)
  }
}

/**
 * In train mode makes each channel 0 with probability `p` and divides the others by `1 - p`; in eval mode changes
 * nothing. Draws from the default generator as Python does.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` to the same. Floating dtypes.
 * Errors: `ERR_INVALID_ARG_VALUE` for a `p` outside 0 to 1; `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout3d.html
 * @example
 * new nn.Dropout3d(0.2).forward(torch.rand([2, 4, 3, 5, 5])).shape // [2, 4, 3, 5, 5]
 */
export class Dropout3d extends DropoutBase {
  override [compute](x: Tensor): Tensor {
    return dropout3d(x, this.p, this.training, this.inplace)
  }
}

/**
 * In train mode makes each element the negative limit of SELU with probability `p`, and scales all so that mean and
 * variance stay; in eval mode changes nothing. Draws from the default generator as Python does, which ignores `inplace`.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_INVALID_ARG_VALUE` for a `p` outside 0 to 1; `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AlphaDropout.html
 * @example
 * new nn.AlphaDropout(0.2).forward(torch.rand([8, 4])).shape // [8, 4]
 */
export class AlphaDropout extends DropoutBase {
  override [compute](x: Tensor): Tensor {
    return alphaDropout(x, this.p, this.training)
  }
}

/**
 * In train mode makes each channel the negative limit of SELU with probability `p`, and scales all so that mean and
 * variance stay; in eval mode changes nothing. Draws from the default generator as Python does, which ignores `inplace`.
 *
 * Shapes: `[N, C, ...]` to the same. Floating dtypes.
 * Errors: `ERR_INVALID_ARG_VALUE` for a `p` outside 0 to 1; `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.FeatureAlphaDropout.html
 * @example
 * new nn.FeatureAlphaDropout(0.2).forward(torch.rand([8, 4, 7, 7])).shape // [8, 4, 7, 7]
 */
export class FeatureAlphaDropout extends DropoutBase {
  override [compute](x: Tensor): Tensor {
    return featureAlphaDropout(x, this.p, this.training)
  }
}
