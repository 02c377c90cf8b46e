import type { DType } from '../../core/dtype'
import { InvalidArgValueError } from '../../core/errors'
import type { Check, Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import { bilinear } from '../functional-embedding'
import * as init from '../init'
import type { Parameter } from '../parameter'
import type { BilinearShape, TwoInputsRule } from '../sequence-rules'
import { LayerOptions } from './layer-options'
import { compute, emptyParameter, OperatorLayer } from './operator-layer'
import { pythonWord } from './python-words'
import type { FactoryOptions } from './shape-layer'

const NAMES = ['in1Features', 'in2Features', 'outFeatures', 'bias', 'device', 'dtype']

/**
 * y = x1 A x2 + b.
 *
 * Shapes: inputs `[*, in1Features]` and `[*, in2Features]` to `[*, outFeatures]`; `weight` `[outFeatures, in1Features,
 * in2Features]`, `bias` `[outFeatures]` or null, both drawn uniformly from ±1 / sqrt(in1Features), as Python draws them.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` where `in1Features` is not positive;
 * `ERR_LIBTORCH` for inputs that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Bilinear.html
 * @example
 * new nn.Bilinear(20, 30, 40).forward(torch.rand([128, 20]), torch.rand([128, 30])).shape // [128, 40]
 */
export class Bilinear<
  const I extends number,
  const J extends number,
  const O extends number,
> extends OperatorLayer<TwoInputsRule> {
  weight: Parameter<[O, I, J]>
  bias: Parameter<[O]> | null
  readonly in1Features: I
  readonly in2Features: J
  readonly outFeatures: O

  constructor(
    in1Features: I,
    in2Features: J,
    outFeatures: O,
    bias?: boolean | ({ bias?: boolean } & FactoryOptions),
    device?: string | FactoryOptions,
    dtype?: DType | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(options: { in1Features: I; in2Features: J; outFeatures: O; bias?: boolean } & FactoryOptions)
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions('Bilinear', NAMES, args, 3)
    this.in1Features = options.integer('in1Features') as I
    this.in2Features = options.integer('in2Features') as J
    this.outFeatures = options.integer('outFeatures') as O
    if (this.in1Features <= 0) {
      throw new InvalidArgValueError(`Bilinear: in1Features must be > 0, got ${this.in1Features}`)
    }
    const factory = options.factory()
    this.weight = emptyParameter([this.outFeatures, this.in1Features, this.in2Features], factory)
    this.bias = options.flag('bias', true) ? emptyParameter([this.outFeatures], factory) : null
    this.resetParameters()
  }

  /** Draws weight and bias anew. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.in1Features)
    init.uniform_(this.weight, -bound, bound)
    if (this.bias !== null) init.uniform_(this.bias, -bound, bound)
  }

  forward<S extends Shape, D extends DType, T extends Shape>(
    input1: Tensor<S, D>,
    input2: Tensor<T> & Check<BilinearShape<S, T, I, J, O>>,
  ): Result<BilinearShape<S, T, I, J, O>, D> {
    return this.run(input1, input2)
  }

  /** @internal */
  [compute](input1: Tensor, input2: Tensor): Tensor {
    return bilinear(input1, input2, this.weight as Tensor, this.bias)
  }

  override extraRepr(): string {
    const { in1Features, in2Features, outFeatures, bias } = this
    return `in1_features=${in1Features}, in2_features=${in2Features}, out_features=${outFeatures}, bias=${pythonWord(bias !== null)}`
  }
}
