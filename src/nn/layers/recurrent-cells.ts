/** One step of recurrent layers. */
import type { DType } from '../../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import type { Check, Shape } from '../../core/shape-types'
import { callOperator } from '../../ops/registry'
import { isTensor, type Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import * as init from '../init'
import type { Parameter } from '../parameter'
import type { CellShape, StatefulRule } from '../sequence-rules'
import { LayerOptions } from './layer-options'
import { compute, emptyParameter, OperatorLayer } from './operator-layer'
import { positive } from './recurrent'
import type { FactoryOptions } from './shape-layer'

/** The options of cells. */
export interface CellOptions extends FactoryOptions {
  /** Whether there are biases; default true. */
  bias?: boolean
}

const NAMES = ['inputSize', 'hiddenSize', 'bias', 'device', 'dtype']

/** What cells share: parameters `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`, drawn uniformly from ±1 / sqrt(hiddenSize). */
abstract class Cell<What extends string, I extends number, H extends number> extends OperatorLayer<StatefulRule<What>> {
  weight_ih: Parameter<[number, I]>
  weight_hh: Parameter<[number, H]>
  bias_ih: Parameter<[number]> | null
  bias_hh: Parameter<[number]> | null
  readonly inputSize: I
  readonly hiddenSize: H
  readonly bias: boolean
  protected readonly _states: number

  protected constructor(options: LayerOptions, gates: number, states: number) {
    super()
    this.inputSize = positive(options, 'inputSize') as I
    this.hiddenSize = positive(options, 'hiddenSize') as H
    this.bias = options.flag('bias', true)
    this._states = states
    const [factory, rows] = [options.factory(), gates * this.hiddenSize]
    this.weight_ih = emptyParameter([rows, this.inputSize], factory)
    this.weight_hh = emptyParameter([rows, this.hiddenSize], factory)
    this.bias_ih = this.bias ? emptyParameter([rows], factory) : null
    this.bias_hh = this.bias ? emptyParameter([rows], factory) : null
    this.resetParameters()
  }

  /** Draws all parameters anew. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.hiddenSize)
    for (const parameter of this.parameters()) init.uniform_(parameter, -bound, bound)
  }

  /** libtorch's operator for one step. */
  protected abstract get operator(): string

  /** @internal */
  [compute](input: Tensor, given: unknown): unknown {
    if (input.ndim !== 1 && input.ndim !== 2) throw this._wrong(`expected input to be 1D or 2D, got ${input.ndim}D`)
    const batched = input.ndim === 2
    const x: Tensor = batched ? input : (input.unsqueeze(0) as Tensor)
    if (x.size(1) !== this.inputSize) {
      throw this._wrong(`the input's last size must be inputSize ${this.inputSize}, got ${x.size(1)}`)
    }
    const states = this._given(x, given, batched)
    const hidden = this._states === 1 ? states[0] : states
    const { weight_ih, weight_hh, bias_ih, bias_hh } = this
    const result = callOperator(`aten::${this.operator}`, '', [x, hidden, weight_ih, weight_hh, bias_ih, bias_hh])
    const unbatched = (tensor: Tensor) => (batched ? tensor : (tensor.squeeze(0) as Tensor))
    return this._states === 1 ? unbatched(result as Tensor) : (result as Tensor[]).map(unbatched)
  }

  protected _given(x: Tensor, given: unknown, batched: boolean): Tensor[] {
    if (given === undefined || given === null) {
      const zeros = callOperator('aten::zeros', '', [[x.size(0), this.hiddenSize], x.dtype, undefined, x.device])
      return new Array<Tensor>(this._states).fill(zeros as Tensor)
    }
    const list: readonly unknown[] = this._states === 1 ? [given] : Array.isArray(given) ? given : []
    if (list.length !== this._states || !list.every(isTensor)) {
      const expected = this._states === 1 ? 'a tensor' : 'a pair [h, c] of tensors'
      throw new InvalidArgTypeError(`${this.toString()}: the state must be ${expected}, got ${describe(given)}`)
    }
    return (list as Tensor[]).map(tensor => {
      const expected = batched ? [x.size(0), this.hiddenSize] : [this.hiddenSize]
      if (String(tensor.shape) !== String(expected)) {
        throw this._wrong(`expected the state to be [${expected}], got [${tensor.shape}]`)
      }
      return batched ? tensor : (tensor.unsqueeze(0) as Tensor)
    })
  }

  protected _wrong(message: string): InvalidArgValueError {
    return new InvalidArgValueError(`${this.toString()}: ${message}`)
  }

  override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.bias ? '' : ', bias=False'}`
  }
}

/** A cell with one state. */
abstract class SimpleCell<What extends string, I extends number, H extends number> extends Cell<What, I, H> {
  forward<S extends Shape, D extends DType>(
    input: Tensor<S, D> & Check<CellShape<What, S, I, H>>,
    hx?: Tensor | null,
  ): Result<CellShape<What, S, I, H>, D> {
    return this.run(input, hx)
  }
}

/**
 * One step of an `RNN`: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or the ReLU of that.
 *
 * Shapes: input `[N, inputSize]` or `[inputSize]`, state and result `[N, hiddenSize]` or `[hiddenSize]`.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for sizes that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.RNNCell.html
 * @example
 * const h = new nn.RNNCell(10, 20).forward(torch.rand([3, 10])) // [3, 20]
 */
export class RNNCell<const I extends number, const H extends number> extends SimpleCell<'RNNCell', I, H> {
  readonly nonlinearity: 'tanh' | 'relu'

  constructor(
    inputSize: I,
    hiddenSize: H,
    bias?: boolean | (CellOptions & { nonlinearity?: 'tanh' | 'relu' }),
    nonlinearity?: 'tanh' | 'relu' | ({ nonlinearity?: 'tanh' | 'relu' } & FactoryOptions),
    device?: string | FactoryOptions,
    dtype?: DType | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(...args: unknown[]) {
    const names = [...NAMES.slice(0, 3), 'nonlinearity', ...NAMES.slice(3)]
    const options = new LayerOptions('RNNCell', names, args, 2)
    super(options, 1, 1)
    this.nonlinearity = options.word('nonlinearity', ['tanh', 'relu'], 'tanh')
  }

  protected override get operator(): string {
    return `rnn_${this.nonlinearity}_cell`
  }

  override extraRepr(): string {
    return super.extraRepr() + (this.nonlinearity === 'tanh' ? '' : `, nonlinearity=${this.nonlinearity}`)
  }
}

/**
 * One step of a `GRU`.
 *
 * Shapes: input `[N, inputSize]` or `[inputSize]`, state and result `[N, hiddenSize]` or `[hiddenSize]`.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for sizes that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.GRUCell.html
 * @example
 * const h = new nn.GRUCell(10, 20).forward(torch.rand([3, 10])) // [3, 20]
 */
export class GRUCell<const I extends number, const H extends number> extends SimpleCell<'GRUCell', I, H> {
  constructor(
    inputSize: I,
    hiddenSize: H,
    bias?: boolean | CellOptions,
    device?: string | FactoryOptions,
    dtype?: DType | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(...args: unknown[]) {
    super(new LayerOptions('GRUCell', NAMES, args, 2), 3, 1)
  }

  protected override get operator(): string {
    return 'gru_cell'
  }
}

/**
 * One step of an `LSTM`.
 *
 * Shapes: input `[N, inputSize]` or `[inputSize]`, both states `[N, hiddenSize]` or `[hiddenSize]`; the result is the pair of
 * new states [h, c].
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for sizes that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html
 * @example
 * const [h, c] = new nn.LSTMCell(10, 20).forward(torch.rand([3, 10])) // [3, 20], [3, 20]
 */
export class LSTMCell<const I extends number, const H extends number> extends Cell<'LSTMCell', I, H> {
  constructor(
    inputSize: I,
    hiddenSize: H,
    bias?: boolean | CellOptions,
    device?: string | FactoryOptions,
    dtype?: DType | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(...args: unknown[]) {
    super(new LayerOptions('LSTMCell', NAMES, args, 2), 4, 2)
  }

  forward<S extends Shape, D extends DType>(
    input: Tensor<S, D> & Check<CellShape<'LSTMCell', S, I, H>>,
    hx?: readonly [h: Tensor, c: Tensor] | null,
  ): [h: Result<CellShape<'LSTMCell', S, I, H>, D>, c: Result<CellShape<'LSTMCell', S, I, H>, D>] {
    return this.run(input, hx)
  }

  protected override get operator(): string {
    return 'lstm_cell'
  }
}
