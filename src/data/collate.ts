import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { isOptions } from '../core/options'
import { callOperator } from '../ops/registry'
import { fromTypedArray, isTensor, type Tensor, tensor } from '../tensor'
import type { Collated } from './types'

/** Where stacked tensors are put: workers hand memory that both threads see. */
export type Allocate = (shape: readonly number[], like: Tensor) => Tensor | undefined

/**
 * Makes one batch of items, as `torch.utils.data.default_collate`: tensors are stacked (`[N, ...]`); numbers become a
 * tensor of float64 as Python's floats do, bigints of int64 as its ints, booleans of bool; typed arrays are stacked as
 * NumPy's; strings are kept as an array; arrays and plain objects are collated place by place and key by key.
 *
 * Class labels are therefore bigints in an item: JavaScript cannot tell 1 from 1.0.
 *
 * Throws `ERR_INVALID_ARG_TYPE` for other items, `ERR_INVALID_ARG_VALUE` for none and for arrays of different lengths, and
 * `ERR_LIBTORCH` for tensors of different shapes.
 *
 * @see https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.default_collate
 * @example
 * data.defaultCollate([[0.5, 1n], [1.5, 0n]]) // [tensor([0.5, 1.5], float64), tensor([1, 0])]
 */
export function defaultCollate<Item>(items: readonly Item[]): Collated<Item> {
  return collate(items) as Collated<Item>
}

/** The same into memory of the caller's. */
export function collate(items: readonly unknown[], allocate?: Allocate): unknown {
  if (!Array.isArray(items)) throw new InvalidArgTypeError(`defaultCollate takes an array, got ${describe(items)}`)
  if (items.length === 0) throw new InvalidArgValueError('defaultCollate: expected at least one item, got none')
  const first = items[0]
  if (isTensor(first)) return stack(items, allocate)
  if (typeof first === 'number') return tensor(alike<number>(items, 'number'), { dtype: 'float64' })
  if (typeof first === 'bigint') return tensor(alike<bigint>(items, 'bigint'), { dtype: 'int64' })
  if (typeof first === 'boolean') return tensor(alike<boolean>(items, 'boolean'), { dtype: 'bool' })
  if (typeof first === 'string') return [...items]
  if (ArrayBuffer.isView(first)) return stackArrays(items, allocate)
  if (Array.isArray(first)) {
    if (!items.every(item => Array.isArray(item) && item.length === first.length)) {
      throw new InvalidArgValueError('each element in list of batch should be of equal size')
    }
    const at = (place: number) => items.map(item => (item as unknown[])[place])
    return first.map((_, place) => collate(at(place), allocate))
  }
  if (isOptions(first)) {
    const of = (key: string) =>
      items.map(item => {
        if (isOptions(item) && Object.hasOwn(item, key)) return item[key]
        throw new InvalidArgTypeError(
          `defaultCollate: expected '${key}' in every item, got ${describe(item)} without it`,
        )
      })
    return Object.fromEntries(Object.keys(first).map(key => [key, collate(of(key), allocate)]))
  }
  throw new InvalidArgTypeError(
    'defaultCollate: batch must contain tensors, typed arrays, numbers, bigints, booleans, strings, objects or arrays;' +
      ` found ${describe(first)}`,
  )
}

function alike<T>(items: readonly unknown[], type: string): T[] {
  const odd = items.find(item => typeof item !== type)
  if (odd === undefined) return items as T[]
  throw new InvalidArgTypeError(`defaultCollate: expected ${type}s as the first item is, got ${describe(odd)}`)
}

function stack(items: readonly unknown[], allocate: Allocate | undefined): Tensor {
  const odd = items.find(item => !isTensor(item))
  if (odd !== undefined) {
    throw new InvalidArgTypeError(`defaultCollate: expected tensors as the first item is, got ${describe(odd)}`)
  }
  const first = items[0] as Tensor
  const out = allocate?.([items.length, ...first.shape], first)
  if (out === undefined) return callOperator('aten::stack', '', [items, 0]) as Tensor
  callOperator('aten::stack', 'out', [items, 0, out])
  return out
}

function stackArrays(items: readonly unknown[], allocate: Allocate | undefined): Tensor {
  const made: Tensor[] = []
  try {
    for (const item of items) made.push(fromTypedArray(item as Float32Array) as Tensor)
    return stack(made, allocate)
  } finally {
    for (const one of made) one.dispose()
  }
}
