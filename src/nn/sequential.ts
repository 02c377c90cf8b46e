import type { DType } from '../core/dtype'
import { describe, InvalidArgTypeError, InvalidArgValueError, OutOfRangeError } from '../core/errors'
import { dispose } from '../core/handle'
import { isOptions } from '../core/options'
import type { Check, Shape } from '../core/shape-types'
import { isTensor, type Tensor } from '../tensor/tensor'
import type { Result } from '../tensor/typed'
import { blankCopy } from './clone'
import { isPlain } from './leaf'
import { isModule, Module } from './module'
import type { Apply, rule, SequentialDType, SequentialRule } from './rules'

/**
 * Modules one after the other: each takes what the one before it gives.
 *
 * Children are named '0', '1', ... or, given as one object, by its keys: `new Sequential({ conv, relu })`. The type
 * follows the shape through up to 32 layers and more: a layer that does not fit is a compile error that names it and
 * both sizes. Of a list that TypeScript does not know one by one (`...blocks as Module[]`) the output is a `Tensor`.
 *
 * Errors: `ERR_INVALID_ARG_TYPE` for what is no module, `ERR_INVALID_ARG_VALUE` for a name that is taken, empty or dotted.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html
 * @example
 * const net = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 3))
 * net.forward(torch.rand([5, 4])).shape // [5, 3]
 */
export class Sequential<const L extends readonly Module[] = readonly Module[]> extends Module {
  declare readonly [rule]?: SequentialRule<L>

  readonly [index: number]: L[number]

  constructor(...layers: L)
  constructor(layers: Readonly<Record<string, Module>>)
  constructor(...layers: unknown[]) {
    super()
    const [only] = layers
    if (layers.length === 1 && isOptions(only)) {
      for (const [name, layer] of Object.entries(only)) this.#set(this.#checkName(name), layer)
    } else {
      layers.forEach((layer, i) => {
        this.#set(String(i), layer)
      })
    }
  }

  /** @internal */
  override [blankCopy](): this {
    return Reflect.construct(Sequential, [], this.constructor)
  }

  /** Runs the layers in order. */
  forward<S extends Shape, D extends DType>(
    x: Tensor<S, D> & Check<Apply<SequentialRule<L>, S>>,
  ): Result<Apply<SequentialRule<L>, S>, SequentialDType<L, D>> {
    let out: unknown = x
    let unseen = false // whether `out` was made by the layer before, and nobody else has it
    // A generator, or a list of the children, would be the dearer half of a small layer's call.
    for (const name in this) {
      const layer: unknown = this[name]
      if (!isModule(layer)) continue
      const plain = isPlain(layer)
      const next = (layer as unknown as { forward(x: unknown): unknown }).forward(out)
      if (next === out) {
        unseen &&= plain
        continue
      }
      // As in Python, what lies between two layers lives no longer than autograd needs it: not until it is collected
      if (unseen && plain) dispose(out as Tensor)
      out = next
      unseen = plain && isTensor(next)
    }
    return out as Result<Apply<SequentialRule<L>, S>, SequentialDType<L, D>>
  }

  /** How many layers there are. */
  get length(): number {
    return this.#names().length
  }

  /** The layer at a position, counted from the end where negative; `ERR_OUT_OF_RANGE` outside. */
  at<const I extends number>(index: I): LayerAt<L, I>
  at(index: number): unknown {
    return this.#layers()[this.#position(index)]!
  }

  /** Adds a layer at the end, and gives this container: in its type the layer is there too. */
  append<const M extends Module>(layer: M): Sequential<[...L, M]> {
    this.#set(String(this.length), layer)
    return this as unknown as Sequential<[...L, M]>
  }

  /** Adds several layers at the end, and gives this container. */
  extend<const M extends readonly Module[]>(layers: M | Iterable<Module>): Sequential<[...L, ...M]> {
    if (typeof (layers as Iterable<unknown> | undefined)?.[Symbol.iterator] !== 'function') {
      throw new InvalidArgTypeError(`Sequential.extend: expected modules, got ${describe(layers)}`)
    }
    for (const layer of [...layers]) this.#set(String(this.length), layer)
    return this as unknown as Sequential<[...L, ...M]>
  }

  /** Puts a layer before the one at `index`; those after it move up. Gives this container. */
  insert(index: number, layer: Module): Sequential {
    const layers = this.#layers()
    const wrapped = index < 0 ? index + layers.length : index
    if (!Number.isInteger(index) || wrapped < 0 || wrapped > layers.length) {
      throw new OutOfRangeError(`Sequential.insert: index ${index} is out of range for ${layers.length} layers`)
    }
    this.#check(String(wrapped), layer)
    this.#replace([...layers.slice(0, wrapped), layer, ...layers.slice(wrapped)])
    return this as unknown as Sequential
  }

  /** Takes the layer at a position out and gives it; those after it move down. */
  pop(index = -1): Module {
    const layers = this.#layers()
    const [layer] = layers.splice(this.#position(index), 1)
    this.#replace(layers)
    return layer!
  }

  /** The layers in order. */
  *[Symbol.iterator](): Generator<L[number]> {
    yield* this.#layers()
  }

  #names(): string[] {
    return Object.keys(this).filter(name => isModule(this[name as keyof this]))
  }

  #layers(): Module[] {
    return this.#names().map(name => this[name as keyof this] as Module)
  }

  #position(index: number): number {
    const { length } = this
    const wrapped = index < 0 ? index + length : index
    if (!Number.isInteger(index) || wrapped < 0 || wrapped >= length) {
      throw new OutOfRangeError(`Sequential: index ${index} is out of range for ${length} layers`)
    }
    return wrapped
  }

  #checkName(name: string): string {
    if (name === '') throw new InvalidArgValueError("Sequential: a module's name can't be empty")
    if (name.includes('.')) throw new InvalidArgValueError(`Sequential: module name can't contain ".", got: ${name}`)
    if (name in this) throw new InvalidArgValueError(`Sequential: attribute '${name}' already exists`)
    return name
  }

  #check(name: string, layer: unknown): asserts layer is Module {
    if (!isModule(layer))
      throw new InvalidArgTypeError(`Sequential: layer ${name} must be a Module, got ${describe(layer)}`)
  }

  #set(name: string, layer: unknown): void {
    this.#check(name, layer)
    Object.defineProperty(this, name, { value: layer, enumerable: true, writable: true, configurable: true })
  }

  // Python keeps the names of those that stay and numbers what moves; here all are numbered anew.
  #replace(layers: readonly Module[]): void {
    for (const name of this.#names()) delete this[name as keyof this]
    layers.forEach((layer, i) => {
      this.#set(String(i), layer)
    })
  }
}

type LayerAt<L extends readonly Module[], I extends number> = number extends L['length']
  ? L[number]
  : `${I}` extends keyof L
    ? L[`${I}` & keyof L]
    : L[number]
