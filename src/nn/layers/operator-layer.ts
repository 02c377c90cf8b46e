import type { DType } from '../../core/dtype'
import { Job } from '../../core/job'
import type { Check, Shape } from '../../core/shape-types'
import { traceSubject } from '../../core/traces'
import { callOperator } from '../../ops/registry'
import { isTensor, type Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import { markPlain, markPlainRun } from '../leaf'
import { Module } from '../module'
import { Parameter } from '../parameter'
import type { Apply, Rule, rule } from '../rules'
import { explained } from './explained'
import type { FactoryOptions } from './shape-layer'

/** What an operator layer does with its inputs: operators alone, which keep none of them. */
export const compute: unique symbol = Symbol('what a layer computes')

/**
 * A layer written here, as Python writes its own: its parameters and buffers are fields, in Python's order, and its
 * forward calls operators. A class of such layers reads its options (`LayerOptions`), makes its parameters with
 * `emptyParameter`, fills them in `resetParameters` through `nn.init`, and says in `[compute]` what it does.
 * `R` is the rule by which the layer's type computes shapes.
 */
export abstract class OperatorLayer<R extends Rule = Rule> extends Module {
  declare readonly [rule]?: R

  /** @internal */
  abstract [compute](...inputs: any[]): unknown

  /** Computes; what goes wrong names the layer. */
  protected run(...inputs: unknown[]): any {
    try {
      if (!isTensor(inputs[0])) throw new TypeError('a tensor is needed')
      if (Job.current !== undefined) traceSubject(() => this.toString())
      return this[compute](...inputs)
    } catch (error) {
      throw explained(this, error, inputs)
    }
  }
}

/** One tensor to one tensor, as the layer's rule says; the dtype stays. */
export abstract class OperatorShapeLayer<R extends Rule> extends OperatorLayer<R> {
  forward<S extends Shape, D extends DType>(x: Tensor<S, D> & Check<Apply<R, S>>): Result<Apply<R, S>, D> {
    return this.run(x)
  }
}

/** One tensor to one of the same shape, whatever it is. */
export abstract class OperatorSameLayer<R extends Rule> extends OperatorLayer<R> {
  forward<S extends Shape, D extends DType>(x: Tensor<S, D>): Tensor<S, D> {
    return this.run(x)
  }
}

markPlainRun((OperatorLayer.prototype as unknown as { run: unknown }).run)
markPlain(OperatorShapeLayer)
markPlain(OperatorSameLayer)

/** A parameter without values yet: `resetParameters` gives it some. */
export function emptyParameter<S extends Shape>(shape: S, { dtype, device }: FactoryOptions): Parameter<S> {
  const data = callOperator('aten::empty', 'memory_format', [shape, dtype, undefined, device]) as Tensor<S>
  const parameter = new Parameter(data)
  data.dispose()
  return parameter
}
