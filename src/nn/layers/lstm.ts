import type { DType } from '../../core/dtype'
import type { Check, Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import type { RecurrentShape, StateCheck, StateShape } from '../sequence-rules'
import type { PackedSequence } from '../utils-rnn'
import { LayerOptions } from './layer-options'
import { Recurrent, type RecurrentOptions } from './recurrent'
import type { FactoryOptions } from './shape-layer'

interface LSTMSizes<
  I extends number,
  H extends number,
  L extends number,
  First extends boolean,
  Both extends boolean,
  P extends number,
> {
  what: 'LSTM'
  input: I
  output: P extends 0 ? H : P
  hidden: H
  layers: L
  first: First
  both: Both
}

/** The options of `LSTM`. */
export interface LSTMOptions<L extends number, First extends boolean, Both extends boolean, P extends number>
  extends RecurrentOptions<L, First, Both> {
  /** The size to which the hidden state is projected, less than `hiddenSize`; 0, the default, for no projection. */
  projSize?: P
}

/**
 * A long short-term memory: gates decide what a cell keeps, takes in and gives.
 *
 * Shapes: input `[L, N, inputSize]`, with `batchFirst` `[N, L, inputSize]`, or `[L, inputSize]`, or a `PackedSequence`;
 * output the same with D * (projSize or hiddenSize) features, D = 2 where `bidirectional`; the states h `[D * numLayers, N, projSize or
 * hiddenSize]` and c `[D * numLayers, N, hiddenSize]`, zeros unless given.
 * Dtype: that of the parameters. Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for sizes that
 * do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
 * @example
 * const [output, [hn, cn]] = new nn.LSTM(10, 20, 2).forward(torch.rand([5, 3, 10])) // [5, 3, 20], [2, 3, 20], [2, 3, 20]
 */
export class LSTM<
  const I extends number,
  const H extends number,
  const L extends number = 1,
  const First extends boolean = false,
  const Both extends boolean = false,
  const P extends number = 0,
> extends Recurrent<LSTMSizes<I, H, L, First, Both, P>> {
  // One signature for each place of the options object that is usual: a type parameter that could be either would lose its default.
  constructor(inputSize: I, hiddenSize: H, options?: LSTMOptions<L, First, Both, P>)
  constructor(inputSize: I, hiddenSize: H, numLayers: L, options: Omit<LSTMOptions<L, First, Both, P>, 'numLayers'>)
  constructor(
    inputSize: I,
    hiddenSize: H,
    numLayers?: L,
    bias?: boolean,
    batchFirst?: First,
    dropout?: number,
    bidirectional?: Both,
    projSize?: P,
    device?: string | FactoryOptions,
    dtype?: DType | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(options: { inputSize: I; hiddenSize: H } & LSTMOptions<L, First, Both, P>)
  constructor(...args: unknown[]) {
    const options = new LayerOptions(
      'LSTM',
      [
        'inputSize',
        'hiddenSize',
        'numLayers',
        'bias',
        'batchFirst',
        'dropout',
        'bidirectional',
        'projSize',
        'device',
        'dtype',
      ],
      args,
      2,
    )
    super(options, { operator: 'lstm', gates: 4 })
  }

  forward<S extends Shape, D extends DType, A extends Shape = Shape, B extends Shape = Shape>(
    input: Tensor<S, D> & Check<RecurrentShape<S, LSTMSizes<I, H, L, First, Both, P>>>,
    hx?:
      | readonly [
          h0: Tensor<A> &
            StateCheck<S, A, LSTMSizes<I, H, L, First, Both, P>, LSTMSizes<I, H, L, First, Both, P>['output']>,
          c0: Tensor<B> & StateCheck<S, B, LSTMSizes<I, H, L, First, Both, P>, H>,
        ]
      | null,
  ): [
    output: Result<RecurrentShape<S, LSTMSizes<I, H, L, First, Both, P>>, D>,
    state: [
      hn: Result<StateShape<S, LSTMSizes<I, H, L, First, Both, P>, LSTMSizes<I, H, L, First, Both, P>['output']>, D>,
      cn: Result<StateShape<S, LSTMSizes<I, H, L, First, Both, P>, H>, D>,
    ],
  ]
  forward<D extends DType>(
    input: PackedSequence<D>,
    hx?: readonly [h0: Tensor, c0: Tensor] | null,
  ): [output: PackedSequence<D>, state: [hn: Tensor<any, D>, cn: Tensor<any, D>]]
  forward(input: unknown, hx?: unknown): unknown {
    const [output, hn, cn] = this.sequence(input, hx)
    return [output, [hn, cn]]
  }
}
