import { inspect } from 'node:util'
import { noGrad } from '../autograd'
import { type DType, isComplex, isFloating } from '../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { keep, slotOf } from '../core/handle'
import { check, is, mergeArguments } from '../core/options'
import { isTensor, setData, type Tensor } from '../tensor/tensor'
import { nn } from './binding'
import { isParameter, Parameter } from './parameter'
import { indented } from './representation'
import { describeModule, emptyStateDict, type IncompatibleKeys, Loading, type StateDict, sizeText } from './state-dict'

/** Which members a walk over a module gives, and under what names. */
export interface WalkOptions {
  /** Put before all names. */
  prefix?: string
  /** Go into children too (default true). */
  recurse?: boolean
  /** Give what is reached by several names only once (default true). */
  removeDuplicate?: boolean
}

/** True for a `Module` made by this copy of the package. */
export let isModule: (value: unknown) => value is Module

/**
 * Base of all networks, as `torch.nn.Module`.
 *
 * The tree is what a module's own fields are, read whenever it is asked for: a field that holds a `Module` is a child,
 * one that holds a `Parameter` is a parameter, one registered by `registerBuffer` is a buffer. Names and order are those
 * of the fields, and so of Python's `state_dict`; what several names share is counted once. Private `#fields` and plain
 * arrays are not registered: `ModuleList`, `ModuleDict` and `ParameterList` are.
 *
 * @example
 * class Net extends nn.Module {
 *   hidden = new nn.Linear(4, 8)
 *   output = new nn.Linear(8, 3)
 *   forward(x: Tensor<[number, 4]>) {
 *     return this.output.forward(this.hidden.forward(x).relu()) // [N, 3]
 *   }
 * }
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
 */
export abstract class Module {
  #training = true
  /** Names of the registered buffers, and whether `stateDict` has them. */
  readonly #buffers = new Map<string, boolean>()

  /** @internal */
  static {
    isModule = (value): value is Module => typeof value === 'object' && value !== null && #training in value
  }

  /** What the network computes. */
  abstract forward(...args: never[]): unknown

  /** True in training, false in evaluation: dropout and batch normalisation differ. `train` and `eval` set it. */
  get training(): boolean {
    return this.#training
  }

  set training(mode: boolean) {
    check('Module', 'training', mode, is.boolean)
    this.#training = mode
  }

  // --- the tree

  /** The module's own fields of one kind, in order. */
  *#own<T>(belongs: (value: unknown, name: string) => value is T): Generator<[string, T]> {
    for (const name of Object.keys(this)) {
      const value: unknown = this[name as keyof this]
      if (belongs(value, name)) yield [name, value]
    }
  }

  #ownBuffers(): Generator<[string, Tensor]> {
    return this.#own((value, name): value is Tensor => this.#buffers.has(name) && isTensor(value))
  }

  /** This module and all below it, depth first, under their dotted names; its own name is `''`. */
  namedModules(...args: [options?: Omit<WalkOptions, 'recurse'>]): [string, Module][] {
    const options = mergeArguments('namedModules', ['prefix', 'removeDuplicate'], args) as WalkOptions
    const { prefix = '', removeDuplicate = true } = options
    const found: [string, Module][] = []
    const seen = new Set<Module>()
    const walk = (module: Module, path: string) => {
      if (seen.has(module)) return
      if (removeDuplicate) seen.add(module)
      found.push([path, module])
      for (const [name, child] of module.#own(isModule)) walk(child, path === '' ? name : `${path}.${name}`)
    }
    walk(this, prefix)
    return found
  }

  /** This module and all below it, depth first. */
  modules(): Module[] {
    return this.namedModules().map(([, module]) => module)
  }

  /** The modules directly below, by the names of their fields. */
  namedChildren(): [string, Module][] {
    const seen = new Set<Module>()
    return [...this.#own(isModule)].filter(([, child]) => !seen.has(child) && seen.add(child))
  }

  /** The modules directly below. */
  children(): Module[] {
    return this.namedChildren().map(([, child]) => child)
  }

  #members<T extends Tensor>(options: WalkOptions, own: (module: Module) => Iterable<[string, T]>): [string, T][] {
    const { prefix = '', recurse = true, removeDuplicate = true } = options
    const seen = new Set<T>()
    const found: [string, T][] = []
    const modules: [string, Module][] = recurse ? this.namedModules({ prefix, removeDuplicate }) : [[prefix, this]]
    for (const [path, module] of modules) {
      for (const [name, member] of own(module)) {
        if (seen.has(member)) continue
        if (removeDuplicate) seen.add(member)
        found.push([path === '' ? name : `${path}.${name}`, member])
      }
    }
    return found
  }

  /** All parameters, by dotted name. Arguments: `prefix`, `recurse`, `removeDuplicate`. */
  namedParameters(
    ...args: [prefix?: string | WalkOptions, recurse?: boolean | WalkOptions, options?: boolean | WalkOptions]
  ): [string, Parameter][] {
    const options = mergeArguments('namedParameters', ['prefix', 'recurse', 'removeDuplicate'], args)
    return this.#members(options as WalkOptions, module => module.#own(isParameter))
  }

  /** All parameters: what an optimizer takes. */
  parameters(...args: [recurse?: boolean | { recurse?: boolean }]): Parameter[] {
    const options = mergeArguments('parameters', ['recurse'], args)
    return this.namedParameters(options as WalkOptions).map(([, parameter]) => parameter)
  }

  /** All registered buffers, by dotted name. Arguments: `prefix`, `recurse`, `removeDuplicate`. */
  namedBuffers(
    ...args: [prefix?: string | WalkOptions, recurse?: boolean | WalkOptions, options?: boolean | WalkOptions]
  ): [string, Tensor][] {
    const options = mergeArguments('namedBuffers', ['prefix', 'recurse', 'removeDuplicate'], args)
    return this.#members(options as WalkOptions, module => module.#ownBuffers())
  }

  /** All registered buffers. */
  buffers(...args: [recurse?: boolean | { recurse?: boolean }]): Tensor[] {
    const options = mergeArguments('buffers', ['recurse'], args)
    return this.namedBuffers(options as WalkOptions).map(([, buffer]) => buffer)
  }

  /** The module at a dotted name below this one; `''` is this one. `ERR_INVALID_ARG_VALUE` where there is none. */
  getSubmodule(target: string): Module {
    let module: Module = this
    for (const name of target === '' ? [] : target.split('.')) {
      const next: unknown = Object.hasOwn(module, name) ? module[name as keyof Module] : undefined
      if (next === undefined) {
        throw new InvalidArgValueError(`${module.#name()} has no attribute \`${name}\``)
      }
      if (!isModule(next)) throw new InvalidArgValueError(`\`${name}\` is not an nn.Module`)
      module = next
    }
    return module
  }

  #getMember(target: string, expected: string, belongs: (module: Module, name: string, value: unknown) => boolean) {
    const dot = target.lastIndexOf('.')
    const module = this.getSubmodule(dot === -1 ? '' : target.slice(0, dot))
    const name = target.slice(dot + 1)
    const value: unknown = Object.hasOwn(module, name) ? module[name as keyof Module] : undefined
    if (value === undefined) throw new InvalidArgValueError(`${module.#name()} has no attribute \`${name}\``)
    if (!belongs(module, name, value)) throw new InvalidArgValueError(`\`${name}\` is not ${expected}`)
    return value
  }

  /** The parameter at a dotted name. */
  getParameter(target: string): Parameter {
    return this.#getMember(target, 'an nn.Parameter', (_, __, value) => isParameter(value)) as Parameter
  }

  /** The buffer at a dotted name. */
  getBuffer(target: string): Tensor {
    const isBuffer = (module: Module, name: string) => module.#buffers.has(name)
    return this.#getMember(target, 'a buffer', isBuffer) as Tensor
  }

  // --- registering by name

  #checkName(what: string, name: unknown, registered: boolean): asserts name is string {
    if (typeof name !== 'string') {
      throw new InvalidArgTypeError(`${what} name should be a string. Got ${describe(name)}`)
    }
    if (name.includes('.')) throw new InvalidArgValueError(`${what} name can't contain ".", got: ${name}`)
    if (name === '') throw new InvalidArgValueError(`${what} name can't be empty string ""`)
    // A declared field without a value is there already, and undefined
    if (!registered && name in this && this[name as keyof this] !== undefined) {
      throw new InvalidArgValueError(`attribute '${name}' already exists`)
    }
  }

  /**
   * Makes a tensor part of the module's state without learning it: `to` moves it, and `stateDict` has it unless
   * `persistent` is false. Gives the tensor, so that a field may hold it.
   *
   * @example
   * class Shift extends nn.Module {
   *   offset = this.registerBuffer('offset', torch.zeros([3]))
   *   forward(x: Tensor) {
   *     return x.add(this.offset)
   *   }
   * }
   */
  registerBuffer<T extends Tensor | null>(
    name: string,
    tensor: T,
    ...args: [persistent?: boolean | { persistent?: boolean }]
  ): T {
    const { persistent = true } = mergeArguments('registerBuffer', ['persistent'], args)
    check('registerBuffer', 'persistent', persistent, is.boolean)
    this.#checkName('buffer', name, this.#buffers.has(name))
    if (tensor !== null && !isTensor(tensor)) {
      throw new InvalidArgTypeError(
        `cannot assign ${describe(tensor)} to buffer '${name}' (torch Tensor or null required)`,
      )
    }
    if (tensor !== null) keep(tensor)
    this.#setField(name, tensor)
    this.#buffers.set(name, persistent as boolean)
    return tensor
  }

  /** Adds a parameter under a name, as a field of that name does. */
  registerParameter<T extends Parameter | null>(name: string, parameter: T): T {
    this.#checkName('parameter', name, Object.hasOwn(this, name) && isParameter(this[name as keyof this]))
    if (parameter !== null && !isParameter(parameter)) {
      throw new InvalidArgTypeError(
        `cannot assign ${describe(parameter)} to parameter '${name}' (torch.nn.Parameter or null required)`,
      )
    }
    this.#setField(name, parameter)
    return parameter
  }

  /** Adds a child under a name, as a field of that name does. */
  registerModule<T extends Module | null>(name: string, module: T): T {
    this.#checkName('module', name, Object.hasOwn(this, name) && isModule(this[name as keyof this]))
    if (module !== null && !isModule(module)) {
      throw new InvalidArgTypeError(`${describe(module)} is not a Module`)
    }
    this.#setField(name, module)
    return module
  }

  /** The same as `registerModule`. */
  addModule<T extends Module | null>(name: string, module: T): T {
    return this.registerModule(name, module)
  }

  #setField(name: string, value: unknown): void {
    this[name as keyof this] = value as this[keyof this]
  }

  /** @internal Names a field of a native layer as a buffer. */
  protected markBuffer(name: string): void {
    this.#buffers.set(name, true)
  }

  // --- state

  /** The version of the form of this module's own part of a state dict. */
  protected get stateVersion(): number {
    return 1
  }

  /**
   * All parameters and persistent buffers by dotted name, in Python's order: a module's own parameters, its own
   * buffers, then its children in order of definition. The tensors share the module's storage and are detached from
   * autograd unless `keepVars`.
   */
  stateDict(options: { destination?: StateDict; prefix?: string; keepVars?: boolean } = {}): StateDict {
    const names = ['destination', 'prefix', 'keepVars']
    const merged = mergeArguments('stateDict', names, [options]) as typeof options
    const { destination = emptyStateDict(), prefix = '', keepVars = false } = merged
    describeModule(destination, prefix.slice(0, -1), { version: this.stateVersion })
    for (const [name, parameter] of this.#own(isParameter)) {
      destination[prefix + name] = keepVars ? parameter : (parameter.detach() as Tensor)
    }
    for (const [name, buffer] of this.#ownBuffers()) {
      if (this.#buffers.get(name)) destination[prefix + name] = keepVars ? buffer : (buffer.detach() as Tensor)
    }
    for (const [name, child] of this.#own(isModule)) {
      child.stateDict({ destination, prefix: `${prefix}${name}.`, keepVars })
    }
    return destination
  }

  /**
   * Copies parameters and buffers from a state dict into this module and all below it.
   *
   * With `strict` (the default) the keys must be exactly those of `stateDict()`. What does not fit is `ERR_STATE_DICT`
   * with Python's text; sizes that differ are refused in any case. With `assign` the module takes the tensors of the
   * state dict themselves instead of their values.
   */
  loadStateDict(
    stateDict: Readonly<Record<string, Tensor>> | ReadonlyMap<string, Tensor>,
    ...args: [
      strict?: boolean | { strict?: boolean; assign?: boolean },
      assign?: boolean | { assign?: boolean },
      options?: Record<string, never>,
    ]
  ): IncompatibleKeys {
    const { strict = true, assign = false } = mergeArguments('loadStateDict', ['strict', 'assign'], args)
    check('loadStateDict', 'strict', strict, is.boolean)
    check('loadStateDict', 'assign', assign, is.boolean)
    const loading = new Loading(stateDict, assign as boolean)
    this.#load(loading, loading.entries, '')
    return loading.finish(this.#name(), strict as boolean)
  }

  #load(loading: Loading, entries: Map<string, unknown>, prefix: string): void {
    this.loadOwnState(loading, entries, prefix)
    for (const [name, child] of this.#own(isModule)) {
      const path = `${prefix}${name}.`
      child.#load(loading, new Map([...entries].filter(([key]) => key.startsWith(path))), path)
    }
  }

  /** Loads this module's own parameters and buffers, not those of its children. `entries` may be changed. */
  protected loadOwnState(loading: Loading, entries: Map<string, unknown>, prefix: string): void {
    const own = new Map<string, Tensor>(this.#own(isParameter))
    for (const [name, buffer] of this.#ownBuffers()) {
      if (this.#buffers.get(name)) own.set(name, buffer)
    }
    for (const [name, target] of own) {
      const key = prefix + name
      if (entries.has(key)) this.#loadMember(loading, key, name, target, entries.get(key))
      else loading.missing.push(key)
    }
    for (const key of entries.keys()) {
      if (!key.startsWith(prefix)) continue
      const [name, ...rest] = key.slice(prefix.length).split('.')
      const known = rest.length > 0 ? Object.hasOwn(this, name!) && isModule(this[name as keyof this]) : own.has(name!)
      if (!known) loading.unexpected.push(key)
    }
  }

  #loadMember(loading: Loading, key: string, name: string, target: Tensor, given: unknown): void {
    if (!isTensor(given)) {
      loading.errors.push(
        `While copying the parameter named "${key}", expected torch.Tensor or Tensor-like object from checkpoint but received ${describe(given)}`,
      )
      return
    }
    // Files of very old versions have one-element vectors where there are scalars today
    const input: Tensor = target.ndim === 0 && given.ndim === 1 && given.numel() === 1 ? given.at(0) : given
    if (sizeText(input) !== sizeText(target)) {
      loading.errors.push(
        `size mismatch for ${key}: copying a param with shape ${sizeText(input)} from checkpoint, the shape in current model is ${sizeText(target)}.`,
      )
      return
    }
    try {
      if (!loading.assign) {
        noGrad(() => void target.copy_(input))
      } else if (isParameter(target)) {
        this.#setField(name, new Parameter(input, { requiresGrad: target.requiresGrad }))
      } else {
        this.#setField(name, keep(input))
      }
    } catch (error) {
      const text = (error as Error).message
      loading.errors.push(
        `While copying the parameter named "${key}", whose dimensions in the model are ${sizeText(target)} and whose dimensions in the checkpoint are ${sizeText(input)}, an exception occurred : ('${text}',).`,
      )
    }
  }

  // --- training, moving, changing

  /** Switches this module and all below it to training, or with false to evaluation. */
  train(mode = true): this {
    check('train', 'mode', mode, is.boolean)
    this.training = mode
    for (const child of this.children()) child.train(mode)
    return this
  }

  /** Switches this module and all below it to evaluation. */
  eval(): this {
    return this.train(false)
  }

  /** Switches the recording of gradients for all parameters. */
  requiresGrad_(requiresGrad = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad_(requiresGrad)
    return this
  }

  /** Forgets the gradients of all parameters, or with `{ setToNone: false }` fills them with zeros. */
  zeroGrad(...args: [setToNone?: boolean | { setToNone?: boolean }]): void {
    const { setToNone = true } = mergeArguments('zeroGrad', ['setToNone'], args)
    check('zeroGrad', 'setToNone', setToNone, is.boolean)
    nn.gradientsClear(this.parameters().map(slotOf), setToNone as boolean)
  }

  /** Calls `fn` with each module below, then with this one. */
  apply(fn: (module: Module) => void): this {
    for (const child of this.children()) child.apply(fn)
    fn(this)
    return this
  }

  /**
   * Moves or casts all parameters and buffers, in place: `to(device)`, `to(dtype)`, `to(device, dtype)`, `to(tensor)`,
   * `to({ device, dtype, nonBlocking, memoryFormat })`. Only floating and complex ones are cast, and only to such
   * dtypes (`ERR_INVALID_ARG_TYPE`). Parameters stay the same objects, so an optimizer goes on with them.
   */
  to(...args: unknown[]): this {
    const { dtype, rest } = splitDtype(args)
    if (dtype !== undefined && !isFloating(dtype) && !isComplex(dtype)) {
      throw new InvalidArgTypeError(
        `nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.${dtype}`,
      )
    }
    const { memoryFormat, ...options } = rest
    return this.#convert(tensor => {
      const target: Record<string, unknown> = { ...options }
      if (dtype !== undefined && (isFloating(tensor.dtype) || isComplex(tensor.dtype))) target.dtype = dtype
      if (memoryFormat !== undefined && (tensor.ndim === 4 || tensor.ndim === 5)) target.memoryFormat = memoryFormat
      return Object.keys(target).some(key => key !== 'nonBlocking') ? (tensor.to as Convert)(target) : tensor
    })
  }

  /** Moves all parameters and buffers to the CPU. */
  cpu(): this {
    return this.to('cpu')
  }

  /** Moves all parameters and buffers to a CUDA device (default: the current one). */
  cuda(device?: number | `cuda:${number}`): this {
    return this.to(device === undefined ? 'cuda' : typeof device === 'number' ? `cuda:${device}` : device)
  }

  /** Casts all floating parameters and buffers to float32. */
  float(): this {
    return this.#cast('float32')
  }

  /** Casts all floating parameters and buffers to float64. */
  double(): this {
    return this.#cast('float64')
  }

  /** Casts all floating parameters and buffers to float16. */
  half(): this {
    return this.#cast('float16')
  }

  /** Casts all floating parameters and buffers to bfloat16. */
  bfloat16(): this {
    return this.#cast('bfloat16')
  }

  #cast(dtype: DType): this {
    return this.#convert(tensor => (isFloating(tensor.dtype) ? (tensor.to as Convert)({ dtype }) : tensor))
  }

  /** Python's `_apply`: parameters and gradients keep their identity and get new data, buffers are replaced. */
  #convert(fn: (tensor: Tensor) => Tensor): this {
    for (const child of this.children()) child.#convert(fn)
    for (const [name, parameter] of this.#own(isParameter)) {
      const { grad } = parameter
      const converted = noGrad(() => fn(parameter))
      if (converted !== parameter) {
        if (sameKind(parameter, converted)) setData(parameter, converted)
        else this.#setField(name, new Parameter(converted, { requiresGrad: parameter.requiresGrad }))
      }
      if (grad === null) continue
      const convertedGrad = noGrad(() => fn(grad))
      if (convertedGrad === grad) continue
      if (sameKind(grad, convertedGrad)) setData(grad, convertedGrad)
      else (this[name as keyof this] as unknown as Parameter).grad = convertedGrad
    }
    for (const [name, buffer] of this.#ownBuffers()) {
      const converted = fn(buffer)
      if (converted !== buffer) this.#setField(name, keep(converted))
    }
    return this
  }

  // --- printing

  #name(): string {
    return this.constructor.name
  }

  /** What stands between the parentheses of this module's line in `toString`. */
  extraRepr(): string {
    return ''
  }

  /** What Python prints. */
  toString(): string {
    const extra = this.extraRepr()
    const extraLines = extra === '' ? [] : extra.split('\n')
    const children = [...this.#own(isModule)].map(([name, child]) => `(${name}): ${indented(child.toString())}`)
    if (extraLines.length === 1 && children.length === 0) return `${this.#name()}(${extraLines[0]})`
    const lines = [...extraLines, ...children]
    return lines.length === 0 ? `${this.#name()}()` : `${this.#name()}(\n  ${lines.join('\n  ')}\n)`
  }

  [inspect.custom](): string {
    return this.toString()
  }
}

type Convert = (options: Record<string, unknown>) => Tensor

/** Data of one kind can take each other's place inside a tensor; a meta tensor has none. */
function sameKind(a: Tensor, b: Tensor): boolean {
  return (a.device === 'meta') === (b.device === 'meta') && a.layout === b.layout
}

/** The arguments of `to`: the dtype apart from the rest, which becomes options. */
function splitDtype(args: readonly unknown[]): { dtype?: DType; rest: Record<string, unknown> } {
  const [first, ...others] = args
  if (isTensor(first)) {
    const { nonBlocking, memoryFormat } = mergeArguments('to', ['nonBlocking', 'memoryFormat'], others)
    return { dtype: first.dtype, rest: defined({ device: first.device, nonBlocking, memoryFormat }) }
  }
  // A string is a dtype where it names one: `to('cuda', 'float16')`, `to('float16')`
  const dtypeFirst = typeof first === 'string' && (isFloating(first as DType) || INTEGRAL.test(first))
  const names = dtypeFirst ? ['dtype', 'nonBlocking', 'device'] : ['device', 'dtype', 'nonBlocking']
  const { dtype, ...rest } = mergeArguments('to', [...names, 'memoryFormat'], args)
  if (args.length === 0) throw new InvalidArgTypeError('to needs a device, a dtype, or a tensor')
  return { dtype: (dtype ?? undefined) as DType | undefined, rest: defined(rest) }
}

const INTEGRAL = /^(u?int\d+|bool|complex\d+)$/

function defined(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null))
}

Object.defineProperty(Module.prototype, 'forward', {
  value(this: Module): never {
    throw new InvalidArgTypeError(`Module [${this.constructor.name}] is missing the required "forward" function`)
  },
  writable: true,
  configurable: true,
})
