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
import type { LinearShape, Pair, PoolShape } from './layer-rules'
import type { MaxPool2dOptions, Pooled } from './layers/max-pool2d'

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

/**
 * The largest element of each window: `[N, C, H, W]` or `[C, H, W]`. With `returnIndices` a tuple [values, indices].
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html
 */
export function maxPool2d<
  S extends Shape,
  T extends DType,
  const K extends Pair,
  const St extends Pair = K,
  const P extends Pair = 0,
  const D extends Pair = 1,
  const Ceil extends boolean = false,
  const Indices extends boolean = false,
>(
  input: Tensor<S, T> & Check<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>>,
  kernelSize: K,
  stride?: St | null,
  padding?: P,
  dilation?: D,
  ceilMode?: Ceil,
  returnIndices?: Indices,
): Pooled<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>, T, Indices>
export function maxPool2d<
  S extends Shape,
  T extends DType,
  const K extends Pair,
  const St extends Pair = K,
  const P extends Pair = 0,
  const D extends Pair = 1,
  const Ceil extends boolean = false,
  const Indices extends boolean = false,
>(
  input: Tensor<S, T> & Check<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>>,
  kernelSize: K,
  options: MaxPool2dOptions<St, P, D, Indices, Ceil>,
): Pooled<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>, T, Indices>
export function maxPool2d<
  S extends Shape,
  T extends DType,
  const K extends Pair,
  const St extends Pair = K,
  const P extends Pair = 0,
  const D extends Pair = 1,
  const Ceil extends boolean = false,
  const Indices extends boolean = false,
>(
  input: Tensor<S, T> & Check<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>>,
  options: { kernelSize: K } & MaxPool2dOptions<St, P, D, Indices, Ceil>,
): Pooled<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>, T, Indices>
export function maxPool2d<
  S extends Shape,
  T extends DType,
  const K extends Pair,
  const St extends Pair = K,
  const P extends Pair = 0,
  const D extends Pair = 1,
  const Ceil extends boolean = false,
  const Indices extends boolean = false,
>(
  input: Tensor<S, T> & Check<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>>,
  kernelSize: K,
  stride: St | null,
  options: Omit<MaxPool2dOptions<Pair, P, D, Indices, Ceil>, 'stride'>,
): Pooled<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>, T, Indices>
export function maxPool2d<
  S extends Shape,
  T extends DType,
  const K extends Pair,
  const St extends Pair = K,
  const P extends Pair = 0,
  const D extends Pair = 1,
  const Ceil extends boolean = false,
  const Indices extends boolean = false,
>(
  input: Tensor<S, T> & Check<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>>,
  kernelSize: K,
  stride: St | null,
  padding: P,
  options: Omit<MaxPool2dOptions<Pair, Pair, D, Indices, Ceil>, 'stride' | 'padding'>,
): Pooled<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>, T, Indices>
export function maxPool2d<
  S extends Shape,
  T extends DType,
  const K extends Pair,
  const St extends Pair = K,
  const P extends Pair = 0,
  const D extends Pair = 1,
  const Ceil extends boolean = false,
  const Indices extends boolean = false,
>(
  input: Tensor<S, T> & Check<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>>,
  kernelSize: K,
  stride: St | null,
  padding: P,
  dilation: D,
  options: { ceilMode?: Ceil; returnIndices?: Indices },
): Pooled<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>, T, Indices>
export function maxPool2d(...args: unknown[]): unknown {
  const names = ['input', 'kernelSize', 'stride', 'padding', 'dilation', 'ceilMode', 'returnIndices']
  const merged = mergeArguments('maxPool2d', names, args, 2)
  const { input, kernelSize, stride, padding = 0, dilation = 1, ceilMode = false, returnIndices = false } = merged
  check('maxPool2d', 'returnIndices', returnIndices, is.boolean)
  const operator = returnIndices ? 'max_pool2d_with_indices' : 'max_pool2d'
  return call(operator, [input, kernelSize, stride ?? kernelSize, padding, dilation, ceilMode])
}

/** Class indices `[*]`, int64, as rows of 0 and a 1: `[*, C]`, int64. `torch.nn.functional.one_hot` */
export function oneHot<S extends Shape, const C extends number = number>(
  input: Tensor<S, 'int64'>,
  numClasses?: C | { numClasses?: C },
): Result<IsUnranked<S> extends true ? any : [...S, C extends -1 ? number : C], 'int64'>
export function oneHot(...args: unknown[]): Tensor {
  return call('one_hot', args)
}
