import { inspect } from 'node:util'
import { noGrad } from '../autograd'
import { type DType, isComplex, isFloating } from '../core/dtype'
import { describe, InvalidArgTypeError } from '../core/errors'
import { keep, slotOf } from '../core/handle'
import { check, is, mergeArguments } from '../core/options'
import type { RemovableHandle } from '../core/removable'
import { isTensor, setData, type Tensor } from '../tensor/tensor'
import { nn } from './binding'
import { blankCopy, cloneModule } from './clone'
import { addHook, type Gradients } from './hooks'
import { buffersOf, isModule, ModuleTree, ownBuffers, ownChildren, ownParameters, setField } from './module-tree'
import { isParameter, Parameter } from './parameter'
import { indented } from './representation'
import {
  describeModule,
  detached,
  emptyStateDict,
  type IncompatibleKeys,
  Loading,
  type StateDict,
  sizeText,
} from './state-dict'
import { splitDtype } from './to-arguments'

export { isModule, type WalkOptions } from './module-tree'

/**
 * Base of all networks, as `torch.nn.Module`.
 *
 * The tree is what a module's own fields are, read whenever it is asked for: a field that holds a `Module` is a child,
 * one that holds a `Parameter` is a parameter, one registered by `registerBuffer` is a buffer. Names and order are those
 * of the fields, and so of Python's `state_dict`; what several names share is counted once. Private `#fields` and plain
 * arrays are not registered: `ModuleList`, `ModuleDict`, `ParameterList` and `ParameterDict` are.
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
export abstract class Module extends ModuleTree {
  /** What the network computes. */
  abstract forward(...args: never[]): unknown

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
    for (const [name, parameter] of ownParameters(this)) {
      destination[prefix + name] = keepVars ? parameter : detached(parameter)
    }
    for (const [name, buffer] of ownBuffers(this)) {
      if (buffersOf(this).get(name)) destination[prefix + name] = keepVars ? buffer : detached(buffer)
    }
    for (const [name, child] of ownChildren(this)) {
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
    return loading.finish(this.constructor.name, strict as boolean)
  }

  #load(loading: Loading, entries: Map<string, unknown>, prefix: string): void {
    this.loadOwnState(loading, entries, prefix)
    for (const [name, child] of ownChildren(this)) {
      const path = `${prefix}${name}.`
      child.#load(loading, new Map([...entries].filter(([key]) => key.startsWith(path))), path)
    }
  }

  /** Loads this module's own parameters and buffers, not those of its children. `entries` may be changed. */
  protected loadOwnState(loading: Loading, entries: Map<string, unknown>, prefix: string): void {
    const own = new Map<string, Tensor>(ownParameters(this))
    for (const [name, buffer] of ownBuffers(this)) {
      if (buffersOf(this).get(name)) own.set(name, buffer)
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
        setField(this, name, new Parameter(input, { requiresGrad: target.requiresGrad }))
      } else {
        setField(this, name, keep(input))
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
    for (const [name, parameter] of ownParameters(this)) {
      const { grad } = parameter
      const converted = noGrad(() => fn(parameter))
      if (converted !== parameter) {
        if (sameKind(parameter, converted)) setData(parameter, converted)
        else setField(this, name, new Parameter(converted, { requiresGrad: parameter.requiresGrad }))
      }
      if (grad === null) continue
      const convertedGrad = noGrad(() => fn(grad))
      if (convertedGrad === grad) continue
      if (sameKind(grad, convertedGrad)) setData(grad, convertedGrad)
      else (this[name as keyof this] as unknown as Parameter).grad = convertedGrad
    }
    for (const [name, buffer] of ownBuffers(this)) {
      const converted = fn(buffer)
      if (converted !== buffer) setField(this, name, keep(converted))
    }
    return this
  }

  // --- copies

  /**
   * A copy of this module and all below it, with its own parameters and buffers: Python's `copy.deepcopy`. Draws nothing.
   * Fields are copied through arrays, plain objects, maps and sets; functions and instances of other classes are shared.
   * No constructor runs, so that a class with `#private` members of its own cannot be copied.
   */
  clone(): this {
    return cloneModule(this)
  }

  /** @internal */
  [blankCopy](): this {
    return Reflect.construct(Module, [], this.constructor)
  }

  // --- hooks

  /**
   * Calls `hook(module, inputs, output)` after each forward; what it gives takes the output's place. `prepend` puts it
   * before other hooks, `alwaysCall` calls it (without an output) even where the forward throws. Hooks replace `forward` on
   * the object itself. `ERR_INVALID_ARG_TYPE` for what is no function.
   *
   * @example
   * const handle = model.registerForwardHook((module, inputs, output) => console.log(output.shape))
   * handle.remove()
   * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_forward_hook
   */
  registerForwardHook(
    hook: (module: this, inputs: readonly any[], output: any) => unknown,
    ...args: [options?: { prepend?: boolean; alwaysCall?: boolean }]
  ): RemovableHandle {
    const { prepend, alwaysCall } = hookOptions('registerForwardHook', ['prepend', 'alwaysCall'], args)
    return addHook(this, 'forward', hook, { prepend, always: alwaysCall })
  }

  /** Calls `hook(module, inputs)` before each forward; an array (or one value) that it gives takes the inputs' place. */
  registerForwardPreHook(
    hook: (module: this, inputs: readonly any[]) => unknown,
    ...args: [options?: { prepend?: boolean }]
  ): RemovableHandle {
    return addHook(this, 'forwardPre', hook, hookOptions('registerForwardPreHook', ['prepend'], args))
  }

  /**
   * Calls `hook(module, gradInputs, gradOutputs)` whenever a backward pass has computed the gradients of the inputs; an
   * array that it gives takes their place. Null stands for what needs no gradient. An error that it throws ends
   * `backward`. Changing in place what goes in or comes out of the module is `ERR_LIBTORCH`, as in Python. For gradients on
   * the CPU; a backward pass with hooks runs on JavaScript's thread, in `train` too.
   *
   * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_full_backward_hook
   */
  registerFullBackwardHook(
    hook: (module: this, gradInputs: Gradients, gradOutputs: Gradients) => undefined | null | Tensor | Gradients,
    ...args: [options?: { prepend?: boolean }]
  ): RemovableHandle {
    return addHook(this, 'backward', hook, hookOptions('registerFullBackwardHook', ['prepend'], args))
  }

  /** Calls `hook(module, gradOutputs)` before the gradients of the outputs go into the module; it may change them. */
  registerFullBackwardPreHook(
    hook: (module: this, gradOutputs: Gradients) => undefined | null | Tensor | Gradients,
    ...args: [options?: { prepend?: boolean }]
  ): RemovableHandle {
    return addHook(this, 'backwardPre', hook, hookOptions('registerFullBackwardPreHook', ['prepend'], args))
  }

  // --- printing

  /** What stands between the parentheses of this module's line in `toString`. */
  extraRepr(): string {
    return ''
  }

  /** What Python prints. */
  override toString(): string {
    const extra = this.extraRepr()
    const extraLines = extra === '' ? [] : extra.split('\n')
    const children = [...ownChildren(this)].map(([name, child]) => `(${name}): ${indented(child.toString())}`)
    if (extraLines.length === 1 && children.length === 0) return `${this.constructor.name}(${extraLines[0]})`
    const lines = [...extraLines, ...children]
    return lines.length === 0 ? `${this.constructor.name}()` : `${this.constructor.name}(\n  ${lines.join('\n  ')}\n)`
  }

  [inspect.custom](): string {
    return this.toString()
  }
}

function hookOptions(what: string, names: string[], args: readonly unknown[]): Record<string, boolean> {
  const options = mergeArguments(what, names, args)
  for (const [name, value] of Object.entries(options)) check(what, name, value, is.boolean)
  return options as Record<string, boolean>
}

type Convert = (options: Record<string, unknown>) => Tensor

/** Data of one kind can take each other's place inside a tensor; a meta tensor has none. */
function sameKind(a: Tensor, b: Tensor): boolean {
  return (a.device === 'meta') === (b.device === 'meta') && a.layout === b.layout
}

Object.defineProperty(Module.prototype, 'forward', {
  value(this: Module): never {
    throw new InvalidArgTypeError(`Module [${this.constructor.name}] is missing the required "forward" function`)
  },
  writable: true,
  configurable: true,
})
