import { dtypeName } from '../core/dtype'
import { InvalidArgTypeError } from '../core/errors'
import { adopt, blank, finish, type Handle } from '../core/handle'
import { unknownOption } from '../core/options'
import type { OperatorFunction, Schema } from '../native/binding'
import { binding } from '../native/load'
import { isScalar, TAKES_NUMBERS } from './accept'
import { beginEncoding, type Encode, encoderOf } from './encode'

type Decode = (value: unknown) => unknown

function decoderOf(kind: string): Decode {
  const base = kind.endsWith('?') ? kind.slice(0, -1) : kind
  switch (base) {
    case 'Tensor':
      return value => (value === null ? null : adopt(value as number))
    case 'Tensor[]':
    case 'Tensor?[]':
      return value => (value as (number | null)[]).map(slot => (slot === null ? null : adopt(slot)))
    case 'ScalarType':
      return value => (value === null ? null : dtypeName(value as number))
    default:
      return value => value
  }
}

/** One overload of one operator, callable with its arguments by position. */
export class Overload {
  /** `aten::add.Tensor` */
  readonly operator: string
  readonly schema: Schema
  readonly positional: number
  #encoders: Encode[] | undefined
  #decoders: Decode[] | undefined
  #native: OperatorFunction | undefined
  /** The native functions that take numbers for some tensors, by the mask of those. */
  readonly #withNumbers: Map<number, OperatorFunction> | undefined

  constructor(
    readonly name: string,
    readonly overload: string,
  ) {
    this.operator = overload === '' ? name : `${name}.${overload}`
    this.schema = binding.operatorSchema(name, overload)
    this.positional = this.schema.arguments.filter(argument => !argument.keywordOnly).length
    this.#withNumbers = TAKES_NUMBERS.test(name) ? new Map() : undefined
  }

  /** True where every argument and result has a JavaScript form. */
  get supported(): boolean {
    return [...this.schema.arguments, ...this.schema.returns].every(value => value.supported)
  }

  /** The native function; made at the first call. */
  get native(): OperatorFunction {
    this.#native ??= binding.operatorFunction(this.name, this.overload, 0)
    return this.#native
  }

  /** Calls with every argument in the schema's order, `undefined` for a default. */
  call(values: readonly unknown[]): unknown {
    return this.#call(values, this.native, 0)
  }

  /** The same, with a number in some tensor's place where the operator takes that. */
  #callWithNumbers(values: readonly unknown[], functions: Map<number, OperatorFunction>): unknown {
    let numbers = 0
    this.schema.arguments.forEach(({ kind }, i) => {
      if (kind === 'Tensor' && isScalar(values[i])) numbers |= 1 << i
    })
    if (numbers === 0) return this.call(values)
    let native = functions.get(numbers)
    if (native === undefined) {
      native = binding.operatorFunction(this.name, this.overload, numbers)
      functions.set(numbers, native)
    }
    return this.#call(values, native, numbers)
  }

  #call(values: readonly unknown[], native: OperatorFunction, numbers: number): unknown {
    this.#encoders ??= this.schema.arguments.map(encoderOf)
    const encoders = this.#encoders
    const encoded: unknown[] = new Array(encoders.length + 1)
    beginEncoding()
    for (let i = 0; i < encoders.length; i++) {
      encoded[i] = numbers & (1 << i) ? values[i] : encoders[i]!(values[i], this.operator)
    }
    if (native.oneFreshTensor) {
      const result = blank()
      encoded[encoders.length] = result
      const slot = native.call.apply(undefined, encoded) as number | null
      return slot === null ? null : finish(result, slot)
    }
    return this.#decode(native.call.apply(undefined, encoded), values)
  }

  #decode(result: unknown, values: readonly unknown[]): unknown {
    const { returns } = this.schema
    const { aliases } = this.native
    this.#decoders ??= returns.map(value => decoderOf(value.kind))
    const decoders = this.#decoders
    const one = (value: unknown, i: number) => (aliases[i]! >= 0 ? values[aliases[i]!] : decoders[i]!(value))
    if (returns.length === 0) return undefined
    if (returns.length === 1) return one(result, 0)
    return (result as unknown[]).map(one)
  }

  /** Calls as JavaScript writes it: positional arguments, then the schema's own names in `options`. */
  callWith(args: readonly unknown[], options: Readonly<Record<string, unknown>> | undefined): unknown {
    const { arguments: schema } = this.schema
    if (args.length > this.positional) {
      throw new InvalidArgTypeError(
        `${this.operator} takes ${this.positional} positional arguments, got ${args.length}: ${this.schema.text}`,
        { operator: this.operator },
      )
    }
    if (options === undefined) return this.#callAny(args)
    const values: unknown[] = args.slice()
    for (const [key, value] of Object.entries(options)) {
      const at = schema.findIndex(argument => argument.name === key)
      if (at === -1) {
        throw unknownOption(
          this.operator,
          key,
          schema.map(argument => argument.name),
        )
      }
      if (at < args.length) {
        throw new InvalidArgTypeError(`${this.operator} got '${key}' twice: as an argument and as an option`, {
          operator: this.operator,
        })
      }
      values[at] = value
    }
    return this.#callAny(values)
  }

  #callAny(values: readonly unknown[]): unknown {
    return this.#withNumbers === undefined ? this.call(values) : this.#callWithNumbers(values, this.#withNumbers)
  }
}

export type { Handle }
