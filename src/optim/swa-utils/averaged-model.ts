import { describe, InvalidArgTypeError, InvalidArgValueError } from '../../core/errors'
import { check, is, mergeArguments } from '../../core/options'
import { tidy } from '../../memory'
import { isModule, Module } from '../../nn/module'
import { callOperator } from '../../ops/registry'
import type { Tensor } from '../../tensor/tensor'
import { type AvgFn, getSwaAvgFn, getSwaMultiAvgFn, type MultiAvgFn } from './averages'

/** The options of `AveragedModel`. */
export interface AveragedModelOptions {
  /** Where the averages are kept; default: where the model is. */
  device?: string | null
  /** How one parameter is averaged; default: the mean over all (`getSwaAvgFn`). */
  avgFn?: AvgFn | null
  /** How many are at once; not together with `avgFn`. */
  multiAvgFn?: MultiAvgFn | null
  /** Averages buffers too, instead of copying the model's; default false. */
  useBuffers?: boolean
}

type Callable = Module & { forward(...args: any[]): unknown }

const NAMES = ['model', 'device', 'avgFn', 'multiAvgFn', 'useBuffers']

/**
 * A copy of a model whose parameters are averages of the model's over its training: their mean (stochastic weight
 * averaging) or a moving average. Begins as the model is; the first `updateParameters` copies, those after it average.
 * Batch norm's statistics belong to other weights then: see `updateBn`, or average them too (`useBuffers`).
 *
 * `module` is the copy; `n_averaged` counts. `ERR_INVALID_ARG_VALUE` for both functions at once; a model with `#private`
 * members cannot be copied (`nn.Module.clone`).
 *
 * @see https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema
 * @example
 * const model = new nn.Linear(4, 3)
 * const averaged = new optim.swaUtils.AveragedModel(model, { multiAvgFn: optim.swaUtils.getEmaMultiAvgFn(0.99) })
 * averaged.updateParameters(model)      // after each step of an optimizer
 * averaged.forward(torch.rand([2, 4])).shape // [2, 3]
 */
export class AveragedModel<M extends Module = Module> extends Module {
  readonly module: M
  declare n_averaged: Tensor<[], 'int64'>
  readonly avgFn: AvgFn | null
  readonly multiAvgFn: MultiAvgFn | null
  readonly useBuffers: boolean

  constructor(model: M, options?: AveragedModelOptions)
  constructor(
    model: M,
    device: string | null,
    avgFn?: AvgFn | null,
    multiAvgFn?: MultiAvgFn | null,
    useBuffers?: boolean,
  )
  constructor(...args: unknown[]) {
    super()
    const merged = mergeArguments('AveragedModel', NAMES, args, 1)
    const { model, device = null, avgFn = null, multiAvgFn = null, useBuffers = false } = merged
    if (!isModule(model)) throw new InvalidArgTypeError(`AveragedModel takes a Module, got ${describe(model)}`)
    const aFunction = ['a function or null', (value: unknown) => value === null || typeof value === 'function'] as const
    check('AveragedModel', 'avgFn', avgFn, aFunction)
    check('AveragedModel', 'multiAvgFn', multiAvgFn, aFunction)
    check('AveragedModel', 'useBuffers', useBuffers, is.boolean)
    if (avgFn !== null && multiAvgFn !== null) {
      throw new InvalidArgValueError('Only one of avg_fn and multi_avg_fn should be provided')
    }
    const copy = model.clone()
    this.module = (device === null ? copy : copy.to(device)) as M
    const where = device === null ? undefined : device
    this.registerBuffer('n_averaged', callOperator('aten::zeros', '', [[], 'int64', undefined, where]) as Tensor)
    this.avgFn = avgFn as AvgFn | null
    this.multiAvgFn = multiAvgFn as MultiAvgFn | null
    this.useBuffers = useBuffers as boolean
  }

  /** How many times the parameters were averaged; int64, no dimension. */
  get nAveraged(): Tensor<[], 'int64'> {
    return this.n_averaged
  }

  /** The averaged model's answer. */
  forward(
    ...args: M extends Callable ? Parameters<M['forward']> : never
  ): M extends Callable ? ReturnType<M['forward']> : never
  forward(...args: unknown[]): unknown {
    return (this.module as unknown as Callable).forward(...args)
  }

  /** Takes the model's parameters, as they are now, into the averages. */
  updateParameters(model: Module): void {
    if (!isModule(model)) throw new InvalidArgTypeError(`updateParameters takes a Module, got ${describe(model)}`)
    tidy(() => {
      const averaged = this.useBuffers ? [...this.module.parameters(), ...this.module.buffers()] : this.parameters()
      const current = this.useBuffers ? [...model.parameters(), ...model.buffers()] : model.parameters()
      const pairs = averaged.slice(0, current.length).map((mean, i): Pair => {
        return [mean.detach(), on(mean.device, current[i]!.detach())]
      })
      const first = this.n_averaged.item() === 0
      if (first) for (const [mean, value] of pairs) mean.copy_(value)
      else this.#average(pairs)
      if (!this.useBuffers) this.#copyBuffers(model)
      this.n_averaged.add_(1)
    })
  }

  #average(pairs: readonly Pair[]): void {
    const { avgFn, multiAvgFn } = this
    const each = (fn: AvgFn, some: readonly Pair[]) => {
      for (const [mean, value] of some) mean.copy_(fn(mean, value, on(mean.device, this.n_averaged)))
    }
    if (avgFn !== null) {
      each(avgFn, pairs)
      return
    }
    for (const [device, group] of byDeviceAndDtype(pairs)) {
      // Python's choice: many at once where a GPU gains by it
      const many = multiAvgFn ?? (device.startsWith('cuda') ? getSwaMultiAvgFn() : null)
      if (many === null) each(getSwaAvgFn(), group)
      else many(group.map(([mean]) => mean), group.map(([, value]) => value), on(device, this.n_averaged)) // biome-ignore format: a line of its own for each says no more
    }
  }

  #copyBuffers(model: Module): void {
    const own = this.module.buffers()
    const given = model.buffers()
    if (own.length !== given.length) {
      throw new InvalidArgValueError(`the model has ${given.length} buffers, its average ${own.length}`)
    }
    own.forEach((buffer, i) => {
      buffer.detach().copy_(given[i]!.detach())
    })
  }
}

type Pair = readonly [averaged: Tensor, current: Tensor]

function on(device: string, tensor: Tensor): Tensor {
  return tensor.device === device ? tensor : (tensor.to as (device: string) => Tensor)(device)
}

function byDeviceAndDtype(pairs: readonly Pair[]): [device: string, Pair[]][] {
  const groups = new Map<string, [string, Pair[]]>()
  for (const pair of pairs) {
    const [{ device, dtype }] = pair
    const key = `${device} ${dtype}`
    const group = groups.get(key) ?? [device, []]
    group[1].push(pair)
    groups.set(key, group)
  }
  return [...groups.values()]
}
