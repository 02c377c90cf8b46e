import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { callOperator } from '../ops/registry'
import { fromTypedArray, isTensor, type Tensor } from '../tensor'
import { type Allocate, collate } from './collate'
import { placeOf } from './dataset'
import { portableClass } from './portable'
import type { Batch, MapDataset, RowOf } from './types'

/**
 * Tensors that belong together row by row, as `torch.utils.data.TensorDataset`. A `DataLoader` takes a batch of it with
 * one `indexSelect` a tensor.
 *
 * Throws `ERR_INVALID_ARG_TYPE` for anything but tensors with at least one dimension, `ERR_INVALID_ARG_VALUE` where they
 * differ in their numbers of rows.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.TensorDataset
 * @example
 * const set = new data.TensorDataset(images, labels)
 * const [image, label] = set.get(0)
 */
export class TensorDataset<const T extends readonly Tensor[] = readonly Tensor[]> implements MapDataset<RowOf<T>> {
  readonly tensors: T

  constructor(...tensors: T) {
    if (tensors.length === 0) throw new InvalidArgTypeError('TensorDataset needs at least one tensor')
    for (const tensor of tensors) {
      if (!isTensor(tensor)) throw new InvalidArgTypeError(`TensorDataset takes tensors, got ${describe(tensor)}`)
      if (tensor.ndim === 0) throw new InvalidArgTypeError('TensorDataset takes tensors with at least one dimension')
    }
    const rows = tensors.map(tensor => tensor.size(0))
    if (rows.some(n => n !== rows[0])) {
      throw new InvalidArgValueError(`Size mismatch between tensors: they have ${rows.join(', ')} rows`)
    }
    this.tensors = tensors
  }

  /** The number of rows. */
  get length(): number {
    return this.tensors[0]!.size(0)
  }

  /** Row `index` of every tensor, as views; from the end where negative. Throws `ERR_OUT_OF_RANGE`. */
  get(index: number): RowOf<T> {
    const place = placeOf('TensorDataset', index, this.length)
    return this.tensors.map(tensor => tensor.select(0, place)) as never
  }

  /** The rows in the places `indices` of every tensor, as tensors of their own. Throws `ERR_OUT_OF_RANGE`. */
  getBatch(indices: readonly number[], allocate?: Allocate): Batch<T> {
    if (this.get !== TensorDataset.prototype.get) {
      return collate(
        indices.map(index => this.get(index)),
        allocate,
      ) as Batch<T> // rows as a subclass has them
    }
    const { length } = this
    const places = new Map<string, Tensor>()
    const host = BigInt64Array.from(indices, index => BigInt(placeOf('TensorDataset', index, length)))
    places.set('cpu', fromTypedArray(host) as Tensor)
    try {
      return this.tensors.map(tensor => {
        const index = placesOn(places, tensor.device)
        const out = allocate?.([indices.length, ...tensor.shape.slice(1)], tensor)
        if (out === undefined) return tensor.indexSelect(0, index)
        callOperator('aten::index_select', 'out', [tensor, 0, index, out])
        return out
      }) as never
    } finally {
      for (const index of places.values()) index.dispose()
    }
  }
}

function placesOn(places: Map<string, Tensor>, device: string): Tensor {
  let there = places.get(device)
  if (there === undefined) {
    there = places.get('cpu')!.to(device) as Tensor
    places.set(device, there)
  }
  return there
}

portableClass(TensorDataset, ({ tensors }) => tensors)
