import { mergeArguments } from '../core/options'
import { Optimizer, type Params } from './optimizer'

/** The options of `RAdam`. */
export interface RAdamOptions {
  /** Step size, at least 0 (default 0.001). */
  lr?: number
  /** Decay of the running averages of the gradient and of its square, each in [0, 1) (default [0.9, 0.999]). */
  betas?: readonly [number, number]
  /** Added to the denominator, at least 0 (default 1e-8). */
  eps?: number
  /** L2 penalty, at least 0 (default 0). */
  weightDecay?: number
  /** Decay the weights themselves, apart from the gradient (default false). */
  decoupledWeightDecay?: boolean
  /** Lists of tensors at once (default null: on a GPU). */
  foreach?: boolean | null
  /** Ascend instead of descend (default false). */
  maximize?: boolean
  /** Safe to capture in a CUDA graph; refused on the CPU, as in Python (default false). */
  capturable?: boolean
  /** Record the step itself for `backward` (default false). */
  differentiable?: boolean
}

const NAMES = [
  'params',
  'lr',
  'betas',
  'eps',
  'weightDecay',
  'decoupledWeightDecay',
  'foreach',
  'maximize',
  'capturable',
  'differentiable',
]

type Rest = readonly (RAdamOptions | number | boolean | readonly [number, number] | null | undefined)[]

/**
 * Adam with a rectified variance, as `torch.optim.RAdam`, with Python's bits for every option: plain momentum until the
 * running average of squares is long enough to go by (`r_t > 5`), then `p -= lr m^ * rect_t / (sqrt(v^) + eps)`.
 *
 * Parameters and options are given as to `Adam`, and refused alike.
 *
 * @example
 * const optimizer = new optim.RAdam(model.parameters(), { lr: 0.01 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.RAdam.html
 */
export class RAdam extends Optimizer<RAdamOptions> {
  constructor(params: Params<RAdamOptions>, options?: RAdamOptions)
  constructor(params: Params<RAdamOptions>, lr: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const { params, ...options } = mergeArguments('RAdam', NAMES, args, 1)
    super('RAdam', params, options)
  }
}
