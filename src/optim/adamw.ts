import { mergeArguments } from '../core/options'
import { Optimizer, type OptimizerStateDict, type Params } from './optimizer'

/** The options of `AdamW`. */
export interface AdamWOptions {
  /** Step size, at least 0 (default 0.001). */
  lr?: number
  /** Decay of the running averages of the gradient and of its square, each in [0, 1) (default [0.9, 0.999]). */
  betas?: readonly [number, number]
  /** Added to the denominator, at least 0 (default 1e-8). */
  eps?: number
  /** How much each step takes from the weights themselves, at least 0 (default 0.01). */
  weightDecay?: number
  /** The variant that divides by the maximum of the averages so far (default false). */
  amsgrad?: boolean
  /** Ascend instead of descend (default false). */
  maximize?: boolean
  /** Lists of tensors at once (default null: on a GPU). */
  foreach?: boolean | null
  /** Safe to capture in a CUDA graph; refused on the CPU, as in Python (default false). */
  capturable?: boolean
  /** Record the step itself for `backward` (default false). */
  differentiable?: boolean
  /** One fused kernel: faster, with other last digits, those of Python's `fused=True` (default null: no). */
  fused?: boolean | null
}

const NAMES = [
  'params',
  'lr',
  'betas',
  'eps',
  'weightDecay',
  'amsgrad',
  'maximize',
  'foreach',
  'capturable',
  'differentiable',
  'fused',
]

type Rest = readonly (AdamWOptions | number | boolean | readonly [number, number] | null | undefined)[]

/**
 * Adam with a weight decay apart from the gradient, as `torch.optim.AdamW`, with Python's bits for every option:
 * `p *= 1 - lr weightDecay`, then Adam's step.
 *
 * Parameters and options are given as to `Adam`, and refused alike.
 *
 * @example
 * const optimizer = new optim.AdamW(model.parameters(), { lr: 1e-3, weightDecay: 0.1 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html
 */
export class AdamW extends Optimizer<AdamWOptions> {
  constructor(params: Params<AdamWOptions>, options?: AdamWOptions)
  constructor(params: Params<AdamWOptions>, lr: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const { params, ...options } = mergeArguments('AdamW', NAMES, args, 1)
    super('AdamW', params, options)
  }

  override loadStateDict(stateDict: OptimizerStateDict): void {
    super.loadStateDict(stateDict)
    // As Python: a state dict of Adam does not make it Adam
    for (const group of this.paramGroups) (group as { decoupledWeightDecay?: boolean }).decoupledWeightDecay = true
  }
}
