import type { DType } from '../core/dtype'
import type { Shape } from '../core/shape-types'
import type { Tensor, TypedArrayOf } from '../tensor'
import type { Allocate } from './collate'
import type { IterableDataset } from './dataset'

/** What is there, or will be. */
export type Eventually<T> = T | Promise<T>

/** What a data loader asks of a data set whose items have a place: those of `data.Dataset`, and whatever looks like it. */
export interface MapDataset<out Item = unknown> {
  /** The number of items. */
  readonly length: number
  /** The item in place `index`, from 0. */
  get(index: number): Item | Promise<Item>
  /** Several items at once, in order, where that is cheaper than one by one. */
  getItems?(indices: readonly number[]): Eventually<readonly Item[]>
  /**
   * A whole batch at once, where that is cheaper than collating items; taken with the default collate alone. In a worker
   * `allocate` makes room that both threads see: a tensor made elsewhere is copied there.
   */
  getBatch?(indices: readonly number[], allocate?: Allocate): unknown
}

/** Anything that a `DataLoader` takes: items with places, a stream of items, or tensors (which are a `TensorDataset`). */
export type AnyDataset = MapDataset | Iterable<unknown> | AsyncIterable<unknown> | IterableDataset | readonly Tensor[]

/** Rows of a tensor: an unknown number of them. */
type Rows<T> = 0 extends 1 & T
  ? any
  : T extends Tensor<infer S, infer D>
    ? 0 extends 1 & S
      ? Tensor<any, D>
      : S extends readonly [unknown, ...infer Rest extends readonly number[]]
        ? Tensor<[number, ...Rest], D>
        : Tensor<any, D>
    : never

/** One row: the tensor without its first dimension. */
type Row<T> = 0 extends 1 & T
  ? any
  : T extends Tensor<infer S, infer D>
    ? 0 extends 1 & S
      ? Tensor<any, D>
      : S extends readonly [unknown, ...infer Rest extends readonly number[]]
        ? Tensor<Rest, D>
        : Tensor<any, D>
    : never

/** A batch of a `TensorDataset`: rows of each tensor. */
export type Batch<T extends readonly Tensor[]> = { -readonly [K in keyof T]: Rows<T[K]> }

/** An item of a `TensorDataset`: one row of each tensor. */
export type RowOf<T extends readonly Tensor[]> = { -readonly [K in keyof T]: Row<T[K]> }

/** What `defaultCollate` makes of items of type `T`. */
export type Collated<T> = 0 extends 1 & T
  ? any
  : T extends Tensor<infer S, infer D>
    ? Stacked<S, D>
    : T extends number
      ? Tensor<[number], 'float64'>
      : T extends bigint
        ? Tensor<[number], 'int64'>
        : T extends boolean
          ? Tensor<[number], 'bool'>
          : T extends string
            ? string[]
            : T extends ArrayBufferView
              ? Tensor<[number, number], DTypeOf<T>>
              : T extends object
                ? { -readonly [K in keyof T]: Collated<T[K]> }
                : never

type Stacked<S extends Shape, D extends DType> = 0 extends 1 & S ? Tensor<any, D> : Tensor<[number, ...S], D>

type DTypeOf<A> = A extends Uint8Array
  ? 'uint8'
  : { [D in 'int8' | 'int16' | 'int32' | 'int64' | 'float64' | 'float32']: A extends TypedArrayOf<D> ? D : never }[
      | 'int8'
      | 'int16'
      | 'int32'
      | 'int64'
      | 'float64'
      | 'float32']

/** The items of a data set. */
export type ItemOf<D> = D extends { get(index: number): infer Item }
  ? Awaited<Item>
  : D extends readonly Tensor[]
    ? RowOf<D>
    : D extends AsyncIterable<infer Item>
      ? Item
      : D extends Iterable<infer Item>
        ? Awaited<Item>
        : D extends IterableDataset<infer Item>
          ? Item
          : never

/** The batches of a data set: collated, or for `batchSize: null` its items. */
export type BatchOf<D, N = number> = [N] extends [null]
  ? ItemOf<D>
  : D extends readonly Tensor[]
    ? Batch<D>
    : D extends { readonly tensors: infer T extends readonly Tensor[] }
      ? Batch<T>
      : Collated<ItemOf<D>>
