import { describe, InvalidArgTypeError, InvalidArgValueError } from '../core/errors'
import { isTensor, type Tensor } from '../tensor/tensor'
import { isModule, Module } from './module'
import { isParameter, Parameter } from './parameter'
import { parameterLine } from './representation'

type Pairs<V> = Iterable<readonly [string, V]>

/** Things by name, in the order in which they were added, for a container whose fields they are. */
abstract class NamedFields<T extends Readonly<Record<string, unknown>>> extends Module {
  /** @internal What a field of this container is. */
  protected abstract holds(value: unknown): value is T[string]

  /** @internal Makes a field. */
  protected abstract put(name: string, value: unknown): void

  /** @internal Name and value of each that is given. */
  protected pairsOf(given: unknown): Pairs<unknown> {
    if (given instanceof NamedFields) return given.entries() as Pairs<unknown>
    if (typeof given !== 'object' || given === null || isTensor(given)) {
      throw new InvalidArgTypeError(
        `${this.constructor.name}.update should be called with an object or an iterable of [name, value] pairs, ` +
          `but got ${describe(given)}`,
      )
    }
    if (!(Symbol.iterator in given)) return Object.entries(given)
    const pairs = [...(given as Iterable<unknown>)]
    const wrong = pairs.findIndex(pair => !Array.isArray(pair) || pair.length !== 2)
    if (wrong !== -1) {
      throw new InvalidArgTypeError(
        `${this.constructor.name} update sequence element #${wrong} should be [name, value], got ${describe(pairs[wrong])}`,
      )
    }
    return pairs as [string, unknown][]
  }

  /** The one of that name; `ERR_INVALID_ARG_VALUE` where there is none. */
  get<K extends keyof T & string>(name: K): T[K] {
    if (!this.has(name)) throw new InvalidArgValueError(`${this.constructor.name} has no '${name}'`)
    return this[name as unknown as keyof this] as unknown as T[K]
  }

  has(name: string): boolean {
    return Object.hasOwn(this, name) && this.holds(this[name as keyof this])
  }

  /** Takes one out and gives it. */
  pop<K extends keyof T & string>(name: K): T[K] {
    const value = this.get(name)
    delete (this as Record<string, unknown>)[name]
    return value
  }

  /** Takes all out. */
  clear(): void {
    for (const name of this.keys()) this.pop(name)
  }

  /** How many there are. */
  get length(): number {
    return this.keys().length
  }

  /** The names, in order. */
  keys(): (keyof T & string)[] {
    return this.entries().map(([name]) => name)
  }

  /** The values, in order. */
  values(): T[keyof T & string][] {
    return this.entries().map(([, value]) => value)
  }

  /** Names and values, in order. */
  entries(): [keyof T & string, T[keyof T & string]][] {
    const own = Object.entries(this) as [keyof T & string, unknown][]
    return own.filter((entry): entry is [keyof T & string, T[string]] => this.holds(entry[1]))
  }

  /** Names and values, in order: Python's word for `entries`. */
  items(): [keyof T & string, T[keyof T & string]][] {
    return this.entries()
  }

  /** The names, as Python iterates. */
  [Symbol.iterator](): Iterator<keyof T & string> {
    return this.keys()[Symbol.iterator]()
  }

  /** A container is no function: `ERR_INVALID_ARG_TYPE`. */
  override forward(): never {
    throw new InvalidArgTypeError(`Module [${this.constructor.name}] is missing the required "forward" function`)
  }
}

/**
 * Modules by name that their module knows of, as `torch.nn.ModuleDict`, in the order in which they were added (names that
 * are whole numbers come first: JavaScript orders fields so). `get` knows the type of each.
 *
 * Errors: `ERR_INVALID_ARG_TYPE` for what is no module; `ERR_INVALID_ARG_VALUE` for a name that is empty, dotted, or one of
 * the container's own (`'keys'`), and for one that is not there.
 *
 * @example
 * const activations = new nn.ModuleDict({ relu: new nn.ReLU(), softmax: new nn.Softmax(1) })
 * activations.get('relu').forward(x)
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleDict.html
 */
export class ModuleDict<
  T extends Readonly<Record<string, Module>> = Readonly<Record<string, Module>>,
> extends NamedFields<T> {
  constructor(modules?: T)
  constructor(modules: Pairs<T[string]> | ModuleDict<T>)
  constructor(modules?: unknown) {
    super()
    if (modules !== undefined && modules !== null) this.update(modules as Readonly<Record<string, Module>>)
  }

  /** Adds all of another one. */
  update(modules: Readonly<Record<string, Module>> | Pairs<Module> | ModuleDict): this {
    for (const [name, module] of this.pairsOf(modules)) this.put(name, module)
    return this
  }

  /** Adds one, or puts it in the place of the one of that name; the type that this gives knows of it. */
  set<K extends string, M extends Module>(name: K, module: M): ModuleDict<Omit<T, K> & Readonly<Record<K, M>>> {
    this.put(name, module)
    return this as never
  }

  /** @internal */
  protected override put(name: string, module: unknown): void {
    if (!isModule(module)) throw new InvalidArgTypeError(`${describe(module)} is not a Module`)
    this.registerModule(name, module)
  }

  /** @internal */
  protected override holds(value: unknown): value is T[string] {
    return isModule(value)
  }
}

/** What `torch.typename` calls a tensor of a dtype. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  float32: 'Float',
  float64: 'Double',
  float16: 'Half',
  bfloat16: 'BFloat16',
  int8: 'Char',
  int16: 'Short',
  int32: 'Int',
  int64: 'Long',
  uint8: 'Byte',
  bool: 'Bool',
  complex64: 'ComplexFloat',
  complex128: 'ComplexDouble',
}

function typeName({ device, dtype }: Parameter): string {
  return `torch.${device.startsWith('cuda') ? 'cuda.' : ''}${TYPE_NAMES[dtype] ?? dtype}Tensor`
}

type ParametersOf<T> = {
  readonly [K in keyof T]: T[K] extends Parameter
    ? T[K]
    : T[K] extends Tensor<infer S, infer D>
      ? Parameter<S, D>
      : Parameter
}

/**
 * Parameters by name that their module knows of, as `torch.nn.ParameterDict`. Plain tensors become parameters. As in
 * Python the names of a plain object are sorted, and those of pairs, of a `Map` and of another ParameterDict keep their
 * order (but names that are whole numbers come first: JavaScript orders fields so).
 *
 * Errors: `ERR_INVALID_ARG_TYPE` for what is no tensor; `ERR_INVALID_ARG_VALUE` for a name that is empty, dotted, or one of
 * the container's own (`'keys'`), and for one that is not there.
 *
 * @example
 * const scales = new nn.ParameterDict({ left: torch.ones([3]), right: torch.zeros([3]) })
 * x.mul(scales.get('left')).add(scales.get('right'))
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ParameterDict.html
 */
export class ParameterDict<
  T extends Readonly<Record<string, Tensor>> = Readonly<Record<string, Tensor>>,
> extends NamedFields<ParametersOf<T>> {
  constructor(parameters?: T)
  constructor(parameters: Pairs<T[string]> | ParameterDict<T>)
  constructor(parameters?: unknown) {
    super()
    if (parameters !== undefined && parameters !== null) this.update(parameters as Readonly<Record<string, Tensor>>)
  }

  /** Adds all of another one. */
  update(parameters: Readonly<Record<string, Tensor>> | Pairs<Tensor> | ParameterDict): this {
    const pairs = [...this.pairsOf(parameters)]
    if (!(Symbol.iterator in parameters)) pairs.sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [name, parameter] of pairs) this.put(name, parameter)
    return this
  }

  /** Adds one, or puts it in the place of the one of that name; the type that this gives knows of it. */
  set<K extends string, P extends Tensor>(name: K, parameter: P): ParameterDict<Omit<T, K> & Readonly<Record<K, P>>> {
    this.put(name, parameter)
    return this as never
  }

  /** The one of that name; where there is none, `parameter` becomes it. */
  setdefault(name: string, parameter: Tensor): Parameter {
    if (!this.has(name)) this.put(name, parameter)
    return this.get(name)
  }

  /** Takes out the one added last, and gives its name and itself; `ERR_INVALID_ARG_VALUE` where there is none. */
  popitem(): [string, Parameter] {
    const last = this.keys().at(-1)
    if (last === undefined) throw new InvalidArgValueError(`${this.constructor.name} is empty`)
    return [last, this.pop(last) as Parameter]
  }

  /** Another one with the same parameters. */
  copy(): ParameterDict<T> {
    return new ParameterDict(this)
  }

  /** @internal */
  protected override put(name: string, value: unknown): void {
    if (!isTensor(value)) throw new InvalidArgTypeError(`a ParameterDict holds parameters, got ${describe(value)}`)
    this.registerParameter(name, isParameter(value) ? value : new Parameter(value))
  }

  /** @internal */
  protected override holds(value: unknown): value is ParametersOf<T>[string] {
    return isParameter(value)
  }

  override extraRepr(): string {
    return (this.entries() as [string, Parameter][])
      .map(([name, parameter]) => parameterLine(name, parameter, typeName(parameter)))
      .join('\n')
  }
}
