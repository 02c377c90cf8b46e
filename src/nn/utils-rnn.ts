/**
 * `torch.nn.utils.rnn`: sequences of several lengths as one tensor, padded, or packed without padding.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.html#utility-functions-in-other-modules
 */
import type { DType } from '../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import type { Shape } from '../core/shape-types'
import { callOperator } from '../ops/registry'
import { callPublic } from '../ops/resolve'
import { isTensor, type Tensor } from '../tensor/tensor'
import { LayerOptions } from './layers/layer-options'

/**
 * A batch of sequences without their padding: `data` `[sum of lengths, *]` holds all first elements, longest sequence
 * first, then all second ones, and so on; `batchSizes`, int64 on the CPU, says how many there are of each.
 * `sortedIndices` and `unsortedIndices` say how the sequences were sorted, or are null. Recurrent layers take and give it.
 *
 * Made by `packPaddedSequence` and `packSequence`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.PackedSequence.html
 * @example
 * nn.utils.rnn.packSequence([torch.tensor([1, 2]), torch.tensor([3])]).batchSizes.tolist() // [2, 1]
 */
export class PackedSequence<out D extends DType = any> {
  readonly data: Tensor<any, D>
  readonly batchSizes: Tensor<[number], 'int64'>
  readonly sortedIndices: Tensor<[number], 'int64'> | null
  readonly unsortedIndices: Tensor<[number], 'int64'> | null

  constructor(
    data: Tensor<any, D>,
    batchSizes: Tensor,
    sortedIndices: Tensor | null = null,
    unsortedIndices: Tensor | null = null,
  ) {
    for (const [name, value] of Object.entries({ data, batchSizes })) {
      if (!isTensor(value)) {
        throw new InvalidArgTypeError(`PackedSequence: '${name}' must be a tensor, got ${describe(value)}`)
      }
    }
    if (batchSizes.device !== 'cpu') {
      throw new InvalidArgValueError(
        'PackedSequence: batchSizes should always be on the CPU; packSequence and packPaddedSequence make them there',
      )
    }
    this.data = data
    this.batchSizes = batchSizes
    this.sortedIndices = sortedIndices
    this.unsortedIndices = unsortedIndices ?? invertPermutation(sortedIndices)
  }

  /** Moves or casts the data; where nothing is to be done, this. */
  to(...args: unknown[]): PackedSequence {
    const data = (this.data.to as (...args: unknown[]) => Tensor)(...args)
    if (data === this.data) return this
    const move = (indices: Tensor | null) => indices && (indices.to as (device: string) => Tensor)(data.device)
    return new PackedSequence(data, this.batchSizes, move(this.sortedIndices), move(this.unsortedIndices))
  }

  cpu(): PackedSequence {
    return this.to('cpu')
  }

  cuda(device?: number): PackedSequence {
    return this.to(device === undefined ? 'cuda' : `cuda:${device}`)
  }

  float(): PackedSequence<'float32'> {
    return this.to('float32')
  }

  double(): PackedSequence<'float64'> {
    return this.to('float64')
  }

  half(): PackedSequence<'float16'> {
    return this.to('float16')
  }

  long(): PackedSequence<'int64'> {
    return this.to('int64')
  }

  /** The four tensors in Python's order. */
  *[Symbol.iterator](): Generator<Tensor | null> {
    yield* [this.data, this.batchSizes, this.sortedIndices, this.unsortedIndices]
  }
}

/** The permutation that undoes another one; null for null. */
export function invertPermutation(permutation: Tensor | null): Tensor<[number], 'int64'> | null {
  if (permutation === null) return null
  const positions = callOperator('aten::arange', '', [
    permutation.numel(),
    undefined,
    undefined,
    permutation.device,
  ]) as Tensor
  return permutation.emptyLike().scatter_(0, permutation, positions.to('int64')) as Tensor
}

/** The options of `packPaddedSequence`. */
export interface PackOptions {
  /** Whether the input is `[batch, length, *]` and not `[length, batch, *]`; default false. */
  batchFirst?: boolean
  /** Whether the sequences are given longest first; otherwise they are sorted here; default true. */
  enforceSorted?: boolean
}

/**
 * Takes the padding out of a batch of sequences: `[length, batch, *]`, and the length of each.
 *
 * Errors: `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for lengths that are not sorted, not positive, or not as many as sequences.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html
 */
export function packPaddedSequence<D extends DType>(
  input: Tensor<any, D>,
  lengths: Tensor | readonly number[],
  batchFirst?: boolean | PackOptions,
  enforceSorted?: boolean | Pick<PackOptions, 'enforceSorted'>,
): PackedSequence<D>
export function packPaddedSequence(...args: unknown[]): PackedSequence {
  const names = ['input', 'lengths', 'batchFirst', 'enforceSorted']
  const options = new LayerOptions('packPaddedSequence', names, args, 2)
  let input = options.tensor('input')
  let lengths = lengthsOf(options)
  const batchFirst = options.flag('batchFirst')
  // libtorch takes what there is, and its recurrent layers stumble over it later
  const [longest, length] = [Math.max(...[lengths.tolist()].flat()), input.size(batchFirst ? 1 : 0) as number]
  if (longest > length) {
    throw new InvalidArgValueError(`packPaddedSequence: a length of ${longest} for sequences of ${length}`)
  }
  let sortedIndices: Tensor | null = null
  if (!options.flag('enforceSorted', true)) {
    const [sorted, order] = lengths.sort(-1, true) as [Tensor, Tensor]
    lengths = sorted
    sortedIndices = (order.to as (device: string) => Tensor)(input.device)
    input = input.indexSelect(batchFirst ? 0 : 1, sortedIndices) as Tensor
  }
  const [data, batchSizes] = callPublic('aten::_pack_padded_sequence', [input, lengths, batchFirst]) as [Tensor, Tensor]
  return new PackedSequence(data, batchSizes, sortedIndices)
}

function lengthsOf(options: LayerOptions): Tensor {
  const lengths = options.raw('lengths')
  if (isTensor(lengths)) return (lengths.to as (device: string, dtype: string) => Tensor)('cpu', 'int64')
  const numbers = options.integers('lengths')
  if (typeof numbers === 'number') throw new InvalidArgTypeError(`${options.what}: 'lengths' must be an array`)
  return int64(numbers)
}

function int64(values: readonly number[]): Tensor {
  const rows = values.map(value => callOperator('aten::scalar_tensor', '', [value, 'int64']))
  if (rows.length === 0) return callOperator('aten::empty', 'memory_format', [[0], 'int64']) as Tensor
  return callOperator('aten::stack', '', [rows]) as Tensor
}

/** The options of `padPackedSequence`. */
export interface PadPackedOptions {
  /** Whether the result is `[batch, length, *]` and not `[length, batch, *]`; default false. */
  batchFirst?: boolean
  /** What fills the ends; default 0. */
  paddingValue?: number
  /** How long the result is made; the longest sequence's length unless given. */
  totalLength?: number | null
}

/**
 * Undoes `packPaddedSequence`: the padded batch, and the lengths (int64).
 *
 * Errors: `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for a `totalLength` that is too short.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_packed_sequence.html
 */
export function padPackedSequence<D extends DType>(
  sequence: PackedSequence<D>,
  batchFirst?: boolean | PadPackedOptions,
  paddingValue?: number | Omit<PadPackedOptions, 'batchFirst'>,
  totalLength?: number | null | Pick<PadPackedOptions, 'totalLength'>,
): [padded: Tensor<any, D>, lengths: Tensor<[number], 'int64'>]
export function padPackedSequence(...args: unknown[]): [Tensor, Tensor] {
  const names = ['sequence', 'batchFirst', 'paddingValue', 'totalLength']
  const options = new LayerOptions('padPackedSequence', names, args, 1)
  const sequence = options.raw('sequence')
  if (!(sequence instanceof PackedSequence)) {
    throw new InvalidArgTypeError(`padPackedSequence: 'sequence' must be a PackedSequence, got ${describe(sequence)}`)
  }
  const batchFirst = options.flag('batchFirst')
  const longest = sequence.batchSizes.size(0)
  const length = options.integerOrNull('totalLength') ?? longest
  if (length < longest) {
    throw new InvalidArgValueError(
      `padPackedSequence: expected totalLength to be at least the length of the longest sequence in input, but got totalLength=${length} and max sequence length being ${longest}`,
    )
  }
  const value = options.number('paddingValue', 0)
  const [padded, lengths] = callPublic('aten::_pad_packed_sequence', [
    sequence.data,
    sequence.batchSizes,
    batchFirst,
    value,
    length,
  ]) as [Tensor, Tensor]
  const { unsortedIndices } = sequence
  if (unsortedIndices === null) return [padded, lengths]
  return [
    padded.indexSelect(batchFirst ? 0 : 1, unsortedIndices) as Tensor,
    lengths.indexSelect(0, unsortedIndices.cpu()) as Tensor,
  ]
}

/** The options of `padSequence`. */
export interface PadSequenceOptions {
  /** Whether the result is `[batch, length, *]` and not `[length, batch, *]`; default false. */
  batchFirst?: boolean
  /** What fills; default 0. */
  paddingValue?: number
  /** Which ends are filled; default `'right'`. */
  paddingSide?: 'right' | 'left'
}

/**
 * Sequences `[length, *]` of several lengths as one tensor `[longest, batch, *]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_sequence.html
 */
export function padSequence<D extends DType>(
  sequences: Iterable<Tensor<any, D>>,
  batchFirst?: boolean | PadSequenceOptions,
  paddingValue?: number | Omit<PadSequenceOptions, 'batchFirst'>,
  paddingSide?: 'right' | 'left' | Pick<PadSequenceOptions, 'paddingSide'>,
): Tensor<any, D>
export function padSequence(...args: unknown[]): Tensor {
  const names = ['sequences', 'batchFirst', 'paddingValue', 'paddingSide']
  const options = new LayerOptions('padSequence', names, args, 1)
  return callPublic('aten::pad_sequence', [
    sequencesOf('padSequence', options.raw('sequences')),
    options.flag('batchFirst'),
    options.number('paddingValue', 0),
    options.word('paddingSide', ['right', 'left'], 'right'),
  ]) as Tensor
}

function sequencesOf(what: string, sequences: unknown): Tensor[] {
  const given = typeof (sequences as Iterable<unknown> | null)?.[Symbol.iterator] === 'function' ? sequences : [null]
  const list = [...(given as Iterable<unknown>)]
  if (list.length === 0 || !list.every(isTensor)) {
    throw new InvalidArgTypeError(`${what}: 'sequences' must be one or more tensors, got ${describe(sequences)}`)
  }
  return list as Tensor[]
}

/**
 * Undoes `padSequence`: the sequences without their padding at the right.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpad_sequence.html
 */
export function unpadSequence<D extends DType>(
  paddedSequences: Tensor<any, D>,
  lengths: Tensor | readonly number[],
  batchFirst?: boolean | { batchFirst?: boolean },
): Tensor<any, D>[]
export function unpadSequence(...args: unknown[]): Tensor[] {
  const options = new LayerOptions('unpadSequence', ['paddedSequences', 'lengths', 'batchFirst'], args, 2)
  const padded = options.tensor('paddedSequences')
  const batches: Tensor = options.flag('batchFirst') ? padded : (padded.transpose(0, 1) as Tensor)
  const lengths = lengthsOf(options).tolist() as number[]
  if (lengths.length !== batches.size(0)) {
    throw new InvalidArgValueError(`unpadSequence: ${lengths.length} lengths for ${batches.size(0)} sequences`)
  }
  return lengths.map((length, i) => (batches.select(0, i) as Tensor<Shape>).narrow(0, 0, length) as Tensor)
}

/**
 * Sequences `[length, *]` as a `PackedSequence`; longest first, unless `enforceSorted` is false.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_sequence.html
 */
export function packSequence<D extends DType>(
  sequences: readonly Tensor<any, D>[],
  enforceSorted?: boolean | { enforceSorted?: boolean },
): PackedSequence<D>
export function packSequence(...args: unknown[]): PackedSequence {
  const options = new LayerOptions('packSequence', ['sequences', 'enforceSorted'], args, 1)
  const sequences = sequencesOf('packSequence', options.raw('sequences'))
  const lengths = sequences.map(sequence => sequence.size(0) as number)
  return packPaddedSequence(padSequence(sequences), lengths, { enforceSorted: options.flag('enforceSorted', true) })
}

/**
 * Undoes `packSequence`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpack_sequence.html
 */
export function unpackSequence<D extends DType>(packedSequences: PackedSequence<D>): Tensor<any, D>[] {
  const [padded, lengths] = padPackedSequence(packedSequences, { batchFirst: true })
  return unpadSequence(padded, lengths, true) as Tensor<any, D>[]
}
