import { mergeArguments } from '../../core/options'
import type { SameRule } from '../rules'
import { SameShapeLayer } from './shape-layer'

/** The options of `ReLU`. */
export interface ReLUOptions {
  /** Overwrites the input instead of making a new tensor; default false. */
  inplace?: boolean
}

/**
 * max(x, 0), element by element.
 *
 * Shapes: `[*]` to `[*]`. Any dtype but complex ones. With `{ inplace: true }` the input is overwritten and given back.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html
 * @example
 * new nn.ReLU().forward(torch.tensor([-1, 2])).tolist() // [0, 2]
 */
export class ReLU extends SameShapeLayer<SameRule> {
  readonly inplace: boolean

  constructor(inplace?: boolean | ReLUOptions)
  constructor(...args: unknown[]) {
    const options = mergeArguments('ReLU', ['inplace'], args)
    super('ReLU', options)
    this.inplace = (options.inplace as boolean | undefined) ?? false
  }

  override extraRepr(): string {
    return this.inplace ? 'inplace=True' : ''
  }
}
