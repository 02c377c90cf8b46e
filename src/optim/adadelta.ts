import { mergeArguments } from '../core/options'
import { Optimizer, type Params } from './optimizer'

/** The options of `Adadelta`. */
export interface AdadeltaOptions {
  /** Step size, at least 0 (default 1). */
  lr?: number
  /** Decay of both running averages, in [0, 1] (default 0.9). */
  rho?: number
  /** Added under both square roots, at least 0 (default 1e-6). */
  eps?: number
  /** L2 penalty, at least 0 (default 0). */
  weightDecay?: number
  /** Lists of tensors at once (default null: on a GPU). */
  foreach?: boolean | null
  /** Safe to capture in a CUDA graph; refused on the CPU, as in Python (default false). */
  capturable?: boolean
  /** Ascend instead of descend (default false). */
  maximize?: boolean
  /** Record the step itself for `backward` (default false). */
  differentiable?: boolean
}

const NAMES = ['params', 'lr', 'rho', 'eps', 'weightDecay', 'foreach', 'capturable', 'maximize', 'differentiable']

type Rest = readonly (AdadeltaOptions | number | boolean | null | undefined)[]

/**
 * Adadelta, as `torch.optim.Adadelta`, with Python's bits for every option:
 * `v = rho v + (1 - rho) g^2`, `d = sqrt(u + eps) / sqrt(v + eps) * g`, `u = rho u + (1 - rho) d^2`, `p -= lr d`.
 *
 * Parameters and options are given as to `Adam`, and refused alike.
 *
 * @example
 * const optimizer = new optim.Adadelta(model.parameters(), { rho: 0.95 })
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.Adadelta.html
 */
export class Adadelta extends Optimizer<AdadeltaOptions> {
  constructor(params: Params<AdadeltaOptions>, options?: AdadeltaOptions)
  constructor(params: Params<AdadeltaOptions>, lr: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const { params, ...options } = mergeArguments('Adadelta', NAMES, args, 1)
    super('Adadelta', params, options)
  }
}
