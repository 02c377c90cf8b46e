import { UnknownOperatorError } from '../core/errors'
import { nearest } from '../core/options'
import { binding } from '../native/load'
import { Overload } from './overload'

/** Overload names of each operator, by its qualified name (`aten::add`); read from the loaded libtorch once. */
let index: Map<string, string[]> | undefined

function operatorIndex(): Map<string, string[]> {
  if (index === undefined) {
    index = new Map()
    for (const full of binding.operatorNames()) {
      const dot = full.indexOf('.')
      const name = dot === -1 ? full : full.slice(0, dot)
      const overload = dot === -1 ? '' : full.slice(dot + 1)
      const known = index.get(name)
      if (known) known.push(overload)
      else index.set(name, [overload])
    }
  }
  return index
}

/** Every overload that the loaded libtorch registers, as `aten::add.Tensor`, sorted. */
export function listOperators(): string[] {
  return binding.operatorNames()
}

/** The namespaces that have operators: `aten`, `prim`, ... */
export function operatorNamespaces(): string[] {
  return [...new Set([...operatorIndex().keys()].map(name => name.slice(0, name.indexOf('::'))))]
}

/** The names of a namespace's operators. */
export function operatorsOf(namespace: string): string[] {
  const prefix = `${namespace}::`
  return [...operatorIndex().keys()].filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length))
}

/** The overload names of an operator, '' for the one without a name; none where it is not registered. */
export function overloadsOf(name: string): readonly string[] {
  return operatorIndex().get(name) ?? []
}

const made = new Map<string, Overload>()

/** One overload; `ERR_UNKNOWN_OPERATOR`, with the libtorch's version and the nearest name, where there is none. */
export function findOverload(name: string, overload = ''): Overload {
  const key = `${name}.${overload}`
  let found = made.get(key)
  if (found === undefined) {
    if (!overloadsOf(name).includes(overload)) throw unknownOperator(name, overload)
    found = new Overload(name, overload)
    made.set(key, found)
  }
  return found
}

/** Calls one overload with every argument in the schema's order, `undefined` for a default. */
export function callOperator(name: string, overload: string, values: readonly unknown[]): unknown {
  return findOverload(name, overload).call(values)
}

/** The error for an operator or overload that is not registered. */
export function unknownOperator(name: string, overload?: string): UnknownOperatorError {
  const version = `libtorch ${binding.version()}`
  const overloads = overloadsOf(name)
  if (overloads.length > 0) {
    const known = overloads.map(known => known || 'default').join(', ')
    return new UnknownOperatorError(
      `${version} has no overload '${overload || 'default'}' of ${name}; it has ${known}`,
      {
        operator: name,
      },
    )
  }
  const near = nearest(name, [...operatorIndex().keys()])
  return new UnknownOperatorError(`${version} has no operator ${name}${near ? `; did you mean ${near}?` : ''}`, {
    operator: name,
  })
}
