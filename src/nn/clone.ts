import { noGrad } from '../autograd'
import { InvalidArgValueError } from '../core/errors'
import { keep } from '../core/handle'
import { isOptions } from '../core/options'
import { isTensor, type Tensor } from '../tensor/tensor'
import { copyHooks, withoutHooks } from './hooks'
import type { Module } from './module'
import { buffersOf, isModule, setField } from './module-tree'
import { isParameter, Parameter } from './parameter'

/** What was copied already: what a tree reaches by two names stays one. */
type Copied = Map<object, unknown>

/** Makes a module of the same class, without its fields: no constructor of a user's class runs. */
export const blankCopy: unique symbol = Symbol('a module without its fields')

/** A copy of a module and all that it reaches by its fields. */
export function cloneModule<M extends Module>(module: M, copied: Copied = new Map()): M {
  const copy = module[blankCopy]() as M
  copied.set(module, copy)
  const buffers = buffersOf(module)
  for (const key of Reflect.ownKeys(module)) {
    const descriptor = withoutHooks(module, key, Object.getOwnPropertyDescriptor(module, key)!)
    if (descriptor === undefined) continue
    // a native layer has its accessors already
    const here = Object.getOwnPropertyDescriptor(copy, key)
    if (descriptor.get !== undefined && here === undefined) Object.defineProperty(copy, key, descriptor)
    const persistent = typeof key === 'string' ? buffers.get(key) : undefined
    const value = descriptor.get === undefined ? descriptor.value : (module as Record<PropertyKey, unknown>)[key]
    if (here !== undefined) setField(copy, key as string, copyOf(value, copied))
    else if (persistent !== undefined) copy.registerBuffer(key as string, copyOf(value, copied) as Tensor, persistent)
    else if (descriptor.get === undefined) {
      Object.defineProperty(copy, key, { ...descriptor, value: copyOf(value, copied) })
    }
  }
  if (copy.training !== module.training) copy.training = module.training
  copyHooks(module, copy)
  return copy
}

function copyOf(value: unknown, copied: Copied): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (copied.has(value)) return copied.get(value)
  if (isModule(value)) return cloneModule(value, copied)
  const filled = <T extends object>(made: T, fill: (made: T) => void): T => {
    copied.set(value, made) // before its elements, which may lead back here
    fill(made)
    return made
  }
  if (isTensor(value)) return filled(copyOfTensor(value), () => {})
  if (Array.isArray(value)) {
    return filled([] as unknown[], made => made.push(...value.map(item => copyOf(item, copied))))
  }
  if (value instanceof Map) {
    return filled(new Map(), made => {
      for (const [key, item] of value) made.set(copyOf(key, copied), copyOf(item, copied))
    })
  }
  if (value instanceof Set) {
    return filled(new Set(), made => {
      for (const item of value) made.add(copyOf(item, copied))
    })
  }
  if (isOptions(value)) {
    return filled(Object.create(Object.getPrototypeOf(value)) as Record<string, unknown>, made => {
      for (const [key, item] of Object.entries(value)) made[key] = copyOf(item, copied)
    })
  }
  return value
}

function copyOfTensor(tensor: Tensor): Tensor {
  if (!tensor.isLeaf) {
    throw new InvalidArgValueError(
      'Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.',
    )
  }
  const { requiresGrad } = tensor
  return noGrad(() => {
    const copy = tensor.detach().clone() as Tensor
    if (!isParameter(tensor)) return keep(copy).requiresGrad_(requiresGrad)
    const parameter = new Parameter(copy, { requiresGrad })
    copy.dispose()
    return parameter
  })
}
