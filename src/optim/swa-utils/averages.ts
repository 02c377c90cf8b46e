import { noGrad } from '../../autograd'
import { isComplex, isFloating } from '../../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import { callOperator } from '../../ops/registry'
import type { Tensor } from '../../tensor/tensor'

/** Gives the new average of one parameter, from the average, the model's value and the count (int64, no dimension). */
export type AvgFn = (averaged: Tensor, current: Tensor, numAveraged: Tensor) => Tensor

/** Changes the averages of many parameters of one device and dtype in place. */
export type MultiAvgFn = (averaged: Tensor[], current: Tensor[], numAveraged: Tensor) => void

function checkDecay(decay: unknown): number {
  if (typeof decay !== 'number') throw new InvalidArgTypeError(`decay must be a number, got ${describe(decay)}`)
  if (decay >= 0 && decay <= 1) return decay
  throw new InvalidArgValueError(`Invalid decay value ${decay} provided. Please provide a value in [0,1] range.`)
}

/** `_foreach_lerp_` takes only such. */
const canLerp = ([first]: readonly Tensor[]) =>
  first !== undefined && (isFloating(first.dtype) || isComplex(first.dtype))

/**
 * The exponential moving average, parameter by parameter: `decay * averaged + (1 - decay) * current`. A decay outside of
 * [0, 1] is `ERR_INVALID_ARG_VALUE`.
 *
 * @see https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema
 */
export function getEmaAvgFn(decay = 0.999): AvgFn {
  checkDecay(decay)
  return (averaged, current) => noGrad(() => averaged.mul(decay).add(current.mul(1 - decay)) as Tensor)
}

/** The same for many parameters at once. Other last digits than `getEmaAvgFn`, as in Python. */
export function getEmaMultiAvgFn(decay = 0.999): MultiAvgFn {
  checkDecay(decay)
  return (averaged, current) =>
    noGrad(() => {
      if (canLerp(averaged)) {
        callOperator('aten::_foreach_lerp_', 'Scalar', [averaged, current, 1 - decay])
        return
      }
      averaged.forEach((mean, i) => {
        mean.copy_(mean.mul(decay).add(current[i]!.mul(1 - decay)))
      })
    })
}

/** The mean over all that was averaged, parameter by parameter. */
export function getSwaAvgFn(): AvgFn {
  return (averaged, current, numAveraged) =>
    noGrad(() => averaged.add(current.sub(averaged).div(numAveraged.add(1))) as Tensor)
}

/** The same for many parameters at once. For floating and complex ones; of others libtorch refuses the division. */
export function getSwaMultiAvgFn(): MultiAvgFn {
  return (averaged, current, numAveraged) =>
    noGrad(() => {
      const count = numAveraged.add(1)
      if (canLerp(averaged)) {
        callOperator('aten::_foreach_lerp_', 'Scalar', [averaged, current, count.reciprocal().item()])
        return
      }
      const steps = callOperator('aten::_foreach_sub', 'List', [current, averaged]) as Tensor[]
      callOperator('aten::_foreach_addcdiv_', 'Scalar', [averaged, steps, averaged.map(() => count)])
    })
}
