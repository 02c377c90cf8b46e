import { describe, InvalidArgTypeError, OutOfRangeError } from '../core/errors'
import { isTensor, type Tensor } from '../tensor/tensor'
import { blankCopy } from './clone'
import { isModule, Module } from './module'
import { isParameter, Parameter } from './parameter'
import { indented, parameterLine } from './representation'

/** An index counted from the end where negative; `ERR_OUT_OF_RANGE` outside. */
function position(index: number, length: number): number {
  const at = index < 0 ? index + length : index
  if (!Number.isInteger(index) || at < 0 || at >= length) throw new OutOfRangeError(`index ${index} is out of range`)
  return at
}

/** What to do with things in order, for a container whose fields are `0`, `1`, ...; `check` refuses and converts. */
abstract class OrderedFields<T> extends Module {
  #length = 0

  readonly [index: number]: T

  /** How many there are. */
  get length(): number {
    return this.#length
  }

  /** @internal */
  override [blankCopy](): this {
    const copy = Reflect.construct(OrderedFields, [], this.constructor) as this
    copy.#length = this.#length
    return copy
  }

  /** @internal What may stand here. */
  protected abstract accept(value: unknown): T

  #fields(): Record<number, T> {
    return this as unknown as Record<number, T>
  }

  /** The one at an index, counted from the end where negative. */
  at(index: number): T {
    return this.#fields()[position(index, this.#length)]!
  }

  /** Puts another one at an index. */
  set(index: number, value: T): void {
    this.#fields()[position(index, this.#length)] = this.accept(value)
  }

  /** Adds one at the end. */
  append(value: T): this {
    this.#fields()[this.#length] = this.accept(value)
    this.#length++
    return this
  }

  /** Adds several at the end. */
  extend(values: Iterable<T>): this {
    if (isTensor(values) || typeof values?.[Symbol.iterator] !== 'function') {
      throw new InvalidArgTypeError(
        `${this.constructor.name}.extend should be called with an iterable, but got ${describe(values)}`,
      )
    }
    for (const value of [...values]) this.append(value)
    return this
  }

  /** Puts one before an index; those after it move up. */
  insert(index: number, value: T): void {
    const accepted = this.accept(value)
    const at = index === this.#length ? index : position(index, this.#length)
    for (let i = this.#length; i > at; i--) this.#fields()[i] = this.#fields()[i - 1]!
    this.#fields()[at] = accepted
    this.#length++
  }

  /** Takes out the one at an index (default: the last); those after it move down. */
  pop(index = -1): T {
    const at = position(index, this.#length)
    const taken = this.#fields()[at]!
    for (let i = at; i < this.#length - 1; i++) this.#fields()[i] = this.#fields()[i + 1]!
    this.#length--
    delete this.#fields()[this.#length]
    return taken
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = 0; i < this.#length; i++) yield this.#fields()[i]!
  }

  /** A container is no function: `ERR_INVALID_ARG_TYPE`. */
  override forward(): never {
    throw new InvalidArgTypeError(`Module [${this.constructor.name}] is missing the required "forward" function`)
  }
}

/**
 * Modules in a list that their module knows of, as `torch.nn.ModuleList`: a plain array's would be neither trained,
 * moved nor saved. Index it, iterate over it, `append`, `extend`, `insert`, `pop`.
 *
 * @example
 * class Deep extends nn.Module {
 *   layers = new nn.ModuleList([new nn.Linear(4, 4), new nn.Linear(4, 4)])
 *   forward(x: Tensor) {
 *     for (const layer of this.layers) x = layer.forward(x)
 *     return x
 *   }
 * }
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html
 */
export class ModuleList<M extends Module = Module> extends OrderedFields<M> {
  constructor(modules?: Iterable<M>) {
    super()
    if (modules !== undefined) this.extend(modules)
  }

  /** @internal */
  protected override accept(value: unknown): M {
    if (!isModule(value)) throw new InvalidArgTypeError(`${describe(value)} is not a Module`)
    return value as M
  }

  /** What Python prints: equal neighbours once, with their number. */
  override toString(): string {
    const blocks: { text: string; first: number; last: number }[] = []
    let i = 0
    for (const module of this) {
      const text = module.toString()
      const block = blocks.at(-1)
      if (block?.text === text) block.last = i
      else blocks.push({ text, first: i, last: i })
      i++
    }
    const name = this.constructor.name
    if (blocks.length === 0) return `${name}()`
    const lines = blocks.map(({ text, first, last }) =>
      indented(first === last ? `(${first}): ${text}` : `(${first}-${last}): ${last - first + 1} x ${text}`),
    )
    return `${name}(\n  ${lines.join('\n  ')}\n)`
  }
}

/**
 * Parameters in a list that their module knows of, as `torch.nn.ParameterList`. Plain tensors become parameters.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ParameterList.html
 */
export class ParameterList extends OrderedFields<Parameter> {
  constructor(parameters?: Iterable<Tensor>) {
    super()
    if (parameters !== undefined) this.extend(parameters as Iterable<Parameter>)
  }

  /** @internal */
  protected override accept(value: unknown): Parameter {
    if (isParameter(value)) return value
    if (isTensor(value)) return new Parameter(value)
    throw new InvalidArgTypeError(`a ParameterList holds parameters, got ${describe(value)}`)
  }

  override extraRepr(): string {
    return [...this].map((parameter, i) => parameterLine(String(i), parameter, `torch.${parameter.dtype}`)).join('\n')
  }
}
