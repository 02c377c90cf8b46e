import { InvalidArgValueError, OutOfRangeError } from '../../core/errors'
import { callOperator } from '../../ops/registry'
import type { Tensor } from '../../tensor/tensor'
import { logSoftmax } from '../functional-softmax'
import { ModuleList } from '../module-list'
import { Sequential } from '../sequential'
import { LayerOptions } from './layer-options'
import { Linear } from './linear'
import { compute, OperatorLayer } from './operator-layer'
import type { FactoryOptions } from './shape-layer'

/** The options of `AdaptiveLogSoftmaxWithLoss` that have defaults. */
export interface AdaptiveLogSoftmaxOptions extends FactoryOptions {
  /** By how much the inner size of each further cluster is smaller; default 4. */
  divValue?: number
  /** Whether the head has a bias; default false. */
  headBias?: boolean
}

type AnyLinear = Linear<number, number>
type Cluster = Sequential<[AnyLinear, AnyLinear]>

const NAMES = ['inFeatures', 'nClasses', 'cutoffs', 'divValue', 'headBias', 'device', 'dtype']
const cat = (tensors: readonly Tensor[]): Tensor => callOperator('aten::cat', '', [tensors, 1]) as Tensor

/**
 * Efficient softmax over many classes, sorted by how frequent they are: the classes before the first of `cutoffs` have an
 * output each in the head, those between two cutoffs share one, and a smaller network of their own tells them apart.
 *
 * Shapes: input `[N, inFeatures]`, target `[N]`, or `[inFeatures]` and `[]`, int64, from 0 to nClasses - 1. Result: a tuple
 * of the targets' log probabilities `[N]` or `[]`, and the loss `[]`, the mean of their negatives.
 * Errors: `ERR_INVALID_ARG_VALUE` for cutoffs that are not unique, positive, increasing and below `nClasses`, and for inputs and
 * targets that do not fit; `ERR_OUT_OF_RANGE` for other targets.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveLogSoftmaxWithLoss.html
 * @example
 * const [output, loss] = new nn.AdaptiveLogSoftmaxWithLoss(64, 10000, [100, 1000]).forward(hidden, words)
 */
export class AdaptiveLogSoftmaxWithLoss extends OperatorLayer {
  readonly inFeatures: number
  readonly nClasses: number
  /** Those given, and `nClasses`. */
  readonly cutoffs: readonly number[]
  readonly divValue: number
  readonly headBias: boolean
  readonly shortlistSize: number
  readonly nClusters: number
  readonly headSize: number
  head: AnyLinear
  tail: ModuleList<Cluster>

  constructor(inFeatures: number, nClasses: number, cutoffs: readonly number[], options?: AdaptiveLogSoftmaxOptions)
  constructor(
    inFeatures: number,
    nClasses: number,
    cutoffs: readonly number[],
    divValue: number,
    headBias?: boolean | Omit<AdaptiveLogSoftmaxOptions, 'divValue'>,
  )
  constructor(...args: unknown[]) {
    const options = new LayerOptions('AdaptiveLogSoftmaxWithLoss', NAMES, args, 3)
    super()
    this.inFeatures = options.integer('inFeatures')
    this.nClasses = options.integer('nClasses')
    const given = options.integers('cutoffs')
    const cutoffs = typeof given === 'number' ? [given] : given
    if (cutoffs.length === 0 || cutoffs.some((n, i) => n <= (cutoffs[i - 1] ?? 0) || n >= this.nClasses)) {
      throw new InvalidArgValueError(
        `${options.what}: 'cutoffs' must be unique, positive, increasing and at most nClasses - 1, got [${cutoffs}]`,
      )
    }
    this.cutoffs = [...cutoffs, this.nClasses]
    this.divValue = options.number('divValue', 4)
    this.headBias = options.flag('headBias')
    this.shortlistSize = this.cutoffs[0]!
    this.nClusters = cutoffs.length
    this.headSize = this.shortlistSize + this.nClusters

    const { inFeatures } = this
    const factory = options.factory()
    this.head = new Linear(inFeatures, this.headSize, { bias: this.headBias, ...factory })
    const clusters = cutoffs.map((low, i) => {
      const inner = Math.floor(inFeatures / this.divValue ** (i + 1))
      return new Sequential(
        new Linear(inFeatures, inner, { bias: false, ...factory }) as AnyLinear,
        new Linear(inner, this.cutoffs[i + 1]! - low, { bias: false, ...factory }) as AnyLinear,
      ) as unknown as Cluster
    })
    this.tail = new ModuleList(clusters)
  }

  forward(input: Tensor, target: Tensor): [output: Tensor, loss: Tensor] {
    return this.run(input, target)
  }

  /** The log probabilities of all classes: `[N, inFeatures]` to `[N, nClasses]`. */
  logProb(input: Tensor): Tensor {
    return this._all(input, this.head.forward(input as never) as Tensor)
  }

  /** The most probable class of each input: `[N, inFeatures]` to `[N]`, int64; asks the clusters only where they matter. */
  predict(input: Tensor): Tensor {
    const head = this.head.forward(input as never) as Tensor
    const best = head.argmax(1) as Tensor
    const rows = (best.ge(this.shortlistSize).nonzero() as Tensor).squeeze(1) as Tensor
    if (rows.numel() === 0) return best
    const all = this._all(input.indexSelect(0, rows), head.indexSelect(0, rows))
    return best.indexCopy(0, rows as never, all.argmax(1) as never) as Tensor
  }

  protected _all(input: Tensor, head: Tensor): Tensor {
    const outer = logSoftmax(head, 1) as Tensor
    const inner = [...this.tail].map((cluster, i) => {
      const share = outer.select(1, this.shortlistSize + i) as Tensor
      return (logSoftmax(cluster.forward(input as never) as Tensor, 1) as Tensor).add(share.unsqueeze(1)) as Tensor
    })
    return cat([outer.narrow(1, 0, this.shortlistSize) as Tensor, ...inner])
  }

  /** @internal */
  [compute](input: Tensor, target: Tensor): [Tensor, Tensor] {
    const batched = target.ndim === 1
    if (target.ndim > 1 || input.ndim !== target.ndim + 1 || (batched && input.size(0) !== target.size(0))) {
      throw new InvalidArgValueError(
        `${this}: expected [N, ${this.inFeatures}] and targets [N], or [${this.inFeatures}] and [], ` +
          `got [${input.shape}] and [${target.shape}]`,
      )
    }
    const [x, y] = batched ? [input, target] : [input.unsqueeze(0) as Tensor, target.unsqueeze(0) as Tensor]
    const count = y.size(0)
    const output = x.newZeros([count]) as Tensor
    const places = y.newZeros([count]) as Tensor // the head's output of each target
    let used = 0
    for (let i = 0; i < this.cutoffs.length; i++) {
      const low = this.cutoffs[i - 1] ?? 0
      const inside = y.ge(low).logicalAnd(y.lt(this.cutoffs[i]!)) as Tensor
      const rows = (inside.nonzero() as Tensor).squeeze(1) as Tensor
      if (rows.numel() === 0) continue
      used += rows.numel()
      const targets = y.indexSelect(0, rows) as Tensor
      if (i === 0) {
        places.indexCopy_(0, rows as never, targets as never)
        continue
      }
      places.indexFill_(0, rows as never, this.shortlistSize + i - 1)
      const scores = this.tail.at(i - 1)!.forward(x.indexSelect(0, rows) as never) as Tensor
      const local = (logSoftmax(scores, 1) as Tensor).gather(1, targets.sub(low).unsqueeze(1) as never) as Tensor
      output.indexCopy_(0, rows as never, local.squeeze(1) as never)
    }
    if (used !== count) throw new OutOfRangeError(`${this}: targets must be from 0 to ${this.nClasses - 1}`)
    const head = logSoftmax(this.head.forward(x as never) as Tensor, 1) as Tensor
    const sum = output.add_((head.gather(1, places.unsqueeze(1) as never) as Tensor).squeeze(1) as never) as Tensor
    const loss = sum.neg().mean() as Tensor
    return [batched ? sum : (sum.squeeze(0) as Tensor), loss]
  }
}
