/** Activations that let positive x pass. */

import { InvalidArgValueError } from '../../core/errors'
import type { Tensor } from '../../tensor/tensor'
import {
  celu,
  elu,
  hardswish,
  hardtanh,
  leakyRelu,
  mish,
  relu6,
  rrelu,
  selu,
  silu,
  threshold,
} from '../functional-activations'
import { Activation, type Inplace, type InplaceOptions } from './activation'
import { compute } from './operator-layer'

/** The options of `Threshold`. */
export interface ThresholdOptions extends InplaceOptions {
  /** The bound. */
  threshold: number
  /** What stands for x at or below the threshold. */
  value: number
}

/**
 * `value` where x <= `threshold`, else x.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes. With `{ inplace: true }` the input is overwritten and given back.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Threshold.html
 * @example
 * new nn.Threshold(0.1, 20).forward(torch.tensor([0, 1])).tolist() // [20, 1]
 */
export class Threshold extends Activation {
  declare readonly threshold: number
  declare readonly value: number
  declare readonly inplace: boolean

  constructor(
    threshold: number | ThresholdOptions,
    value?: number | Omit<ThresholdOptions, 'threshold'>,
    inplace?: Inplace,
  )
  constructor(...args: unknown[]) {
    super('Threshold', args, { threshold: 0, value: 0, inplace: false }, 2)
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return threshold(x, this.threshold, this.value, this.inplace)
  }

  override extraRepr(): string {
    return this.floats({ threshold: 'threshold', value: 'value' })
  }
}

/** The options of `RReLU`. */
export interface RReLUOptions extends InplaceOptions {
  /** The least slope; default 1/8. */
  lower?: number
  /** The greatest slope; default 1/3. */
  upper?: number
}

/**
 * A leaky ReLU with random slopes: in train mode each element draws its own between `lower` and `upper`, in eval mode all
 * take their mean. Draws from the default generator as Python does.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes. With `{ inplace: true }` the input is overwritten and given back.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.RReLU.html
 * @example
 * new nn.RReLU(0.1, 0.3).eval().forward(torch.tensor([-1, 2])) // about [-0.2, 2]
 */
export class RReLU extends Activation {
  declare readonly lower: number
  declare readonly upper: number
  declare readonly inplace: boolean

  constructor(lower?: number | RReLUOptions, upper?: number | Omit<RReLUOptions, 'lower'>, inplace?: Inplace)
  constructor(...args: unknown[]) {
    super('RReLU', args, { lower: 1 / 8, upper: 1 / 3, inplace: false })
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return rrelu(x, this.lower, this.upper, this.training, this.inplace)
  }

  override extraRepr(): string {
    return this.floats({ lower: 'lower', upper: 'upper' })
  }
}

/** The options of `Hardtanh`. */
export interface HardtanhOptions extends InplaceOptions {
  /** The least result; default -1. */
  minVal?: number
  /** The greatest result; default 1. */
  maxVal?: number
}

/**
 * x cut to `minVal` and `maxVal`.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes. With `{ inplace: true }` the input is overwritten and given back.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` where `minVal` is not less than `maxVal`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html
 * @example
 * new nn.Hardtanh(-2, 2).forward(torch.tensor([-3, 1, 5])).tolist() // [-2, 1, 2]
 */
export class Hardtanh extends Activation {
  declare readonly minVal: number
  declare readonly maxVal: number
  declare readonly inplace: boolean

  constructor(minVal?: number | HardtanhOptions, maxVal?: number | Omit<HardtanhOptions, 'minVal'>, inplace?: Inplace)
  constructor(...args: unknown[]) {
    super('Hardtanh', args, { minVal: -1, maxVal: 1, inplace: false })
    if (this.minVal >= this.maxVal) {
      throw new InvalidArgValueError(
        `Hardtanh: 'maxVal' must be greater than 'minVal', got ${this.minVal} and ${this.maxVal}`,
      )
    }
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return hardtanh(x, this.minVal, this.maxVal, this.inplace)
  }

  override extraRepr(): string {
    return this.floats({ minVal: 'min_val', maxVal: 'max_val' })
  }
}

/**
 * min(max(x, 0), 6).
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes. With `{ inplace: true }` the input is overwritten and given back.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU6.html
 * @example
 * new nn.ReLU6().forward(torch.tensor([-1, 4, 9])).tolist() // [0, 4, 6]
 */
export class ReLU6 extends Activation {
  declare readonly inplace: boolean

  constructor(inplace?: Inplace)
  constructor(...args: unknown[]) {
    super('ReLU6', args, { inplace: false })
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return relu6(x, this.inplace)
  }

  override extraRepr(): string {
    return this.floats({})
  }
}

/** The options of `ELU`. */
export interface ELUOptions extends InplaceOptions {
  /** The scale of the negative part; default 1. */
  alpha?: number
}

/**
 * x where positive, else alpha (exp(x) - 1).
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes. With `{ inplace: true }` the input is overwritten and given back.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ELU.html
 * @example
 * new nn.ELU().forward(torch.tensor([0, 2])).tolist() // [0, 2]
 */
export class ELU extends Activation {
  declare readonly alpha: number
  declare readonly inplace: boolean

  constructor(alpha?: number | ELUOptions, inplace?: Inplace)
  constructor(...args: unknown[]) {
    super('ELU', args, { alpha: 1, inplace: false })
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return elu(x, this.alpha, this.inplace)
  }

  override extraRepr(): string {
    return this.floats({ alpha: 'alpha' })
  }
}

/** The options of `CELU`. */
export interface CELUOptions extends InplaceOptions {
  /** The scale of the negative part, not 0; default 1. */
  alpha?: number
}

/**
 * max(0, x) + min(0, alpha (exp(x / alpha) - 1)).
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes. With `{ inplace: true }` the input is overwritten and given back.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.CELU.html
 * @example
 * new nn.CELU(0.5).forward(torch.tensor([0, 2])).tolist() // [0, 2]
 */
export class CELU extends Activation {
  declare readonly alpha: number
  declare readonly inplace: boolean

  constructor(alpha?: number | CELUOptions, inplace?: Inplace)
  constructor(...args: unknown[]) {
    super('CELU', args, { alpha: 1, inplace: false })
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return celu(x, this.alpha, this.inplace)
  }

  override extraRepr(): string {
    return this.floats({ alpha: 'alpha' })
  }
}

/**
 * scale (max(0, x) + min(0, alpha (exp(x) - 1))), with the two constants that draw layers towards mean 0 and variance 1.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes. With `{ inplace: true }` the input is overwritten and given back.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.SELU.html
 * @example
 * new nn.SELU().forward(torch.tensor([0, 1])) // [0, 1.0507]
 */
export class SELU extends Activation {
  declare readonly inplace: boolean

  constructor(inplace?: Inplace)
  constructor(...args: unknown[]) {
    super('SELU', args, { inplace: false })
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return selu(x, this.inplace)
  }

  override extraRepr(): string {
    return this.floats({})
  }
}

/** The options of `LeakyReLU`. */
export interface LeakyReLUOptions extends InplaceOptions {
  /** The slope for negative x; default 0.01. */
  negativeSlope?: number
}

/**
 * x where positive, else negativeSlope x.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes. With `{ inplace: true }` the input is overwritten and given back.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
 * @example
 * new nn.LeakyReLU(0.5).forward(torch.tensor([-2, 2])).tolist() // [-1, 2]
 */
export class LeakyReLU extends Activation {
  declare readonly negativeSlope: number
  declare readonly inplace: boolean

  constructor(negativeSlope?: number | LeakyReLUOptions, inplace?: Inplace)
  constructor(...args: unknown[]) {
    super('LeakyReLU', args, { negativeSlope: 0.01, inplace: false })
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return leakyRelu(x, this.negativeSlope, this.inplace)
  }

  override extraRepr(): string {
    return this.floats({ negativeSlope: 'negative_slope' })
  }
}

/**
 * x sigmoid(x), also called swish.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes. With `{ inplace: true }` the input is overwritten and given back.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.SiLU.html
 * @example
 * new nn.SiLU().forward(torch.tensor([0])).tolist() // [0]
 */
export class SiLU extends Activation {
  declare readonly inplace: boolean

  constructor(inplace?: Inplace)
  constructor(...args: unknown[]) {
    super('SiLU', args, { inplace: false })
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return silu(x, this.inplace)
  }

  override extraRepr(): string {
    return this.floats({})
  }
}

/**
 * x tanh(softplus(x)).
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes. With `{ inplace: true }` the input is overwritten and given back.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Mish.html
 * @example
 * new nn.Mish().forward(torch.tensor([0])).tolist() // [0]
 */
export class Mish extends Activation {
  declare readonly inplace: boolean

  constructor(inplace?: Inplace)
  constructor(...args: unknown[]) {
    super('Mish', args, { inplace: false })
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return mish(x, this.inplace)
  }

  override extraRepr(): string {
    return this.floats({})
  }
}

/**
 * x min(max(x + 3, 0), 6) / 6.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes. With `{ inplace: true }` the input is overwritten and given back.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardswish.html
 * @example
 * new nn.Hardswish().forward(torch.tensor([-3, 3])).tolist() // [0, 3]
 */
export class Hardswish extends Activation {
  declare readonly inplace: boolean

  constructor(inplace?: Inplace)
  constructor(...args: unknown[]) {
    super('Hardswish', args, { inplace: false })
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return hardswish(x, this.inplace)
  }
}
