import type { DType } from '../../core/dtype'
import type { Check, Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import { Leaf, markPlain } from '../leaf'
import type { Apply, Rule } from '../rules'

/** A layer of one tensor to one tensor, whose rule says which shapes it takes and gives; it keeps the dtype. */
export abstract class ShapeLayer<R extends Rule> extends Leaf<R> {
  forward<S extends Shape, D extends DType>(x: Tensor<S, D> & Check<Apply<R, S>>): Result<Apply<R, S>, D> {
    return this.run(x) as Result<Apply<R, S>, D>
  }
}

/** A layer that keeps the shape, whatever it is. */
export abstract class SameShapeLayer<R extends Rule> extends Leaf<R> {
  forward<S extends Shape, D extends DType>(x: Tensor<S, D>): Tensor<S, D> {
    return this.run(x) as Tensor<S, D>
  }
}

markPlain(ShapeLayer)
markPlain(SameShapeLayer)

/** Where a layer's parameters are made. */
export interface FactoryOptions {
  /** Where the parameters live; `'cpu'` by default. */
  device?: string
  /** The parameters' dtype; the default dtype, `'float32'`, unless given. */
  dtype?: DType
}
