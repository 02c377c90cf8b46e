import { inspect } from 'node:util'
import { enableGrad } from '../autograd'
import { describe, InvalidArgTypeError, InvalidArgValueError, StateDictError } from '../core/errors'
import { adopt, slotOf } from '../core/handle'
import { check, is, mergeArguments, unknownOption } from '../core/options'
import { pythonWord } from '../nn/layers/python-words'
import { callOperator } from '../ops/registry'
import { isTensor, type Tensor } from '../tensor/tensor'
import { optim } from './binding'
import { isGroup, liveGroup, type ParamGroup, readOption } from './param-group'

/** What a new group is made of. */
export type NewParamGroup<O> = Partial<O> & { params: Tensor | Iterable<Tensor | readonly [string, Tensor]> }

/** What an optimizer takes: tensors, named tensors, or groups of them. */
export type Params<O> = Iterable<Tensor | readonly [string, Tensor] | NewParamGroup<O>>

/** What an optimizer keeps for one parameter, by Python's names. */
export type ParamState = Record<string, Tensor>

/** An optimizer's state as Python keeps it: parameters by number, options under Python's names. */
export interface OptimizerStateDict<State = ParamState> {
  state: Record<string, State>
  param_groups: Record<string, unknown>[]
}

const DEFAULTS = -1

/** From now on, remembers whether `optimizer` steps; asked by `hasStepped`. Schedulers warn by it. */
export let watchSteps: (optimizer: Optimizer<any, any>) => void
export let hasStepped: (optimizer: Optimizer<any, any>) => boolean

/** What `amp.GradScaler` asks of an optimizer: a step unless `found` is set; its gradients unscaled. */
export let scalerStepOf: (optimizer: Optimizer<any, any>, found: Tensor) => void
export let scalerUnscaleOf: (optimizer: Optimizer<any, any>, inverse: Tensor, found: Tensor) => boolean

/**
 * The native optimizer's id, for who lets native code step it (which counts as stepping); undefined where `step` or `zeroGrad`
 * is not the base class's own, or what was given is no optimizer of this package.
 */
export let nativeStepOf: (optimizer: unknown) => number | undefined

/**
 * For CUDA graphs: steps that can be captured, from now on or no more (null: as before), false where the optimizer has none;
 * and what comes before each replay of a captured step. See `native/optim/captured.h`.
 */
export let captureStepsOf: (optimizer: Optimizer<any, any>, on: boolean | null) => boolean
export let replayStepOf: (optimizer: Optimizer<any, any>) => void
/** How often the optimizer's state was replaced: what was captured before works on another one. */
export let stateReplacedOf: (optimizer: Optimizer<any, any>) => number

const snake = (name: string) => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/**
 * Base of the optimizers, as `torch.optim.Optimizer`. A step is one call into native code, whatever the number of
 * parameters.
 *
 * @see https://docs.pytorch.org/docs/stable/optim.html
 */
export abstract class Optimizer<O extends object = Record<string, unknown>, State extends object = ParamState> {
  readonly #id: number
  readonly #names: readonly string[]
  readonly #groups: ParamGroup<O>[] = []
  /** Whether it has stepped since somebody watched; undefined where nobody does. */
  #stepped: boolean | undefined

  static {
    scalerStepOf = (optimizer, found) => {
      optimizer.noteStep()
      optim.scalerStep(optimizer.#id, slotOf(found))
    }
    scalerUnscaleOf = (optimizer, inverse, found) => optim.scalerUnscale(optimizer.#id, slotOf(inverse), slotOf(found))
    nativeStepOf = optimizer => {
      if (typeof optimizer !== 'object' || optimizer === null || !(#id in optimizer)) return undefined
      const { step, zeroGrad } = Optimizer.prototype
      if (optimizer.step !== step || optimizer.zeroGrad !== zeroGrad) return undefined
      optimizer.noteStep()
      return optimizer.#id
    }
    captureStepsOf = (optimizer, on) => optim.optimizerCapture(optimizer.#id, on)
    stateReplacedOf = optimizer => optim.optimizerReplaced(optimizer.#id)
    replayStepOf = optimizer => {
      optimizer.noteStep()
      optim.optimizerWriteRates(optimizer.#id)
    }
    watchSteps = optimizer => {
      optimizer.#stepped ??= false
    }
    hasStepped = optimizer => optimizer.#stepped === true
  }

  /** The options that a new group begins with. */
  readonly defaults: Readonly<Required<O>>

  /** `kind` is a row of the native table; `options` are those given, and native code has the defaults. */
  protected constructor(kind: string, params: unknown, options: Readonly<Record<string, unknown>>) {
    if (isTensor(params) || typeof (params as Iterable<unknown> | null)?.[Symbol.iterator] !== 'function') {
      throw new InvalidArgTypeError(
        `params argument given to the optimizer should be an iterable of Tensors or dicts, but got ${describe(params)}`,
      )
    }
    this.#id = optim.optimizerCreate(kind, options, this)
    this.#names = optim.optimizerOptionNames(this.#id)
    this.defaults = Object.freeze(this.#options(DEFAULTS))
    const given = [...(params as Iterable<unknown>)]
    if (given.length === 0) throw new InvalidArgValueError('optimizer got an empty parameter list')
    const groups = isGroup(given[0]) ? given : [{ params: given }]
    for (const group of groups) this.addParamGroup(group as NewParamGroup<O>)
  }

  #options(group: number): Required<O> {
    const entries = this.#names.map((name, i) => [name, readOption(this.#id, group, i)])
    return Object.fromEntries(entries) as Required<O>
  }

  /** The groups in order; `paramGroups[0].lr = 0.01` takes effect in the next step. */
  get paramGroups(): readonly ParamGroup<O>[] {
    return this.#groups
  }

  /**
   * Adds parameters with options of their own; what is not given has the optimizer's value. Tensors that are no leaves
   * and parameters that another group has are `ERR_INVALID_ARG_VALUE`.
   */
  addParamGroup(group: NewParamGroup<O>): void {
    if (!isGroup(group)) throw new InvalidArgTypeError(`param_group must be a dict, but got ${describe(group)}`)
    const { params: given, paramNames, ...options } = group as Record<string, unknown>
    for (const name of Object.keys(options)) {
      if (!this.#names.includes(name)) throw unknownOption(this.constructor.name, name, [...this.#names, 'params'])
    }
    const { params, names = paramNames } = this.#readParams(given, paramNames !== undefined)
    const at = optim.optimizerAddGroup(this.#id, params.map(slotOf), options)
    this.#groups.push(liveGroup<O>(this, this.#id, at, this.#names, params, names as string[] | undefined))
  }

  #readParams(given: unknown, haveNames: boolean): { params: Tensor[]; names?: string[] } {
    if (given instanceof Set) {
      throw new InvalidArgTypeError(
        'optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will change between runs. Please use a list instead.',
      )
    }
    if (!isTensor(given) && typeof (given as Iterable<unknown> | null)?.[Symbol.iterator] !== 'function') {
      throw new InvalidArgTypeError(`optimizer can only optimize Tensors, but params is ${describe(given)}`)
    }
    const list: unknown[] = isTensor(given) ? [given] : [...(given as Iterable<unknown>)]
    const named = list.filter(entry => Array.isArray(entry)) as [string, unknown][]
    if (named.length > 0 && named.length !== list.length) {
      throw new InvalidArgValueError('all optimizer params should be with/without names. Some param names are missing')
    }
    const params = list.map(entry => (Array.isArray(entry) ? entry[1] : entry))
    for (const param of params) {
      if (!isTensor(param)) {
        throw new InvalidArgTypeError(
          `optimizer can only optimize Tensors, but one of the params is ${describe(param)}`,
        )
      }
      if (!(this.defaults as { differentiable?: boolean }).differentiable && !param.isLeaf && !retainsGrad(param)) {
        throw new InvalidArgValueError("can't optimize a non-leaf Tensor")
      }
    }
    const taken = new Set<unknown>(this.#groups.flatMap(group => group.params))
    for (const { paramNames } of this.#groups) {
      if ((paramNames !== undefined) === (haveNames || named.length > 0)) continue
      throw new InvalidArgValueError(
        `all optimizer param groups should be with/without names. cannot add param group ${haveNames || named.length > 0 ? 'with' : 'without'} names to the optimizer`,
      )
    }
    if (params.some(param => taken.has(param))) {
      throw new InvalidArgValueError('some parameters appear in more than one parameter group')
    }
    if (new Set(params).size !== params.length) {
      process.emitWarning(
        'optimizer contains a parameter group with duplicate parameters; in future, this will cause an error',
      )
    }
    return { params: params as Tensor[], names: named.length > 0 ? named.map(([name]) => name) : undefined }
  }

  /** Updates all parameters that have a gradient. A `closure` computes the loss first, and its value is given back. */
  step(): undefined
  step<T>(closure: () => T): T
  step<T>(closure?: () => T): T | undefined {
    const loss = closure === undefined ? undefined : enableGrad(closure)
    this.noteStep()
    optim.optimizerStep(this.#id)
    return loss
  }

  /** Whatever steps says so. */
  protected noteStep(): void {
    if (this.#stepped === false) this.#stepped = true
  }

  /** Forgets all gradients, or with `{ setToNone: false }` fills them with zeros. */
  zeroGrad(...args: [setToNone?: boolean | { setToNone?: boolean }]): void {
    let setToNone = true
    if (args.length > 0) {
      const merged = mergeArguments('zeroGrad', ['setToNone'], args)
      if (merged.setToNone !== undefined) {
        check('zeroGrad', 'setToNone', merged.setToNone, is.boolean)
        setToNone = merged.setToNone as boolean
      }
    }
    optim.optimizerZeroGrad(this.#id, setToNone)
  }

  /** What the optimizer keeps for each parameter, under Python's names; parameters without a step are absent. */
  get state(): Map<Tensor, State> {
    const all = new Map<Tensor, State>()
    for (const param of this.#groups.flatMap(group => group.params)) {
      const state = all.has(param) ? undefined : this.readState(param)
      if (state !== undefined) all.set(param, state)
    }
    return all
  }

  /** What is kept for `param`, if anything; with `writeState` and `clearState` all that a state dict needs. */
  protected readState(param: Tensor): State | undefined {
    const entries = optim.optimizerState(this.#id, slotOf(param))
    if (entries.length === 0) return undefined
    return Object.fromEntries(entries.map(([name, slot]) => [name, adopt<Tensor>(slot)])) as State
  }

  protected writeState(param: Tensor, state: State, group: Readonly<Record<string, unknown>>): void {
    const kept = Object.entries(state).filter(([, value]) => value !== null && value !== undefined)
    const tensors = kept.map(([name, value]) => castState(name, value, param, group))
    const names = kept.map(([name]) => name)
    optim.optimizerSetState(this.#id, slotOf(param), names, tensors.map(slotOf))
  }

  protected clearState(): void {
    optim.optimizerClearState(this.#id)
  }

  /**
   * State and options, in Python's structure and under Python's names: `{ state: { 0: { step, exp_avg, ... } },
   * param_groups: [{ lr, betas, ..., params: [0, 1] }] }`. The tensors are the optimizer's own.
   */
  stateDict(): OptimizerStateDict<State> {
    const numbers = new Map<Tensor, number>()
    let next = 0
    const param_groups = this.#groups.map(group => {
      const { params, ...options } = group as ParamGroup<O> & Record<string, unknown>
      for (const [i, param] of params.entries()) if (!numbers.has(param)) numbers.set(param, next + i)
      next += params.length
      const packed = Object.entries(options).map(([name, value]) => [snake(name), copied(value)])
      return { ...Object.fromEntries(packed), params: params.map(param => numbers.get(param)!) }
    })
    const state: Record<string, State> = {}
    for (const [param, entries] of this.state) state[numbers.get(param)!] = entries
    return { state, param_groups }
  }

  /**
   * Takes over state and options from a state dict of this structure, Python's included. Other numbers of groups or
   * parameters are `ERR_STATE_DICT`; floating state is cast to its parameter's dtype and device. Nothing is changed
   * where something does not fit.
   */
  loadStateDict(stateDict: OptimizerStateDict<State>): void {
    if (typeof stateDict !== 'object' || stateDict === null || !Array.isArray(stateDict.param_groups)) {
      throw new InvalidArgTypeError(`an optimizer's state dict has state and param_groups, got ${describe(stateDict)}`)
    }
    const saved = stateDict.param_groups
    if (saved.length !== this.#groups.length) {
      throw new StateDictError('loaded state dict has a different number of parameter groups')
    }
    const paramOf = new Map<string, { param: Tensor; group: Record<string, unknown> }>()
    this.#groups.forEach(({ params }, i) => {
      const numbers = saved[i]!.params
      if (!Array.isArray(numbers) || numbers.length !== params.length) {
        throw new StateDictError(
          "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
        )
      }
      for (const [k, number] of numbers.entries()) {
        paramOf.set(String(number), { param: params[k]!, group: saved[i]! })
      }
    })
    const before = this.stateDict()
    try {
      this.#takeOptions(saved)
      this.#takeState(stateDict.state ?? {}, paramOf)
    } catch (error) {
      this.#takeOptions(before.param_groups)
      const own = new Map(this.#groups.flatMap(g => g.params).map((param, i) => [String(i), { param, group: {} }]))
      this.#takeState(before.state, own)
      throw error
    }
  }

  #takeOptions(saved: readonly Record<string, unknown>[]): void {
    this.#groups.forEach((group, i) => {
      const live = group as Record<string, unknown>
      const given = new Map(Object.entries(saved[i]!).map(([name, value]) => [camel(name), value]))
      given.delete('params')
      // What others noted down in a group, a scheduler's `initial_lr`, comes and goes with the state dict
      for (const name of Object.keys(live)) {
        if (name !== 'params' && name !== 'paramNames' && !this.#names.includes(name)) delete live[name]
      }
      for (const [name, value] of given) live[name] = copied(value)
    })
  }

  #takeState(
    state: Readonly<Record<string, State>>,
    paramOf: ReadonlyMap<string, { param: Tensor; group: Record<string, unknown> }>,
  ): void {
    this.clearState()
    for (const [number, entries] of Object.entries(state)) {
      const target = paramOf.get(number)
      if (target === undefined)
        throw new StateDictError(`the state dict has state of a parameter ${number}, and no such parameter`)
      this.writeState(target.param, entries, target.group)
    }
  }

  /** What Python prints. */
  toString(): string {
    const groups = this.#groups.map((group, i) => {
      const options = Object.entries(group)
        .filter(([name]) => name !== 'params')
        .map(([name, value]) => [snake(name), value] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1))
      const lines = options.map(([name, value]) => `    ${name}: ${pythonWord(value)}\n`)
      return `\nParameter Group ${i}\n${lines.join('')}`
    })
    return `${this.constructor.name} (${groups.join('')})`
  }

  [inspect.custom](): string {
    return this.toString()
  }
}

function retainsGrad(tensor: Tensor): boolean {
  return callOperator('aten::retains_grad', '', [tensor]) as boolean
}

function copied(value: unknown): unknown {
  return Array.isArray(value) ? [...value] : value
}

/** Python's policy: floating state follows its parameter, but the step count stays where it was unless fused. */
function castState(name: string, value: unknown, param: Tensor, group: Readonly<Record<string, unknown>>): Tensor {
  const pinned = group.fused === true || group.capturable === true
  if (name === 'step') {
    const count = typeof value === 'number' ? (callOperator('aten::full', '', [[], value, 'float32']) as Tensor) : value
    if (!isTensor(count)) throw new StateDictError(`the state 'step' must be a tensor, got ${describe(value)}`)
    return pinned ? cast(count, { dtype: 'float32', device: param.device }) : count
  }
  if (!isTensor(value)) throw new StateDictError(`the state '${name}' must be a tensor, got ${describe(value)}`)
  const floating = param.dtype.startsWith('float') || param.dtype === 'bfloat16'
  return cast(value, floating ? { dtype: param.dtype, device: param.device } : { device: param.device })
}

/** `tensor` as another dtype or on another device; itself where nothing changes. */
export function cast(tensor: Tensor, target: { dtype?: string; device: string }): Tensor {
  return (tensor.to as (target: object) => Tensor)(target)
}
