import type { DType } from '../../core/dtype'
import type { Check, Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import type { RecurrentShape, StateCheck, StateShape } from '../sequence-rules'
import type { PackedSequence } from '../utils-rnn'
import { LayerOptions } from './layer-options'
import { Recurrent, type RecurrentOptions } from './recurrent'
import type { FactoryOptions } from './shape-layer'

interface GRUSizes<I extends number, H extends number, L extends number, First extends boolean, Both extends boolean> {
  what: 'GRU'
  input: I
  output: H
  hidden: H
  layers: L
  first: First
  both: Both
}

/**
 * A gated recurrent unit: gates decide what of the state is kept and what is made anew.
 *
 * Shapes: input `[L, N, inputSize]`, with `batchFirst` `[N, L, inputSize]`, or `[L, inputSize]`, or a `PackedSequence`;
 * output the same with D * hiddenSize features, D = 2 where `bidirectional`; the state `[D * numLayers, N,
 * hiddenSize]`, zeros unless given.
 * Dtype: that of the parameters. Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for sizes that
 * do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html
 * @example
 * const [output, hn] = new nn.GRU(10, 20).forward(torch.rand([5, 3, 10])) // [5, 3, 20], [1, 3, 20]
 */
export class GRU<
  const I extends number,
  const H extends number,
  const L extends number = 1,
  const First extends boolean = false,
  const Both extends boolean = false,
> extends Recurrent<GRUSizes<I, H, L, First, Both>> {
  // One signature for each place of the options object that is usual: a type parameter that could be either would lose its default.
  constructor(inputSize: I, hiddenSize: H, options?: RecurrentOptions<L, First, Both>)
  constructor(inputSize: I, hiddenSize: H, numLayers: L, options: Omit<RecurrentOptions<L, First, Both>, 'numLayers'>)
  constructor(
    inputSize: I,
    hiddenSize: H,
    numLayers?: L,
    bias?: boolean,
    batchFirst?: First,
    dropout?: number,
    bidirectional?: Both,
    device?: string | FactoryOptions,
    dtype?: DType | Pick<FactoryOptions, 'dtype'>,
  )
  constructor(options: { inputSize: I; hiddenSize: H } & RecurrentOptions<L, First, Both>)
  constructor(...args: unknown[]) {
    const options = new LayerOptions(
      'GRU',
      ['inputSize', 'hiddenSize', 'numLayers', 'bias', 'batchFirst', 'dropout', 'bidirectional', 'device', 'dtype'],
      args,
      2,
    )
    super(options, { operator: 'gru', gates: 3 })
  }

  forward<S extends Shape, D extends DType, A extends Shape = Shape>(
    input: Tensor<S, D> & Check<RecurrentShape<S, GRUSizes<I, H, L, First, Both>>>,
    hx?: (Tensor<A> & StateCheck<S, A, GRUSizes<I, H, L, First, Both>, H>) | null,
  ): [
    output: Result<RecurrentShape<S, GRUSizes<I, H, L, First, Both>>, D>,
    hn: Result<StateShape<S, GRUSizes<I, H, L, First, Both>, H>, D>,
  ]
  forward<D extends DType>(
    input: PackedSequence<D>,
    hx?: Tensor | null,
  ): [output: PackedSequence<D>, hn: Tensor<any, D>]
  forward(input: unknown, hx?: unknown): unknown {
    return this.sequence(input, hx)
  }
}
