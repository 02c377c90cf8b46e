import type { DType } from '../core/dtype'
import { check, is, mergeArguments } from '../core/options'
import type { Tensor } from '../tensor/tensor'
import { call } from './functional-call'

/** How `pad` fills. */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular'

/** The options of `pad`. */
export interface PadOptions {
  mode?: PadMode
  /** With `'constant'`; 0 unless given. */
  value?: number | null
}

/**
 * Adds elements at the ends of the last dimensions: `pad` holds, from the last dimension on, how many before and how many
 * behind; negative ones cut. `[2, 3]` with `pad: [1, 1]` is `[2, 5]`.
 *
 * Errors: `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for paddings that do not fit.
 *
 * @example
 * pad(torch.ones([1, 2]), [1, 1])                      // tensor([[0., 1., 1., 0.]])
 * pad(image, [2, 2, 2, 2], { mode: 'reflect' })
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
 */
export function pad<D extends DType>(
  input: Tensor<any, D>,
  pad: readonly number[],
  mode?: PadMode | PadOptions,
  value?: number | null | PadOptions,
): Tensor<any, D>
export function pad(...args: unknown[]): Tensor {
  const given = mergeArguments('pad', ['input', 'pad', 'mode', 'value'], args, 2)
  const { input, pad: sizes, mode = 'constant', value = null } = given
  check('pad', 'mode', mode, is.oneOf('constant', 'reflect', 'replicate', 'circular'))
  if (value !== null) check('pad', 'value', value, is.number)
  return call('pad', [input, sizes, mode, value])
}
