import { mergeArguments } from '../core/options'
import { Optimizer, type Params } from './optimizer'

/** The options of `Adagrad`. */
export interface AdagradOptions {
  /** Step size, at least 0 (default 0.01). */
  lr?: number
  /** How much the step size falls with each step, at least 0 (default 0). */
  lrDecay?: number
  /** L2 penalty, at least 0 (default 0). */
  weightDecay?: number
  /** Where the sums of squares begin, at least 0 (default 0). */
  initialAccumulatorValue?: number
  /** Added to the denominator, at least 0 (default 1e-10). */
  eps?: number
  /** Lists of tensors at once (default null: on a GPU). */
  foreach?: boolean | null
  /** Ascend instead of descend (default false). */
  maximize?: boolean
  /** Record the step itself for `backward` (default false). */
  differentiable?: boolean
  /** One fused kernel (default null: no). */
  fused?: boolean | null
}

const NAMES = [
  'params',
  'lr',
  'lrDecay',
  'weightDecay',
  'initialAccumulatorValue',
  'eps',
  'foreach',
  'maximize',
  'differentiable',
  'fused',
]

type Rest = readonly (AdagradOptions | number | boolean | null | undefined)[]

/**
 * Adagrad, as `torch.optim.Adagrad`, with Python's bits for every option:
 * `s += g^2`, `p -= lr / (1 + (t - 1) lrDecay) * g / (sqrt(s) + eps)`. The sums exist before the first step, as in Python.
 * Takes sparse gradients.
 *
 * Parameters and options are given as to `Adam`, and refused alike.
 *
 * @example
 * const optimizer = new optim.Adagrad(model.parameters(), { lr: 0.05 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html
 */
export class Adagrad extends Optimizer<AdagradOptions> {
  constructor(params: Params<AdagradOptions>, options?: AdagradOptions)
  constructor(params: Params<AdagradOptions>, lr: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const { params, ...options } = mergeArguments('Adagrad', NAMES, args, 1)
    super('Adagrad', params, options)
  }
}
