/** The methods of `Tensor` that work in place, with types that know shapes. */
import type { BroadcastInto } from '../core/broadcast-types'
import type { DType } from '../core/dtype'
import type { Scalar } from '../core/dtype-types'
import type { Check, Shape } from '../core/shape-types'
import type { Tensor } from './tensor'
import type { Alpha, InPlaceCheck, Operand, Rounding } from './typed'

/** In place: a trailing underscore. Shape and dtype stay; what would change them is refused. */
export interface TypedInPlace<S extends Shape, D extends DType> {
  /** Adds `alpha * other`. `torch.Tensor.add_` */
  add_<S extends Shape, D extends DType, const O extends Operand>(
    this: Tensor<S, D>,
    other: O & InPlaceCheck<'add_', S, D, O>,
    options?: Alpha,
  ): Tensor<S, D>
  /** Subtracts `alpha * other`. `torch.Tensor.sub_` */
  sub_<S extends Shape, D extends DType, const O extends Operand>(
    this: Tensor<S, D>,
    other: O & InPlaceCheck<'sub_', S, D, O>,
    options?: Alpha,
  ): Tensor<S, D>
  /** Multiplies. `torch.Tensor.mul_` */
  mul_<S extends Shape, D extends DType, const O extends Operand>(
    this: Tensor<S, D>,
    other: O & InPlaceCheck<'mul_', S, D, O>,
  ): Tensor<S, D>
  /** Divides. `torch.Tensor.div_` */
  div_<S extends Shape, D extends DType, const O extends Operand>(
    this: Tensor<S, D>,
    other: O & InPlaceCheck<'div_', S, D, O>,
    options?: { roundingMode?: Rounding },
  ): Tensor<S, D>
  /** Raises to a power. `torch.Tensor.pow_` */
  pow_<S extends Shape, D extends DType, const O extends Operand>(
    this: Tensor<S, D>,
    exponent: O & InPlaceCheck<'pow_', S, D, O>,
  ): Tensor<S, D>
  /** Copies the elements of `source`, broadcast and converted; `nonBlocking` as in `to`. `torch.Tensor.copy_` */
  copy_<S extends Shape, D extends DType, T extends Shape>(
    this: Tensor<S, D>,
    source: Tensor<T> & Check<BroadcastInto<'copy_', S, T>>,
    nonBlocking?: boolean | { nonBlocking?: boolean },
  ): Tensor<S, D>
  /** Makes every element `value`. `torch.Tensor.fill_` */
  fill_(value: Scalar | Tensor<[]>): Tensor<S, D>
  /** Makes every element 0. `torch.Tensor.zero_` */
  zero_(): Tensor<S, D>
  /** max(x, 0) in place. `torch.relu_` */
  relu_(): Tensor<S, D>
  /** The sigmoid in place. `torch.sigmoid_` */
  sigmoid_(): Tensor<S, D>
  /** The hyperbolic tangent in place. `torch.tanh_` */
  tanh_(): Tensor<S, D>
  /** e to the power of each element, in place. `torch.exp_` */
  exp_(): Tensor<S, D>
  /** The natural logarithm in place. `torch.log_` */
  log_(): Tensor<S, D>
  /** The square root in place. `torch.sqrt_` */
  sqrt_(): Tensor<S, D>
  /** The absolute value in place. `torch.abs_` */
  abs_(): Tensor<S, D>
  /** The negative in place. `torch.neg_` */
  neg_(): Tensor<S, D>
}
