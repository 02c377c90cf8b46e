/**
 * `torch.nn.functional`: layers without state, as functions. Positional arguments in Python's order, then one options
 * object. Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for what libtorch refuses.
 *
 * @see https://docs.pytorch.org/docs/stable/nn.functional.html
 */
import type { DType } from '../core/dtype'
import { check, is, mergeArguments } from '../core/options'
import type { Check, IsUnranked, Shape } from '../core/shape-types'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import { call } from './functional-call'
import type { LinearShape } from './layer-rules'

export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  type FractionalMaxPoolOptions,
  fractionalMaxPool2d,
  fractionalMaxPool3d,
} from './functional-adaptive-pool'
export {
  type ConvOptions,
  type ConvTransposeOptions,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
} from './functional-conv'
export {
  alphaDropout,
  type DropoutFunctionOptions,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
} from './functional-dropout'
export {
  affineGrid,
  type FoldOptions,
  fold,
  type GridSampleOptions,
  gridSample,
  unfold,
} from './functional-fold'
export {
  type MaxPoolNdOptions,
  type MaxUnpoolOptions,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
} from './functional-max-pool'
export {
  type BatchNormOptions,
  batchNorm,
  groupNorm,
  type InstanceNormOptions,
  instanceNorm,
  type LayerNormOptions,
  type LocalResponseNormFunctionOptions,
  layerNorm,
  localResponseNorm,
  type NormalizeOptions,
  normalize,
  type RMSNormFunctionOptions,
  rmsNorm,
} from './functional-norm'
export { type PadMode, type PadOptions, pad } from './functional-pad'
export {
  type AvgPoolOptions,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  type LPPoolOptions,
  lpPool1d,
  lpPool2d,
  lpPool3d,
} from './functional-pool'
export {
  channelShuffle,
  type InterpolateMode,
  type InterpolateOptions,
  interpolate,
  pixelShuffle,
  pixelUnshuffle,
} from './functional-resize'

export * from './functional-sequences'

type LinearOf<S extends Shape, W> =
  IsUnranked<W & Shape> extends true
    ? any
    : W extends readonly [infer O extends number, infer I extends number]
      ? LinearShape<S, I, O>
      : any

/**
 * y = x W^T + b: input `[..., I]`, weight `[O, I]`, bias `[O]` or null.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html
 */
export function linear<S extends Shape, T extends DType, W extends Shape>(
  input: Tensor<S, T> & Check<LinearOf<S, W>>,
  weight: Tensor<W>,
  bias?: Tensor | null | { bias?: Tensor | null },
): Result<LinearOf<S, W>, T>
export function linear(...args: unknown[]): Tensor {
  return call('linear', args)
}

/** max(x, 0), with `inplace` into the input. `torch.nn.functional.relu` */
export function relu<S extends Shape, T extends DType>(
  input: Tensor<S, T>,
  inplace?: boolean | { inplace?: boolean },
): Tensor<S, T>
export function relu(...args: unknown[]): Tensor {
  const { input, inplace = false } = mergeArguments('relu', ['input', 'inplace'], args, 1)
  check('relu', 'inplace', inplace, is.boolean)
  return call(inplace ? 'relu_' : 'relu', [input])
}

/** Class indices `[*]`, int64, as rows of 0 and a 1: `[*, C]`, int64. `torch.nn.functional.one_hot` */
export function oneHot<S extends Shape, const C extends number = number>(
  input: Tensor<S, 'int64'>,
  numClasses?: C | { numClasses?: C },
): Result<IsUnranked<S> extends true ? any : [...S, C extends -1 ? number : C], 'int64'>
export function oneHot(...args: unknown[]): Tensor {
  return call('one_hot', args)
}
