import { InvalidArgValueError } from '../../core/errors'
import type { ShowSize } from '../../core/shape-types'
import { callOperator } from '../../ops/registry'
import type { Tensor } from '../../tensor/tensor'
import { batchNorm } from '../functional-norm'
import type { Rule } from '../rules'
import type { ChannelsRule } from '../spatial-rules'
import { NormBase } from './norm-base'
import { compute } from './operator-layer'

/** Batch normalisation of inputs of certain ranks. */
export abstract class BatchNormNd<R extends Rule, const C extends number> extends NormBase<R, C> {
  /** @internal */
  static readonly ranks: readonly number[] = []

  override [compute](x: Tensor): Tensor {
    const { ranks } = this.constructor as typeof BatchNormNd
    if (!ranks.includes(x.ndim)) {
      const expected = ranks.map(rank => `${rank}D`).join(' or ')
      throw new InvalidArgValueError(`expected ${expected} input (got ${x.ndim}D input)`)
    }
    const { training, momentum, running_mean: mean, running_var: variance, num_batches_tracked: count } = this
    let share = momentum ?? 0
    if (training && this.trackRunningStats && count !== null) {
      callOperator('aten::add_', 'Scalar', [count, 1])
      if (momentum === null) share = 1 / Number(count.item())
    }
    const moved = !training || this.trackRunningStats
    return batchNorm(
      x,
      moved ? mean : null,
      moved ? variance : null,
      this.weight,
      this.bias,
      training || (mean === null && variance === null),
      share,
      this.eps,
    )
  }
}

/**
 * Batch normalisation: y = (x - mean) / sqrt(variance + eps) * weight + bias, channel by channel.
 *
 * In train mode mean and variance are the batch's, and the running statistics (`running_mean`, `running_var`,
 * `num_batches_tracked`) move towards them; in eval mode they are the running statistics.
 * Shapes: `[N, numFeatures]` or `[N, numFeatures, L]` to the same; `weight` and `bias` `[numFeatures]` or null.
 * Dtype: that of the parameters, float32 by default; float16 and bfloat16 inputs too.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for an input of another rank, and in
 * train mode for one value per channel; `ERR_LIBTORCH` for other channels.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
 * @example
 * new nn.BatchNorm1d(4).forward(torch.rand([8, 4])).shape // [8, 4]
 */
export class BatchNorm1d<const C extends number> extends BatchNormNd<
  ChannelsRule<'BatchNorm1d', C, 2 | 3, `[N, ${ShowSize<C>}] or [N, ${ShowSize<C>}, L]`>,
  C
> {
  /** @internal */
  static override readonly ranks = [2, 3]
}

/**
 * Batch normalisation: y = (x - mean) / sqrt(variance + eps) * weight + bias, channel by channel.
 *
 * In train mode mean and variance are the batch's, and the running statistics (`running_mean`, `running_var`,
 * `num_batches_tracked`) move towards them; in eval mode they are the running statistics.
 * Shapes: `[N, numFeatures, D, H, W]` to the same; `weight` and `bias` `[numFeatures]` or null.
 * Dtype: that of the parameters, float32 by default; float16 and bfloat16 inputs too.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for an input of another rank, and in
 * train mode for one value per channel; `ERR_LIBTORCH` for other channels.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm3d.html
 * @example
 * new nn.BatchNorm3d(4).forward(torch.rand([2, 4, 3, 5, 5])).shape // [2, 4, 3, 5, 5]
 */
export class BatchNorm3d<const C extends number> extends BatchNormNd<
  ChannelsRule<'BatchNorm3d', C, 5, `[N, ${ShowSize<C>}, D, H, W]`>,
  C
> {
  /** @internal */
  static override readonly ranks = [5]
}
