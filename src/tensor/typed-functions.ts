/**
 * The functions of `torch` whose types know shapes and that are no methods of `Tensor`, or take more than those do. The
 * types of all the others are made from the methods', with the tensor as first argument: see scripts/operators.
 */
import type { DType } from '../core/dtype'
import type { Scalar, ScalarDType } from '../core/dtype-types'
import type { Shape } from '../core/shape-types'
import type { Tensor } from './tensor'
import type { Elementwise, Operand, OperandCheck, OutOption } from './typed'
import type { JoiningFunctions } from './typed-functions-joining'

export interface TypedFunctions extends JoiningFunctions {
  /**
   * input to the power of the exponent, broadcast; one of them may be a number.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.pow.html
   */
  pow<S extends Shape, D extends DType, const O extends Operand>(
    input: Tensor<S, D>,
    exponent: O & OperandCheck<'pow', S, O>,
    options?: OutOption,
  ): Elementwise<'pow', S, D, O>
  pow<const N extends Scalar, S extends Shape, D extends DType>(
    input: N,
    exponent: Tensor<S, D>,
    options?: OutOption,
  ): Tensor<S, ScalarDType<D, N>>
}
