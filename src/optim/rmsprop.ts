import { mergeArguments } from '../core/options'
import { Optimizer, type Params } from './optimizer'

/** The options of `RMSprop`. */
export interface RMSpropOptions {
  /** Step size, at least 0 (default 0.01). */
  lr?: number
  /** Decay of the running average of squares, at least 0 (default 0.99). */
  alpha?: number
  /** Added to the denominator, at least 0 (default 1e-8). */
  eps?: number
  /** L2 penalty, at least 0 (default 0). */
  weightDecay?: number
  /** How much of the last step goes on, at least 0 (default 0). */
  momentum?: number
  /** Divide by an estimate of the variance instead of the mean square (default false). */
  centered?: boolean
  /** Safe to capture in a CUDA graph; refused on the CPU, as in Python (default false). */
  capturable?: boolean
  /** Lists of tensors at once (default null: on a GPU). */
  foreach?: boolean | null
  /** Ascend instead of descend (default false). */
  maximize?: boolean
  /** Record the step itself for `backward` (default false). */
  differentiable?: boolean
}

const NAMES = [
  'params',
  'lr',
  'alpha',
  'eps',
  'weightDecay',
  'momentum',
  'centered',
  'capturable',
  'foreach',
  'maximize',
  'differentiable',
]

type Rest = readonly (RMSpropOptions | number | boolean | null | undefined)[]

/**
 * RMSprop, as `torch.optim.RMSprop`, with Python's bits for every option:
 * `v = alpha v + (1 - alpha) g^2`, `p -= lr g / (sqrt(v) + eps)`.
 *
 * Parameters and options are given as to `Adam`, and refused alike.
 *
 * @example
 * const optimizer = new optim.RMSprop(model.parameters(), { lr: 0.01, momentum: 0.9 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html
 */
export class RMSprop extends Optimizer<RMSpropOptions> {
  constructor(params: Params<RMSpropOptions>, options?: RMSpropOptions)
  constructor(params: Params<RMSpropOptions>, lr: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const { params, ...options } = mergeArguments('RMSprop', NAMES, args, 1)
    super('RMSprop', params, options)
  }
}
