import type { Shape } from '../../core/shape-types'
import { callOperator } from '../../ops/registry'
import type { Tensor } from '../../tensor/tensor'
import { type FoldOptions, fold, unfold } from '../functional-fold'
import type { FoldRule, UnflattenRule, UnfoldRule } from '../resize-rules'
import type { Sizes } from '../window-rules'
import { LayerOptions } from './layer-options'
import { compute, OperatorShapeLayer } from './operator-layer'
import { pythonWord } from './python-words'

const words = (named: Record<string, unknown>) =>
  Object.entries(named)
    .map(([name, value]) => `${name}=${pythonWord(value)}`)
    .join(', ')

/**
 * The patches of images as columns.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` to `[N, C kH kW, L]`, where L is how many patches there are. Each option is one
 * number or a pair [rows, columns].
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html
 * @example
 * new nn.Unfold([2, 3]).forward(torch.rand([2, 5, 3, 4])).shape // [2, 30, 4]
 */
export class Unfold<
  const K extends Sizes<2>,
  const D extends Sizes<2> = 1,
  const P extends Sizes<2> = 0,
  const St extends Sizes<2> = 1,
> extends OperatorShapeLayer<UnfoldRule<K, D, P, St>> {
  readonly kernelSize: Sizes<2>
  readonly dilation: Sizes<2>
  readonly padding: Sizes<2>
  readonly stride: Sizes<2>

  // One signature for each place of the options object: a type parameter that could be either would lose its default.
  constructor(kernelSize: K, dilation?: D, padding?: P, stride?: St)
  constructor(kernelSize: K, options: FoldOptions<D, P, St>)
  constructor(options: { kernelSize: K } & FoldOptions<D, P, St>)
  constructor(kernelSize: K, dilation: D, options: { padding?: P; stride?: St })
  constructor(kernelSize: K, dilation: D, padding: P, options: { stride?: St })
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions(new.target.name, ['kernelSize', 'dilation', 'padding', 'stride'], args, 1)
    this.kernelSize = options.sizes('kernelSize', 2) as Sizes<2>
    this.dilation = options.sizes('dilation', 2, 1) as Sizes<2>
    this.padding = options.sizes('padding', 2, 0) as Sizes<2>
    this.stride = options.sizes('stride', 2, 1) as Sizes<2>
  }

  override [compute](x: Tensor): unknown {
    return unfold(x, this.kernelSize, this.dilation, this.padding, this.stride)
  }

  override extraRepr(): string {
    const { kernelSize, dilation, padding, stride } = this
    return words({ kernel_size: kernelSize, dilation, padding, stride })
  }
}

/**
 * Images as sums of their patches: what `Unfold` made of them, put back together.
 *
 * Shapes: `[N, C kH kW, L]` or `[C kH kW, L]` to `[N, C, ...outputSize]`, where L is how many patches fit. Each option is
 * one number or a pair [rows, columns].
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for an input that does not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Fold.html
 * @example
 * new nn.Fold([4, 5], 2).forward(torch.rand([2, 12, 12])).shape // [2, 3, 4, 5]
 */
export class Fold<
  const W extends Sizes<2>,
  const K extends Sizes<2>,
  const D extends Sizes<2> = 1,
  const P extends Sizes<2> = 0,
  const St extends Sizes<2> = 1,
> extends OperatorShapeLayer<FoldRule<W, K, D, P, St>> {
  readonly outputSize: Sizes<2>
  readonly kernelSize: Sizes<2>
  readonly dilation: Sizes<2>
  readonly padding: Sizes<2>
  readonly stride: Sizes<2>

  // One signature for each place of the options object: a type parameter that could be either would lose its default.
  constructor(outputSize: W, kernelSize: K, dilation?: D, padding?: P, stride?: St)
  constructor(outputSize: W, kernelSize: K, options: FoldOptions<D, P, St>)
  constructor(outputSize: W, options: { kernelSize: K } & FoldOptions<D, P, St>)
  constructor(options: { outputSize: W; kernelSize: K } & FoldOptions<D, P, St>)
  constructor(outputSize: W, kernelSize: K, dilation: D, options: { padding?: P; stride?: St })
  constructor(outputSize: W, kernelSize: K, dilation: D, padding: P, options: { stride?: St })
  constructor(...args: unknown[]) {
    super()
    const names = ['outputSize', 'kernelSize', 'dilation', 'padding', 'stride']
    const options = new LayerOptions(new.target.name, names, args, 2)
    this.outputSize = options.sizes('outputSize', 2) as Sizes<2>
    this.kernelSize = options.sizes('kernelSize', 2) as Sizes<2>
    this.dilation = options.sizes('dilation', 2, 1) as Sizes<2>
    this.padding = options.sizes('padding', 2, 0) as Sizes<2>
    this.stride = options.sizes('stride', 2, 1) as Sizes<2>
  }

  override [compute](x: Tensor): unknown {
    const { outputSize, kernelSize, dilation, padding, stride } = this
    return fold(x, outputSize, kernelSize, dilation, padding, stride)
  }

  override extraRepr(): string {
    const { outputSize, kernelSize, dilation, padding, stride } = this
    return words({ output_size: outputSize, kernel_size: kernelSize, dilation, padding, stride })
  }
}

/**
 * Splits one dimension into several: the reverse of `Flatten`.
 *
 * Shapes: `[N, C * H * W]` with `dim` 1 and `unflattenedSize` [C, H, W] to `[N, C, H, W]`; one size may be -1, which is
 * what is left. Any dtype. A view.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_LIBTORCH` for sizes that do not fit.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Unflatten.html
 * @example
 * new nn.Unflatten(1, [4, 7, 7]).forward(torch.rand([8, 196])).shape // [8, 4, 7, 7]
 */
export class Unflatten<const I extends number, const V extends Shape> extends OperatorShapeLayer<UnflattenRule<I, V>> {
  readonly dim: I
  readonly unflattenedSize: readonly number[]

  constructor(dim: I, unflattenedSize: V | { unflattenedSize: V })
  constructor(options: { dim: I; unflattenedSize: V })
  constructor(...args: unknown[]) {
    super()
    const options = new LayerOptions(new.target.name, ['dim', 'unflattenedSize'], args, 2)
    this.dim = options.integer('dim') as I
    this.unflattenedSize = [...options.integerList('unflattenedSize')]
  }

  override [compute](x: Tensor): unknown {
    return callOperator('aten::unflatten', 'int', [x, this.dim, this.unflattenedSize])
  }

  override extraRepr(): string {
    return words({ dim: this.dim, unflattened_size: this.unflattenedSize })
  }
}
