import type { DType } from '../../core/dtype'
import { mergeArguments } from '../../core/options'
import type { Check, Shape } from '../../core/shape-types'
import type { Tensor } from '../../tensor/tensor'
import type { Result } from '../../tensor/typed'
import type { MaxPoolNdOptions } from '../functional-max-pool'
import type { Pair, PoolRule, PoolShape, TwoResultsRule } from '../layer-rules'
import { Leaf, markPlain } from '../leaf'
import { pythonWord } from './python-words'

/** The options of `MaxPool2d` that have defaults. */
export type MaxPool2dOptions<
  St extends Pair,
  P extends Pair,
  D extends Pair,
  Indices extends boolean,
  Ceil extends boolean,
> = MaxPoolNdOptions<2, St, P, D, Indices, Ceil>

type AfterStride<P extends Pair, D extends Pair, Indices extends boolean, Ceil extends boolean> = Omit<
  MaxPool2dOptions<Pair, P, D, Indices, Ceil>,
  'stride'
>
type AfterPadding<D extends Pair, Indices extends boolean, Ceil extends boolean> = Omit<
  MaxPool2dOptions<Pair, Pair, D, Indices, Ceil>,
  'stride' | 'padding'
>

/** What `forward` gives: a tensor, or with `returnIndices` a tuple of it and the positions. */
export type Pooled<R, D extends DType, Indices extends boolean> = Indices extends true
  ? [values: Result<R, D>, indices: Result<R, 'int64'>]
  : Result<R, D>

const NAMES = ['kernelSize', 'stride', 'padding', 'dilation', 'returnIndices', 'ceilMode'] as const

/**
 * The largest element of each window.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` to `[N, C, H', W']`, where
 * H' = floor((H + 2 padding - dilation (kernelSize - 1) - 1) / stride) + 1, rounded up with `ceilMode`. Each of
 * `kernelSize`, `stride`, `padding`, `dilation` is one number or a pair [rows, columns]. With `returnIndices` the result
 * is a tuple [values, indices], the indices int64 into the flattened image. Any dtype but bool and complex ones.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input or a padding that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
 * @example
 * new nn.MaxPool2d(2).forward(torch.rand([8, 4, 29, 29])).shape // [8, 4, 14, 14]
 */
export class MaxPool2d<
  const K extends Pair,
  const St extends Pair = K,
  const P extends Pair = 0,
  const D extends Pair = 1,
  const Indices extends boolean = false,
  const Ceil extends boolean = false,
> extends Leaf<Indices extends true ? TwoResultsRule<'MaxPool2d'> : PoolRule<'MaxPool2d', 2, K, St, P, D, Ceil>> {
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: Pair
  readonly dilation: Pair
  readonly returnIndices: Indices
  readonly ceilMode: Ceil

  // One signature for each place of the options object: a type parameter that could be either would lose its default.
  constructor(kernelSize: K, stride?: St | null, padding?: P, dilation?: D, returnIndices?: Indices, ceilMode?: Ceil)
  constructor(kernelSize: K, options: MaxPool2dOptions<St, P, D, Indices, Ceil>)
  constructor(options: { kernelSize: K } & MaxPool2dOptions<St, P, D, Indices, Ceil>)
  constructor(kernelSize: K, stride: St | null, options: AfterStride<P, D, Indices, Ceil>)
  constructor(kernelSize: K, stride: St | null, padding: P, options: AfterPadding<D, Indices, Ceil>)
  constructor(
    kernelSize: K,
    stride: St | null,
    padding: P,
    dilation: D,
    options: { returnIndices?: Indices; ceilMode?: Ceil },
  )
  constructor(
    kernelSize: K,
    stride: St | null,
    padding: P,
    dilation: D,
    returnIndices: Indices,
    options: { ceilMode?: Ceil },
  )
  constructor(...args: unknown[]) {
    const options = mergeArguments('MaxPool2d', NAMES, args, 1)
    super('MaxPool2d', options)
    const { kernelSize, stride, padding = 0, dilation = 1, returnIndices = false, ceilMode = false } = options
    this.kernelSize = kernelSize as Pair
    this.stride = (stride ?? kernelSize) as Pair
    this.padding = padding as Pair
    this.dilation = dilation as Pair
    this.returnIndices = returnIndices as Indices
    this.ceilMode = ceilMode as Ceil
  }

  forward<S extends Shape, T extends DType>(
    x: Tensor<S, T> & Check<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>>,
  ): Pooled<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>, T, Indices> {
    const result: unknown = this.returnIndices ? this.runTwo(x) : this.run(x)
    return result as Pooled<PoolShape<'MaxPool2d', 2, S, K, St, P, D, Ceil>, T, Indices>
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation, ceilMode } = this
    const words = { kernel_size: kernelSize, stride, padding, dilation, ceil_mode: ceilMode }
    return Object.entries(words)
      .map(([name, value]) => `${name}=${pythonWord(value)}`)
      .join(', ')
  }
}

markPlain(MaxPool2d)
