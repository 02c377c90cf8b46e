import { isAutocastEnabled } from '../../autograd'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import { callOperator } from '../../ops/registry'
import { isTensor, type Tensor } from '../../tensor/tensor'
import * as init from '../init'
import { setField } from '../module-tree'
import type { Parameter } from '../parameter'
import type { RecurrentSizes, StatefulRule } from '../sequence-rules'
import { PackedSequence } from '../utils-rnn'
import type { LayerOptions } from './layer-options'
import { compute, emptyParameter, OperatorLayer } from './operator-layer'
import { pythonWord } from './python-words'
import type { FactoryOptions } from './shape-layer'

/** The options of recurrent layers. */
export interface RecurrentOptions<L extends number, First extends boolean, Both extends boolean>
  extends FactoryOptions {
  /** How many layers, each of which takes what the one before it gives; default 1. */
  numLayers?: L
  /** Whether there are biases; default true. */
  bias?: boolean
  /** Whether input and output are `[N, L, *]` and not `[L, N, *]`; the state is not changed by this; default false. */
  batchFirst?: First
  /** The probability that an element between two layers becomes 0 in train mode; default 0. */
  dropout?: number
  /** Whether there is a second direction, from the end, whose features come behind the first one's; default false. */
  bidirectional?: Both
}

/** What a recurrent layer's parts are called, and libtorch's operator. */
interface Kind {
  operator: 'lstm' | 'gru' | 'rnn_tanh' | 'rnn_relu'
  gates: number
}

/** The hidden state, or of an LSTM the hidden state and the cell's. */
export type State = Tensor | readonly [Tensor, Tensor]

/**
 * What RNN, LSTM and GRU share: parameters for each layer and direction under Python's names (`weight_ih_l0`,
 * `weight_hh_l0_reverse`, ...), drawn uniformly from ±1 / sqrt(hiddenSize) as Python draws them.
 */
export abstract class Recurrent<Z extends RecurrentSizes> extends OperatorLayer<StatefulRule<Z['what']>> {
  readonly [parameter: `${'weight' | 'bias'}_${string}`]: Parameter
  readonly inputSize: Z['input']
  readonly hiddenSize: Z['hidden']
  readonly numLayers: Z['layers']
  readonly bias: boolean
  readonly batchFirst: Z['first']
  readonly dropout: number
  readonly bidirectional: Z['both']
  readonly projSize: number
  protected readonly _kind: Kind
  protected readonly _names: string[] = []

  protected constructor(options: LayerOptions, kind: Kind) {
    super()
    this._kind = kind
    this.inputSize = positive(options, 'inputSize')
    this.hiddenSize = positive(options, 'hiddenSize')
    this.numLayers = positive(options, 'numLayers', 1)
    this.bias = options.flag('bias', true)
    this.batchFirst = options.flag('batchFirst')
    this.dropout = options.number('dropout', 0)
    this.bidirectional = options.flag('bidirectional')
    this.projSize = options.integer('projSize', 0)
    if (!(this.dropout >= 0 && this.dropout <= 1)) {
      throw new InvalidArgValueError(
        `${options.what}: dropout should be a number in range [0, 1] representing the probability of an element being zeroed, got ${this.dropout}`,
      )
    }
    if (this.dropout > 0 && this.numLayers === 1) {
      process.emitWarning(
        `${options.what}: dropout is added after all but the last recurrent layer, so a dropout of ${this.dropout} does nothing with numLayers 1`,
      )
    }
    if (this.projSize < 0 || this.projSize >= this.hiddenSize) {
      throw new InvalidArgValueError(
        `${options.what}: projSize must be 0, or positive and smaller than hiddenSize ${this.hiddenSize}, got ${this.projSize}`,
      )
    }
    this._makeParameters(options.factory())
    this.resetParameters()
  }

  protected get _directions(): number {
    return this.bidirectional ? 2 : 1
  }

  /** What the output has for each direction. */
  protected get _outputSize(): number {
    return this.projSize > 0 ? this.projSize : this.hiddenSize
  }

  protected _makeParameters(factory: FactoryOptions): void {
    const gates = this._kind.gates * this.hiddenSize
    for (let layer = 0; layer < this.numLayers; layer++) {
      for (const direction of ['', '_reverse'].slice(0, this._directions)) {
        const input = layer === 0 ? this.inputSize : this._outputSize * this._directions
        const shapes: Record<string, number[]> = { weight_ih: [gates, input], weight_hh: [gates, this._outputSize] }
        if (this.bias) Object.assign(shapes, { bias_ih: [gates], bias_hh: [gates] })
        if (this.projSize > 0) shapes.weight_hr = [this.projSize, this.hiddenSize]
        for (const [part, shape] of Object.entries(shapes)) {
          const name = `${part}_l${layer}${direction}`
          setField(this, name, emptyParameter(shape, factory))
          this._names.push(name)
        }
      }
    }
  }

  /** Draws all parameters anew. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.hiddenSize)
    for (const parameter of this.parameters()) init.uniform_(parameter, -bound, bound)
  }

  /** Runs a sequence; `states` are those at its beginning. Gives the output, then the states at its end. */
  protected sequence(input: unknown, state: unknown): [Tensor | PackedSequence, ...Tensor[]] {
    const packed = input instanceof PackedSequence ? input : null
    return this.run(packed ? packed.data : input, packed, state ?? null)
  }

  /** @internal */
  [compute](data: Tensor, packed: PackedSequence | null, state: State | null): [Tensor | PackedSequence, ...Tensor[]] {
    if (packed === null && data.ndim !== 2 && data.ndim !== 3) {
      throw this._wrong(`expected input to be 2D or 3D, got ${data.ndim}D instead`)
    }
    const batched = packed !== null || data.ndim === 3
    const batchDim = this.batchFirst ? 0 : 1
    const x: Tensor = batched ? data : (data.unsqueeze(batchDim) as Tensor)
    this._checkInput(x, packed)
    const batch = packed === null ? x.size(batchDim) : Number(packed.batchSizes.select(0, 0).item())
    const states = this._states(x, batch, batched, state)
    const first = packed === null ? states : states.map(s => permuted(s, packed.sortedIndices))
    const [output, ...last] = this._call(x, packed, first)
    if (packed !== null) {
      const { batchSizes, sortedIndices, unsortedIndices } = packed
      const sequence = new PackedSequence(output!, batchSizes, sortedIndices, unsortedIndices)
      return [sequence, ...last.map(s => permuted(s, unsortedIndices))]
    }
    if (batched) return [output!, ...last]
    return [output!.squeeze(batchDim) as Tensor, ...last.map(s => s.squeeze(1) as Tensor)]
  }

  protected _call(x: Tensor, packed: PackedSequence | null, states: readonly Tensor[]): Tensor[] {
    const { operator } = this._kind
    const weights = this._names.map(name => this[name as `weight_${string}`])
    const hidden = operator === 'lstm' ? states : states[0]
    const rest = [weights, this.bias, this.numLayers, this.dropout, this.training, this.bidirectional]
    return (
      packed === null
        ? callOperator(`aten::${operator}`, 'input', [x, hidden, ...rest, this.batchFirst])
        : callOperator(`aten::${operator}`, 'data', [x, packed.batchSizes, hidden, ...rest])
    ) as Tensor[]
  }

  protected _checkInput(x: Tensor, packed: PackedSequence | null): void {
    const { dtype } = this[this._names[0] as `weight_${string}`]!
    if (x.dtype !== dtype && !isAutocastEnabled('cpu') && !isAutocastEnabled('cuda')) {
      throw this._wrong(`the input's dtype ${x.dtype} does not match the weights' ${dtype}; cast one of them with to()`)
    }
    const rank = packed === null ? 3 : 2
    if (x.ndim !== rank) throw this._wrong(`packed input must have ${rank} dimensions, got ${x.ndim}`)
    if (x.size(-1) !== this.inputSize) {
      throw this._wrong(`the input's last size must be inputSize ${this.inputSize}, got ${x.size(-1)}`)
    }
  }

  /** The states `[D * layers, N, size]` at the beginning: zeros unless given. */
  protected _states(x: Tensor, batch: number, batched: boolean, given: State | null): Tensor[] {
    const lstm = this._kind.operator === 'lstm'
    const count = this.numLayers * this._directions
    const sizes = lstm ? [this._outputSize, this.hiddenSize] : [this._outputSize]
    if (given === null) {
      return sizes.map(
        size => callOperator('aten::zeros', '', [[count, batch, size], x.dtype, undefined, x.device]) as Tensor,
      )
    }
    const list: readonly unknown[] = lstm ? (Array.isArray(given) ? given : []) : [given]
    if (list.length !== sizes.length || !list.every(isTensor)) {
      const expected = lstm ? 'a pair [h, c] of tensors' : 'a tensor'
      throw new InvalidArgTypeError(`${this.toString()}: the state must be ${expected}, got ${describe(given)}`)
    }
    return (list as Tensor[]).map((tensor, i) => {
      const expected = batched ? [count, batch, sizes[i]!] : [count, sizes[i]!]
      if (String(tensor.shape) !== String(expected)) {
        throw this._wrong(`expected ${lstm ? `state ${i} ` : 'the state '}to be [${expected}], got [${tensor.shape}]`)
      }
      return batched ? tensor : (tensor.unsqueeze(1) as Tensor)
    })
  }

  protected _wrong(message: string): InvalidArgValueError {
    return new InvalidArgValueError(`${this.toString()}: ${message}`)
  }

  override extraRepr(): string {
    const words = [`${this.inputSize}`, `${this.hiddenSize}`]
    if (this.projSize !== 0) words.push(`proj_size=${this.projSize}`)
    if (this.numLayers !== 1) words.push(`num_layers=${this.numLayers}`)
    if (!this.bias) words.push('bias=False')
    if (this.batchFirst) words.push('batch_first=True')
    if (this.dropout !== 0) words.push(`dropout=${this.dropout === 1 ? '1.0' : pythonWord(this.dropout)}`)
    if (this.bidirectional) words.push('bidirectional=True')
    return words.join(', ')
  }
}

/** An integer of at least 1. */
export function positive(options: LayerOptions, name: string, fallback?: number): number {
  const value = options.integer(name, fallback)
  if (value <= 0) throw new InvalidArgValueError(`${options.what}: ${name} must be greater than zero, got ${value}`)
  return value
}

function permuted(state: Tensor, permutation: Tensor | null): Tensor {
  return permutation === null ? state : (state.indexSelect(1, permutation) as Tensor)
}
