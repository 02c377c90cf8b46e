import { inspect } from 'node:util'
import type { DType } from '../core/dtype'
import { describe, InvalidArgTypeError } from '../core/errors'
import { adopt, slotOf } from '../core/handle'
import { check, is, mergeArguments } from '../core/options'
import type { Shape } from '../core/shape-types'
import { callOperator } from '../ops/registry'
import { isTensor, Tensor } from '../tensor/tensor'
import { nn } from './binding'

const NATIVE: unique symbol = Symbol('a parameter that a native module made')

/**
 * A tensor that a module learns, as `torch.nn.Parameter`: a leaf that requires gradients and shares the storage of
 * `data`. A field of a `Module` that holds one is one of its parameters.
 *
 * A parameter made inside a `tidy` scope outlives it. `requiresGrad` (default true) of data that are neither floating
 * nor complex is `ERR_LIBTORCH`.
 *
 * @example
 * class Scale extends nn.Module {
 *   gain = new nn.Parameter(torch.ones([3]))
 *   forward(x: Tensor) {
 *     return x.mul(this.gain)
 *   }
 * }
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
 */
export class Parameter<out S extends Shape = any, out D extends DType = any> extends Tensor<S, D> {
  constructor(data?: Tensor<S, D>, options?: boolean | { requiresGrad?: boolean })
  constructor(...args: unknown[]) {
    super()
    if (args[0] === NATIVE) return
    const { data = callOperator('aten::empty', 'memory_format', [[0]]), requiresGrad = true } = mergeArguments(
      'Parameter',
      ['data', 'requiresGrad'],
      args,
    )
    if (!isTensor(data)) throw new InvalidArgTypeError(`Parameter: 'data' must be a tensor, got ${describe(data)}`)
    check('Parameter', 'requiresGrad', requiresGrad, is.boolean)
    adopt(nn.parameterCreate(slotOf(data), requiresGrad as boolean), true, this)
  }

  /** What Python prints. */
  override toString(): string {
    return `Parameter containing:\n${super.toString()}`
  }

  override [inspect.custom](): string {
    return this.toString()
  }
}

/** True for a `Parameter` made by this copy of the package. */
export function isParameter(value: unknown): value is Parameter {
  return isTensor(value) && value instanceof Parameter
}

/** The handle of a parameter that a native module made. */
export function adoptParameter(slot: number): Parameter {
  return adopt(slot, true, new Parameter(NATIVE as never))
}
