import { mergeArguments } from '../core/options'
import { Optimizer, type Params } from './optimizer'

/** The options of `Adamax`. */
export interface AdamaxOptions {
  /** Step size, at least 0 (default 0.002). */
  lr?: number
  /** Decay of the running average of the gradient and of its infinity norm, each in [0, 1) (default [0.9, 0.999]). */
  betas?: readonly [number, number]
  /** Added to the gradient's absolute value, at least 0 (default 1e-8). */
  eps?: number
  /** L2 penalty, at least 0 (default 0). */
  weightDecay?: number
  /** Lists of tensors at once (default null: on a GPU). */
  foreach?: boolean | null
  /** Ascend instead of descend (default false). */
  maximize?: boolean
  /** Record the step itself for `backward` (default false). */
  differentiable?: boolean
  /** Safe to capture in a CUDA graph; refused on the CPU, as in Python (default false). */
  capturable?: boolean
}

const NAMES = ['params', 'lr', 'betas', 'eps', 'weightDecay', 'foreach', 'maximize', 'differentiable', 'capturable']

type Rest = readonly (AdamaxOptions | number | boolean | readonly [number, number] | null | undefined)[]

/**
 * Adamax, as `torch.optim.Adamax`, with Python's bits for every option:
 * `m = lerp(m, g, 1 - b1)`, `u = max(b2 u, |g| + eps)`, `p -= lr / (1 - b1^t) * m / u`.
 *
 * Parameters and options are given as to `Adam`, and refused alike.
 *
 * @example
 * const optimizer = new optim.Adamax(model.parameters(), { lr: 0.01 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.Adamax.html
 */
export class Adamax extends Optimizer<AdamaxOptions> {
  constructor(params: Params<AdamaxOptions>, options?: AdamaxOptions)
  constructor(params: Params<AdamaxOptions>, lr: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const { params, ...options } = mergeArguments('Adamax', NAMES, args, 1)
    super('Adamax', params, options)
  }
}
