import type { DType } from '../../core/dtype'
import type { Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import { markPlain } from '../leaf'
import type { SameRule } from '../rules'
import { SameShapeLayer } from './shape-layer'

/**
 * Gives its input back, the very tensor. Takes any arguments and ignores them, as Python's does.
 *
 * Shapes: `[*]` to `[*]`. Any dtype.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html
 * @example
 * new nn.Identity().forward(x) === x // true
 */
export class Identity extends SameShapeLayer<SameRule> {
  constructor(..._ignored: readonly unknown[]) {
    super('Identity', {})
  }

  override forward<S extends Shape, D extends DType>(x: Tensor<S, D>): Tensor<S, D> {
    return x
  }
}

markPlain(Identity)
