/** Activations with a parameter, or along one dimension. */
import { InvalidArgValueError } from '../../core/errors'
import type { Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import { gelu, prelu } from '../functional-activations'
import { glu, logSoftmax, softmax, softmin } from '../functional-softmax'
import * as init from '../init'
import type { SoftmaxRule } from '../layer-rules'
import type { Parameter } from '../parameter'
import type { Rule, SameRule } from '../rules'
import type { GluRule, ImagesRule } from '../sequence-rules'
import { LayerOptions } from './layer-options'
import { compute, emptyParameter, OperatorSameLayer, OperatorShapeLayer } from './operator-layer'
import { pythonWord } from './python-words'
import type { FactoryOptions } from './shape-layer'
import type { SoftmaxOptions } from './softmax'

/**
 * x times the normal distribution's function at x; `'tanh'` approximates that function.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for another word.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.GELU.html
 * @example
 * new nn.GELU({ approximate: 'tanh' }).forward(torch.tensor([0])).tolist() // [0]
 */
export class GELU extends OperatorSameLayer<SameRule> {
  readonly approximate: 'none' | 'tanh'

  constructor(approximate?: 'none' | 'tanh' | { approximate?: 'none' | 'tanh' })
  constructor(...args: unknown[]) {
    super()
    this.approximate = new LayerOptions('GELU', ['approximate'], args).word('approximate', ['none', 'tanh'], 'none')
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return gelu(x, this.approximate)
  }

  override extraRepr(): string {
    return `approximate='${this.approximate}'`
  }
}

/** The options of `PReLU`. */
export interface PReLUOptions<N extends number> extends FactoryOptions {
  /** 1 slope for all, or one for each channel; default 1. */
  numParameters?: N
  /** The slopes at first; default 0.25. */
  init?: number
}

/**
 * x where positive, else a learnt slope times x.
 *
 * Shapes: `[N, C, *]` to the same, with C = `numParameters` unless that is 1; `weight` `[numParameters]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for channels that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.PReLU.html
 * @example
 * new nn.PReLU().forward(torch.tensor([-4, 1])).tolist() // [-1, 1]
 */
export class PReLU<const N extends number = 1> extends OperatorSameLayer<SameRule> {
  weight: Parameter<[N]>
  readonly numParameters: N
  readonly init: number

  constructor(
    numParameters?: N | PReLUOptions<N>,
    init?: number | Omit<PReLUOptions<N>, 'numParameters'>,
    device?: string | FactoryOptions,
    dtype?: FactoryOptions['dtype'] | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions('PReLU', ['numParameters', 'init', 'device', 'dtype'], args)
    this.numParameters = options.integer('numParameters', 1) as N
    this.init = options.number('init', 0.25)
    this.weight = emptyParameter([this.numParameters], options.factory())
    this.resetParameters()
  }

  /** Gives all slopes the value `init`. */
  resetParameters(): void {
    init.constant_(this.weight, this.init)
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return prelu(x, this.weight)
  }

  override extraRepr(): string {
    return `num_parameters=${this.numParameters}`
  }
}

/**
 * Of the two halves a and b along `dim`: a times sigmoid(b).
 *
 * Shapes: `[*, 2 N, *]` to `[*, N, *]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an odd size.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.GLU.html
 * @example
 * new nn.GLU().forward(torch.rand([4, 6])).shape // [4, 3]
 */
export class GLU<const I extends number = -1> extends OperatorShapeLayer<GluRule<I>> {
  readonly dim: I

  constructor(dim?: I | { dim?: I })
  constructor(...args: unknown[]) {
    super()
    this.dim = new LayerOptions('GLU', ['dim'], args).integer('dim', -1) as I
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return glu(x, this.dim) as Tensor
  }

  override extraRepr(): string {
    return `dim=${this.dim}`
  }
}

abstract class AlongDim<I, R extends Rule = SoftmaxRule<I>> extends OperatorShapeLayer<R> {
  readonly dim: I

  protected constructor(what: string, args: readonly unknown[]) {
    super()
    this.dim = new LayerOptions(what, ['dim'], args).integerOrNull('dim') as I
  }

  override extraRepr(): string {
    return `dim=${pythonWord(this.dim)}`
  }
}

/**
 * The softmax of -x along one dimension.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for a dimension out of range.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmin.html
 * @example
 * new nn.Softmin(1).forward(torch.zeros([1, 2])).tolist() // [[0.5, 0.5]]
 */
export class Softmin<const I extends number | null = null> extends AlongDim<I> {
  constructor(dim?: I | SoftmaxOptions<I>)
  constructor(...args: unknown[]) {
    super('Softmin', args)
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return softmin(x, this.dim as number)
  }
}

/**
 * The logarithm of the softmax along one dimension.
 *
 * Shapes: `[*]` to `[*]`. Floating dtypes.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for a dimension out of range.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
 * @example
 * new nn.LogSoftmax(1).forward(logits) // [N, C]
 */
export class LogSoftmax<const I extends number | null = null> extends AlongDim<I> {
  constructor(dim?: I | SoftmaxOptions<I>)
  constructor(...args: unknown[]) {
    super('LogSoftmax', args)
  }

  /** @internal */
  [compute](x: Tensor): Tensor {
    return logSoftmax(x, this.dim as number)
  }
}

/**
 * The softmax over the channels of images, pixel by pixel.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` to the same. Floating dtypes.
 * Errors: `ERR_INVALID_ARG_VALUE` for another rank.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax2d.html
 * @example
 * new nn.Softmax2d().forward(torch.rand([2, 3, 12, 13])).shape // [2, 3, 12, 13]
 */
export class Softmax2d extends OperatorShapeLayer<ImagesRule<'Softmax2d'>> {
  /** @internal */
  [compute](x: Tensor<Shape>): Tensor {
    if (x.ndim !== 3 && x.ndim !== 4) {
      throw new InvalidArgValueError(`Softmax2d: expected input to be 3D or 4D, got ${x.ndim}D instead`)
    }
    return softmax(x as Tensor, -3)
  }
}
