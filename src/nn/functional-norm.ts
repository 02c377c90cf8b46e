/** The norms of `torch.nn.functional`. */

import type { DType } from '../core/dtype'
import { InvalidArgValueError, LibtorchError } from '../core/errors'
import type { Check, Shape } from '../core/shape-types'
import { product } from '../core/sizes'
import { tidy } from '../memory'
import { callOperator } from '../ops/registry'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import { LayerOptions } from './layers/layer-options'
import type { TrailingShape } from './spatial-rules'

type OptionalTensor = Tensor | null

const operator = (name: string, values: readonly unknown[]): Tensor =>
  callOperator(`aten::${name}`, '', values) as Tensor

function refuseOneValue(sizes: readonly number[], of: readonly number[]): void {
  if (product(sizes) !== 1) return
  throw new InvalidArgValueError(
    `Expected more than 1 value per channel when training, got input size [${of.join(', ')}]`,
  )
}

/** The options of `batchNorm`. */
export interface BatchNormOptions {
  /** The weights of the channels, `[C]`. */
  weight?: OptionalTensor
  /** The biases of the channels, `[C]`. */
  bias?: OptionalTensor
  /** Whether mean and variance are the batch's, and move the statistics; default false. */
  training?: boolean
  /** The batch's share in the running statistics; default 0.1. */
  momentum?: number
  /** Added to the variance; default 1e-5. */
  eps?: number
}

const BATCH_NORM = ['input', 'runningMean', 'runningVar', 'weight', 'bias', 'training', 'momentum', 'eps']

/**
 * Batch normalisation `[N, C, ...]` with statistics `[C]` from outside, which `training` moves.
 * `ERR_INVALID_ARG_VALUE` for one value per channel in training.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html
 */
export function batchNorm<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  runningMean: OptionalTensor,
  runningVar: OptionalTensor,
  weight?: OptionalTensor | BatchNormOptions,
  bias?: OptionalTensor | BatchNormOptions,
  training?: boolean | BatchNormOptions,
  momentum?: number | BatchNormOptions,
  eps?: number | BatchNormOptions,
): Tensor<S, T>
export function batchNorm(...args: unknown[]): Tensor {
  const options = new LayerOptions('batchNorm', BATCH_NORM, args, 3)
  const input = options.tensor('input')
  const training = options.flag('training', false)
  const eps = options.number('eps', 1e-5)
  if (training) {
    const [batch = 1, , ...sizes] = input.shape as number[]
    refuseOneValue([batch, ...sizes], input.shape as number[])
    if (eps <= 0) throw new InvalidArgValueError(`batch_norm eps must be positive during training, but got ${eps}`)
  } else if (eps < 0) {
    throw new InvalidArgValueError(`batch_norm eps must be non-negative, but got ${eps}`)
  }
  const [mean, variance, weight, bias] = ['runningMean', 'runningVar', 'weight', 'bias'].map(name =>
    options.tensorOrNull(name),
  )
  const momentum = options.number('momentum', 0.1)
  return operator('batch_norm', [input, weight, bias, mean, variance, training, momentum, eps, true])
}

/** The options of `instanceNorm`. */
export interface InstanceNormOptions {
  /** The means of the channels, `[C]`, moved by `useInputStats`, used without it. */
  runningMean?: OptionalTensor
  /** Their variances, `[C]`. */
  runningVar?: OptionalTensor
  /** The weights of the channels, `[C]`. */
  weight?: OptionalTensor
  /** The biases of the channels, `[C]`. */
  bias?: OptionalTensor
  /** Whether mean and variance are those of each instance; default true. */
  useInputStats?: boolean
  /** The batch's share in the running statistics; default 0.1. */
  momentum?: number
  /** Added to the variance; default 1e-5. */
  eps?: number
}

const INSTANCE_NORM = ['input', 'runningMean', 'runningVar', 'weight', 'bias', 'useInputStats', 'momentum', 'eps']

/**
 * Normalises each channel of each instance of `[N, C, ...]` by itself. `ERR_INVALID_ARG_VALUE` for one value per channel.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.instance_norm.html
 */
export function instanceNorm<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  runningMean?: OptionalTensor | InstanceNormOptions,
  runningVar?: OptionalTensor | InstanceNormOptions,
  weight?: OptionalTensor | InstanceNormOptions,
  bias?: OptionalTensor | InstanceNormOptions,
  useInputStats?: boolean | InstanceNormOptions,
  momentum?: number | InstanceNormOptions,
  eps?: number | InstanceNormOptions,
): Tensor<S, T>
export function instanceNorm(...args: unknown[]): Tensor {
  const options = new LayerOptions('instanceNorm', INSTANCE_NORM, args, 1)
  const input = options.tensor('input')
  const own = options.flag('useInputStats', true)
  const shape = input.shape as number[]
  if (own && product(shape.slice(2)) === 1) {
    throw new InvalidArgValueError(
      `Expected more than 1 spatial element when training, got input size [${shape.join(', ')}]`,
    )
  }
  const [mean, variance, weight, bias] = ['runningMean', 'runningVar', 'weight', 'bias'].map(name =>
    options.tensorOrNull(name),
  )
  const [momentum, eps] = [options.number('momentum', 0.1), options.number('eps', 1e-5)]
  return operator('instance_norm', [input, weight, bias, mean, variance, own, momentum, eps, true])
}

/** The options of `layerNorm`. */
export interface LayerNormOptions {
  /** A weight for each element, of the normalised shape. */
  weight?: OptionalTensor
  /** A bias for each element, of the normalised shape. */
  bias?: OptionalTensor
  /** Added to the variance; default 1e-5. */
  eps?: number
}

/**
 * Normalises over the last dimensions, whose sizes are `normalizedShape`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html
 */
export function layerNorm<S extends Shape, T extends DType, const W extends Shape>(
  input: Tensor<S, T> & Check<TrailingShape<'layerNorm', S, W>>,
  normalizedShape: W,
  weight?: OptionalTensor | LayerNormOptions,
  bias?: OptionalTensor | LayerNormOptions,
  eps?: number | LayerNormOptions,
): Result<TrailingShape<'layerNorm', S, W>, T>
export function layerNorm(...args: unknown[]): Tensor {
  const options = new LayerOptions('layerNorm', ['input', 'normalizedShape', 'weight', 'bias', 'eps'], args, 2)
  const shape = options.integerList('normalizedShape')
  const [weight, bias] = [options.tensorOrNull('weight'), options.tensorOrNull('bias')]
  return operator('layer_norm', [options.tensor('input'), shape, weight, bias, options.number('eps', 1e-5), true])
}

/** The options of `rmsNorm`. */
export interface RMSNormFunctionOptions {
  /** A weight for each element, of the normalised shape. */
  weight?: OptionalTensor
  /** Added to the mean of squares; null for the smallest step of the dtype, the default. */
  eps?: number | null
}

/**
 * Divides by the root of the mean of squares over the last dimensions, whose sizes are `normalizedShape`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.rms_norm.html
 */
export function rmsNorm<S extends Shape, T extends DType, const W extends Shape>(
  input: Tensor<S, T> & Check<TrailingShape<'rmsNorm', S, W>>,
  normalizedShape: W,
  weight?: OptionalTensor | RMSNormFunctionOptions,
  eps?: number | null | RMSNormFunctionOptions,
): Result<TrailingShape<'rmsNorm', S, W>, T>
export function rmsNorm(...args: unknown[]): Tensor {
  const options = new LayerOptions('rmsNorm', ['input', 'normalizedShape', 'weight', 'eps'], args, 2)
  const shape = options.integerList('normalizedShape')
  return operator('rms_norm', [
    options.tensor('input'),
    shape,
    options.tensorOrNull('weight'),
    options.numberOrNull('eps'),
  ])
}

/**
 * Normalises `[N, C, ...]` over groups of channels. `ERR_INVALID_ARG_VALUE` for one value per group.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.group_norm.html
 */
export function groupNorm<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  numGroups: number | ({ numGroups: number } & LayerNormOptions),
  weight?: OptionalTensor | LayerNormOptions,
  bias?: OptionalTensor | LayerNormOptions,
  eps?: number | LayerNormOptions,
): Tensor<S, T>
export function groupNorm(...args: unknown[]): Tensor {
  const options = new LayerOptions('groupNorm', ['input', 'numGroups', 'weight', 'bias', 'eps'], args, 2)
  const input = options.tensor('input')
  const groups = options.integer('numGroups')
  const [batch, channels, ...sizes] = input.shape as number[]
  if (batch === undefined || channels === undefined) {
    throw new LibtorchError(`Expected at least 2 dimensions for input tensor but received ${input.ndim}`)
  }
  if (groups > 0) {
    const perGroup = Math.floor((batch * channels) / groups)
    refuseOneValue([perGroup, ...sizes], [perGroup, groups, ...sizes])
  }
  const [weight, bias] = [options.tensorOrNull('weight'), options.tensorOrNull('bias')]
  return operator('group_norm', [input, groups, weight, bias, options.number('eps', 1e-5), true])
}

/** The options of `localResponseNorm`. */
export interface LocalResponseNormFunctionOptions {
  /** The factor of the mean of squares; default 1e-4. */
  alpha?: number
  /** The exponent; default 0.75. */
  beta?: number
  /** Added before the power; default 1. */
  k?: number
}

/**
 * Divides `[N, C, ...]` by (k + alpha * the mean of squares of `size` neighbouring channels) ^ beta.
 * `ERR_INVALID_ARG_VALUE` for fewer than 3 dimensions.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.local_response_norm.html
 */
export function localResponseNorm<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  size: number | ({ size: number } & LocalResponseNormFunctionOptions),
  alpha?: number | LocalResponseNormFunctionOptions,
  beta?: number | Omit<LocalResponseNormFunctionOptions, 'alpha'>,
  k?: number | Pick<LocalResponseNormFunctionOptions, 'k'>,
): Tensor<S, T>
export function localResponseNorm(...args: unknown[]): Tensor {
  const options = new LayerOptions('localResponseNorm', ['input', 'size', 'alpha', 'beta', 'k'], args, 2)
  const input = options.tensor('input')
  const size = options.integer('size')
  const [alpha, beta, k] = [options.number('alpha', 1e-4), options.number('beta', 0.75), options.number('k', 1)]
  const shape = input.shape as number[]
  if (shape.length < 3) {
    throw new InvalidArgValueError(`Expected 3D or higher dimensionality input (got ${shape.length} dimensions)`)
  }
  if (shape.includes(0)) return input
  const [before, behind] = [Math.floor(size / 2), Math.floor((size - 1) / 2)]
  return tidy(() => {
    const squares = callOperator('aten::mul', 'Tensor', [input, input]) as Tensor
    let mean: Tensor
    if (shape.length === 3) {
      const padded = operator('pad', [operator('unsqueeze', [squares, 1]), [0, 0, before, behind]]) // [N, 1, C + size - 1, L]
      mean = squeezed(operator('avg_pool2d', [padded, [size, 1], [1, 1]]))
    } else {
      const flat = operator('view', [squares, [shape[0], 1, shape[1], shape[2], -1]]) // [N, 1, C, D, the rest]
      const padded = operator('pad', [flat, [0, 0, 0, 0, before, behind]])
      mean = operator('view', [squeezed(operator('avg_pool3d', [padded, [size, 1, 1], [1, 1, 1]])), shape])
    }
    const scaled = callOperator('aten::add', 'Scalar', [callOperator('aten::mul', 'Scalar', [mean, alpha]), k])
    return callOperator('aten::div', 'Tensor', [input, callOperator('aten::pow', 'Tensor_Scalar', [scaled, beta])])
  }) as Tensor
}

const squeezed = (tensor: Tensor): Tensor => callOperator('aten::squeeze', 'dim', [tensor, 1]) as Tensor

/** The options of `normalize`. */
export interface NormalizeOptions {
  /** The exponent of the norm; default 2. */
  p?: number
  /** The dimension, or several, that each norm is taken over; default 1. */
  dim?: number | readonly number[]
  /** The least divisor; default 1e-12. */
  eps?: number
  /** Where the result goes; not recorded by autograd. */
  out?: OptionalTensor
}

/**
 * Divides by the norm along a dimension, so that it becomes 1.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html
 */
export function normalize<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  p?: number | NormalizeOptions,
  dim?: number | readonly number[] | Omit<NormalizeOptions, 'p'>,
  eps?: number | Omit<NormalizeOptions, 'p' | 'dim'>,
  out?: OptionalTensor | Pick<NormalizeOptions, 'out'>,
): Tensor<S, T>
export function normalize(...args: unknown[]): Tensor {
  const options = new LayerOptions('normalize', ['input', 'p', 'dim', 'eps', 'out'], args, 1)
  const input = options.tensor('input')
  const dims = options.has('dim') ? options.integers('dim') : 1
  const [p, eps, out] = [options.number('p', 2), options.number('eps', 1e-12), options.tensorOrNull('out')]
  return tidy(() => {
    const norms = callOperator('aten::norm', 'ScalarOpt_dim', [
      input,
      p,
      typeof dims === 'number' ? [dims] : dims,
      true,
    ])
    const least = operator('clamp_min', [norms, eps])
    const divisor = operator('expand_as', [least, input])
    return callOperator('aten::div', out === null ? 'Tensor' : 'out', [input, divisor, ...(out === null ? [] : [out])])
  }) as Tensor
}
