import { mergeArguments } from '../core/options'
import { Optimizer, type Params } from './optimizer'

/** The options of `NAdam`. */
export interface NAdamOptions {
  /** Step size, at least 0 (default 0.002). */
  lr?: number
  /** Decay of the running averages of the gradient and of its square, each in [0, 1) (default [0.9, 0.999]). */
  betas?: readonly [number, number]
  /** Added to the denominator, at least 0 (default 1e-8). */
  eps?: number
  /** L2 penalty, at least 0 (default 0). */
  weightDecay?: number
  /** How fast the momentum reaches its full size, at least 0 (default 0.004). */
  momentumDecay?: number
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
  'momentumDecay',
  'decoupledWeightDecay',
  'foreach',
  'maximize',
  'capturable',
  'differentiable',
]

type Rest = readonly (NAdamOptions | number | boolean | readonly [number, number] | null | undefined)[]

/**
 * Adam with Nesterov's momentum, as `torch.optim.NAdam`, with Python's bits for every option:
 * `mu_t = b1 (1 - 0.96^(t momentumDecay) / 2)`, `m = lerp(m, g, 1 - b1)`, `v = b2 v + (1 - b2) g^2`,
 * `p -= lr (mu_(t+1) m / (1 - mu_1...mu_(t+1)) + (1 - mu_t) g / (1 - mu_1...mu_t)) / (sqrt(v / (1 - b2^t)) + eps)`.
 *
 * Parameters and options are given as to `Adam`, and refused alike.
 *
 * @example
 * const optimizer = new optim.NAdam(model.parameters(), { lr: 0.01 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html
 */
export class NAdam extends Optimizer<NAdamOptions> {
  constructor(params: Params<NAdamOptions>, options?: NAdamOptions)
  constructor(params: Params<NAdamOptions>, lr: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const { params, ...options } = mergeArguments('NAdam', NAMES, args, 1)
    super('NAdam', params, options)
  }
}
