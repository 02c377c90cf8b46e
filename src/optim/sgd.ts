import { mergeArguments } from '../core/options'
import { Optimizer, type Params } from './optimizer'

/** The options of `SGD`. */
export interface SGDOptions {
  /** Step size, at least 0 (default 0.001). */
  lr?: number
  /** How much of the last step goes on, at least 0 (default 0). */
  momentum?: number
  /** How much of the gradient the momentum leaves out (default 0). */
  dampening?: number
  /** L2 penalty, at least 0 (default 0). */
  weightDecay?: number
  /** Nesterov momentum; needs a momentum and no dampening (default false). */
  nesterov?: boolean
  /** Ascend instead of descend (default false). */
  maximize?: boolean
  /** Lists of tensors at once (default null: on a GPU). */
  foreach?: boolean | null
  /** Record the step itself for `backward` (default false). */
  differentiable?: boolean
  /** One fused kernel (default null: no). */
  fused?: boolean | null
}

const NAMES = [
  'params',
  'lr',
  'momentum',
  'dampening',
  'weightDecay',
  'nesterov',
  'maximize',
  'foreach',
  'differentiable',
  'fused',
]

type Rest = readonly (SGDOptions | number | boolean | null | undefined)[]

/**
 * Stochastic gradient descent, as `torch.optim.SGD`, with Python's bits for every option:
 * `b = momentum b + (1 - dampening) g` (the gradient itself in the first step), `p -= lr b`.
 *
 * `params` are tensors, named tensors, or groups with options of their own; then come options by position in Python's
 * order, or by name. A value out of its range is `ERR_INVALID_ARG_VALUE` in Python's words, one of the wrong kind
 * `ERR_INVALID_ARG_TYPE`.
 *
 * @example
 * const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(params: Params<SGDOptions>, options?: SGDOptions)
  constructor(params: Params<SGDOptions>, lr: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const { params, ...options } = mergeArguments('SGD', NAMES, args, 1)
    super('SGD', params, options)
  }
}
