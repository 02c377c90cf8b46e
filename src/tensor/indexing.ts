import { describe, InvalidArgTypeError } from '../core/errors'
import { callOperator } from '../ops/registry'
import { isTensor, type Tensor } from './tensor'

/** What `at` takes: a position, a new dimension, 'all dimensions that are left', or an index or mask tensor. */
export type TensorIndex = number | null | '...' | Tensor

/** Python's `tensor[i, None, ..., mask]`. */
export function selectAt(tensor: Tensor, indices: readonly TensorIndex[]): Tensor {
  let out = tensor
  let dim = 0
  const advanced: (Tensor | null)[] = []
  const consumed = (index: TensorIndex) =>
    index === null || index === '...' ? 0 : isTensor(index) && index.dtype === 'bool' ? index.ndim : 1
  indices.forEach((index, i) => {
    if (typeof index === 'number') {
      out = callOperator('aten::select', 'int', [out, dim, index]) as Tensor
    } else if (index === null) {
      out = callOperator('aten::unsqueeze', '', [out, dim]) as Tensor
      advanced[dim++] = null
    } else if (index === '...') {
      const after = indices.slice(i + 1)
      if (after.includes('...')) throw new InvalidArgTypeError("at: an index can only have a single '...'")
      // numbers to come remove their dimension, new ones add theirs: only what consumes counts
      const left = out.ndim - dim - after.reduce<number>((sum, next) => sum + consumed(next), 0)
      for (let k = 0; k < left; k++) advanced[dim++] = null
    } else if (isTensor(index)) {
      advanced[dim] = index
      dim += index.dtype === 'bool' ? index.ndim : 1
    } else {
      throw new InvalidArgTypeError(`at: an index is a number, null, '...' or a tensor, got ${describe(index)}`)
    }
  })
  const list = Array.from(advanced, index => index ?? null)
  // a mask of several dimensions is one index: drop the places that it spans
  const spread: (Tensor | null)[] = []
  for (let k = 0; k < list.length; k++) {
    const index = list[k]!
    spread.push(index)
    if (index !== null && index.dtype === 'bool') k += index.ndim - 1
  }
  if (spread.every(index => index === null)) {
    return out === tensor ? (callOperator('aten::alias', '', [tensor]) as Tensor) : out
  }
  return callOperator('aten::index', 'Tensor', [out, spread]) as Tensor
}
