import { InvalidArgValueError } from '../../core/errors'
import { callOperator } from '../../ops/registry'
import type { Tensor } from '../../tensor/tensor'
import { instanceNorm } from '../functional-norm'
import type { Rule } from '../rules'
import type { InstanceNormRule } from '../spatial-rules'
import type { Loading } from '../state-dict'
import type { Dims } from '../window-rules'
import { NormBase } from './norm-base'
import { compute } from './operator-layer'

/** Instance normalisation over `dims` spatial dimensions. */
abstract class InstanceNormNd<R extends Rule, const C extends number> extends NormBase<R, C> {
  /** @internal */
  static override readonly learns = false
  /** @internal */
  static readonly dims: Dims = 1

  override [compute](x: Tensor): Tensor {
    const single = (this.constructor as typeof InstanceNormNd).dims + 1
    const { ndim } = x
    if (ndim !== single && ndim !== single + 1) {
      throw new InvalidArgValueError(`expected ${single}D or ${single + 1}D input (got ${ndim}D input)`)
    }
    const at = ndim - single
    const channels = (x.shape as number[])[at]!
    // without parameters nothing needs the number, and Python warns at most
    if (channels !== this.numFeatures && this.affine) {
      throw new InvalidArgValueError(
        `expected input's size at dim=${at} to match num_features (${this.numFeatures}), but got: ${channels}.`,
      )
    }
    if (at === 1) return this._normalized(x)
    const batch = callOperator('aten::unsqueeze', '', [x, 0]) as Tensor
    const result = this._normalized(batch)
    const squeezed = callOperator('aten::squeeze', 'dim', [result, 0]) as Tensor
    batch.dispose()
    result.dispose()
    return squeezed
  }

  protected _normalized(x: Tensor): Tensor {
    const own = this.training || !this.trackRunningStats
    const { running_mean: mean, running_var: variance, weight, bias, momentum, eps } = this
    return instanceNorm(x, mean, variance, weight, bias, own, momentum ?? 0, eps)
  }

  protected override loadOwnState(loading: Loading, entries: Map<string, unknown>, prefix: string): void {
    // Version 1 took the statistics away from layers that do not track them
    if (loading.metadata(prefix.slice(0, -1)).version === undefined && !this.trackRunningStats) {
      const keys = ['running_mean', 'running_var'].map(name => prefix + name).filter(key => entries.has(key))
      if (keys.length > 0) {
        const what = this.constructor.name
        const names = keys.map(key => `"${key}"`).join(' and ')
        loading.errors.push(
          `Unexpected running stats buffer(s) ${names} for ${what} with track_running_stats=False. If state_dict is a checkpoint saved before 0.4.0, this may be expected because ${what} does not track running stats by default since 0.4.0. Please remove these keys from state_dict. If the running stats are actually needed, instead set track_running_stats=True in ${what} to enable them. See the documentation of ${what} for details.`,
        )
        for (const key of keys) entries.delete(key)
      }
    }
    super.loadOwnState(loading, entries, prefix)
  }
}

/**
 * Normalises each channel of each sequence by itself: y = (x - mean) / sqrt(variance + eps) * weight + bias.
 *
 * Shapes: `[N, numFeatures, L]` or `[numFeatures, L]` to the same; with `affine` (false by default) `weight` and `bias`
 * `[numFeatures]`. With `trackRunningStats` (false by default) eval mode uses running statistics.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for an input of another rank, other
 * channels, or one value per channel.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm1d.html
 * @example
 * new nn.InstanceNorm1d(4).forward(torch.rand([8, 4, 10])).shape // [8, 4, 10]
 */
export class InstanceNorm1d<const C extends number> extends InstanceNormNd<
  InstanceNormRule<'InstanceNorm1d', 1, C>,
  C
> {}

/**
 * Normalises each channel of each image by itself: y = (x - mean) / sqrt(variance + eps) * weight + bias.
 *
 * Shapes: `[N, numFeatures, H, W]` or `[numFeatures, H, W]` to the same; with `affine` (false by default) `weight` and
 * `bias` `[numFeatures]`. With `trackRunningStats` (false by default) eval mode uses running statistics.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for an input of another rank, other
 * channels, or one value per channel.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html
 * @example
 * new nn.InstanceNorm2d(4, { affine: true }).forward(torch.rand([8, 4, 7, 7])).shape // [8, 4, 7, 7]
 */
export class InstanceNorm2d<const C extends number> extends InstanceNormNd<
  InstanceNormRule<'InstanceNorm2d', 2, C>,
  C
> {
  /** @internal */
  static override readonly dims = 2
}

/**
 * Normalises each channel of each volume by itself: y = (x - mean) / sqrt(variance + eps) * weight + bias.
 *
 * Shapes: `[N, numFeatures, D, H, W]` or `[numFeatures, D, H, W]` to the same; with `affine` (false by default) `weight`
 * and `bias` `[numFeatures]`. With `trackRunningStats` (false by default) eval mode uses running statistics.
 * Errors: `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for an input of another rank, other
 * channels, or one value per channel.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm3d.html
 * @example
 * new nn.InstanceNorm3d(4).forward(torch.rand([2, 4, 3, 5, 5])).shape // [2, 4, 3, 5, 5]
 */
export class InstanceNorm3d<const C extends number> extends InstanceNormNd<
  InstanceNormRule<'InstanceNorm3d', 3, C>,
  C
> {
  /** @internal */
  static override readonly dims = 3
}
