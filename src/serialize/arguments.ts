import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, InvalidArgTypeError, InvalidArgValueError, UnsupportedTypeError } from '../core/errors'
import { isOptions } from '../core/options'
import { isTensor, type Tensor } from '../tensor'
import type { Outline } from './safetensors'

const EXTENSIONS = ['.safetensors']

/** The path that a user gave, checked. */
export function filePath(what: string, path: unknown): string {
  if (typeof path !== 'string' && !(path instanceof URL)) {
    throw new InvalidArgTypeError(`${what}: 'path' must be a string or a file URL, got ${describe(path)}`)
  }
  const file = typeof path === 'string' ? path : fileURLToPath(path)
  if (file.includes('\0')) {
    throw new InvalidArgValueError(`${what}: a path holds no zero bytes, got ${JSON.stringify(file)}`)
  }
  const extension = extname(file)
  if (!EXTENSIONS.includes(extension)) {
    throw new InvalidArgValueError(
      `${what}: expected a file named ${EXTENSIONS.map(known => `*${known}`).join(' or ')}, got '${file}'`,
    )
  }
  return file
}

/** What a file's header says of the tensors that a user gave, checked. */
export function outlines(what: string, tensors: unknown): Outline[] {
  if (!isOptions(tensors)) {
    throw new InvalidArgTypeError(`${what} takes an object of tensors by name, got ${describe(tensors)}`)
  }
  return Object.entries(tensors).map(([name, tensor]) => {
    if (!isTensor(tensor)) throw new InvalidArgTypeError(`${what}: '${name}' must be a tensor, got ${describe(tensor)}`)
    if (name === '__metadata__') {
      throw new InvalidArgValueError(`${what}: a tensor cannot be named '__metadata__'; that name is the format's own`)
    }
    if (tensor.layout !== 'strided') {
      throw new UnsupportedTypeError(`${what}: '${name}' is ${tensor.layout}; tensor.toDense() can be saved`)
    }
    return { name, dtype: tensor.dtype, shape: tensor.shape as readonly number[] }
  })
}

/** An object of tensors by name. */
export function namedTensors(names: readonly { name: string }[], tensors: readonly Tensor[]): Record<string, Tensor> {
  const result: Record<string, Tensor> = {}
  for (const [i, { name }] of names.entries()) {
    // Plain assignment would take a tensor named '__proto__' for the prototype.
    Object.defineProperty(result, name, { value: tensors[i], enumerable: true, configurable: true, writable: true })
  }
  return result
}
