import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { keep, registerOwner } from '../core/handle'
import { check, is, mergeArguments } from '../core/options'
import { isTensor, type Tensor } from '../tensor/tensor'
import type { Module } from './module'
import { isParameter, type Parameter } from './parameter'

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

/** The names of a module's registered buffers, and whether `stateDict` has them. */
export let buffersOf: (module: ModuleTree) => ReadonlyMap<string, boolean>

function* own<T>(module: object, belongs: (value: unknown) => value is T): Generator<[string, T]> {
  for (const name of Object.keys(module)) {
    const value: unknown = module[name as keyof typeof module]
    if (belongs(value)) yield [name, value]
  }
}

/** A module's own fields that hold modules, in order. */
export const ownChildren = (module: object) => own(module, isModule)

/** A module's own fields that hold parameters, in order. */
export const ownParameters = (module: object) => own(module, isParameter)

/** A module's own fields that are registered buffers and hold a tensor, in order. */
export function* ownBuffers(module: ModuleTree): Generator<[string, Tensor]> {
  for (const entry of own(module, isTensor)) if (buffersOf(module).has(entry[0])) yield entry
}

function* buffersHeld(module: ModuleTree): Generator<Tensor> {
  for (const [, buffer] of ownBuffers(module)) yield buffer
}

/** Assigns a field by its name. */
export function setField(module: object, name: string, value: unknown): void {
  ;(module as Record<string, unknown>)[name] = value
}

/** The half of `Module` that is the tree: its own fields, read whenever they are asked for, and what lies below. */
export abstract class ModuleTree {
  #training = true
  readonly #buffers = new Map<string, boolean>()

  /** @internal */
  static {
    isModule = (value): value is Module => typeof value === 'object' && value !== null && #training in value
    buffersOf = module => module.#buffers
  }

  /** True in training, false in evaluation: dropout and batch normalisation differ. `train` and `eval` set it. */
  get training(): boolean {
    return this.#training
  }

  set training(mode: boolean) {
    check('Module', 'training', mode, is.boolean)
    this.#training = mode
  }

  // --- walks

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
      for (const [name, child] of ownChildren(module)) walk(child, path === '' ? name : `${path}.${name}`)
    }
    walk(this as unknown as Module, prefix)
    return found
  }

  /** This module and all below it, depth first. */
  modules(): Module[] {
    return this.namedModules().map(([, module]) => module)
  }

  /** The modules directly below, by the names of their fields. */
  namedChildren(): [string, Module][] {
    const seen = new Set<Module>()
    return [...ownChildren(this)].filter(([, child]) => !seen.has(child) && seen.add(child))
  }

  /** The modules directly below. */
  children(): Module[] {
    return this.namedChildren().map(([, child]) => child)
  }

  #members<T extends Tensor>(options: WalkOptions, own: (module: Module) => Iterable<[string, T]>): [string, T][] {
    const { prefix = '', recurse = true, removeDuplicate = true } = options
    const seen = new Set<T>()
    const found: [string, T][] = []
    const modules: [string, Module][] = recurse
      ? this.namedModules({ prefix, removeDuplicate })
      : [[prefix, this as unknown as Module]]
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
    return this.#members(options as WalkOptions, ownParameters)
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
    return this.#members(options as WalkOptions, ownBuffers)
  }

  /** All registered buffers. */
  buffers(...args: [recurse?: boolean | { recurse?: boolean }]): Tensor[] {
    const options = mergeArguments('buffers', ['recurse'], args)
    return this.namedBuffers(options as WalkOptions).map(([, buffer]) => buffer)
  }

  /** The module at a dotted name below this one; `''` is this one. `ERR_INVALID_ARG_VALUE` where there is none. */
  getSubmodule(target: string): Module {
    let module = this as unknown as Module
    for (const name of target === '' ? [] : target.split('.')) {
      const next: unknown = Object.hasOwn(module, name) ? module[name as keyof Module] : undefined
      if (next === undefined) {
        throw new InvalidArgValueError(`${module.constructor.name} has no attribute \`${name}\``)
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
    if (value === undefined) throw new InvalidArgValueError(`${module.constructor.name} has no attribute \`${name}\``)
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
    // a field of its own, which may be assigned inside `tidy`
    if (this.#buffers.size === 0) registerOwner(this, buffersHeld)
    setField(this, name, tensor)
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
    setField(this, name, parameter)
    return parameter
  }

  /** Adds a child under a name, as a field of that name does. */
  registerModule<T extends Module | null>(name: string, module: T): T {
    this.#checkName('module', name, Object.hasOwn(this, name) && isModule(this[name as keyof this]))
    if (module !== null && !isModule(module)) {
      throw new InvalidArgTypeError(`${describe(module)} is not a Module`)
    }
    setField(this, name, module)
    return module
  }

  /** The same as `registerModule`. */
  addModule<T extends Module | null>(name: string, module: T): T {
    return this.registerModule(name, module)
  }

  /** @internal Names a field of a native layer as a buffer. */
  protected markBuffer(name: string): void {
    this.#buffers.set(name, true)
  }
}
