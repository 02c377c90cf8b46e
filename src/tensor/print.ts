import { TorchError } from '../core/errors'
import { callOperator } from '../ops/registry'
import { type Edges, formatTensor, type PrintableValues } from './printing'
import type { Tensor } from './tensor'
import { typedArray } from './values'

/** Of each dimension with a number n its first n and last n elements, so that printing copies no more than it shows. */
function edgesOf(tensor: Tensor, edges: Edges): Tensor {
  let out = tensor.detach() as Tensor
  edges.forEach((n, dim) => {
    if (n === null) return
    const size = out.shape[dim]!
    const first = callOperator('aten::narrow', '', [out, dim, 0, n])
    const last = callOperator('aten::narrow', '', [out, dim, size - n, n])
    out = callOperator('aten::cat', '', [[first, last], dim]) as Tensor
  })
  return out
}

function printable(tensor: Tensor): PrintableValues {
  return {
    shape: tensor.shape,
    dtype: tensor.dtype,
    elements: edges => typedArray(edgesOf(tensor, edges)),
  }
}

function sparseParts(tensor: Tensor, layout: string) {
  const part = (name: string, operator: string) => ({
    name,
    values: printable(callOperator(`aten::${operator}`, '', [tensor]) as Tensor),
  })
  const values = (operator: string) => callOperator(`aten::${operator}`, '', [tensor]) as Tensor
  switch (layout) {
    case 'sparse_coo':
      return {
        layout,
        nnz: callOperator('aten::_nnz', '', [tensor]) as number,
        parts: [part('indices', '_indices'), part('values', '_values')],
      }
    case 'sparse_csr':
    case 'sparse_bsr':
      return {
        layout,
        nnz: values('values').shape[0]!,
        parts: [part('crow_indices', 'crow_indices'), part('col_indices', 'col_indices'), part('values', 'values')],
      }
    default:
      return {
        layout,
        nnz: values('values').shape[0]!,
        parts: [part('ccol_indices', 'ccol_indices'), part('row_indices', 'row_indices'), part('values', 'values')],
      }
  }
}

/** What Python prints for a tensor; `isParameter` puts Python's words for one before it. */
export function printTensor(tensor: Tensor, isParameter = false): string {
  if (tensor.disposed) return 'tensor(<disposed>)'
  try {
    return printed(tensor, isParameter)
  } catch (error) {
    // what has no elements to show (quantised, nested, bits) still says what it is
    if (!(error instanceof TorchError)) throw error
    return `tensor(..., size=(${tensor.shape.join(', ')}${tensor.ndim === 1 ? ',' : ''}), dtype=torch.${tensor.dtype})`
  }
}

function printed(tensor: Tensor, isParameter: boolean): string {
  const layout = tensor.layout
  const sparse = layout.startsWith('sparse') ? sparseParts(tensor, layout) : undefined
  const { requiresGrad } = tensor
  return formatTensor({
    ...printable(tensor),
    device: tensor.device,
    requiresGrad,
    gradFn: requiresGrad ? (tensor.gradFn?.name ?? null) : null,
    isParameter,
    sparse,
  })
}
