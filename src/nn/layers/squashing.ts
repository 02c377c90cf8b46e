/** Activations that bend, squash or shrink x. */

import type { Tensor } from '../../tensor/tensor'
import {
  hardshrink,
  hardsigmoid,
  logsigmoid,
  sigmoid,
  softplus,
  softshrink,
  softsign,
  tanh,
  tanhshrink,
} from '../functional-activations'
import { Activation, type Inplace } from './activation'
import { compute } from './operator-layer'

/**
 * 1 / (1 + exp(-x)).
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
 * @example
 * new nn.Sigmoid().forward(torch.tensor([0])).tolist() // [0.5]
 */
export class Sigmoid extends Activation {
  constructor(...args: []) {
    super('Sigmoid', args, {})
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return sigmoid(x)
  }
}

/**
 * min(max(x + 3, 0), 6) / 6.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes. With `{ inplace: true }` the input is overwritten and given back.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardsigmoid.html
 * @example
 * new nn.Hardsigmoid().forward(torch.tensor([-3, 0, 3])).tolist() // [0, 0.5, 1]
 */
export class Hardsigmoid extends Activation {
  declare readonly inplace: boolean

  constructor(inplace?: Inplace)
  constructor(...args: unknown[]) {
    super('Hardsigmoid', args, { inplace: false })
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return hardsigmoid(x, this.inplace)
  }
}

/**
 * The hyperbolic tangent.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanh.html
 * @example
 * new nn.Tanh().forward(torch.tensor([0])).tolist() // [0]
 */
export class Tanh extends Activation {
  constructor(...args: []) {
    super('Tanh', args, {})
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return tanh(x)
  }
}

/**
 * log(1 / (1 + exp(-x))).
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html
 * @example
 * new nn.LogSigmoid().forward(torch.tensor([0])) // -log(2)
 */
export class LogSigmoid extends Activation {
  constructor(...args: []) {
    super('LogSigmoid', args, {})
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return logsigmoid(x)
  }
}

/** The options of `Softplus`. */
export interface SoftplusOptions {
  /** The sharpness; default 1. */
  beta?: number
  /** Where beta x is greater, x is given as it is; default 20. */
  threshold?: number
}

/**
 * log(1 + exp(beta x)) / beta: a smooth ReLU. Where beta x is greater than `threshold`, x itself.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html
 * @example
 * new nn.Softplus().forward(torch.tensor([30])).tolist() // [30]
 */
export class Softplus extends Activation {
  declare readonly beta: number
  declare readonly threshold: number

  constructor(beta?: number | SoftplusOptions, threshold?: number | Omit<SoftplusOptions, 'beta'>)
  constructor(...args: unknown[]) {
    super('Softplus', args, { beta: 1, threshold: 20 })
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return softplus(x, this.beta, this.threshold)
  }

  override extraRepr(): string {
    return this.floats({ beta: 'beta', threshold: 'threshold' })
  }
}

/**
 * x / (1 + |x|).
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Softsign.html
 * @example
 * new nn.Softsign().forward(torch.tensor([1])).tolist() // [0.5]
 */
export class Softsign extends Activation {
  constructor(...args: []) {
    super('Softsign', args, {})
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return softsign(x)
  }
}

/**
 * x - tanh(x).
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanhshrink.html
 * @example
 * new nn.Tanhshrink().forward(torch.tensor([0])).tolist() // [0]
 */
export class Tanhshrink extends Activation {
  constructor(...args: []) {
    super('Tanhshrink', args, {})
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return tanhshrink(x)
  }
}

/** The options of `Hardshrink`. */
export interface HardshrinkOptions {
  /** Half the width of the range that becomes 0; default 0.5. */
  lambd?: number
}

/**
 * x where |x| > `lambd`, else 0.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardshrink.html
 * @example
 * new nn.Hardshrink().forward(torch.tensor([0.25, 2])).tolist() // [0, 2]
 */
export class Hardshrink extends Activation {
  declare readonly lambd: number

  constructor(lambd?: number | HardshrinkOptions)
  constructor(...args: unknown[]) {
    super('Hardshrink', args, { lambd: 0.5 })
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return hardshrink(x, this.lambd)
  }

  override extraRepr(): string {
    return this.floatWord('lambd')
  }
}

/** The options of `Softshrink`. */
export interface SoftshrinkOptions {
  /** Half the width of the range that becomes 0, at least; default 0.5. */
  lambd?: number
}

/**
 * x drawn towards 0 by `lambd`.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Softshrink.html
 * @example
 * new nn.Softshrink().forward(torch.tensor([0.25, 2])).tolist() // [0, 1.5]
 */
export class Softshrink extends Activation {
  declare readonly lambd: number

  constructor(lambd?: number | SoftshrinkOptions)
  constructor(...args: unknown[]) {
    super('Softshrink', args, { lambd: 0.5 })
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return softshrink(x, this.lambd)
  }

  override extraRepr(): string {
    return this.floatWord('lambd')
  }
}
