import { isOptions } from '../core/options'
import type { Overload } from './overload'
import { findOverload, operatorNamespaces, operatorsOf, overloadsOf, unknownOperator } from './registry'

/** One overload: positional arguments, then the schema's own names in an options object. */
export interface OperatorOverload {
  (...args: readonly unknown[]): any
  /** The schema as libtorch prints it. */
  readonly schema: string
}

/** The overloads of one operator; `default` is the one without a name. */
export interface OperatorPacket {
  readonly default: OperatorOverload
  readonly [overload: string]: OperatorOverload
}

/** The operators of one namespace. */
export interface OperatorNamespace {
  readonly [name: string]: OperatorPacket
}

/** `torch.ops`: every operator that the loaded libtorch registers, by namespace, name and overload. */
export interface Operators {
  readonly aten: OperatorNamespace
  readonly [namespace: string]: OperatorNamespace
}

/** A `{ re, im }` is a complex number and never options. */
function isComplexLiteral(value: Record<string, unknown>): boolean {
  return 're' in value && 'im' in value
}

function callable(overload: Overload): OperatorOverload {
  const call = (...args: readonly unknown[]): unknown => {
    const last = args[args.length - 1]
    if (isOptions(last) && !isComplexLiteral(last)) return overload.callWith(args.slice(0, -1), last)
    return overload.callWith(args, undefined)
  }
  Object.defineProperty(call, 'name', { value: overload.operator })
  return Object.assign(call, { schema: overload.schema.text }) as unknown as OperatorOverload
}

// What the language and its tools ask of any object; never the name of an operator.
const NOT_OPERATORS = new Set([
  'then',
  'toJSON',
  'constructor',
  'prototype',
  'inspect',
  'valueOf',
  'toString',
  '$$typeof',
])

/** An object whose members are made when first asked for; a name that is none of its `keys()` is refused by `refuse`. */
function lazyObject<T>(make: (name: string) => T, keys: () => readonly string[]): Record<string, T> {
  const members = new Map<string, T>()
  return new Proxy(Object.create(null) as Record<string, T>, {
    get(_, name) {
      if (typeof name === 'symbol' || NOT_OPERATORS.has(name)) return undefined
      let member = members.get(name)
      if (member === undefined) {
        member = make(name)
        members.set(name, member)
      }
      return member
    },
    has: (_, name) => typeof name === 'string' && keys().includes(name),
    ownKeys: () => [...keys()],
    getOwnPropertyDescriptor: (_, name) =>
      typeof name === 'string' && keys().includes(name)
        ? { enumerable: true, configurable: true, writable: false, value: make(name) }
        : undefined,
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  })
}

function packet(qualified: string): OperatorPacket {
  if (overloadsOf(qualified).length === 0) throw unknownOperator(qualified)
  const overloadName = (name: string) => (name === 'default' ? '' : name)
  return lazyObject(
    name => callable(findOverload(qualified, overloadName(name))),
    () => overloadsOf(qualified).map(name => name || 'default'),
  ) as OperatorPacket
}

/** `torch.ops.aten.add.Tensor(a, b, { alpha: 2 })`. */
export const ops: Operators = lazyObject(
  namespace => {
    if (!operatorNamespaces().includes(namespace)) throw unknownOperator(`${namespace}::`)
    return lazyObject(
      name => packet(`${namespace}::${name}`),
      () => operatorsOf(namespace),
    )
  },
  () => operatorNamespaces(),
) as Operators
