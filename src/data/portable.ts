import { createRequire } from 'node:module'
import { isAbsolute } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { DataError, describe, InvalidArgTypeError } from '../core/errors'
import { check, is, isOptions } from '../core/options'
import { isTensor } from '../tensor'
import { type SharedTensor, shareTensor, tensorIn } from './shared-tensors'

/** How another thread makes a value anew: plain values are themselves. */
export type Portable =
  | { portable: 'value'; value: unknown }
  | { portable: 'array'; items: Portable[] }
  | { portable: 'object'; entries: [string, Portable][] }
  | { portable: 'tensor'; tensor: SharedTensor }
  | { portable: 'class'; name: string; args: Portable[] }
  | { portable: 'module'; file: string; name: string; args: Portable[] | null }

interface Origin {
  file: string
  name: string
  args: readonly unknown[] | null
}

/** Where the values come from that `fromModule` gave. */
const origins = new WeakMap<object, Origin>()

interface PortableClass {
  name: string
  make: new (...args: any[]) => object
  argsOf: (instance: never) => readonly unknown[]
}
const classes = new Map<unknown, PortableClass>()

/** Makes the instances of one of the package's classes portable: `argsOf` gives what its constructor took. */
export function portableClass<T extends object>(
  make: new (...args: any[]) => T,
  argsOf: (instance: T) => readonly unknown[],
): void {
  classes.set(make, { name: make.name, make, argsOf })
}

/**
 * What a module exports under `name`, for loaders with workers: threads cannot be given functions or objects of classes, so a
 * worker loads the same file and takes the same export. With `args` the export is called with them (a class with `new`),
 * here and in every worker, and may give a promise; they are plain values, tensors, or themselves from here.
 *
 * `file` is an absolute path or a `file:` URL (`new URL('./pictures.js', import.meta.url)`, `require.resolve('./pictures')`)
 * of a module that does nothing else when it is loaded.
 *
 * Rejects with `ERR_INVALID_ARG_TYPE`, with `ERR_DATA` where the module has no such export, and with what the module throws.
 *
 * @example
 * const pictures = await data.fromModule<Pictures>(require.resolve('./pictures'), 'Pictures', ['photos', { size: 64 }])
 * for await (const [x, y] of new data.DataLoader(pictures, { batchSize: 32, numWorkers: 4 })) { ... }
 */
export async function fromModule<T>(file: string | URL, name: string, args?: readonly unknown[]): Promise<T> {
  check('fromModule', 'name', name, is.string)
  if (args !== undefined && !Array.isArray(args)) {
    throw new InvalidArgTypeError(`fromModule: 'args' must be an array, got ${describe(args)}`)
  }
  const origin: Origin = { file: pathOf(file), name, args: args ?? null }
  const value = await make(origin)
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') origins.set(value, origin)
  return value as T
}

function pathOf(file: unknown): string {
  if (file instanceof URL || (typeof file === 'string' && file.startsWith('file:'))) return fileURLToPath(file)
  if (typeof file === 'string' && isAbsolute(file)) return file
  const hint = "write require.resolve('./file') or new URL('./file.js', import.meta.url)"
  throw new InvalidArgTypeError(
    `fromModule: 'file' must be an absolute path or a file: URL, got ${describe(file)}; ${hint}`,
  )
}

async function make({ file, name, args }: Origin): Promise<unknown> {
  const module = await load(file)
  if (module[name] === undefined) {
    const known = Object.keys(module).join(', ') || 'nothing'
    throw new DataError(`${file} exports no '${name}'; it exports ${known}`)
  }
  const found = module[name]
  if (args === null) return found
  if (typeof found !== 'function') throw new DataError(`'${name}' of ${file} is called with arguments, and no function`)
  return isClass(found) ? Reflect.construct(found, args) : found(...args)
}

// `require` first: loaders of TypeScript hook into it on every version of Node
async function load(file: string): Promise<Record<string, any>> {
  if (!file.endsWith('.mjs')) {
    try {
      return createRequire(__filename)(file)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ERR_REQUIRE_ESM' && code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error
    }
  }
  return import(pathToFileURL(file).href)
}

function isClass(value: unknown): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value))
}

/** How another thread makes `value`. Throws `ERR_INVALID_ARG_TYPE` that says what to do for what it cannot make. */
export function toPortable(what: string, value: unknown): Portable {
  const each = (item: unknown) => toPortable(what, item)
  if (typeof value === 'function' || (typeof value === 'object' && value !== null)) {
    const origin = origins.get(value)
    if (origin !== undefined) return { portable: 'module', ...origin, args: origin.args?.map(each) ?? null }
    if (isTensor(value)) return { portable: 'tensor', tensor: shareTensor(value) }
    const known = classes.get(value.constructor)
    if (known !== undefined) {
      return { portable: 'class', name: known.name, args: known.argsOf(value as never).map(each) }
    }
    if (Array.isArray(value)) {
      if (value.every(isPlain)) return { portable: 'value', value }
      return { portable: 'array', items: value.map(each) }
    }
    if (isOptions(value)) return { portable: 'object', entries: Object.entries(value).map(([k, v]) => [k, each(v)]) }
    if (!ArrayBuffer.isView(value) && !(value instanceof Date) && !(value instanceof RegExp))
      throw notPortable(what, value)
  } else if (typeof value === 'symbol') {
    throw notPortable(what, value)
  }
  return { portable: 'value', value }
}

const isPlain = (value: unknown) => value === null || /^(number|string|boolean|bigint)$/.test(typeof value)

function notPortable(what: string, value: unknown): InvalidArgTypeError {
  return new InvalidArgTypeError(
    `${what}: ${describe(value)} belongs to this thread, and workers cannot be given it: put it into a file of its own and` +
      " name it, `await data.fromModule(require.resolve('./file'), 'name', [...arguments])`",
  )
}

/** Makes the value here. */
export async function fromPortable(portable: Portable): Promise<unknown> {
  switch (portable.portable) {
    case 'value':
      return portable.value
    case 'array':
      return Promise.all(portable.items.map(fromPortable))
    case 'object': {
      const entries = portable.entries.map(async ([key, value]) => [key, await fromPortable(value)] as const)
      return Object.fromEntries(await Promise.all(entries))
    }
    case 'tensor':
      return tensorIn(portable.tensor)
    case 'class': {
      const known = [...classes.values()].find(({ name }) => name === portable.name)
      return new known!.make(...(await Promise.all(portable.args.map(fromPortable))))
    }
    case 'module': {
      const args = portable.args && (await Promise.all(portable.args.map(fromPortable)))
      return make({ file: portable.file, name: portable.name, args })
    }
  }
}
