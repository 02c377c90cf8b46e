import type { Handle } from '../core/handle'
import { hotOperator } from './hot'
import { callPublic } from './resolve'

export type PublicFunction = (...args: any[]) => any

/** `torch.add(a, b, { alpha: 2 })`: an operator as a function. */
export function functionOf(operator: string): PublicFunction {
  const name = `aten::${operator}`
  const hot = hotOperator(operator)
  if (hot === undefined) return (...args: unknown[]) => callPublic(name, args)
  return function (self: Handle, a?: unknown, b?: unknown, c?: unknown) {
    // biome-ignore lint/complexity/noArguments: a rest parameter would allocate an array on the hottest path
    return arguments.length > 4 ? callPublic(name, [...arguments]) : hot(self, a, b, c)
  }
}

/** `a.add(b, { alpha: 2 })`: an operator as a method of its first argument. */
export function methodOf(operator: string): PublicFunction {
  const name = `aten::${operator}`
  const hot = hotOperator(operator)
  if (hot === undefined) {
    return function (this: Handle, ...args: unknown[]) {
      return callPublic(name, [this, ...args])
    }
  }
  return function (this: Handle, a?: unknown, b?: unknown, c?: unknown) {
    // biome-ignore lint/complexity/noArguments: a rest parameter would allocate an array on the hottest path
    return arguments.length > 3 ? callPublic(name, [this, ...arguments]) : hot(this, a, b, c)
  }
}

/** Puts methods on a prototype, as a class would: not enumerable. Those that it has already stay. */
export function installMethods(prototype: object, methods: Readonly<Record<string, string>>): void {
  for (const [name, operator] of Object.entries(methods)) {
    if (name in prototype) continue
    const method = methodOf(operator)
    Object.defineProperty(method, 'name', { value: name })
    Object.defineProperty(prototype, name, { value: method, writable: true, configurable: true })
  }
}

/** Functions of a namespace by name. */
export function makeFunctions(operators: Readonly<Record<string, string>>): Record<string, PublicFunction> {
  const out: Record<string, PublicFunction> = {}
  for (const [name, operator] of Object.entries(operators)) {
    const made = functionOf(operator)
    Object.defineProperty(made, 'name', { value: name })
    out[name] = made
  }
  return out
}
