/** The convolutions of `torch.nn.functional`. */
import type { DType } from '../core/dtype'
import type { Check, IsUnranked, Shape, Times } from '../core/shape-types'
import type { Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import { call } from './functional-call'
import type { ConvShape } from './layer-rules'
import type { TransposedShape } from './spatial-rules'
import type { Dims, Sizes } from './window-rules'

type Padding<N extends Dims> = Sizes<N> | 'same' | 'valid'
type OptionalTensor = Tensor | null

type ConvOf<What extends string, N extends Dims, S extends Shape, W, St, P, D, G> =
  IsUnranked<W & Shape> extends true
    ? any
    : W extends readonly [infer O extends number, infer I extends number, ...infer K extends Sizes<N> & Shape]
      ? ConvShape<What, N, S, G extends 1 ? I : number, O, K, St, P, D>
      : any

/** The options of `conv1d` to `conv3d`. */
export interface ConvOptions<
  N extends Dims,
  St extends Sizes<N>,
  P extends Padding<N>,
  D extends Sizes<N>,
  G extends number,
> {
  /** Steps of the window; default 1. */
  stride?: St
  /** What is added on each side; `'valid'` for nothing, `'same'` for as much as keeps the size; default 0. */
  padding?: P
  /** Distance of the window's elements; default 1. */
  dilation?: D
  /** Groups of channels that do not mix; default 1. */
  groups?: G
}

// One signature for each place of the options object: a type parameter that could be either would lose its default.
interface ConvFunction<What extends string, N extends Dims> {
  <
    S extends Shape,
    T extends DType,
    W extends Shape,
    const St extends Sizes<N> = 1,
    const P extends Padding<N> = 0,
    const D extends Sizes<N> = 1,
    const G extends number = 1,
  >(
    input: Tensor<S, T> & Check<ConvOf<What, N, S, W, St, P, D, G>>,
    weight: Tensor<W>,
    bias?: OptionalTensor,
    stride?: St,
    padding?: P,
    dilation?: D,
    groups?: G,
  ): Result<ConvOf<What, N, S, W, St, P, D, G>, T>
  <
    S extends Shape,
    T extends DType,
    W extends Shape,
    const St extends Sizes<N> = 1,
    const P extends Padding<N> = 0,
    const D extends Sizes<N> = 1,
    const G extends number = 1,
  >(
    input: Tensor<S, T> & Check<ConvOf<What, N, S, W, St, P, D, G>>,
    weight: Tensor<W>,
    options: { bias?: OptionalTensor } & ConvOptions<N, St, P, D, G>,
  ): Result<ConvOf<What, N, S, W, St, P, D, G>, T>
  <
    S extends Shape,
    T extends DType,
    W extends Shape,
    const St extends Sizes<N> = 1,
    const P extends Padding<N> = 0,
    const D extends Sizes<N> = 1,
    const G extends number = 1,
  >(
    input: Tensor<S, T> & Check<ConvOf<What, N, S, W, St, P, D, G>>,
    weight: Tensor<W>,
    bias: OptionalTensor,
    options: ConvOptions<N, St, P, D, G>,
  ): Result<ConvOf<What, N, S, W, St, P, D, G>, T>
  <
    S extends Shape,
    T extends DType,
    W extends Shape,
    const St extends Sizes<N> = 1,
    const P extends Padding<N> = 0,
    const D extends Sizes<N> = 1,
    const G extends number = 1,
  >(
    input: Tensor<S, T> & Check<ConvOf<What, N, S, W, St, P, D, G>>,
    weight: Tensor<W>,
    bias: OptionalTensor,
    stride: St,
    options: Omit<ConvOptions<N, Sizes<N>, P, D, G>, 'stride'>,
  ): Result<ConvOf<What, N, S, W, St, P, D, G>, T>
  <
    S extends Shape,
    T extends DType,
    W extends Shape,
    const St extends Sizes<N> = 1,
    const P extends Padding<N> = 0,
    const D extends Sizes<N> = 1,
    const G extends number = 1,
  >(
    input: Tensor<S, T> & Check<ConvOf<What, N, S, W, St, P, D, G>>,
    weight: Tensor<W>,
    bias: OptionalTensor,
    stride: St,
    padding: P,
    options: { dilation?: D; groups?: G },
  ): Result<ConvOf<What, N, S, W, St, P, D, G>, T>
  <
    S extends Shape,
    T extends DType,
    W extends Shape,
    const St extends Sizes<N> = 1,
    const P extends Padding<N> = 0,
    const D extends Sizes<N> = 1,
    const G extends number = 1,
  >(
    input: Tensor<S, T> & Check<ConvOf<What, N, S, W, St, P, D, G>>,
    weight: Tensor<W>,
    bias: OptionalTensor,
    stride: St,
    padding: P,
    dilation: D,
    options: { groups?: G },
  ): Result<ConvOf<What, N, S, W, St, P, D, G>, T>
}

/**
 * A convolution over sequences: input `[N, I, L]` or `[I, L]`, weight `[O, I / groups, kL]`, bias `[O]` or null.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv1d.html
 */
export const conv1d: ConvFunction<'Conv1d', 1> = (...args: unknown[]): any => call('conv1d', args)

/**
 * A convolution over images: input `[N, I, H, W]` or `[I, H, W]`, weight `[O, I / groups, kH, kW]`, bias `[O]` or null.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html
 */
export const conv2d: ConvFunction<'Conv2d', 2> = (...args: unknown[]): any => call('conv2d', args)

/**
 * A convolution over volumes: input `[N, I, D, H, W]` or `[I, D, H, W]`, weight `[O, I / groups, kD, kH, kW]`, bias
 * `[O]` or null.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv3d.html
 */
export const conv3d: ConvFunction<'Conv3d', 3> = (...args: unknown[]): any => call('conv3d', args)

type TransposedOf<What extends string, N extends Dims, S extends Shape, W, St, P, E, D, G extends number> =
  IsUnranked<W & Shape> extends true
    ? any
    : W extends readonly [infer I extends number, infer O extends number, ...infer K extends Sizes<N> & Shape]
      ? TransposedShape<What, N, S, I, Times<O, G>, K, St, P, E, D>
      : any

/** The options of `convTranspose1d` to `convTranspose3d`. */
export interface ConvTransposeOptions<
  N extends Dims,
  St extends Sizes<N>,
  P extends Sizes<N>,
  E extends Sizes<N>,
  D extends Sizes<N>,
  G extends number,
> {
  /** Steps of the window; default 1. */
  stride?: St
  /** What is taken off on each side; default 0. */
  padding?: P
  /** What is added at the end of each dimension; default 0. */
  outputPadding?: E
  /** Groups of channels that do not mix; default 1. */
  groups?: G
  /** Distance of the window's elements; default 1. */
  dilation?: D
}

interface ConvTransposeFunction<What extends string, N extends Dims> {
  <
    S extends Shape,
    T extends DType,
    W extends Shape,
    const St extends Sizes<N> = 1,
    const P extends Sizes<N> = 0,
    const E extends Sizes<N> = 0,
    const G extends number = 1,
    const D extends Sizes<N> = 1,
  >(
    input: Tensor<S, T> & Check<TransposedOf<What, N, S, W, St, P, E, D, G>>,
    weight: Tensor<W>,
    bias?: OptionalTensor,
    stride?: St,
    padding?: P,
    outputPadding?: E,
    groups?: G,
    dilation?: D,
  ): Result<TransposedOf<What, N, S, W, St, P, E, D, G>, T>
  <
    S extends Shape,
    T extends DType,
    W extends Shape,
    const St extends Sizes<N> = 1,
    const P extends Sizes<N> = 0,
    const E extends Sizes<N> = 0,
    const G extends number = 1,
    const D extends Sizes<N> = 1,
  >(
    input: Tensor<S, T> & Check<TransposedOf<What, N, S, W, St, P, E, D, G>>,
    weight: Tensor<W>,
    options: { bias?: OptionalTensor } & ConvTransposeOptions<N, St, P, E, D, G>,
  ): Result<TransposedOf<What, N, S, W, St, P, E, D, G>, T>
  <
    S extends Shape,
    T extends DType,
    W extends Shape,
    const St extends Sizes<N> = 1,
    const P extends Sizes<N> = 0,
    const E extends Sizes<N> = 0,
    const G extends number = 1,
    const D extends Sizes<N> = 1,
  >(
    input: Tensor<S, T> & Check<TransposedOf<What, N, S, W, St, P, E, D, G>>,
    weight: Tensor<W>,
    bias: OptionalTensor,
    options: ConvTransposeOptions<N, St, P, E, D, G>,
  ): Result<TransposedOf<What, N, S, W, St, P, E, D, G>, T>
  /** With options behind `stride`, `padding`, `outputPadding` or `groups`, whose sizes the type does not follow. */
  <T extends DType>(
    input: Tensor<any, T>,
    weight: Tensor,
    bias: OptionalTensor,
    stride: Sizes<N>,
    ...rest: (Sizes<N> | Partial<ConvTransposeOptions<N, Sizes<N>, Sizes<N>, Sizes<N>, Sizes<N>, number>>)[]
  ): Tensor<any, T>
}

/**
 * The gradient of `conv1d` by its input, as an operator of its own: input `[N, I, L]` or `[I, L]`, weight
 * `[I, O / groups, kL]`, bias `[O]` or null.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose1d.html
 */
export const convTranspose1d: ConvTransposeFunction<'ConvTranspose1d', 1> = (...args: unknown[]): any =>
  call('conv_transpose1d', args)

/**
 * The gradient of `conv2d` by its input, as an operator of its own: input `[N, I, H, W]` or `[I, H, W]`, weight
 * `[I, O / groups, kH, kW]`, bias `[O]` or null.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html
 */
export const convTranspose2d: ConvTransposeFunction<'ConvTranspose2d', 2> = (...args: unknown[]): any =>
  call('conv_transpose2d', args)

/**
 * The gradient of `conv3d` by its input, as an operator of its own: input `[N, I, D, H, W]` or `[I, D, H, W]`, weight
 * `[I, O / groups, kD, kH, kW]`, bias `[O]` or null.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose3d.html
 */
export const convTranspose3d: ConvTransposeFunction<'ConvTranspose3d', 3> = (...args: unknown[]): any =>
  call('conv_transpose3d', args)
