/** The dropouts of `torch.nn.functional`. */
import type { DType } from '../core/dtype'
import { InvalidArgValueError, LibtorchError } from '../core/errors'
import type { Shape } from '../core/shape-types'
import { callOperator } from '../ops/registry'
import type { Tensor } from '../tensor/tensor'
import { LayerOptions } from './layers/layer-options'

/** The options of the dropouts. */
export interface DropoutFunctionOptions {
  /** The probability, 0 to 1, of a zero; default 0.5. */
  p?: number
  /** Whether anything is dropped at all. */
  training?: boolean
  /** Overwrites the input; default false. */
  inplace?: boolean
}

/** One element, one channel, ... each 0 with probability `p`. */
type DropoutFunction = <S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  p?: number | DropoutFunctionOptions,
  training?: boolean | Omit<DropoutFunctionOptions, 'p'>,
  inplace?: boolean | Pick<DropoutFunctionOptions, 'inplace'>,
) => Tensor<S, T>

interface Read {
  input: Tensor
  p: number
  training: boolean
  inplace: boolean
}

function read(what: string, args: readonly unknown[], training: boolean): Read {
  const options = new LayerOptions(what, ['input', 'p', 'training', 'inplace'], args, 1)
  const given = {
    input: options.tensor('input'),
    p: options.number('p', 0.5),
    training: options.flag('training', training),
    inplace: options.flag('inplace', false),
  }
  checkProbability(given.p)
  return given
}

/** Refuses what is no probability (`ERR_INVALID_ARG_VALUE`), in Python's words. */
export function checkProbability(p: number): void {
  if (p >= 0 && p <= 1) return
  throw new InvalidArgValueError(`dropout probability has to be between 0 and 1, but got ${p}`)
}

function drop(operator: string, { input, p, training, inplace }: Read): Tensor {
  // libtorch gives the very tensor back, as Python does; here its handle
  if (!training) return input
  return callOperator(`aten::${operator}${inplace ? '_' : ''}`, '', [input, p, training]) as Tensor
}

/** Drops whole channels of `[N, C, ...]`, or with a missing batch of `[C, ...]`. */
function dropChannels(given: Read, batched: boolean): Tensor {
  if (batched) return drop('feature_dropout', given)
  const mark = given.inplace ? '_' : ''
  const input = callOperator(`aten::unsqueeze${mark}`, '', [given.input, 0]) as Tensor
  const dropped = drop('feature_dropout', { ...given, input })
  const result = callOperator(`aten::squeeze${mark}`, 'dim', [dropped, 0]) as Tensor
  if (!given.inplace) {
    input.dispose()
    dropped.dispose()
  }
  return result
}

/**
 * Each element 0 with probability `p` (0.5), the others divided by `1 - p`; `training` is true unless given.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html
 */
export const dropout: DropoutFunction = (...args: unknown[]): any => drop('dropout', read('dropout', args, true))

/**
 * Each channel of `[N, C, L]` or `[C, L]` 0 with probability `p` (0.5), the others divided by `1 - p`; `training` is
 * true unless given. Another rank is `ERR_LIBTORCH`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout1d.html
 */
export const dropout1d: DropoutFunction = (...args: unknown[]): any => {
  const given = read('dropout1d', args, true)
  const { ndim } = given.input
  if (ndim !== 2 && ndim !== 3) {
    throw new LibtorchError(
      `dropout1d: Expected 2D or 3D input, but received a ${ndim}D input. Note that dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch dimension (i.e. 2D or 3D inputs).`,
    )
  }
  return dropChannels(given, ndim === 3)
}

/**
 * Each channel of `[N, C, H, W]` 0 with probability `p` (0.5), the others divided by `1 - p`; `training` is true unless
 * given. Three dimensions are `[N, C, L]`, as in Python.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout2d.html
 */
export const dropout2d: DropoutFunction = (...args: unknown[]): any => dropChannels(read('dropout2d', args, true), true)

/**
 * Each channel of `[N, C, D, H, W]` or `[C, D, H, W]` 0 with probability `p` (0.5), the others divided by `1 - p`;
 * `training` is true unless given.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout3d.html
 */
export const dropout3d: DropoutFunction = (...args: unknown[]): any => {
  const given = read('dropout3d', args, true)
  return dropChannels(given, given.input.ndim === 5)
}

/**
 * Each element the negative limit of SELU with probability `p` (0.5), all scaled so that mean and variance stay;
 * `training` is false unless given.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.alpha_dropout.html
 */
export const alphaDropout: DropoutFunction = (...args: unknown[]): any =>
  drop('alpha_dropout', read('alphaDropout', args, false))

/**
 * The same for whole channels of `[N, C, ...]`; `training` is false unless given.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.feature_alpha_dropout.html
 */
export const featureAlphaDropout: DropoutFunction = (...args: unknown[]): any =>
  drop('feature_alpha_dropout', read('featureAlphaDropout', args, false))
