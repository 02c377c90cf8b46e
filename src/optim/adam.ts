import { mergeArguments } from '../core/options'
import { Optimizer, type Params } from './optimizer'

/** The options of `Adam`. */
export interface AdamOptions {
  /** Step size, at least 0 (default 0.001). */
  lr?: number
  /** Decay of the running averages of the gradient and of its square, each in [0, 1) (default [0.9, 0.999]). */
  betas?: readonly [number, number]
  /** Added to the denominator, at least 0 (default 1e-8). */
  eps?: number
  /** L2 penalty, at least 0 (default 0). */
  weightDecay?: number
  /** The variant that divides by the maximum of the averages so far (default false). */
  amsgrad?: boolean
  /** Lists of tensors at once (default null: on a GPU). */
  foreach?: boolean | null
  /** Ascend instead of descend (default false). */
  maximize?: boolean
  /** Safe to capture in a CUDA graph; refused on the CPU, as in Python (default false). */
  capturable?: boolean
  /** Record the step itself for `backward` (default false). */
  differentiable?: boolean
  /** One fused kernel: faster, with other last digits, those of Python's `fused=True` (default null: no). */
  fused?: boolean | null
  /** Decay the weights themselves, apart from the gradient: AdamW (default false). */
  decoupledWeightDecay?: boolean
}

const NAMES = [
  'params',
  'lr',
  'betas',
  'eps',
  'weightDecay',
  'amsgrad',
  'foreach',
  'maximize',
  'capturable',
  'differentiable',
  'fused',
  'decoupledWeightDecay',
]

type Rest = readonly (AdamOptions | number | boolean | readonly [number, number] | null | undefined)[]

/**
 * Adam, as `torch.optim.Adam`, with Python's bits for every option:
 * `m = lerp(m, g, 1 - b1)`, `v = b2 v + (1 - b2) g^2`, `p -= lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps)`.
 *
 * `params` are tensors, named tensors, or groups with options of their own; then come options by position in Python's
 * order, or by name. A value out of its range is `ERR_INVALID_ARG_VALUE` in Python's words, one of the wrong kind (a
 * tensor for `lr`, too) `ERR_INVALID_ARG_TYPE`.
 *
 * @example
 * const optimizer = new optim.Adam(model.parameters(), { lr: 0.07 })
 * optimizer.zeroGrad()
 * loss.backward()
 * optimizer.step()
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
 */
export class Adam extends Optimizer<AdamOptions> {
  constructor(params: Params<AdamOptions>, options?: AdamOptions)
  constructor(params: Params<AdamOptions>, lr: number, ...rest: Rest)
  constructor(...args: unknown[]) {
    const { params, ...options } = mergeArguments('Adam', NAMES, args, 1)
    super('Adam', params, options)
  }
}
